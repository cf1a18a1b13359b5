"""Logging of a strategy goes to pmbot's log, with the event that it belongs to."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

_current = threading.local()


def logs_to(env: Any) -> None:
    """Has what this thread logs from now on go to that strategy's log. Each play has a thread."""
    _current.env = env


class HostHandler(logging.Handler):
    """Hands records to the strategy at work, and to standard error outside of callbacks."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
            env = getattr(_current, "env", None)
            for line in text.splitlines():
                if env is None:
                    print(line, file=sys.stderr)
                else:
                    env.log("%s", line)
        except Exception:
            self.handleError(record)


class _Format(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        if record.levelno == logging.INFO:
            return record.message
        return f"{record.levelname}: {record.message}"


def configure() -> None:
    """Makes the root logger the host's, from INFO on, unless the author has configured it."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = HostHandler()
    handler.setFormatter(_Format())
    root.addHandler(handler)
    if root.level == logging.WARNING:  # nobody has set it
        root.setLevel(logging.INFO)
