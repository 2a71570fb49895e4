"""Secrets show themselves to nobody who does not ask for them by name."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback

import msgspec
import orjson
import pytest

from engine.service.access.secret import Secret

TEXT = "correct-horse-battery-staple"


class Holder(msgspec.Struct, frozen=True):
    """Any struct with a secret in it."""

    name: str
    secret: Secret


def test_it_gives_its_text_only_when_asked() -> None:
    assert Secret(TEXT).reveal() == TEXT


@pytest.mark.parametrize(
    "shown",
    [
        str,
        repr,
        "{}".format,
        "{0!r:>40}".format,
        "{:>30}".format,
        lambda secret: f"{secret} {secret!r} {secret!s}",
        lambda secret: str.__mod__("%s %r", (secret, secret)),
        lambda secret: str([secret]) + str({"x": secret}),
        lambda secret: repr(Holder("x", secret)),
        lambda secret: msgspec.json.encode(secret).decode(),
        lambda secret: msgspec.json.encode(Holder("x", secret)).decode(),
        lambda secret: repr(msgspec.msgpack.encode(Holder("x", secret))),
        lambda secret: repr(msgspec.to_builtins(Holder("x", secret))),
        lambda secret: repr(msgspec.structs.asdict(Holder("x", secret))),
        lambda secret: orjson.dumps({"x": secret}).decode(),
        lambda secret: repr(dataclasses.asdict(secret)),
        lambda secret: json.dumps({"x": secret}, default=str),
    ],
)
def test_no_way_of_showing_shows_it(shown: object) -> None:
    assert callable(shown)
    text = shown(Secret(TEXT))
    assert "redacted" in text
    assert TEXT not in text
    assert TEXT[-6:] not in text


def test_plain_json_pickle_and_copies_refuse() -> None:
    with pytest.raises(TypeError):
        json.dumps(Secret(TEXT))
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            way(Secret(TEXT))


def test_it_has_no_fields_to_read() -> None:
    assert not hasattr(Secret(TEXT), "__dict__")


def test_logs_do_not_hold_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(TEXT)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("with %s and %r in %s", secret, secret, {"k": secret})
        try:
            raise ValueError(f"bad {secret}", secret)
        except ValueError as error:
            logging.getLogger("test").exception("failed")
            text = "".join(traceback.format_exception(error))
    assert TEXT not in caplog.text and TEXT not in text
    assert "redacted" in caplog.text and "redacted" in text


def test_equality_is_of_the_texts() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert hash(Secret(TEXT)) == hash(Secret(TEXT))
    assert Secret(TEXT) != Secret(TEXT + "x")
    assert Secret(TEXT) != TEXT
    assert Secret("ü\ud800") == Secret("ü\ud800")


def test_an_empty_one_is_false() -> None:
    assert not Secret("")
    assert Secret("x")


def test_the_hint_is_four_characters_of_a_long_text_and_none_of_a_short() -> None:
    assert Secret("0123456789ab").hint() == "89ab"
    assert Secret("0123456789a").hint() == ""
