"""Between the protocol's messages and the package's own types.

The message classes are made of pmbot.binpb, the protocol as a descriptor set, when the
package is imported: there is no generated code that could be out of date.
"""

from __future__ import annotations

import importlib.resources
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # no stubs are asked of whoever checks a strategy
    descriptor_pb2: Any
    descriptor_pool: Any
    message_factory: Any
else:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .enums import (
    STP,
    AccountStatus,
    ActKind,
    ActStatus,
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
    WorkingType,
)
from .env import Subscription
from .instrument import Instrument, Lot
from .market import nanoseconds
from .news import Account, ActUpdate, Fill, OrderUpdate, Refusal, StateChange, TaskUpdate
from .number import Rounding, exact_sum, from_raw, round_to, to_raw
from .order import Intent, OpenOrder, OrderRequest, PairTerms
from .strategy import Manifest

# Limits of the protocol; what is more the host takes for a lie.
LOGS_MAX = 1024
LOG_BYTES_MAX = 4096
MEMORY_BYTES_MAX = 4 << 20
REQUEST_BYTES_MAX = 64 << 20


def _classes() -> tuple[dict[str, Any], Any]:
    data = importlib.resources.files(__package__).joinpath("pmbot.binpb").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.AddSerializedFile(file.SerializeToString())
    make = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    found = pool.FindFileByName("pmbot/v1/plugin.proto")
    return {name: make(d) for name, d in found.message_types_by_name.items()}, found


messages, protocol = _classes()
PlayRequest, PlayResponse = messages["PlayRequest"], messages["PlayResponse"]
_Intent, _OrderRequest = messages["Intent"], messages["OrderRequest"]


class ProtocolError(Exception):
    """The host has broken the protocol: a mistake of pmbot, not of the strategy's author."""


def instruments_of(rows: Any) -> list[Instrument]:
    """The run's table; ids are places in it, from 1."""
    return [_instrument(i + 1, p) for i, p in enumerate(rows)]


def _instrument(id: int, p: Any) -> Instrument:
    return Instrument(
        id=id, product=Product(p.product), symbol=p.symbol, pair=p.pair, base=p.base, quote=p.quote,
        margin_asset=p.margin_asset, contract_type=p.contract_type, status=p.status,
        contract_size=from_raw(p.contract_size), onboard=p.onboard, delivery=p.delivery,
        price_min=from_raw(p.price_min), price_max=from_raw(p.price_max), tick=from_raw(p.tick),
        lot=_lot(p.lot), market_lot=_lot(p.market_lot), notional_min=from_raw(p.notional_min),
        percent_up=from_raw(p.percent_up), percent_down=from_raw(p.percent_down),
        orders_max=p.orders_max, algo_orders_max=p.algo_orders_max,
        trigger_protect=from_raw(p.trigger_protect), market_take_bound=from_raw(p.market_take_bound),
        liquidation_fee=from_raw(p.liquidation_fee),
        order_types=tuple(OrderType(v) for v in p.order_types),
        times_in_force=tuple(TimeInForce(v) for v in p.times_in_force),
    )  # fmt: skip


def _lot(p: Any) -> Lot:
    return Lot(from_raw(p.min), from_raw(p.max), from_raw(p.step))


def decimal_of(text: str) -> Decimal:
    return Decimal(text) if text else Decimal(0)


class Decoder:
    """Translates what the host sends; it knows the run's instruments."""

    def __init__(self, instruments: list[Instrument]) -> None:
        self.instruments = instruments

    def at(self, id: int) -> Instrument:
        if not 1 <= id <= len(self.instruments):
            raise ProtocolError(f"instrument {id} is not one of {len(self.instruments)}")
        return self.instruments[id - 1]

    def some(self, id: int) -> Instrument | None:
        return self.at(id) if id else None

    def request(self, p: Any) -> OrderRequest:
        return OrderRequest(
            instrument=self.some(p.instrument), side=Side(p.side) if p.side else None,
            position_side=PositionSide(p.position_side), type=OrderType(p.type) if p.type else None,
            time_in_force=TimeInForce(p.time_in_force), qty=from_raw(p.qty), price=from_raw(p.price),
            trigger=from_raw(p.trigger), stop_price=from_raw(p.stop_price),
            working_type=WorkingType(p.working_type), price_protect=p.price_protect,
            activation=from_raw(p.activation), callback=from_raw(p.callback), reduce_only=p.reduce_only,
            close_position=p.close_position, good_till=p.good_till, price_match=PriceMatch(p.price_match),
            stp=STP(p.stp), side_effect=SideEffect(p.side_effect), quote_qty=from_raw(p.quote_qty),
            iceberg=from_raw(p.iceberg),
        )  # fmt: skip

    def refusal(self, p: Any) -> Refusal:
        i = p.intent
        intent = Intent(
            IntentKind(i.kind), i.ref, self.request(i.request), i.tag.decode("utf-8", "replace"), i.asset,
            from_raw(i.amount), p.by, p.order, self.pair(i),
        )  # fmt: skip
        return Refusal(intent, p.rule, p.limit, p.value, p.passes)

    def pair(self, p: Any) -> PairTerms | None:
        if not p.HasField("pair"):
            return None
        q = p.pair
        timeout = timedelta(microseconds=q.timeout // 1000)
        return PairTerms(self.at(q.hedge), PositionSide(q.hedge_side), from_raw(q.slice), timeout, q.tries)

    def task(self, p: Any) -> TaskUpdate:
        d = decimal_of
        return TaskUpdate(
            p.ref, TaskKind(p.kind), TaskStatus(p.status), self.at(p.instrument), self.some(p.hedge), d(p.coins), d(p.lead),
            d(p.hedged), from_raw(p.trigger), from_raw(p.qty), p.reason,
        )  # fmt: skip

    def state(self, p: Any) -> StateChange:
        return StateChange(
            TradingState(p.state), TradingState(p.effective), self.some(p.instrument), p.strategy, p.reason, p.by, p.cause
        )

    def open_order(self, p: Any) -> OpenOrder:
        if not p.request.instrument:
            raise ProtocolError(f"order {p.ref} without instrument")
        return OpenOrder(
            p.ref, self.request(p.request), OrderStatus(p.status), p.id, p.client_id, p.venue_id, p.parent,
            from_raw(p.filled), p.created, p.updated,
        )  # fmt: skip


def order_update(p: Any) -> OrderUpdate:
    return OrderUpdate(
        p.ref, OrderStatus(p.status), p.order, p.client_id, p.venue_id, from_raw(p.price), from_raw(p.qty),
        from_raw(p.filled), p.reason, p.code, p.retryable, p.child,
    )  # fmt: skip


def fill(p: Any) -> Fill:
    return Fill(
        p.ref, Side(p.side), from_raw(p.price), from_raw(p.qty), PositionSide(p.position_side), p.order,
        p.client_id, p.venue_id, p.trade_id, p.maker, decimal_of(p.fee), decimal_of(p.realized), p.fee_asset,
        Forced(p.forced),
    )  # fmt: skip


def act(p: Any) -> ActUpdate:
    return ActUpdate(
        p.ref, ActKind(p.kind), p.asset, decimal_of(p.amount), ActStatus(p.status), p.act, p.transaction, p.code,
        p.reason, p.retryable,
    )  # fmt: skip


def account(p: Any) -> Account:
    d = decimal_of
    return Account(
        d(p.equity), d(p.actual_equity), d(p.open_loss), d(p.maint_margin), d(p.initial_margin), d(p.available),
        d(p.uni_mmr), AccountStatus(p.status),
    )  # fmt: skip


def write_intent(p: Any, i: Intent) -> None:
    """Writes a wish into an empty message."""
    p.kind, p.ref, p.tag, p.asset, p.amount = i.kind, i.ref, i.tag.encode()[:32], i.asset, to_raw(i.amount, "amount")
    r, q = i.request, p.request
    q.SetInParent()
    q.instrument = r.instrument.id if r.instrument else 0
    q.side, q.position_side, q.type = r.side or 0, r.position_side, r.type or 0
    q.time_in_force, q.qty, q.price = r.time_in_force, to_raw(r.qty, "qty"), to_raw(r.price, "price")
    q.trigger, q.stop_price = to_raw(r.trigger, "trigger"), to_raw(r.stop_price, "stop_price")
    q.working_type, q.price_protect = r.working_type, r.price_protect
    q.activation, q.callback = to_raw(r.activation, "activation"), to_raw(r.callback, "callback")
    q.reduce_only, q.close_position, q.good_till = r.reduce_only, r.close_position, r.good_till
    q.price_match, q.stp, q.side_effect = r.price_match, r.stp, r.side_effect
    q.quote_qty, q.iceberg = to_raw(r.quote_qty, "quote_qty"), to_raw(r.iceberg, "iceberg")
    if t := i.pair:
        p.pair.hedge, p.pair.hedge_side, p.pair.slice = t.hedge.id, t.hedge_side, to_raw(t.slice, "slice")
        p.pair.timeout, p.pair.tries = nanoseconds(t.timeout), t.tries


def write_logs(list_: Any, event: int, lines: list[str]) -> None:
    """Adds log lines of one event; what is too long is cut and what is too many dropped, and said."""
    for line in lines:
        if len(list_) >= LOGS_MAX:
            return
        if len(list_) == LOGS_MAX - 1:
            line = f"more than {LOGS_MAX} log lines in one answer; the rest is dropped"
        list_.add(event=event, text=log_text(line))


def log_text(line: str) -> str:
    """A line as it travels: valid text, cut at 4096 bytes."""
    data = line.encode("utf-8", "replace")
    if len(data) > LOG_BYTES_MAX:
        data = data[: LOG_BYTES_MAX - 3] + b"..."
    return data.decode("utf-8", "ignore")


def write_subscription(p: Any, s: Subscription) -> None:
    p.instrument, p.kind, p.interval, p.warmup = s.instrument.id, s.kind, nanoseconds(s.interval), s.warmup


def write_manifest(p: Any, m: Manifest) -> None:
    p.name, p.version, p.summary, p.borrow, p.stateless = m.name, m.version, m.summary, m.borrow, m.stateless
    p.products.extend(m.products)
    p.order_types.extend(m.order_types)
    for name in ("notional_usd", "capital_usd", "loss_usd"):
        if amount := getattr(m.budget, name):
            setattr(p.budget, name, format(Decimal(amount), "f"))
    if m.budget.messages_per_minute:
        p.budget.messages_per_minute = m.budget.messages_per_minute


def failure(
    fault: str, what: str, *, cure: str = "", callback: str = "", place: str = "", event: int = -1
) -> Any:
    """A failure that a person can act on; fault is CONFIG, STRATEGY, NOT_FOUND or PMBOT."""
    number = protocol.enum_types_by_name["Fault"].values_by_name[f"FAULT_{fault}"].number
    return messages["Failure"](
        fault=number, what=log_text(what), cure=cure, callback=callback, place=place, event=event
    )


def held(sum: Decimal, qty: Decimal) -> Decimal:
    """A held quantity with a leg's added, as orders count it."""
    return round_to(exact_sum(sum, qty), 0, Rounding.DOWN)
