"""Runs one instance of a strategy: folds each event into the view and calls its handler.

It is the only caller of a strategy's methods, in lockstep and live.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from . import _wire
from ._crash import Deliberate, deliberate
from .enums import EventKind, Wallet
from .env import Env
from .instrument import Instrument
from .market import Bar, BookTicker, Funding, Mark, Trade, _Row
from .news import Account, ActUpdate, Fill, OrderUpdate, Position, Refusal, StateChange, TaskUpdate
from .strategy import Strategy, overrides

# Of each kind of market event: words of its own, class, callback, and where in the row the
# last price stands, 0 for none.
_KINDS: dict[int, tuple[int, type[_Row] | None, str, int]] = {
    EventKind.TRADE: (5, Trade, "on_trade", 4),
    EventKind.BOOK_TICKER: (5, BookTicker, "on_book_ticker", 0),
    EventKind.MARK: (5, Mark, "on_mark", 0),
    EventKind.FUNDING: (3, Funding, "on_funding", 0),
    EventKind.LIQUIDATION: (4, None, "", 0),
    EventKind.BAR: (13, Bar, "on_bar", 9),
}

# Callbacks of the account's events, by the names of Handlers in the protocol.
_HANDLERS = {
    "order_update": "on_order", "fill": "on_fill", "account": "on_account", "refusal": "on_refusal",
    "timer": "on_timer", "state": "on_state", "loan": "on_loan", "task": "on_task",
}  # fmt: skip

_new = object.__new__


class Runtime:
    """One strategy at work."""

    def __init__(
        self,
        cls: type[Strategy],
        values: dict[str, str],
        instruments: list[Instrument],
        id: int,
        last_ref: int = 0,
        begun: Callable[[Env], None] = lambda env: None,
    ) -> None:
        params = cls._params_type.of(values)
        self.env = Env(instruments, id)
        self.env._last_ref = last_ref
        begun(self.env)
        self.strategy = cls()
        self.strategy.params = params
        self.decoder = _wire.Decoder(instruments)
        # The event in the strategy's hands, as an index into the batch; -1 for none.
        self.event = -1
        self._routes: dict[int, tuple[Any, ...]] = {}
        self.handles = {name: overrides(cls, callback) for name, callback in _HANDLERS.items()}
        self.saves = overrides(cls, "save")
        with deliberate("start"):
            self.strategy.start(self.env)
        self.env._starting = False

    def clear(self) -> None:
        """Forgets what was asked for in reply to the event before."""
        env = self.env
        if env._asked:
            env._intents, env._timers, env._logs, env._asked = [], [], [], False

    def batch(self, rows: bytes, count: int, out: Any) -> int:
        """Handles market events until the strategy asks for something and returns how many were.

        Log lines are written into out; the rest is in the env, for the last event.
        """
        env, routes, at = self.env, self._routes, 0
        words = struct.unpack(f"<{len(rows) // 8}q", rows)
        for i in range(count):
            route = routes.get(words[at + 3]) or self._route(words[at + 3])
            size, cls, inst, callback, seen, last, quote, mark = route
            row = words[at : at + size]
            if len(row) < size:
                raise _wire.ProtocolError("rows end in the middle of an event")
            at += size
            env.now = row[1]
            if last:
                seen.last = row[last]
            elif quote:
                seen.quote = row
            elif mark:
                seen.mark = row
            if callback is None:
                continue
            self.event = i
            event = _new(cls)
            event._row = row
            callback(env, inst, event)
            if env._asked:
                if env._intents or env._timers:
                    return i + 1
                _wire.write_logs(out.logs, i, env._logs)
                env._logs, env._asked = [], False
        self.event = count - 1
        return count

    def _route(self, head: int) -> tuple[Any, ...]:
        """What to do with a row of that head, found out once for each that occurs."""
        kind, flags, id = head & 0xFF, head >> 8 & 0xFF, head >> 16
        if kind not in _KINDS or flags > 7:
            raise _wire.ProtocolError(f"row of kind {kind} with flags {flags}")
        own, cls, name, last = _KINDS[kind]
        inst = self.decoder.at(id)
        callback: Callable[..., None] | None = None
        if name and overrides(type(self.strategy), name):
            callback = getattr(self.strategy, name)
        seen = self.env._seen[id]
        route = (4 + own, cls, inst, callback, seen, last, kind == EventKind.BOOK_TICKER, kind == EventKind.MARK)
        self._routes[head] = route
        return route

    def one(self, p: Any) -> None:
        """Handles an event of the account or of the strategy's own."""
        env, d, body = self.env, self.decoder, p.WhichOneof("body")
        self.event = 0
        env.warming, env.now = p.warming, p.at
        match body:
            case "order_update":
                self.order_update(d.at(p.instrument), _wire.order_update(p.order_update))
            case "fill":
                self.fill(d.at(p.instrument), _wire.fill(p.fill))
            case "ledger":
                env._apply_ledger(p.ledger.asset, Wallet(p.ledger.wallet), _wire.decimal_of(p.ledger.balance))
            case "account" | "risk_level":
                self.account(_wire.account(getattr(p, body)))
            case "refusal":
                self.refusal(d.refusal(p.refusal))
            case "act":
                self.loan(_wire.act(p.act))
            case "task":
                self.task(d.task(p.task))
            case "timer":
                self.timer(p.timer.id)
            case "state":
                self.state(d.state(p.state))
            case _:
                raise _wire.ProtocolError(f"event {p.seq}: body of an unknown kind; pmbot is newer than this package")

    def order_update(self, inst: Instrument, u: OrderUpdate) -> None:
        self.env._apply_order(inst, u)
        if self.handles["order_update"]:
            self.strategy.on_order(self.env, inst, u)

    def fill(self, inst: Instrument, f: Fill) -> None:
        self.env._apply_fill(inst, f)
        if self.handles["fill"] and f.qty:  # 0 repeats one that was counted
            self.strategy.on_fill(self.env, inst, f)

    def account(self, a: Account) -> None:
        self.env._account = a
        if self.handles["account"]:
            self.strategy.on_account(self.env, a)

    def refusal(self, r: Refusal) -> None:
        self.env._apply_refusal(r)
        if self.handles["refusal"]:
            self.strategy.on_refusal(self.env, r)

    def loan(self, u: ActUpdate) -> None:
        self.env._apply_act(u)
        if self.handles["loan"]:
            self.strategy.on_loan(self.env, u)

    def task(self, u: TaskUpdate) -> None:
        self.env._apply_task(u)
        if self.handles["task"]:
            self.strategy.on_task(self.env, u)

    def timer(self, id: int) -> None:
        if self.handles["timer"]:
            self.strategy.on_timer(self.env, id)

    def state(self, s: StateChange) -> None:
        self.env._apply_state(s)
        if self.handles["state"]:
            self.strategy.on_state(self.env, s)

    def stop(self, at: int) -> None:
        self.env.now = at
        self.strategy.stop(self.env)

    def resume(self, p: Any) -> None:
        """Goes on where another process stopped: memory first, then the view."""
        env, d = self.env, self.decoder
        if p.HasField("memory"):
            if not overrides(type(self.strategy), "restore"):
                raise Deliberate(f"it keeps no state, but version {p.memory.version} of it is to be restored")
            with deliberate("restore"):
                self.strategy.restore(p.memory.version, p.memory.state)
        env.now, env._account = p.at, _wire.account(p.account)
        env._orders = [d.open_order(o) for o in p.orders] + env._orders
        env._tasks = [d.task(t) for t in p.tasks] + env._tasks
        env._balances = {(b.asset, Wallet(b.wallet)): _wire.decimal_of(b.amount) for b in p.balances}
        for q in p.positions:
            seen = env._seen[d.at(q.instrument).id]
            seen.legs[q.side] = Position(_wire.decimal_of(q.qty), _wire.decimal_of(q.entry))
            seen.sum()
            seen.held = _wire.held(seen.held, seen.legs[q.side].qty)
        for s in p.market:
            seen = env._seen[d.at(s.instrument).id]
            seen.last = s.last
            seen.quote = (0, 0, 0, 0, *s.quote) if s.quote else None
            seen.mark = (0, 0, 0, 0, *s.mark) if s.mark else None
        for s in p.states:
            env._tighten(d.state(s))
