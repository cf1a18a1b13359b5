#!/usr/bin/env python3
"""A strategy that acts by timers alone. timer_test.go has the same in Go."""

import os
import sys
from datetime import timedelta

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src"))

import pmbot
from pmbot import Env, OrderType, Refusal, Symbol, param

AGAIN, TRADE, PAST = 1, 2, 3


class Params(pmbot.Params):
    symbol: Symbol = param("UM:BTCUSDT", help="what to trade")


class Clock(pmbot.Strategy):
    manifest = pmbot.Manifest("clock", "1.0.0", "changes sides every ten minutes", order_types=(OrderType.MARKET,))
    params: Params

    def start(self, env: Env) -> None:
        self.inst = env.instrument(self.params.symbol)
        self.rings = 0
        env.bars(self.inst, timedelta(minutes=1))
        env.after(timedelta(minutes=10), AGAIN)  # at once: here the clock stands at 0, before all events

    def on_timer(self, env: Env, id: int) -> None:
        self.rings += 1
        env.log(f"ring {self.rings} of timer {id}")
        if id == AGAIN:
            env.after(timedelta(minutes=10), AGAIN)
            env.at(env.now, TRADE)
        elif id == TRADE and env.held(self.inst) > 0:
            env.send(pmbot.sell(self.inst, "0.02").tag("ring"))
        elif id == TRADE:
            env.send(pmbot.buy(self.inst, "0.02").tag("ring"))

    def on_refusal(self, env: Env, refusal: Refusal) -> None:
        env.at(env.now - 1, PAST)  # what is past rings at once

    def save(self) -> tuple[int, bytes]:
        return 1, str(self.rings).encode()

    def restore(self, version: int, state: bytes) -> None:
        self.rings = int(state)


if __name__ == "__main__":
    pmbot.serve(Clock)
