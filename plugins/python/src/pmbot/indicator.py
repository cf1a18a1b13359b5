"""Indicators: one value or bar at a time with push, in constant time.

They are for decisions, so their values are floats unless they are prices that did occur; an
order's numbers come out of them by snap. Sums are kept in whole numbers where they could
drift, and every value is that of the Go package to the last bit.
"""

from __future__ import annotations

import math
import struct
from collections import deque
from decimal import Decimal
from typing import Protocol

from .number import ONE, Number, from_raw, to_raw

LENGTH_MAX = 1 << 20


class Indicator(Protocol):
    """What all indicators share. state is the memory as whole numbers, for save."""

    @property
    def ready(self) -> bool: ...

    def state(self) -> list[int]: ...

    def restore(self, state: list[int]) -> None: ...


def states(*indicators: Indicator) -> list[list[int]]:
    """The states of indicators, to be saved as one value."""
    return [x.state() for x in indicators]


def restore_states(saved: list[list[int]], *indicators: Indicator) -> None:
    """Brings the same indicators in the same order back. Raises ValueError."""
    if len(saved) != len(indicators):
        raise ValueError(f"state has {len(saved)} indicators, not {len(indicators)}")
    for state, x in zip(saved, indicators):
        x.restore(state)


def _length(n: int) -> int:
    return min(max(n, 1), LENGTH_MAX)


def _wrong(name: str, length: int, numbers: int) -> ValueError:
    return ValueError(f"state of {numbers} numbers is not one of a {name} of length {length}")


def _bits(x: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


def _float(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", bits))[0])


class SMA:
    """The mean of the last n values. Its sum is exact, so two averages compare without rounding."""

    def __init__(self, n: int) -> None:
        self._length = _length(n)
        self._values: deque[int] = deque()
        self._sum = 0

    def push(self, value: Number) -> None:
        """Adds a value, from n on in place of the oldest."""
        self._push(to_raw(value, "value"))

    def _push(self, raw: int) -> None:
        if len(self._values) == self._length:
            self._sum -= self._values.popleft()
        self._values.append(raw)
        self._sum += raw

    @property
    def ready(self) -> bool:
        """n values are in."""
        return len(self._values) == self._length

    @property
    def value(self) -> float:
        """The mean of what is in; 0 before the first value."""
        if not self._values:
            return 0.0
        high, low = divmod(abs(self._sum), 1 << 64)
        total = float(high) * 2.0**64 + float(low)
        return (-total if self._sum < 0 else total) / float(ONE) / len(self._values)

    def compare(self, other: SMA) -> int:
        """-1, 0 or +1 as this mean is below, equal to or above the other, exactly."""
        a = self._sum * max(len(other._values), 1)
        b = other._sum * max(len(self._values), 1)
        return (a > b) - (a < b)

    def state(self) -> list[int]:
        return list(self._values)

    def restore(self, state: list[int]) -> None:
        if len(state) > self._length:
            raise _wrong("SMA", self._length, len(state))
        self._values, self._sum = deque(state), sum(state)


class EMA:
    """The exponential mean of length n: each value moves it by 2/(n+1) of the distance."""

    def __init__(self, n: int) -> None:
        self._length = _length(n)
        self._weight = 2 / float(self._length + 1)
        self._count = 0
        self._value = 0.0

    def push(self, value: Number) -> None:
        """Moves the mean by a value; the first is where it starts."""
        x = to_raw(value, "value") / float(ONE)
        if self._count == 0:
            self._value = x
        else:
            self._value += self._weight * (x - self._value)
        self._count = min(self._count + 1, self._length)

    @property
    def ready(self) -> bool:
        return self._count == self._length

    @property
    def value(self) -> float:
        return self._value

    def state(self) -> list[int]:
        return [self._count, _bits(self._value)]

    def restore(self, state: list[int]) -> None:
        if len(state) != 2 or not 0 <= state[0] <= self._length:
            raise _wrong("EMA", self._length, len(state))
        self._count, self._value = state[0], _float(state[1])


class StdDev:
    """The standard deviation of the last n returns of a price, with n-1 in the denominator."""

    _ONE = 1 << 40
    _MAX = 4 * _ONE

    def __init__(self, n: int) -> None:
        self._length = _length(max(n, 2))
        self._returns: deque[int] = deque()
        self._last = self._sum = self._squares = 0

    def push(self, price: Number) -> None:
        """Adds a price. Prices that are not above 0 are ignored."""
        raw = to_raw(price, "price")
        if raw <= 0:
            return
        if self._last:
            r = float(raw - self._last) / float(self._last) * self._ONE
            self._add(int(min(max(r, -self._MAX), self._MAX)))
        self._last = raw

    def _add(self, r: int) -> None:
        if len(self._returns) == self._length:
            out = self._returns.popleft()
            self._sum -= out
            self._squares -= out * out
        self._returns.append(r)
        self._sum += r
        self._squares += r * r

    @property
    def ready(self) -> bool:
        """n returns are in, which takes n+1 prices."""
        return len(self._returns) == self._length

    @property
    def value(self) -> float:
        """The deviation of one return as a ratio, 0.001 for 0.1%; 0 before the second."""
        n = float(len(self._returns))
        if n < 2:
            return 0.0
        total = float(self._sum) / self._ONE
        high, low = divmod(self._squares, 1 << 64)
        squares = (float(high) * 2.0**64 + float(low)) / self._ONE / self._ONE
        return math.sqrt(max(0.0, squares - total * total / n) / (n - 1))

    def state(self) -> list[int]:
        return [self._last, *self._returns]

    def restore(self, state: list[int]) -> None:
        if not 1 <= len(state) <= self._length + 1:
            raise _wrong("StdDev", self._length, len(state))
        self._last, self._sum, self._squares = state[0], 0, 0
        self._returns.clear()
        for r in state[1:]:
            self._add(min(max(r, -self._MAX), self._MAX))


class ATR:
    """Wilder's average true range: how far a bar reaches, the gap from the close before included."""

    def __init__(self, n: int) -> None:
        self._length = _length(n)
        self._count = self._close = 0
        self._value = 0.0

    def push(self, high: Number, low: Number, close: Number) -> None:
        """Adds a closed bar."""
        h, l = to_raw(high, "high"), to_raw(low, "low")
        if self._count:
            h, l = max(h, self._close), min(l, self._close)
        self._count = min(self._count + 1, self._length)
        self._value += (float(h - l) / float(ONE) - self._value) / float(self._count)
        self._close = to_raw(close, "close")

    @property
    def ready(self) -> bool:
        return self._count == self._length

    @property
    def value(self) -> float:
        """The average range in units of price."""
        return self._value

    def state(self) -> list[int]:
        return [self._count, self._close, _bits(self._value)]

    def restore(self, state: list[int]) -> None:
        if len(state) != 3 or not 0 <= state[0] <= self._length:
            raise _wrong("ATR", self._length, len(state))
        self._count, self._close, self._value = state[0], state[1], _float(state[2])


class Donchian:
    """The channel of the last n bars: their highest high and lowest low."""

    def __init__(self, n: int) -> None:
        self._length = _length(n)
        self._count = 0
        self._at = 0  # number of the next bar
        # Prices that are, or may yet become, the extreme, each better than all after it.
        self._highs: deque[tuple[int, int]] = deque()
        self._lows: deque[tuple[int, int]] = deque()

    def push(self, high: Number, low: Number) -> None:
        """Adds a closed bar. A breakout rule asks for high and low before that."""
        self._add(self._highs, to_raw(high, "high"), 1)
        self._add(self._lows, to_raw(low, "low"), -1)
        self._at += 1
        self._count = min(self._count + 1, self._length)

    def _add(self, queue: deque[tuple[int, int]], price: int, sign: int) -> None:
        if queue and queue[0][0] <= self._at - self._length:
            queue.popleft()
        while queue and sign * (queue[-1][1] - price) <= 0:
            queue.pop()
        queue.append((self._at, price))

    @property
    def ready(self) -> bool:
        return self._count == self._length

    @property
    def high(self) -> Decimal:
        """The highest high; 0 before the first bar."""
        return from_raw(self._highs[0][1] if self._highs else 0)

    @property
    def low(self) -> Decimal:
        return from_raw(self._lows[0][1] if self._lows else 0)

    def state(self) -> list[int]:
        state = [self._count, len(self._highs), len(self._lows)]
        for at, price in (*self._highs, *self._lows):
            state += [self._at - at, price]
        return state

    def restore(self, state: list[int]) -> None:
        bad = len(state) < 3 or not 0 <= state[0] <= self._length
        if bad or any(not 0 <= n <= state[0] for n in state[1:3]) or len(state) != 3 + 2 * (state[1] + state[2]):
            raise _wrong("Donchian", self._length, len(state))
        self._count = self._at = state[0]
        pairs = [(self._at - state[i], state[i + 1]) for i in range(3, len(state), 2)]
        self._highs, self._lows = deque(pairs[: state[1]]), deque(pairs[state[1] :])
