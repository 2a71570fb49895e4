"""Mailboxes made small for a while, so that commands are refused as they are under load."""

from __future__ import annotations

from engine.runtime.actor import ActorRef
from engine.runtime.system import ActorSystem

__all__ = ["narrow", "widen"]


def narrow(system: ActorSystem, ref: ActorRef, capacity: int) -> None:
    """Give one living actor a mailbox of `capacity` for commands and signals."""
    vars(system.actor_of(ref))["mailbox_capacity"] = capacity
    ref.capacity = capacity


def widen(system: ActorSystem, ref: ActorRef) -> None:
    """Take back what `narrow` did."""
    actor = system.actor_of(ref)
    vars(actor).pop("mailbox_capacity", None)
    if system.halted is None:
        ref.capacity = actor.mailbox_capacity
