"""The contract with authors: what a strategy is."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from .enums import OrderType, Product
from .env import Env
from .instrument import Instrument
from .market import Bar, BookTicker, Funding, Mark, Trade
from .news import Account, ActUpdate, Fill, OrderUpdate, Refusal, StateChange, TaskUpdate
from .param import Params


@dataclass(frozen=True, slots=True)
class Budget:
    """What a strategy asks for at most, over all that it trades; 0 asks for no amount.

    Whoever runs it may grant less. Where that is more, or nothing is said, what is asked for bounds
    it. Amounts are in USD.
    """

    notional_usd: Decimal | int = 0
    """Of its positions and orders."""
    capital_usd: Decimal | int = 0
    """What they and its loans take of the account's money: margin, coins, debts."""
    loss_usd: Decimal | int = 0
    messages_per_minute: int = 0
    """New orders and amends."""

    def __post_init__(self) -> None:
        for name in ("notional_usd", "capital_usd", "loss_usd"):
            amount = getattr(self, name)
            if isinstance(amount, bool) or not isinstance(amount, (Decimal, int)):
                raise TypeError(f"budget: {name} is {amount!r}; it must be a Decimal or a whole number")
            if not 0 <= amount <= 10**12:
                raise ValueError(f"budget: {name} is {amount}; it must be 0, which asks for nothing, to {10**12}")
        if not 0 <= self.messages_per_minute <= 1200:
            raise ValueError(
                f"budget: messages_per_minute is {self.messages_per_minute}; it must be 0, which asks for nothing, to 1200"
            )


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a strategy declares about itself. The guard holds it to that."""

    name: str
    """A short lower-case word."""
    version: str = ""
    """The author's, as in semantic versioning."""
    summary: str = ""
    products: tuple[Product, ...] = ()
    """What it may trade; empty means all. So does order_types."""
    order_types: tuple[OrderType, ...] = ()
    borrow: bool = False
    """It may use margin side effects that borrow, and wish loans."""
    stateless: bool = False
    """It keeps no memory worth saving, so that a missing save is no oversight."""
    budget: Budget = Budget()
    """The most that it asks for; the host grants that or less."""


class NoParams(Params):
    """The parameters of a strategy that has none."""


class Strategy:
    """What an author derives from. manifest and start are needed; callbacks are overridden at will.

        class Follow(pmbot.Strategy):
            manifest = pmbot.Manifest("follow", "1.0.0")
            params: Params

    Callbacks run one after another, never at once, and must return at once. What a strategy does
    may depend on nothing but the events it was given: no clock, no randomness, no files. Then a
    backtest, a dry run and a live run are one thing. Market data comes as subscribed to in start;
    what concerns account, orders and fills always comes.
    """

    manifest: ClassVar[Manifest]
    params: Any = NoParams()
    """The configured parameters; annotate it with your class of them."""
    _params_type: ClassVar[type[Params]] = NoParams

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "params" not in cls.__dict__.get("__annotations__", {}):
            return
        try:
            kind = typing.get_type_hints(cls)["params"]
        except NameError as e:
            raise TypeError(f"{cls.__name__}.params: {e}; define the class of parameters before, in the module") from None
        if not (isinstance(kind, type) and issubclass(kind, Params)):
            raise TypeError(f"{cls.__name__}.params: {kind} is not derived from pmbot.Params")
        cls._params_type = kind

    def start(self, env: Env) -> None:
        """Called once, before the first event: looks up instruments and subscribes."""
        raise NotImplementedError(f"{type(self).__name__} has no start")

    def on_bar(self, env: Env, inst: Instrument, bar: Bar) -> None:
        """A bar has closed."""

    def on_trade(self, env: Env, inst: Instrument, trade: Trade) -> None:
        """A public trade."""

    def on_book_ticker(self, env: Env, inst: Instrument, quote: BookTicker) -> None:
        """Best bid and ask have changed."""

    def on_mark(self, env: Env, inst: Instrument, mark: Mark) -> None:
        """A mark price."""

    def on_funding(self, env: Env, inst: Instrument, funding: Funding) -> None:
        """A settled funding rate."""

    def on_fill(self, env: Env, inst: Instrument, fill: Fill) -> None:
        """An own execution, after the view has counted it."""

    def on_order(self, env: Env, inst: Instrument, update: OrderUpdate) -> None:
        """An own order has changed."""

    def on_loan(self, env: Env, update: ActUpdate) -> None:
        """News of a loan or repayment that was wished: pending, then done, rejected or unknown."""

    def on_task(self, env: Env, update: TaskUpdate) -> None:
        """News of a pair or a stop that the bot does for the strategy."""

    def on_refusal(self, env: Env, refusal: Refusal) -> None:
        """The guard has refused a wish."""

    def on_account(self, env: Env, account: Account) -> None:
        """A snapshot of the account, or the exchange's alarm that its status has changed."""

    def on_timer(self, env: Env, id: int) -> None:
        """A timer set with env.at or env.after."""

    def on_state(self, env: Env, state: StateChange) -> None:
        """Trading is halted, reduced or freed."""

    def stop(self, env: Env) -> None:
        """Called once before the strategy is stopped in good order. Orders are still sent."""

    def save(self) -> tuple[int, bytes]:
        """The strategy's memory as (version, state): what a restart must not lose."""
        raise NotImplementedError

    def restore(self, version: int, state: bytes) -> None:
        """Gets back what save has returned, after start. Raise StrategyError for what is not understood."""
        raise NotImplementedError


def overrides(strategy: type[Strategy], name: str) -> bool:
    """Whether an author has written that method."""
    return getattr(strategy, name) is not getattr(Strategy, name)
