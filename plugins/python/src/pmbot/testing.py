"""A desk for tests: events in, what the strategy asks for out, without pmbot and without gRPC.

    desk = Desk(Follow, inst, qty="0.25")
    out = desk.deliver(inst, Bar(close="60000"))
    assert out.intents[0].request.side is Side.BUY

There is no exchange on it: a test says itself what becomes of orders. A backtest has one.
"""

from __future__ import annotations

import decimal
import struct
from typing import NamedTuple

from . import _wire
from ._runtime import Runtime
from .enums import EventKind
from .env import Env, Subscription
from .instrument import Instrument
from .market import Bar, BookTicker, Funding, Mark, Trade
from .news import Account, ActUpdate, Fill, OrderUpdate, Refusal, StateChange, TaskUpdate
from .number import callback_context
from .order import Intent
from .param import Params
from .strategy import Strategy

_KINDS: dict[type, EventKind] = {
    Trade: EventKind.TRADE, BookTicker: EventKind.BOOK_TICKER, Mark: EventKind.MARK,
    Funding: EventKind.FUNDING, Bar: EventKind.BAR,
}  # fmt: skip


class Asked(NamedTuple):
    """What a strategy asked for in reply to an event; timers are pairs of id and due time."""

    intents: tuple[Intent, ...]
    timers: tuple[tuple[int, int], ...]
    logs: tuple[str, ...]


class Desk:
    """A strategy at work, as pmbot would have it: started with parameters, given events one by one."""

    def __init__(self, cls: type[Strategy], *instruments: Instrument, **params: object) -> None:
        values: Params = cls._params_type(**params)
        with decimal.localcontext(callback_context()):
            self._runtime = Runtime(cls, values.texts(), list(instruments), 1)
        self.started = self._asked()

    @property
    def strategy(self) -> Strategy:
        return self._runtime.strategy

    @property
    def env(self) -> Env:
        """The view after the last event."""
        return self._runtime.env

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What start asked to see."""
        return tuple(self.env._subscriptions)

    def deliver(
        self,
        inst: Instrument | None,
        event: Trade | BookTicker | Mark | Funding | Bar | Fill | OrderUpdate | ActUpdate | TaskUpdate | Refusal | Account | StateChange,
        at: int | None = None,
    ) -> Asked:
        """Gives the strategy one event at a time in nanoseconds, by default that of the event before."""
        self.env.now = self.env.now if at is None else at
        with decimal.localcontext(callback_context()):
            self._deliver(inst, event)
        return self._asked()

    def timer(self, id: int, at: int | None = None) -> Asked:
        """A timer that the strategy has set is due."""
        self.env.now = self.env.now if at is None else at
        with decimal.localcontext(callback_context()):
            self._runtime.timer(id)
        return self._asked()

    def stop(self) -> Asked:
        """Stops the strategy in good order."""
        with decimal.localcontext(callback_context()):
            self._runtime.stop(self.env.now)
        return self._asked()

    def _deliver(self, inst: Instrument | None, event: object) -> None:
        r = self._runtime
        match event:
            case Fill() if inst:
                r.fill(inst, event)
            case OrderUpdate() if inst:
                r.order_update(inst, event)
            case ActUpdate():
                r.loan(event)
            case TaskUpdate():
                r.task(event)
            case Refusal():
                r.refusal(event)
            case Account():
                r.account(event)
            case StateChange():
                r.state(event)
            case Trade() | BookTicker() | Mark() | Funding() | Bar() if inst:
                row = event._row
                head = _KINDS[type(event)] | row[3] & 0xFF00 | inst.id << 16
                words = (row[0], self.env.now, row[2], head, *row[4:])
                out = _wire.messages["Output"]()
                r.batch(struct.pack(f"<{len(words)}q", *words), 1, out)
                self.env._logs[:0] = [line.text for line in out.logs]
            case _:
                raise TypeError(f"{event!r} is no event, or needs an instrument")

    def _asked(self) -> Asked:
        env = self.env
        asked = Asked(tuple(env._intents), tuple(env._timers), tuple(env._logs))
        env._intents, env._timers, env._logs, env._asked = [], [], [], False
        return asked
