"""Compares what DuckDB and polars find in a run's Parquet files with its CSV files.

    python3 comparerun.py RUN FACTS...

FACTS are what run.mjs has written. Every number of every column is summed exactly; a
difference, or a column that only one side has, ends the program with 1.
"""

import csv
import json
import sys
from decimal import ROUND_HALF_UP, Decimal, getcontext

from compare import nanos

getcontext().prec = 80
KINDS = ["fills", "trades", "ledger", "equity", "prices"]
# Parquet rounds what has more decimals.
LEAST = Decimal("1e-16")


def us(t):
    return t // 1000


def answers(values):
    """What run.mjs asks, from the text of a column."""
    known = [v for v in values if v not in ("", "-")]
    return {
        "unknown": lambda: len(values) - len(known),
        "min_us": lambda: us(min(map(nanos, known))) if known else None,
        "max_us": lambda: us(max(map(nanos, known))) if known else None,
        "true": lambda: values.count("true"),
        "sum": lambda: sum(Decimal(v).quantize(LEAST, ROUND_HALF_UP) for v in known),
        "different": lambda: len(set(known)),
    }


def main():
    run, *paths = sys.argv[1:]
    found = {p.rsplit("/", 1)[-1].removesuffix(".json"): json.load(open(p)) for p in paths}
    compared, different, rows = 0, 0, 0
    for kind in KINDS:
        with open(f"{run}/{kind}.csv", newline="") as f:
            header, *lines = csv.reader(f)
        rows += len(lines)
        columns = {name: answers([line[i] for line in lines]) for i, name in enumerate(header)}
        asked = [fact for fact in next(iter(found.values())) if fact.startswith(kind + "/")]
        if list(dict.fromkeys(fact.split("/")[1] for fact in asked if not fact.endswith("//rows"))) != header:
            different += 1
            print(f"DIFFERENT columns of {kind}")
        for fact in asked:
            name, stat = fact.split("/")[1], fact.split("/")[-1]
            told = {reader: facts[fact] for reader, facts in found.items()}
            told["CSV"] = len(lines) if stat == "rows" else columns[name][stat]()
            compared += 1
            if len({None if v is None else Decimal(str(v)) for v in told.values()}) > 1:
                different += 1
                print(f"DIFFERENT {fact}: {told}")
    print(f"{len(KINDS)} kinds of rows, {rows} rows: {compared} facts compared between CSV, {', '.join(found)}; {different} differ")
    return 1 if different or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
