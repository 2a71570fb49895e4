"""Log records as JSON, a line each, for whatever collects them."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

__all__ = ["JsonFormatter"]


class JsonFormatter(logging.Formatter):
    """`{"ts", "level", "logger", "message"}`; a message that is a JSON object gives its own
    fields in place of `message`, and an exception adds `trace`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        when = datetime.fromtimestamp(record.created, UTC)
        stamp = when.isoformat(timespec="microseconds").replace("+00:00", "Z")
        head = f'{{"ts":"{stamp}","level":"{record.levelname}","logger":{json.dumps(record.name)},'
        message = record.getMessage()
        tail = ""
        if record.exc_info:
            tail = f',"trace":{json.dumps(self.formatException(record.exc_info))}'
        if message.startswith('{"') and message.endswith("}"):
            return f"{head}{message[1:-1]}{tail}}}"
        return f'{head}"message":{json.dumps(message)}{tail}}}'
