"""What a strategy knows: the fold of the events that it was given.

The rules are those of the Go contract, event by event, so that one strategy written in
both languages sees the same.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TypeVar

from .enums import IntentKind, OrderStatus, PositionSide, Side, TaskKind, TaskStatus, TradingState, Wallet
from .instrument import Instrument
from .market import BookTicker, Mark
from .news import Account, ActUpdate, Fill, OrderUpdate, Position, Refusal, StateChange, TaskUpdate
from .number import div_round, exact_product, exact_sum, from_raw, to_raw
from .order import Intent, OpenOrder, OrderRequest

_ZERO = Decimal(0)
_FLAT = Position()
_REF_MAX = (1 << 63) - 1  # the highest ref of a strategy's own; what people do in its place is above


class _Seen:
    """What is known of one instrument; the numbers of the market as they came."""

    __slots__ = ("held", "last", "legs", "mark", "position", "quote", "state")

    def __init__(self) -> None:
        self.last = 0
        self.quote: tuple[int, ...] | None = None
        self.mark: tuple[int, ...] | None = None
        self.legs = [_FLAT, _FLAT, _FLAT]
        self.position = _FLAT
        self.held = _ZERO
        self.state = TradingState.ACTIVE

    def sum(self) -> None:
        """Makes the position of the legs: in hedge mode what is left when one closes the other."""
        both, long, short = self.legs
        if not both.qty:
            qty = exact_sum(long.qty, short.qty)
            entry = short.entry if abs(short.qty) > abs(long.qty) else long.entry
            both = Position(qty, entry if qty else _ZERO)
        self.position = both


_M = TypeVar("_M", BookTicker, Mark)
_NO_QUOTE = BookTicker(bid=0, ask=0)
_NO_MARK = Mark(price=0)


class View:
    """What a strategy may look at in a callback. Positions and orders are its own, balances the account's."""

    def __init__(self, instruments: list[Instrument], strategy: int) -> None:
        self._instruments = instruments
        self._id = strategy
        self._seen = [_Seen() for _ in range(len(instruments) + 1)]
        self._orders: list[OpenOrder] = []
        self._tasks: list[TaskUpdate] = []
        self._last_ref = 0
        self._person_ref = 0  # the highest ref of what a person did in its place
        self._balances: dict[tuple[str, Wallet], Decimal] = {}
        self._account = Account()
        self._account_state = self._own_state = TradingState.ACTIVE
        self.now = 0
        """Nanoseconds since 1970 of the event being handled. There is no other clock."""
        self.warming = False
        """The event is history from before the run: learn from it, but orders sent now are refused."""

    def last(self, inst: Instrument) -> Decimal:
        """The last traded price seen: of a trade or the close of a bar; 0 before any."""
        return from_raw(self._seen[inst.id].last)

    def quote(self, inst: Instrument) -> BookTicker:
        """The best bid and ask seen last, if subscribed."""
        row = self._seen[inst.id].quote
        return _NO_QUOTE if row is None else _made(BookTicker, row)

    def mark(self, inst: Instrument) -> Mark:
        """The mark price seen last, if subscribed."""
        row = self._seen[inst.id].mark
        return _NO_MARK if row is None else _made(Mark, row)

    def position(self, inst: Instrument) -> Position:
        """The strategy's own position: the sum of its own fills, over both legs in hedge mode."""
        return self._seen[inst.id].position

    def leg(self, inst: Instrument, side: PositionSide) -> Position:
        """The strategy's own position of one side in hedge mode."""
        return self._seen[inst.id].legs[side]

    def held(self, inst: Instrument) -> Decimal:
        """The signed quantity of the own position, in coins or contracts."""
        return self._seen[inst.id].held

    def delta(self, inst: Instrument) -> Decimal:
        """What the own position comes to in coins.

        A CM contract wins and loses coins, so together with these it is worth as many coins at every
        price as at its entry, and by that price it is counted.
        """
        p = self.position(inst)
        return inst.delta(p.qty, p.entry)

    def lot_of(self, inst: Instrument, coins: Decimal) -> Decimal:
        """inst.lot_of at the last price and against the own position."""
        return inst.lot_of(coins, self.last(inst), self.position(inst))

    @property
    def orders(self) -> tuple[OpenOrder, ...]:
        """The own orders that are not over, oldest first, from the moment they are sent."""
        return tuple(self._orders)

    def order(self, ref: int) -> OpenOrder | None:
        """The own order of that ref while it is not over."""
        return next((o for o in self._orders if o.ref == ref), None)

    def balance(self, asset: str, wallet: Wallet) -> Decimal:
        """The amount of an asset in one wallet of the account, which other strategies move too."""
        return self._balances.get((asset, wallet), _ZERO)

    def coins(self, asset: str) -> Decimal:
        """What the account owns of an asset over all wallets, debts subtracted."""
        total = _ZERO
        for (name, wallet), amount in self._balances.items():
            if name == asset:
                total = exact_sum(total, -amount if wallet.debt else amount)
        return total

    def debt(self, asset: str) -> Decimal:
        """What the account owes of an asset in loans, with the interest on them."""
        return exact_sum(self.balance(asset, Wallet.LOAN), self.balance(asset, Wallet.INTEREST))

    @property
    def account(self) -> Account:
        """The last snapshot of the account; all zero before the first."""
        return self._account

    @property
    def tasks(self) -> tuple[TaskUpdate, ...]:
        """The strategy's pairs and stops that are not over, oldest first, from when they are wished."""
        return tuple(self._tasks)

    def state(self, inst: Instrument) -> TradingState:
        """The strictest trading state of the account, this strategy and the instrument."""
        return min(self._account_state, self._own_state, self._seen[inst.id].state)

    # The fold. Package code calls these, never an author.

    def _apply_fill(self, inst: Instrument, f: Fill) -> None:
        seen = self._seen[inst.id]
        seen.legs[f.position_side] = _trade(inst, seen.legs[f.position_side], f.side, f.qty, f.price)
        seen.sum()
        seen.held = from_raw(to_raw(exact_sum(seen.held, f.qty if f.side is Side.BUY else -f.qty), "position"))

    def _apply_intent(self, i: Intent) -> None:
        if i.kind in (IntentKind.BORROW, IntentKind.REPAY):
            self._saw(i.ref)
        elif i.kind in (IntentKind.PAIR, IntentKind.PROTECT):
            self._saw(i.ref)
            self._tasks.append(_wished(i))
        elif i.kind is IntentKind.NEW:
            self._saw(i.ref)
            now = self.now
            self._orders.append(OpenOrder(i.ref, i.request, OrderStatus.PENDING_NEW, created=now, updated=now))

    def _apply_refusal(self, r: Refusal) -> None:
        if r.intent.kind in (IntentKind.PAIR, IntentKind.PROTECT):
            self._tasks = [t for t in self._tasks if t.ref != r.intent.ref]
        elif r.intent.kind is IntentKind.NEW:
            self._orders = [o for o in self._orders if o.id != 0 or o.ref != r.intent.ref]

    def _apply_act(self, u: ActUpdate) -> None:
        self._saw(u.ref)

    def _apply_task(self, u: TaskUpdate) -> None:
        self._saw(u.ref)
        for i, have in enumerate(self._tasks):
            if have.ref == u.ref:
                self._tasks[i : i + 1] = [] if u.status.final else [u]
                return
        if not u.status.final:
            self._tasks.append(u)

    def _apply_order(self, inst: Instrument, u: OrderUpdate) -> None:
        at = self._find(u)
        if at < 0:
            if u.status.final or self._late(u):
                return
            self._saw(u.ref)
            self._orders.append(OpenOrder(u.ref, OrderRequest(inst), u.status, created=self.now))
        elif u.status.final:
            del self._orders[at]
            return
        o = self._orders[at]
        request = dataclasses.replace(o.request, price=u.price, qty=u.qty)
        self._orders[at] = dataclasses.replace(
            o, id=u.id, client_id=u.client_id, venue_id=u.venue_id, status=u.status,
            filled=u.filled, updated=self.now, request=request,
        )  # fmt: skip

    def _find(self, u: OrderUpdate) -> int:
        """Looks an order up by its number, and one that has none yet by its ref."""
        for i, o in enumerate(self._orders):
            if u.id != 0 and o.id == u.id:
                return i
        for i, o in enumerate(self._orders):
            if u.ref != 0 and o.id == 0 and o.ref == u.ref:
                return i
        return -1

    def _saw(self, ref: int) -> None:
        """Notes a ref as given; those of people stand above the strategy's own, which go on below."""
        if ref > _REF_MAX:
            self._person_ref = max(self._person_ref, ref)
        else:
            self._last_ref = max(self._last_ref, ref)

    def _late(self, u: OrderUpdate) -> bool:
        """News of an order that is over, unless it is the child of one that still is listed."""
        last = self._person_ref if u.ref > _REF_MAX else self._last_ref
        if u.ref == 0 or u.ref > last:
            return False
        return self.order(u.ref) is None

    def _apply_ledger(self, asset: str, wallet: Wallet, balance: Decimal) -> None:
        self._balances[asset, wallet] = balance

    def _apply_state(self, s: StateChange) -> None:
        if s.strategy not in (0, self._id):
            return
        if s.instrument is not None:
            self._seen[s.instrument.id].state = s.effective
        elif s.strategy:
            self._own_state = s.effective
        else:
            self._account_state = s.effective

    def _tighten(self, s: StateChange) -> None:
        """Applies a state of a scope that may have several, of which the strictest holds."""
        if s.strategy not in (0, self._id):
            return
        if s.instrument is not None:
            seen = self._seen[s.instrument.id]
            seen.state = min(seen.state, s.effective)
        elif s.strategy:
            self._own_state = min(self._own_state, s.effective)
        else:
            self._account_state = min(self._account_state, s.effective)


def _made(cls: type[_M], row: tuple[int, ...]) -> _M:
    event = cls.__new__(cls)
    event._row = row
    return event


def _trade(inst: Instrument, p: Position, side: Side, qty: Decimal, price: Decimal) -> Position:
    """The position after a fill. Crossing zero opens the rest at the fill's price; adding averages."""
    signed = qty if side is Side.BUY else -qty
    if not signed:
        return p
    total = exact_sum(p.qty, signed)
    if not p.qty or (p.qty > 0) == (signed > 0):
        return Position(total, _average(inst, p, signed, price))
    if abs(signed) <= abs(p.qty):
        return Position(total, p.entry if total else _ZERO)
    return Position(total, price)


def _average(inst: Instrument, p: Position, qty: Decimal, price: Decimal) -> Decimal:
    """Arithmetic for UM and margin, harmonic for CM, rounded to sixteen places."""
    if not p.qty or p.entry == price:
        return price
    mul, total = exact_product, exact_sum(p.qty, qty)
    if inst.inverse:
        return div_round(mul(mul(total, p.entry), price), exact_sum(mul(p.qty, price), mul(qty, p.entry)))
    return div_round(exact_sum(mul(p.qty, p.entry), mul(qty, price)), total)


def _wished(i: Intent) -> TaskUpdate:
    """A task as it is wished, before anything is known of it."""
    r, kind, hedge, coins = i.request, TaskKind.STOP, None, Decimal(0)
    assert r.instrument is not None  # env.pair and env.protect see to it
    if i.pair is not None:
        kind, hedge, coins = TaskKind.PAIR, i.pair.hedge, r.qty if r.side is Side.BUY else -r.qty
    return TaskUpdate(i.ref, kind, TaskStatus.WORKING, r.instrument, hedge, coins, trigger=r.trigger)
