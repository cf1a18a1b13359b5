"""The words of the trade. Names and numbers are those of the protocol, which a test holds."""

from __future__ import annotations

import enum


class _Word(enum.IntEnum):
    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.name, spec)


class Product(_Word):
    """What an instrument is: a USD-M contract, a COIN-M contract, or a pair of cross margin."""

    UM = 1
    CM = 2
    MARGIN = 3


class Side(_Word):
    BUY = 1
    SELL = 2

    @property
    def sign(self) -> int:
        """+1 for BUY and -1 for SELL."""
        return 1 if self is Side.BUY else -1


class PositionSide(_Word):
    """The leg of hedge mode; BOTH in one-way mode and for margin pairs."""

    BOTH = 0
    LONG = 1
    SHORT = 2


class OrderType(_Word):
    LIMIT = 1
    MARKET = 2
    STOP = 3
    """Becomes a limit order at its trigger, from the losing side."""
    STOP_MARKET = 4
    TAKE_PROFIT = 5
    """Becomes a limit order at its trigger, from the winning side."""
    TAKE_PROFIT_MARKET = 6
    TRAILING_STOP_MARKET = 7
    OCO = 8
    """A margin pair of a limit order and a stop, of which one cancels the other."""

    @property
    def market(self) -> bool:
        """Whether the order takes any price once it works."""
        return self in (
            OrderType.MARKET,
            OrderType.STOP_MARKET,
            OrderType.TAKE_PROFIT_MARKET,
            OrderType.TRAILING_STOP_MARKET,
        )


class TimeInForce(_Word):
    GTC = 0
    IOC = 1
    FOK = 2
    GTX = 3
    """Post-only."""
    GTD = 4


class WorkingType(_Word):
    """The price that triggers a conditional order."""

    CONTRACT_PRICE = 0
    MARK_PRICE = 1


class PriceMatch(_Word):
    NONE = 0
    OPPONENT = 1
    OPPONENT_5 = 2
    OPPONENT_10 = 3
    OPPONENT_20 = 4
    QUEUE = 5
    QUEUE_5 = 6
    QUEUE_10 = 7
    QUEUE_20 = 8


class STP(_Word):
    """Self-trade prevention: which of two orders of one account expires."""

    DEFAULT = 0
    NONE = 1
    EXPIRE_TAKER = 2
    EXPIRE_MAKER = 3
    EXPIRE_BOTH = 4


class SideEffect(_Word):
    """What a margin order does about loans."""

    NO_SIDE_EFFECT = 0
    MARGIN_BUY = 1
    AUTO_REPAY = 2
    AUTO_BORROW_REPAY = 3


class IntentKind(_Word):
    NEW = 1
    CANCEL = 2
    AMEND = 3
    CANCEL_ALL = 4
    BORROW = 5
    REPAY = 6
    PAIR = 10
    PROTECT = 11


class OrderStatus(_Word):
    """How an order stands; final and working sort them.

    TRIGGERING and TRIGGERED: a conditional order whose child is being made, and has been made;
    FINISHED: that child is over. UNKNOWN: the last request got no definite answer, and the order
    counts as open; NOT_ARRIVED: it provably never reached the exchange. CANCELED: by us or an
    operator; EXPIRED: by the exchange (the rest of an IOC, post-only, GTD, reduce-only, STP);
    REJECTED: by the exchange, and it never worked.
    """

    PENDING_NEW = 1
    WORKING = 2
    PARTIALLY_FILLED = 3
    PENDING_CANCEL = 4
    PENDING_AMEND = 5
    TRIGGERING = 6
    TRIGGERED = 7
    UNKNOWN = 8
    FILLED = 9
    CANCELED = 10
    EXPIRED = 11
    REJECTED = 12
    FINISHED = 13
    NOT_ARRIVED = 14

    @property
    def working(self) -> bool:
        """Whether the order can fill, be amended and be cancelled."""
        return self in (OrderStatus.WORKING, OrderStatus.PARTIALLY_FILLED)

    @property
    def final(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self >= OrderStatus.FILLED


class Forced(_Word):
    """By whom a fill was forced on us."""

    NONE = 0
    LIQUIDATION = 1
    ADL = 2
    DELIVERY = 3


class Wallet(_Word):
    """A pocket of the account. LOAN and INTEREST are debts: their amounts are owed."""

    MARGIN = 1
    UM = 2
    CM = 3
    LOAN = 4
    INTEREST = 5

    @property
    def debt(self) -> bool:
        return self >= Wallet.LOAN


class AccountStatus(_Word):
    """Binance's word for how near the account is to liquidation; UNSPECIFIED before it is known."""

    UNSPECIFIED = 0
    NORMAL = 1
    MARGIN_CALL = 2
    SUPPLY_MARGIN = 3
    REDUCE_ONLY = 4
    ACTIVE_LIQUIDATION = 5
    FORCE_LIQUIDATION = 6
    BANKRUPTED = 7


class TradingState(_Word):
    """What may be traded; the strictest of several is the smallest."""

    HALTED = 0
    REDUCE_ONLY = 1
    ACTIVE = 2


class ActKind(_Word):
    BORROW = 1
    REPAY = 2


class ActStatus(_Word):
    PENDING = 1
    UNKNOWN = 2
    DONE = 3
    REJECTED = 4
    NOT_ARRIVED = 5


class TaskKind(_Word):
    """What the bot does for a strategy over several orders."""

    PAIR = 1
    STOP = 2


class TaskStatus(_Word):
    """How a pair or a stop stands.

    UNWINDING: the hedge of a pair has failed, and what is open is traded back; UNWOUND: it was.
    DONE: all was traded. CANCELED: the strategy or a person wished it gone. FAILED: the lead could
    not be traded any more, and what was traded is hedged.
    """

    WORKING = 1
    UNWINDING = 2
    DONE = 3
    CANCELED = 4
    FAILED = 5
    UNWOUND = 6

    @property
    def final(self) -> bool:
        """Whether nothing more becomes of the task."""
        return self >= TaskStatus.DONE


class EventKind(_Word):
    """The kinds of market events that a strategy can subscribe to."""

    TRADE = 1
    BOOK_TICKER = 2
    MARK = 3
    FUNDING = 4
    LIQUIDATION = 6
    BAR = 7
