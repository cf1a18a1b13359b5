"""Patience after a no, so that refusals and rejections do not become a flood."""

from __future__ import annotations

from datetime import timedelta

from .market import nanoseconds


class Backoff:
    """Each no in a row doubles the wait, from least to most; a yes begins anew.

    Times are those of env.now. state and restore carry how far it has come over a restart; the
    bounds are not in it and stay.
    """

    def __init__(self, least: timedelta = timedelta(seconds=1), most: timedelta = timedelta(hours=1)) -> None:
        if least <= timedelta(0):
            raise ValueError(f"a wait of {least} must be above 0")
        self._least = nanoseconds(least)
        self._most = max(nanoseconds(most), self._least)
        self._wait = self._until = 0

    def no(self, now: int) -> None:
        """Notes a refusal or a rejection. Several of one instant count once."""
        if now >= self._until:
            self._wait = min(max(2 * self._wait, self._least), self._most)
            self._until = now + self._wait

    def yes(self) -> None:
        """Notes that something was accepted: the next no waits for least again."""
        self._wait = self._until = 0

    def ready(self, now: int) -> bool:
        """Whether the wait is over."""
        return now >= self._until

    def state(self) -> list[int]:
        """The wait and its end, for save."""
        return [self._wait, self._until]

    def restore(self, state: list[int]) -> None:
        """Brings back what state returned. Raises ValueError."""
        if len(state) != 2:
            raise ValueError(f"state of {len(state)} numbers is not one of a Backoff")
        self._wait, self._until = state
