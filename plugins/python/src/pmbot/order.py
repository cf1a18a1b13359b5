"""Orders: how they are written, and how they stand."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from .enums import (
    STP,
    IntentKind,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    Side,
    SideEffect,
    TimeInForce,
    WorkingType,
)
from .instrument import Instrument
from .number import Number, from_raw, to_raw

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as it is wanted. Fields that a kind does not use are zero."""

    instrument: Instrument | None = None
    side: Side | None = None
    position_side: PositionSide = PositionSide.BOTH
    type: OrderType | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    qty: Decimal = _ZERO
    """Base coin for UM and margin, contracts for CM."""
    price: Decimal = _ZERO
    trigger: Decimal = _ZERO
    stop_price: Decimal = _ZERO
    """The limit of an OCO's stop leg; 0 is a market stop."""
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    price_protect: bool = False
    activation: Decimal = _ZERO
    callback: Decimal = _ZERO
    """The distance of a trailing stop as a ratio, 0.01 for 1%."""
    reduce_only: bool = False
    close_position: bool = False
    good_till: int = 0
    price_match: PriceMatch = PriceMatch.NONE
    stp: STP = STP.DEFAULT
    side_effect: SideEffect = SideEffect.NO_SIDE_EFFECT
    quote_qty: Decimal = _ZERO
    iceberg: Decimal = _ZERO


def _exact(value: Number, what: str) -> Decimal:
    return from_raw(to_raw(value, what))


@dataclass(frozen=True, slots=True)
class Order:
    """An order being written, by methods that read like its description.

        env.send(pmbot.sell(inst, qty).limit(price).post_only().tag("hedge"))

    Each method returns a changed copy, so a half-written order can be kept and finished twice.
    """

    request: OrderRequest
    reason: str = ""

    def _with(self, **changes: object) -> Order:
        return Order(dataclasses.replace(self.request, **changes), self.reason)

    def _of(self, type: OrderType, trigger: Number = 0, price: Number = 0) -> Order:
        return self._with(
            type=type, trigger=_exact(trigger, "trigger"), price=_exact(price, "price"),
            stop_price=_ZERO, callback=_ZERO, activation=_ZERO,
        )  # fmt: skip

    def market(self) -> Order:
        """Takes what is there. It is what an order is unless told otherwise."""
        return self._of(OrderType.MARKET)

    def limit(self, price: Number) -> Order:
        """Rests at price or better."""
        return self._of(OrderType.LIMIT, 0, price)

    def stop(self, trigger: Number) -> Order:
        """Triggers a market order when the last price reaches trigger from the losing side."""
        return self._of(OrderType.STOP_MARKET, trigger)

    def stop_limit(self, trigger: Number, price: Number) -> Order:
        """Triggers a limit order at price."""
        return self._of(OrderType.STOP, trigger, price)

    def take_profit(self, trigger: Number) -> Order:
        """Triggers a market order when the last price reaches trigger from the winning side."""
        return self._of(OrderType.TAKE_PROFIT_MARKET, trigger)

    def take_profit_limit(self, trigger: Number, price: Number) -> Order:
        """Triggers a limit order at price."""
        return self._of(OrderType.TAKE_PROFIT, trigger, price)

    def trailing(self, callback: Number, activation: Number = 0) -> Order:
        """Follows the best price since activation (0: from now) and sells or buys when it comes back.

        callback is that distance as a ratio, 0.01 for 1%.
        """
        return self._of(OrderType.TRAILING_STOP_MARKET)._with(
            callback=_exact(callback, "callback"), activation=_exact(activation, "activation")
        )

    def oco(self, limit: Number, trigger: Number, stop_limit: Number = 0) -> Order:
        """On a margin pair, rests at limit and has a stop at trigger beside it; one ends the other."""
        return self._of(OrderType.OCO, trigger, limit)._with(stop_price=_exact(stop_limit, "stop_limit"))

    def post_only(self) -> Order:
        """Lets a limit order expire rather than take."""
        return self._with(time_in_force=TimeInForce.GTX)

    def ioc(self) -> Order:
        """Lets a limit order fill what it can at once and expire."""
        return self._with(time_in_force=TimeInForce.IOC)

    def fok(self) -> Order:
        """Lets a limit order fill completely at once or expire."""
        return self._with(time_in_force=TimeInForce.FOK)

    def good_till(self, at: int) -> Order:
        """Ends the order at that instant (nanoseconds), which must be ten minutes ahead or more."""
        return self._with(time_in_force=TimeInForce.GTD, good_till=at)

    def on_mark(self) -> Order:
        """Makes the mark price trigger a conditional order, in place of the last price."""
        return self._with(working_type=WorkingType.MARK_PRICE)

    def reduce_only(self) -> Order:
        """Sets Binance's flag: the order may only shrink its own position."""
        return self._with(reduce_only=True)

    def leg(self, side: PositionSide) -> Order:
        """Names the position of hedge mode that the order belongs to."""
        return self._with(position_side=side)

    def borrow(self) -> Order:
        """Lets a margin order borrow what is missing."""
        return self._with(side_effect=SideEffect.MARGIN_BUY)

    def repay(self) -> Order:
        """Lets a margin order repay loans with what comes in."""
        return self._with(side_effect=SideEffect.AUTO_REPAY)

    def tag(self, reason: str) -> Order:
        """Notes a short reason for journal and report, cut at 32 bytes."""
        return Order(self.request, reason.encode("utf-8", "ignore")[:32].decode("utf-8", "ignore"))

    def replace(self, **fields: object) -> Order:
        """Changes fields of the request that have no method, such as price_match or quote_qty."""
        return self._with(**fields)


def buy(inst: Instrument, qty: Number) -> Order:
    """Starts a buy of qty: base coin for UM and margin, contracts for CM."""
    return Order(OrderRequest(inst, Side.BUY, type=OrderType.MARKET, qty=_exact(qty, "qty")))


def sell(inst: Instrument, qty: Number) -> Order:
    """Starts a sell of qty."""
    return Order(OrderRequest(inst, Side.SELL, type=OrderType.MARKET, qty=_exact(qty, "qty")))


@dataclass(frozen=True, slots=True)
class PairTerms:
    """What a wish for a pair says beyond its request, which is the lead's, its quantity in coins."""

    hedge: Instrument
    hedge_side: PositionSide = PositionSide.BOTH
    slice: Decimal = _ZERO
    timeout: timedelta = timedelta()
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Intent:
    """A wish: what a strategy asked for, before the guard has answered."""

    kind: IntentKind
    ref: int = 0
    request: OrderRequest = OrderRequest()
    tag: str = ""
    asset: str = ""
    amount: Decimal = _ZERO
    by: str = ""
    """The operator who wished it in the strategy's place; empty is the strategy itself."""
    order: int = 0
    pair: PairTerms | None = None


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An own order that is not over. An amend changes request.price and request.qty."""

    ref: int
    request: OrderRequest
    status: OrderStatus
    id: int = 0
    """pmbot's number, 0 until the guard has approved it."""
    client_id: str = ""
    venue_id: int = 0
    parent: int = 0
    filled: Decimal = _ZERO
    """In the unit of request.qty."""
    created: int = 0
    updated: int = 0
    """When the last news came, in nanoseconds since 1970 like created."""

    @property
    def remaining(self) -> Decimal:
        """What can still fill; never negative."""
        return max(_ZERO, self.request.qty - self.filled)
