"""Writes down what the package computes: positions, indicators, roundings. A Go test does the same."""

import json
import os
import sys
from datetime import timedelta
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src"))

import pmbot
from pmbot import Env, Instrument, OrderType, PositionSide, Product, Rounding, Symbol, Wallet, text


class Sums(pmbot.Strategy):
    manifest = pmbot.Manifest("sums")

    def start(self, env: Env) -> None:
        self.inst = env.instrument("UM:BTCUSDT")
        self.indicators = (pmbot.SMA(5), pmbot.EMA(7), pmbot.StdDev(6), pmbot.ATR(4), pmbot.Donchian(9))
        env.bars(self.inst, timedelta(minutes=1))
        env.bars(env.instrument(Symbol(Product.CM, "BTCUSD_PERP")), timedelta(minutes=1))
        env.trades(self.inst)
        env.book_tickers(self.inst)
        env.marks(self.inst)

    def on_bar(self, env: Env, inst: Instrument, bar: pmbot.Bar) -> None:
        sma, ema, deviation, atr, channel = self.indicators
        for x in (sma, ema, deviation):
            x.push(bar.close)
        atr.push(bar.high, bar.low, bar.close)
        channel.push(bar.high, bar.low)
        state = json.dumps(pmbot.states(*self.indicators), separators=(",", ":"))
        env.log("%s", state)
        pmbot.restore_states(json.loads(state), *self.indicators)
        values = [sma.value, ema.value, deviation.value, atr.value]
        env.log("%s %s %s", " ".join(v.hex() for v in values), text(channel.high), text(channel.low))
        for rounding in Rounding:
            x = pmbot.snap(ema.value / 3, "0.1", rounding)
            env.log("%s %s", text(x), text(pmbot.round_to(-bar.close, "0.7", rounding)))
        env.log("%s", text(pmbot.lots(inst, OrderType.LIMIT, bar.close - 60_000)))
        for coins in (bar.close - 60_000, 60_000 - bar.close, env.delta(inst), -env.delta(inst)):
            env.log("%s of %s", text(env.lot_of(inst, coins)), text(coins))
        env.log("%s %s %s", text(env.last(inst)), text(env.quote(inst).mid), text(env.mark(inst).index))
        env.log("%s %s", text(bar.volume), pmbot.utc(env.now).isoformat())

    def on_fill(self, env: Env, inst: Instrument, fill: pmbot.Fill) -> None:
        for p in (env.position(inst), env.leg(inst, PositionSide.BOTH), env.leg(inst, PositionSide.LONG), env.leg(inst, PositionSide.SHORT)):
            env.log("%s at %s", text(p.qty), text(p.entry))
        env.log("%s", text(env.held(inst)))

    def on_account(self, env: Env, account: pmbot.Account) -> None:
        env.log("%s %s %s", text(env.coins("BTC")), text(env.debt("BTC")), text(env.balance("BTC", Wallet.CM)))
        assert isinstance(account.equity, Decimal)

    def on_order(self, env: Env, inst: Instrument, update: pmbot.OrderUpdate) -> None:
        for o in env.orders:
            env.log("%d %d %s %s %s %s %d", o.ref, o.id, o.status, text(o.request.price), text(o.filled), text(o.remaining), o.updated)


if __name__ == "__main__":
    pmbot.serve(Sums)
