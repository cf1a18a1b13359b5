"""What a strategy holds in its hands during a callback."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from .enums import EventKind, IntentKind, OrderType, PositionSide, Side
from .errors import StrategyError
from .instrument import Instrument, Symbol
from .market import nanoseconds
from .number import Number, from_raw, to_raw
from .order import Intent, Order, OrderRequest, PairTerms
from .view import View


# Fields of a request that must be exact numbers, which Order.replace does not check.
_NUMBERS = ("qty", "price", "trigger", "stop_price", "activation", "callback", "quote_qty", "iceberg")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A wish to see a kind of market event of an instrument; interval is the length of bars."""

    instrument: Instrument
    kind: EventKind
    interval: timedelta = timedelta(0)
    warmup: int = 0


class Env(View):
    """The view, the order desk and the clock of one strategy.

    Whatever a callback asks for takes effect after it returns, in the order asked. Keep no Env:
    it is the same in every callback and means nothing outside of one.
    """

    def __init__(self, instruments: list[Instrument], strategy: int) -> None:
        super().__init__(instruments, strategy)
        self._starting = True
        self._subscriptions: list[Subscription] = []
        # What was asked for since the last event, and whether that is anything at all.
        self._asked = False
        self._intents: list[Intent] = []
        self._timers: list[tuple[int, int]] = []
        self._logs: list[str] = []

    def instrument(self, symbol: Symbol | str) -> Instrument:
        """Looks an instrument up. Raises StrategyError with what would help."""
        if isinstance(symbol, str):
            symbol = Symbol.parse(symbol)
        for inst in self._instruments:
            if inst.product is symbol.product and inst.symbol == symbol.name:
                return inst
        raise StrategyError(
            f"unknown instrument: {symbol.product} {symbol.name}; add its exchangeInfo or name it in a symbol parameter"
        )

    def bars(self, inst: Instrument, interval: timedelta, warmup: int = 0) -> None:
        """Subscribes to closed bars of that length.

        With warmup above 0, that many bars from before the run come first, while env.warming is
        true and orders are refused.
        """
        if interval <= timedelta(0) or warmup < 0:
            raise StrategyError(f"bars of {inst.name}: interval {interval} must be above 0 and warmup {warmup} not below")
        self._subscribe(Subscription(inst, EventKind.BAR, interval, warmup))

    def trades(self, inst: Instrument) -> None:
        """Subscribes to public trades."""
        self._subscribe(Subscription(inst, EventKind.TRADE))

    def book_tickers(self, inst: Instrument) -> None:
        """Subscribes to best bid and ask."""
        self._subscribe(Subscription(inst, EventKind.BOOK_TICKER))

    def marks(self, inst: Instrument) -> None:
        """Subscribes to mark prices."""
        self._subscribe(Subscription(inst, EventKind.MARK))

    def fundings(self, inst: Instrument, warmup: int = 0) -> None:
        """Subscribes to settled funding rates.

        With warmup above 0, those of so many times eight hours before the run, the longest interval
        there is, come first, while env.warming is true: that many, or more where funding settles more
        often.
        """
        if warmup < 0:
            raise StrategyError(f"fundings of {inst.name}: warmup {warmup} must not be below 0")
        self._subscribe(Subscription(inst, EventKind.FUNDING, warmup=warmup))

    def send(self, order: Order) -> int:
        """Wishes a new order and returns the ref that everything about it will carry."""
        request = order.request
        if request.instrument is None or request.side is None or request.type is None:
            raise ValueError("an order needs instrument, side and type: begin it with buy or sell")
        for name in _NUMBERS:
            to_raw(getattr(request, name), name)
        ref = self._last_ref + 1
        self._intend(Intent(IntentKind.NEW, ref, request, order.reason))
        return ref

    def cancel(self, ref: int) -> None:
        """Wishes an own order gone. Cancelling what is over is harmless."""
        self._intend(Intent(IntentKind.CANCEL, ref))

    def cancel_all(self, inst: Instrument) -> None:
        """Wishes all own orders of an instrument gone."""
        self._intend(Intent(IntentKind.CANCEL_ALL, request=OrderRequest(inst)))

    def amend(self, ref: int, price: Number, qty: Number) -> None:
        """Wishes another price and whole quantity (what has filled included) on an own limit order."""
        request = OrderRequest(price=from_raw(to_raw(price, "price")), qty=from_raw(to_raw(qty, "qty")))
        self._intend(Intent(IntentKind.AMEND, ref, request))

    def borrow(self, asset: str, amount: Number) -> int:
        """Wishes a loan, paid into the margin wallet, and returns its ref; on_loan tells what becomes of it."""
        return self._act(IntentKind.BORROW, asset, amount)

    def repay(self, asset: str, amount: Number) -> int:
        """Wishes that as much of the debt in an asset is paid back, interest first; see debt."""
        return self._act(IntentKind.REPAY, asset, amount)

    def pair(
        self,
        lead: Instrument,
        hedge: Instrument,
        coins: Number,
        slice: Number = 0,
        timeout: timedelta = timedelta(),
        tries: int = 0,
        lead_side: PositionSide = PositionSide.BOTH,
        hedge_side: PositionSide = PositionSide.BOTH,
        reason: str = "",
    ) -> int:
        """Wishes that two legs of a coin are traded against each other by the bot itself.

        The lead is moved by coins, bought above 0 and sold below, at most a slice at a time (0: all),
        and behind each slice the hedge goes the other way. A slice that stands without its hedge for
        longer than timeout (0: 30 s), or whose hedge is refused so many tries running (0: 3), is
        traded back. The guard is asked about both legs before the first is sent. on_task tells how it
        stands; cancel ends it once it is hedged. It outlives this process.
        """
        number = from_raw(to_raw(coins, "coins"))
        if not 0 <= tries <= 20:
            raise ValueError(f"{tries} tries are not 0 to 20")
        side = Side.SELL if number < 0 else Side.BUY
        request = OrderRequest(lead, side, position_side=lead_side, type=OrderType.MARKET, qty=abs(number))
        terms = PairTerms(hedge, hedge_side, from_raw(to_raw(slice, "slice")), timeout, tries)
        ref = self._last_ref + 1
        self._intend(Intent(IntentKind.PAIR, ref, request, reason, pair=terms))
        return ref

    def protect(self, order: Order) -> int:
        """Wishes a stop that the bot keeps as large as what the strategy holds, and returns its ref.

        protect(sell(inst, 0).stop(trigger).on_mark()) sells whatever is held long when the mark comes
        down to the trigger; the quantity of the order is not read. Another one for the same side
        takes its place, and cancel ends it. It outlives this process and stands in env.tasks, also
        after a restart; its lead is not 0 once it was hit, and it stays for what is filled late.
        """
        ref = self._last_ref + 1
        self._intend(Intent(IntentKind.PROTECT, ref, dataclasses.replace(order.request, qty=Decimal(0)), order.reason))
        return ref

    def _act(self, kind: IntentKind, asset: str, amount: Number) -> int:
        ref = self._last_ref + 1
        self._intend(Intent(kind, ref, asset=asset, amount=from_raw(to_raw(amount, "amount"))))
        return ref

    def at(self, when: int, id: int) -> None:
        """Asks for on_timer(id) at an instant in nanoseconds, or at once if it is past.

        A timer ends with the process that has set it: what must ring after a restart, too, start
        sets again.
        """
        if not isinstance(when, int):
            raise TypeError(f"time {when!r} is no int of nanoseconds")
        if not 0 <= id < 1 << 64:
            raise ValueError(f"timer id {id} is not in 0 to 2**64-1")
        self._timers.append((id, when))
        self._asked = True

    def after(self, wait: timedelta, id: int) -> None:
        """Asks for on_timer(id) when that time has passed."""
        self.at(self.now + nanoseconds(wait), id)

    def log(self, message: str, *args: object) -> None:
        """Writes a line for people to pmbot's log; args are filled in with %, as logging does it."""
        self._logs.append(message % args if args else message)
        self._asked = True

    def _subscribe(self, s: Subscription) -> None:
        if not self._starting:
            self.log("subscription to %s after start has no effect", s.kind)
            return
        for i, have in enumerate(self._subscriptions):
            if (have.instrument, have.kind, have.interval) == (s.instrument, s.kind, s.interval):
                if s.warmup > have.warmup:
                    self._subscriptions[i] = s
                return
        self._subscriptions.append(s)

    def _intend(self, i: Intent) -> None:
        self._apply_intent(i)
        self._intents.append(i)
        self._asked = True
