#!/usr/bin/env python3
"""Follows the trend of one contract by the cross of two averages, long or short at all times.

It is the bundled strategy trend with its default rule, and gives the same result to the last
digit: TestSameHash runs both.
"""

import logging
from datetime import timedelta
from decimal import Decimal

import pmbot
from pmbot import Bar, Env, Instrument, OrderType, OrderUpdate, Product, Refusal, Symbol, TradingState, param

log = logging.getLogger(__name__)


class Params(pmbot.Params):
    symbol: Symbol = param("UM:BTCUSDT", help="the contract to trade")
    bar: timedelta = param("1m", min="1m", max="24h", help="length of a bar; one decision is made at each close")
    fast: int = param(10, min=1, max=10_000, unit="bars", help="length of the fast average")
    slow: int = param(50, min=2, max=10_000, unit="bars", help="length of the slow average")
    qty: Decimal = param("0.01", min="0.001", unit="coins or contracts", help="size of the position")


class Trend(pmbot.Strategy):
    manifest = pmbot.Manifest(
        name="trend",
        version="1.0.0",
        summary="long while the fast average is above the slow one, else short",
        products=(Product.UM, Product.CM),
        order_types=(OrderType.MARKET,),
        stateless=True,
    )
    params: Params

    def start(self, env: Env) -> None:
        p = self.params
        if p.fast >= p.slow:
            raise pmbot.StrategyError(f"fast {p.fast} must be below slow {p.slow}")
        self.inst = env.instrument(p.symbol)
        self.fast, self.slow = pmbot.SMA(p.fast), pmbot.SMA(p.slow)
        self.signal = 0  # +1 long, -1 short, 0 before both averages are full
        self.order = 0  # the ref of the last order
        self.noes = pmbot.Backoff(least=p.bar, most=timedelta(hours=1))
        env.bars(self.inst, p.bar)

    def on_bar(self, env: Env, inst: Instrument, bar: Bar) -> None:
        self.fast.push(bar.close)
        self.slow.push(bar.close)
        signal = self.fast.compare(self.slow) if self.slow.ready else 0
        if signal not in (0, self.signal):
            self.signal = signal
            self.noes.yes()
        if self.signal == 0 or env.order(self.order):
            return
        if env.state(inst) is TradingState.HALTED or not self.noes.ready(env.now):
            return  # it would be refused; a later close tries again
        qty = pmbot.lots(inst, OrderType.MARKET, self.signal * self.params.qty - env.held(inst))
        if qty > 0:
            self.order = env.send(pmbot.buy(inst, qty).tag("long"))
        elif qty < 0:
            self.order = env.send(pmbot.sell(inst, -qty).tag("short"))
        if qty:
            log.info("%s %s at %s", "buy" if qty > 0 else "sell", abs(qty), bar.close)

    def on_order(self, env: Env, inst: Instrument, update: OrderUpdate) -> None:
        if update.ref == self.order and update.status.final:
            if update.filled:
                self.noes.yes()
            else:
                self.noes.no(env.now)

    def on_refusal(self, env: Env, refusal: Refusal) -> None:
        if refusal.intent.ref == self.order:
            self.noes.no(env.now)


if __name__ == "__main__":
    pmbot.serve(Trend)
