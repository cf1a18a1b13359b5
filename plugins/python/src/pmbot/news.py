"""Events of the account and of the strategy's own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .enums import (
    AccountStatus,
    ActKind,
    ActStatus,
    Forced,
    OrderStatus,
    PositionSide,
    Side,
    TaskKind,
    TaskStatus,
    TradingState,
)
from .instrument import Instrument
from .order import Intent

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """A change of an own order. price, qty and filled are the order's after it; filled is cumulative."""

    ref: int
    status: OrderStatus
    id: int = 0
    client_id: str = ""
    venue_id: int = 0
    price: Decimal = _ZERO
    qty: Decimal = _ZERO
    filled: Decimal = _ZERO
    reason: str = ""
    code: int = 0
    """The exchange's error code, 0 for none."""
    retryable: bool = False
    """The request provably did nothing."""
    child: str = ""
    """Client id of the order that a trigger has made."""


@dataclass(frozen=True, slots=True)
class Fill:
    """An own execution."""

    ref: int
    side: Side
    price: Decimal
    qty: Decimal
    position_side: PositionSide = PositionSide.BOTH
    order: int = 0
    client_id: str = ""
    venue_id: int = 0
    trade_id: int = 0
    maker: bool = False
    fee: Decimal = _ZERO
    """What was paid, in fee_asset; negative for a rebate."""
    realized: Decimal = _ZERO
    """Profit of the closed part in the margin asset, before fees."""
    fee_asset: str = ""
    forced: Forced = Forced.NONE


@dataclass(frozen=True, slots=True)
class ActUpdate:
    """News of a loan or a repayment that the strategy has wished."""

    ref: int
    kind: ActKind
    asset: str
    amount: Decimal
    status: ActStatus
    id: int = 0
    transaction: int = 0
    code: int = 0
    reason: str = ""
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class TaskUpdate:
    """News of a pair or a stop that the bot does for the strategy: see env.pair and env.protect."""

    ref: int
    kind: TaskKind
    status: TaskStatus
    instrument: Instrument
    """Of a pair the lead; hedge is its other leg."""
    hedge: Instrument | None = None
    coins: Decimal = _ZERO
    """What a pair is to move the lead by, signed; lead and hedged are what its fills have moved the legs by.
    Of a stop lead is what it has closed: not 0 once it was hit."""
    lead: Decimal = _ZERO
    hedged: Decimal = _ZERO
    trigger: Decimal = _ZERO
    """Of a stop; qty is what its order closes now, 0 without one."""
    qty: Decimal = _ZERO
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The guard's no: the control, what it looked at, its limit, and what would pass."""

    intent: Intent
    rule: str
    limit: str = ""
    value: str = ""
    passes: str = ""

    def __str__(self) -> str:
        s = f"refused by {self.rule}"
        if self.value:
            s += f": {self.value}"
        if self.limit:
            s += f", limit {self.limit}"
        if self.passes:
            s += f"; {self.passes} would pass"
        return s


@dataclass(frozen=True, slots=True)
class Account:
    """The whole account at an instant, in USD. Strategies learn equity and uniMMR from it alone."""

    equity: Decimal = _ZERO
    """Collateral after haircuts; actual_equity before them."""
    actual_equity: Decimal = _ZERO
    open_loss: Decimal = _ZERO
    maint_margin: Decimal = _ZERO
    initial_margin: Decimal = _ZERO
    available: Decimal = _ZERO
    uni_mmr: Decimal = _ZERO
    """99999999 when nothing is held: never average it."""
    status: AccountStatus = AccountStatus.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class StateChange:
    """What may be traded has changed: of an instrument, of this strategy, or of the account."""

    state: TradingState
    effective: TradingState
    """What holds, the strictest of all causes."""
    instrument: Instrument | None = None
    strategy: int = 0
    reason: str = ""
    by: str = ""
    cause: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """A position: qty is signed, long positive; entry is the average price, 0 without position."""

    qty: Decimal = _ZERO
    entry: Decimal = _ZERO
