"""Log lines are JSON, whatever is logged."""

from __future__ import annotations

import json
import logging
import sys

from engine.service.json_log import JsonFormatter


def line(message: str, *args: object, fails: bool = False) -> dict[str, object]:
    trouble = None
    if fails:
        try:
            raise ValueError('a "quoted" cause')
        except ValueError:
            trouble = sys.exc_info()
    record = logging.LogRecord("a.b", logging.WARNING, "", 0, message, args, trouble)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    found: dict[str, object] = json.loads(text)
    return found


def test_a_plain_message_is_quoted() -> None:
    found = line('said "%s"\nand more', "hello")
    assert found["message"] == 'said "hello"\nand more'
    assert (found["level"], found["logger"]) == ("WARNING", "a.b")
    assert str(found["ts"]).endswith("Z")


def test_an_object_gives_its_own_fields() -> None:
    found = line("%s", '{"request_id":"r1","status":200}')
    assert (found["request_id"], found["status"]) == ("r1", 200)
    assert "message" not in found


def test_an_exception_keeps_its_trace() -> None:
    found = line("failed", fails=True)
    assert "ValueError" in str(found["trace"])
    assert "quoted" in str(found["trace"])
