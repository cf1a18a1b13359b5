"""Strategies for pmbot in Python.

A strategy is a class derived from Strategy, and a program is one call:

    pmbot.serve(MyStrategy)

pmbot starts the program, tells it what happens and takes its wishes; see README.md for a whole
strategy. Start reading at Strategy.
"""

from ._hidden import set_aside as _set_aside

_set_aside()

from ._serve import serve
from ._version import VERSION as __version__
from .backoff import Backoff
from .enums import (
    STP,
    AccountStatus,
    ActKind,
    ActStatus,
    EventKind,
    Forced,
    IntentKind,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    Product,
    Side,
    SideEffect,
    TaskKind,
    TaskStatus,
    TimeInForce,
    TradingState,
    Wallet,
    WorkingType,
)
from .env import Env, Subscription
from .errors import StrategyError
from .indicator import ATR, EMA, SMA, Donchian, Indicator, StdDev, restore_states, states
from .instrument import Instrument, Lot, Symbol, lots
from .market import Bar, BookTicker, Funding, Mark, Trade
from .news import Account, ActUpdate, Fill, OrderUpdate, Position, Refusal, StateChange, TaskUpdate
from .number import Rounding, div_round, round_to, snap, text
from .order import Intent, OpenOrder, Order, OrderRequest, PairTerms, buy, sell
from .param import Param, ParamProblems, Params, param
from .strategy import Budget, Manifest, Strategy
from .times import utc
from .view import View

__all__ = [
    "ATR",
    "Account",
    "AccountStatus",
    "ActKind",
    "ActStatus",
    "ActUpdate",
    "Backoff",
    "Bar",
    "BookTicker",
    "Budget",
    "Donchian",
    "EMA",
    "Env",
    "EventKind",
    "Fill",
    "Forced",
    "Funding",
    "Indicator",
    "Instrument",
    "Intent",
    "IntentKind",
    "Lot",
    "Manifest",
    "Mark",
    "OpenOrder",
    "Order",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "OrderUpdate",
    "PairTerms",
    "Param",
    "ParamProblems",
    "Params",
    "Position",
    "PositionSide",
    "PriceMatch",
    "Product",
    "Refusal",
    "Rounding",
    "SMA",
    "STP",
    "Side",
    "SideEffect",
    "StateChange",
    "StdDev",
    "Strategy",
    "StrategyError",
    "Subscription",
    "Symbol",
    "TaskKind",
    "TaskStatus",
    "TaskUpdate",
    "TimeInForce",
    "Trade",
    "TradingState",
    "View",
    "Wallet",
    "WorkingType",
    "__version__",
    "buy",
    "div_round",
    "lots",
    "param",
    "restore_states",
    "round_to",
    "sell",
    "serve",
    "snap",
    "states",
    "text",
    "utc",
]
