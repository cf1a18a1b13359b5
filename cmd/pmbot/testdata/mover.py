# mover in Python: see mover_test.go.
from datetime import timedelta
from decimal import Decimal

import pmbot
from pmbot import OrderStatus, OrderType, Product, param


class Params(pmbot.Params):
    symbol: pmbot.Symbol = param("UM:BTCUSDT", help="what to trade")
    steps: int = param(0, help="timers of this life, then it rests; 0 never")
    pause: timedelta = param("10ms", help="between two timers")
    word: str = param("first", help="what it calls itself in the log")
    do: str = param("move", help="what it does")


class Mover(pmbot.Strategy):
    manifest = pmbot.Manifest("mover", "0.1.0", "moves", (Product.UM,), (OrderType.LIMIT,))
    params: Params

    def start(self, env):
        self.inst = env.instrument(self.params.symbol)
        self.next = self.bad = self.sent = self.ended = self.refused = self.fills = self.sum = self.trade = 0
        self.own = self.last = 0
        env.book_tickers(self.inst)
        env.trades(self.inst)

    def on_trade(self, env, inst, trade):
        self.bad += trade.id <= self.trade
        self.trade = trade.id

    def on_book_ticker(self, env, inst, quote):
        if not self.last:
            self.last = env.now
            if self.next:
                return
            self.next = 1
        elif self.resting or env.now - self.last < 8 * 10**9:
            return
        else:
            self.last = env.now
            env.log("%s is torn at %d", self.params.word, self.next)
        env.after(self.params.pause, self.next)

    def on_timer(self, env, id):
        if id != self.next:
            self.bad += 1
            env.log("%s got timer %d in place of %d", self.params.word, id, self.next)
            return
        self.last = env.now
        self.own += 1
        if self.own == 20 and self.params.do == "crash":
            raise RuntimeError("enough of it")
        self.next += 1
        if self.resting:
            env.cancel_all(self.inst)
            env.log("%s rests", self.params.word)
            return
        if self.own == 100:
            env.log("%s is under way", self.params.word)
        self.act(env, id)
        env.after(self.params.pause, self.next)

    @property
    def resting(self):
        return 0 < self.params.steps <= self.own

    def act(self, env, step):
        quote, tick, qty = env.quote(self.inst), self.inst.tick, Decimal("0.004")
        match step % 100:
            case 0:
                self.sent += 1
                env.send(pmbot.buy(self.inst, qty).limit(quote.ask + 50 * tick).ioc())
            case 25:
                self.sent += 1
                env.send(pmbot.buy(self.inst, qty).limit((quote.bid - quote.bid / 120) // tick * tick))
            case 50:
                self.sent += 1
                env.send(pmbot.sell(self.inst, qty).limit(quote.bid - 50 * tick).ioc())
            case 75:
                for o in env.orders:
                    if o.status == OrderStatus.WORKING:
                        env.cancel(o.ref)

    def on_order(self, env, inst, update):
        self.ended += update.status.final

    def on_refusal(self, env, refusal):
        self.refused += refusal.intent.kind == pmbot.IntentKind.NEW

    def on_fill(self, env, inst, fill):
        self.fills += 1
        self.sum += int(fill.side.sign * fill.qty * 10**8)

    def save(self):
        return 1, f"{self.next} {self.bad} {self.sent} {self.ended} {self.refused} {self.fills} {self.sum} {self.trade}".encode()

    def restore(self, version, state):
        if self.params.do == "refuse":
            raise pmbot.StrategyError("not my memory")
        self.next, self.bad, self.sent, self.ended, self.refused, self.fills, self.sum, self.trade = map(int, state.split())


if __name__ == "__main__":
    pmbot.serve(Mover)
