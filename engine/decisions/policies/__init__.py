"""Execution policies: pure state machines, an event and a view in, actions out."""
