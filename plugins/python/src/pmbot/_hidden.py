"""Keeps standard output free for the handshake, from the moment the package is imported.

Started by pmbot, the first line of our standard output must be the handshake, and what comes
after it nobody reads. So the real one is set aside, and what the program prints goes to
standard error, which pmbot shows in its log.
"""

from __future__ import annotations

import os
import sys

_COOKIE = ("PMBOT_PLUGIN", "9c3d0b1e-strategy-over-grpc")
_fd = -1


def plugin_started() -> bool:
    """Whether pmbot has started this process as a plugin."""
    return os.environ.get(_COOKIE[0]) == _COOKIE[1]


def set_aside() -> None:
    """Moves standard output out of the way, once."""
    global _fd
    if _fd >= 0 or not plugin_started():
        return
    _fd = os.dup(1)
    os.set_inheritable(_fd, False)
    os.dup2(2, 1)  # before anything is flushed, so that what was printed already goes there too
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)


def handshake_fd() -> int:
    """The process's real standard output."""
    return _fd if _fd >= 0 else 1
