"""Market events. They are values: nothing about them changes, and they may be kept.

There are millions of them in a backtest, so each keeps the numbers as they came and makes
decimals only of those that are asked for.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from .number import WIDE_MAX, Number, from_raw, to_raw

_BUYER_MAKER = 2 << 8
_SPECIAL = 4 << 8


class _Row:
    """A market event as its words of the wire: four of the header, then its own."""

    __slots__ = ("_row",)
    _row: tuple[int, ...]
    _fields: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Row) and type(other) is type(self) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({fields})"

    def _values(self) -> tuple[Any, ...]:
        return (self._row[3] >> 8 & 6, self._row[4:])


def _row(*words: int, flags: int = 0) -> tuple[int, ...]:
    return (0, 0, 0, flags, *words)


class Trade(_Row):
    """Anyone's public trade: one aggTrade. Our own execution is a Fill."""

    __slots__ = ()
    _fields = ("price", "qty", "id", "first", "last", "buyer_maker")

    def __init__(
        self, *, price: Number, qty: Number = 0, id: int = 0, first: int = 0, last: int = 0, buyer_maker: bool = False
    ) -> None:
        flags = _BUYER_MAKER if buyer_maker else 0
        self._row = _row(to_raw(price, "price"), to_raw(qty, "qty"), id, first, last, flags=flags)

    @property
    def price(self) -> Decimal:
        return from_raw(self._row[4])

    @property
    def qty(self) -> Decimal:
        """In base coin (UM, margin) or contracts (CM)."""
        return from_raw(self._row[5])

    @property
    def id(self) -> int:
        """The aggregate trade id; first and last are the ids of the trades in it."""
        return self._row[6]

    @property
    def first(self) -> int:
        return self._row[7]

    @property
    def last(self) -> int:
        return self._row[8]

    @property
    def buyer_maker(self) -> bool:
        """The buyer rested, so the aggressor sold."""
        return bool(self._row[3] & _BUYER_MAKER)


class BookTicker(_Row):
    """The best bid and ask. A price of 0 is an empty side."""

    __slots__ = ()
    _fields = ("bid", "bid_qty", "ask", "ask_qty", "update_id")

    def __init__(
        self, *, bid: Number, bid_qty: Number = 0, ask: Number, ask_qty: Number = 0, update_id: int = 0
    ) -> None:
        self._row = _row(
            to_raw(bid, "bid"), to_raw(bid_qty, "bid_qty"), to_raw(ask, "ask"), to_raw(ask_qty, "ask_qty"), update_id
        )

    @property
    def bid(self) -> Decimal:
        return from_raw(self._row[4])

    @property
    def bid_qty(self) -> Decimal:
        return from_raw(self._row[5])

    @property
    def ask(self) -> Decimal:
        return from_raw(self._row[6])

    @property
    def ask_qty(self) -> Decimal:
        return from_raw(self._row[7])

    @property
    def update_id(self) -> int:
        return self._row[8]

    @property
    def mid(self) -> Decimal:
        """The middle, rounded down to eight places; 0 when a side is empty."""
        bid, ask = self._row[4], self._row[6]
        if bid == 0 or ask == 0:
            return from_raw(0)
        half = (ask - bid) // 2 if ask >= bid else -((bid - ask) // 2)
        return from_raw(bid + half)


class Mark(_Row):
    """The mark price of a contract, by which Binance values positions."""

    __slots__ = ()
    _fields = ("price", "index", "rate", "next_funding", "settle")

    def __init__(
        self, *, price: Number, index: Number = 0, rate: Number = 0, next_funding: int = 0, settle: Number = 0
    ) -> None:
        self._row = _row(
            to_raw(price, "price"), to_raw(index, "index"), to_raw(rate, "rate"), next_funding, to_raw(settle, "settle")
        )

    @property
    def price(self) -> Decimal:
        return from_raw(self._row[4])

    @property
    def index(self) -> Decimal:
        """0 where the source has none."""
        return from_raw(self._row[5])

    @property
    def rate(self) -> Decimal:
        """The running estimate of the next funding rate."""
        return from_raw(self._row[6])

    @property
    def next_funding(self) -> int:
        """Its instant in nanoseconds since 1970."""
        return self._row[7]

    @property
    def settle(self) -> Decimal:
        """The estimated settlement price, of use in the last hour before delivery."""
        return from_raw(self._row[8])


class Funding(_Row):
    """A settled funding rate; env.now is the settlement's instant."""

    __slots__ = ()
    _fields = ("rate", "mark", "interval", "special")

    def __init__(
        self, *, rate: Number, mark: Number = 0, interval: timedelta = timedelta(0), special: bool = False
    ) -> None:
        self._row = _row(
            to_raw(rate, "rate"), to_raw(mark, "mark"), nanoseconds(interval), flags=_SPECIAL if special else 0
        )

    @property
    def rate(self) -> Decimal:
        """Paid by longs to shorts when positive, on the notional at mark."""
        return from_raw(self._row[4])

    @property
    def mark(self) -> Decimal:
        """The mark price of the instant; 0 where the source has none."""
        return from_raw(self._row[5])

    @property
    def interval(self) -> timedelta:
        """The time since the settlement before; 0 where it is not known."""
        return duration(self._row[6])

    @property
    def special(self) -> bool:
        """A settlement beside the regular ones."""
        return bool(self._row[3] & _SPECIAL)


class Bar(_Row):
    """One candle, delivered when it closes: env.now is start plus interval."""

    __slots__ = ()
    _fields = (
        "start", "interval", "open", "high", "low", "close", "trades", "volume", "quote_volume", "taker_buy",
    )  # fmt: skip

    def __init__(
        self,
        *,
        start: int = 0,
        interval: timedelta = timedelta(0),
        open: Number = 0,
        high: Number = 0,
        low: Number = 0,
        close: Number,
        trades: int = 0,
        volume: Number = 0,
        quote_volume: Number = 0,
        taker_buy: Number = 0,
    ) -> None:
        self._row = _row(
            start, nanoseconds(interval), to_raw(open, "open"), to_raw(high, "high"), to_raw(low, "low"),
            to_raw(close, "close"), trades, *_halves(to_raw(volume, "volume", WIDE_MAX)),
            *_halves(to_raw(quote_volume, "quote_volume", WIDE_MAX)),
            *_halves(to_raw(taker_buy, "taker_buy", WIDE_MAX)),
        )  # fmt: skip

    @property
    def start(self) -> int:
        """Nanoseconds since 1970."""
        return self._row[4]

    @property
    def interval(self) -> timedelta:
        return duration(self._row[5])

    @property
    def open(self) -> Decimal:
        return from_raw(self._row[6])

    @property
    def high(self) -> Decimal:
        return from_raw(self._row[7])

    @property
    def low(self) -> Decimal:
        return from_raw(self._row[8])

    @property
    def close(self) -> Decimal:
        return from_raw(self._row[9])

    @property
    def trades(self) -> int:
        return self._row[10]

    @property
    def volume(self) -> Decimal:
        """In base coin (UM, margin) or contracts (CM); 0 where the source has none."""
        return from_raw(_wide(self._row[11], self._row[12]))

    @property
    def quote_volume(self) -> Decimal:
        """In quote asset or, for CM, base coin."""
        return from_raw(_wide(self._row[13], self._row[14]))

    @property
    def taker_buy(self) -> Decimal:
        """The part of volume that aggressors bought."""
        return from_raw(_wide(self._row[15], self._row[16]))


def _wide(high: int, low: int) -> int:
    return (high << 64) + (low & 0xFFFF_FFFF_FFFF_FFFF)


def _halves(raw: int) -> tuple[int, int]:
    low = raw & 0xFFFF_FFFF_FFFF_FFFF
    return raw >> 64, low - (1 << 64) if low >= 1 << 63 else low


def duration(ns: int) -> timedelta:
    """Nanoseconds as a timedelta, which counts microseconds."""
    return timedelta(microseconds=ns // 1000)


def nanoseconds(d: timedelta) -> int:
    """A timedelta in nanoseconds, exactly."""
    return ((d.days * 86_400 + d.seconds) * 1_000_000 + d.microseconds) * 1000
