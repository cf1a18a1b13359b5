"""The strategy Tasker of plugintest in Python: it leaves its orders to the bot."""

import os
import sys
from datetime import timedelta
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src"))

import pmbot
from pmbot import Env, Instrument, OrderType, Product, Symbol, TaskKind, TaskStatus, TaskUpdate, param


class Params(pmbot.Params):
    lead: Symbol = param("UM:BTCUSDT", help="the leg that goes first")
    hedge: Symbol = param("CM:BTCUSD_PERP", help="the leg behind it")
    size: Decimal = param("0.03", min=0, unit="coins", help="what each leg comes to")


class Tasker(pmbot.Strategy):
    manifest = pmbot.Manifest(
        "tasker", "1.0.0", "leaves its orders to the bot", (Product.UM, Product.CM), (OrderType.MARKET, OrderType.STOP_MARKET),
        stateless=True,
    )  # fmt: skip
    params: Params

    def start(self, env: Env) -> None:
        self.lead, self.hedge = env.instrument(self.params.lead), env.instrument(self.params.hedge)
        env.bars(self.lead, timedelta(minutes=1))
        env.bars(self.hedge, timedelta(minutes=1))
        self.count = 0

    def on_bar(self, env: Env, inst: Instrument, bar: pmbot.Bar) -> None:
        if inst is not self.hedge:
            return
        self.count += 1
        if self.count % 30:
            return
        size, held = self.params.size, env.held(self.hedge)
        if not env.held(self.lead) and held > 0:  # the stop has closed the lead
            env.send(pmbot.sell(self.hedge, held).reduce_only().tag("rest"))
            return
        coins = size if env.held(self.lead) else -size
        env.pair(self.lead, self.hedge, coins, size / 3, timedelta(minutes=5), reason="pair")

    def on_task(self, env: Env, update: TaskUpdate) -> None:
        t = pmbot.text
        env.log(f"task {update.ref} {update.kind} {update.status}: {t(update.lead)} and {t(update.hedged)} coins")
        if update.kind is TaskKind.PAIR and update.status is TaskStatus.DONE and env.held(self.lead) < 0:
            stop = pmbot.round_to(env.last(self.lead) + 60, self.lead.tick, pmbot.Rounding.DOWN)
            env.protect(pmbot.buy(self.lead, 0).stop(stop).on_mark().tag("stop"))


if __name__ == "__main__":
    pmbot.serve(Tasker)
