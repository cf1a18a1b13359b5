"""Times are whole nanoseconds since 1970 in UTC, as exchanges stamp them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def utc(ns: int) -> datetime:
    """A time as a datetime in UTC, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=ns // 1000)
