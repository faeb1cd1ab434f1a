"""Log records as JSON, one per line (LOG_FORMAT=json).

A formatter of the standard library does: every package that we use logs through it, so structlog
would only stand between.
"""

import datetime
import logging
from typing import Any

import orjson


class JsonFormatter(logging.Formatter):
    """Time, level, logger, request id and message; for requests also their fields (traitly.http.observe)."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a JSON object without line breaks."""
        line: dict[str, Any] = {
            "time": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_text:  # set by traitly.log_contents
            line["exception"] = record.exc_text
        return orjson.dumps(line, default=str).decode()
