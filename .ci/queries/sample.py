"""Writes a small market of our own making, to be imported: five minutes of trades, best
prices, an order book and the bars of the trades.

    python3 sample.py DIRECTORY
"""

import csv
import random
import sys
from collections import defaultdict

START_MS = 1_704_448_800_000  # 2024-01-05T10:00:00Z
MINUTE_MS = 60_000


def tenths(n):
    return f"{n // 10}.{n % 10}"


def thousandths(n):
    return f"{n // 1000}.{n % 1000:03d}"


def write(directory, name, header, rows):
    with open(f"{directory}/{name}.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(header.split(","))
        out.writerows(rows)


def main(directory):
    dice = random.Random(1)
    trades, best, book, bars = [], [], [], defaultdict(list)
    bid, update = 440_000, 1_000  # in ticks of 0.1

    def clocks(at):
        """The exchange sends a millisecond later, the recorder receives 5 to 40 after that."""
        return at, at + 1, (at + 1) * 1_000_000 + dice.randrange(5_000_000, 40_000_000)

    at = START_MS
    for side, step in ((1, -1), (2, 1)):
        for level in range(20):
            price = bid + (side - 1) + step * level
            book.append([*clocks(at)[:2], (at + 20) * 1_000_000, 0, update, 0, "true", side, tenths(price), thousandths(dice.randrange(1, 5000))])
    for i in range(1500):
        at = START_MS + 10 + 200 * i
        bid += dice.choice((-3, -1, 0, 0, 1, 3))
        before, update = update, update + dice.randrange(1, 50)
        time = clocks(at)
        best.append([*time, update, tenths(bid), thousandths(dice.randrange(1, 9000)), tenths(bid + 1), thousandths(dice.randrange(1, 9000))])
        for side in (1, 2):
            book.append([*time, before + 1, update, before, "false", side, tenths(bid + side - 1), thousandths(dice.randrange(1, 9000))])
        maker, qty = dice.random() < 0.5, dice.randrange(1, 2000)
        price = bid if maker else bid + 1
        trades.append([*clocks(at + 100), 5_000 + i, tenths(price), thousandths(qty), str(maker).lower()])
        bars[(at + 100) // MINUTE_MS].append((price, qty, maker))
    bar_rows = []
    for minute, done in sorted(bars.items()):
        prices = [price for price, _, _ in done]
        volume = [qty for _, qty, _ in done]
        quote = [price * qty for price, qty, _ in done]  # in units of 0.0001
        buys = [not maker for _, _, maker in done]
        money = (lambda units: f"{units // 10_000}.{units % 10_000:04d}")
        bar_rows.append([
            minute * MINUTE_MS, tenths(prices[0]), tenths(max(prices)), tenths(min(prices)), tenths(prices[-1]),
            thousandths(sum(volume)), money(sum(quote)), thousandths(sum(q for q, b in zip(volume, buys) if b)),
            money(sum(q for q, b in zip(quote, buys) if b)), len(done),
        ])
    del bar_rows[2]  # a gap to be seen
    write(directory, "trades", "time,event,local,id,price,qty,buyer_maker", trades)
    write(directory, "bookTicker", "time,event,local,update_id,bid,bid_qty,ask,ask_qty", best)
    write(directory, "depth", "time,event,local,first_id,last_id,prev_id,snapshot,side,price,qty", book)
    write(directory, "klines-1m", "time,open,high,low,close,volume,quote_volume,taker_buy,taker_buy_quote,trades", bar_rows)


if __name__ == "__main__":
    main(sys.argv[1])
