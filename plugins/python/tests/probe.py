"""The strategies of plugintest, Probe and Deaf, in Python: what they ask for depends on all they see.

A Go test plays the same events to both and wants the same answers.
"""

import os
import sys
import time
from datetime import timedelta
from decimal import Decimal
from typing import Literal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src"))

import pmbot
from pmbot import Env, Instrument, OrderType, Product, Symbol, TradingState, param

ONE = 10**8
Misbehaviour = Literal[
    "nothing", "panic", "helper", "exit", "osexit", "hang", "spin", "flood", "intents", "print", "float", "unsaved",
    "answer", "fail-start", "panic-start", "panic-stop", "log", "naive", "replace", "unsendable", "when",
]  # fmt: skip


class Params(pmbot.Params):
    symbol: Symbol = param("UM:BTCUSDT", help="what to watch and trade")
    other: Symbol | None = param("", help="a second one; may be empty")
    every: int = param(0, min=0, unit="events", help="how often it asks for something; 0 is never")
    do: Misbehaviour = param("nothing", help="how it misbehaves")
    bars: bool = param(False, help="watch bars and nothing else")
    at: int = param(0, min=0, help="at which market event it misbehaves, from 1")


def raw(d: Decimal) -> int:
    return int(d * ONE)


def coefficient(d: Decimal) -> int:
    return int("".join(map(str, d.as_tuple().digits))) * (-1 if d < 0 else 1)


def wrap(n: int) -> int:
    """As 64-bit integers do it in Go."""
    return (n + 2**63) % 2**64 - 2**63




class Probe(pmbot.Strategy):
    manifest = pmbot.Manifest(
        "probe", "1.2.3", "does what a test wants", (Product.UM, Product.CM), (OrderType.LIMIT, OrderType.MARKET)
    )
    params: Params

    def start(self, env: Env) -> None:
        p = self.params
        if p.do == "fail-start":
            raise pmbot.StrategyError("no luck today")
        if p.do == "panic-start":
            raise RuntimeError("not today")
        self.seen = self.sum = self.last = 0
        self.other: Instrument | None = None
        for symbol in (p.symbol, p.other):
            if symbol is None:
                continue
            inst = env.instrument(symbol)
            if symbol == p.symbol:
                self.inst = inst
            else:
                self.other = inst
            env.bars(inst, timedelta(minutes=1), 3)
            if p.bars:
                continue
            env.trades(inst)
            env.book_tickers(inst)
            env.marks(inst)
            env.fundings(inst)
        env.log(f"watching {p.symbol}")
        env.at(1, 99)

    def market(self, env: Env, inst: Instrument, value: int) -> None:
        self.seen += 1
        total = self.sum * 31 + value + env.now + raw(env.last(inst)) + env.state(inst)
        total += int(env.position(inst).qty) + len(env.orders) + len(env.tasks) + coefficient(env.coins("BTC")) + coefficient(env.account.equity)
        self.sum = wrap(total + env.warming)
        if self.params.do == "answer":
            env.cancel(1)
        if self.seen == self.params.at:
            self.misbehave(env)
        if self.params.every == 0 or self.seen % self.params.every:
            return
        match self.sum & 7:
            case 0:
                env.log("sum %d after %d", self.sum, self.seen)
                self.task(env, inst)
            case 1:
                env._timers.append((self.seen, env.now + (self.sum & 0xFFFF)))  # after, in nanoseconds
                env._asked = True
            case 2:
                env.cancel(self.last)
            case 3:
                env.cancel_all(inst)
            case 4:
                env.amend(self.last, Decimal(self.sum & 0xFFFFFF) / ONE, 1)
                env.log("amend %d", self.last)
            case _:
                qty = Decimal(1 + (self.sum & 0xFFFFFF)) / ONE
                order = pmbot.sell(inst, qty).limit(env.last(inst)).post_only().tag(f"sum {self.sum}")
                self.last = env.send(order)

    def task(self, env: Env, inst: Instrument) -> None:
        """Wishes a stop, or a pair if the probe has a second instrument."""
        if self.sum & 8 == 0:
            self.last = env.protect(pmbot.sell(inst, 1).stop(env.last(inst)).on_mark().tag("stop"))
        elif self.other is not None:
            coins = Decimal((self.sum & 0xFFFF) - 0x7FFF) / ONE
            self.last = env.pair(
                self.inst, self.other, coins, Decimal(7) / ONE, timedelta(minutes=1), 2, reason="pair"
            )

    def misbehave(self, env: Env) -> None:
        match self.params.do:
            case "panic":
                raise RuntimeError(f"event {self.seen} is too much")
            case "helper":
                {}["no such key"]
            case "exit":
                sys.exit(3)
            case "osexit":
                print("I quit")
                sys.stdout.flush()
                os._exit(3)
            case "hang":
                time.sleep(3600)
            case "spin":
                while True:
                    self.sum += 1
            case "flood":
                for i in range(5000):
                    env.log("line %d %s", i, "x" * 10_000)
                    print("line", i)
            case "intents":
                for _ in range(5000):
                    env.cancel_all(self.inst)
            case "print":
                print("printed by the author")
                print("and to standard error", file=sys.stderr)
            case "float":
                env.send(pmbot.buy(self.inst, 0.1))  # type: ignore[arg-type]
            case "replace":
                env.send(pmbot.buy(self.inst, 1).replace(price=0.1))
            case "unsendable":
                env.send(pmbot.buy(self.inst, 1).replace(type="LIMIT"))
            case "when":
                env.at(1e9, 1)  # type: ignore[arg-type]
            case "naive":
                env.send(pmbot.buy(self.inst, Decimal(0.1)))
            case "log":
                import logging

                logging.getLogger("probe").info("seen %d", self.seen)
                logging.warning("two\nlines")
                logging.debug("not shown")

    def on_bar(self, env: Env, inst: Instrument, bar: pmbot.Bar) -> None:
        volume = raw(bar.volume)
        low = volume & 0xFFFF_FFFF_FFFF_FFFF
        self.market(env, inst, raw(bar.close) + (volume >> 64) + wrap(low) + bar.trades)

    def on_trade(self, env: Env, inst: Instrument, trade: pmbot.Trade) -> None:
        self.market(env, inst, raw(trade.price) + trade.id)

    def on_book_ticker(self, env: Env, inst: Instrument, quote: pmbot.BookTicker) -> None:
        self.market(env, inst, raw(quote.bid) * 3 + raw(quote.ask_qty))

    def on_mark(self, env: Env, inst: Instrument, mark: pmbot.Mark) -> None:
        self.market(env, inst, raw(mark.price) + raw(mark.rate))

    def on_funding(self, env: Env, inst: Instrument, funding: pmbot.Funding) -> None:
        self.market(env, inst, raw(funding.rate) + funding.interval // timedelta(microseconds=1) * 1000)

    def on_fill(self, env: Env, inst: Instrument, fill: pmbot.Fill) -> None:
        t = pmbot.text
        env.log(f"fill of {fill.ref} at {t(fill.price)}, fee {t(fill.fee)}, position {t(env.position(inst).qty)}")

    def on_order(self, env: Env, inst: Instrument, update: pmbot.OrderUpdate) -> None:
        env.log(f"order {update.ref} is {update.status}; {len(env.orders)} are open")

    def on_refusal(self, env: Env, refusal: pmbot.Refusal) -> None:
        env.log(f"{refusal.intent.ref} {refusal}")

    def on_task(self, env: Env, update: pmbot.TaskUpdate) -> None:
        t = pmbot.text
        env.log(f"task {update.ref} is {update.status} of {t(update.coins)} {t(update.lead)}; {len(env.tasks)} are open")

    def on_account(self, env: Env, account: pmbot.Account) -> None:
        env.log(f"equity {pmbot.text(account.equity)}, coins {pmbot.text(env.coins('BTC'))}")

    def on_timer(self, env: Env, id: int) -> None:
        env.log(f"timer {id}")
        self.last = env.send(pmbot.buy(self.inst, 1))

    def on_state(self, env: Env, state: pmbot.StateChange) -> None:
        env.log(f"state {state.state}: {state.reason}; {env.state(self.inst)}")

    def save(self) -> tuple[int, bytes]:
        if self.params.do == "unsaved":
            raise OSError("no pencil")
        return 1, f"{self.seen} {self.sum} {self.last}".encode()

    def restore(self, version: int, state: bytes) -> None:
        if version != 1:
            raise pmbot.StrategyError(f"version {version} is unknown")
        self.seen, self.sum, self.last = map(int, state.split())

    def stop(self, env: Env) -> None:
        if self.params.do == "panic-stop":
            raise RuntimeError("not like this")
        env.cancel_all(self.inst)
        env.log("seen %d, sum %d", self.seen, self.sum)


class Deaf(pmbot.Strategy):
    """A probe without code for what concerns its account and orders."""

    manifest = pmbot.Manifest("deaf", "1.2.3")
    params: Params

    def __init__(self) -> None:
        self.probe = Probe()

    def start(self, env: Env) -> None:
        self.probe.params = self.params
        self.probe.start(env)

    def on_trade(self, env: Env, inst: Instrument, trade: pmbot.Trade) -> None:
        self.probe.on_trade(env, inst, trade)

    def stop(self, env: Env) -> None:
        self.probe.stop(env)


class Quiet(pmbot.Strategy):
    """What a benchmark measures: a callback that looks at a price and asks for nothing; with answer, it asks."""

    manifest = pmbot.Manifest("quiet")
    params: Params

    def start(self, env: Env) -> None:
        self.inst = env.instrument(self.params.symbol)
        self.seen = 0
        self.highest = Decimal(0)
        env.trades(self.inst)

    def on_trade(self, env: Env, inst: Instrument, trade: pmbot.Trade) -> None:
        self.seen += 1
        if trade.price > self.highest:
            self.highest = trade.price
        if self.params.do == "answer":
            env.cancel(1)


assert TradingState.HALTED < TradingState.ACTIVE

if __name__ == "__main__":
    pmbot.serve(Probe, Deaf, Quiet)
