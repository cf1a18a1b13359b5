"""Compares what DuckDB, polars and the csv module of Python find in the same series.

    python3 compare.py LISTING EXPORTS FACTS...

LISTING is what "pmbot data ls --json" prints, EXPORTS a directory with the series exported
as <name with dots>.csv.gz, FACTS what duckdb.mjs and polars.mjs have written. Every number
of every column is summed exactly; a difference ends the program with 1.
"""

import csv
import gzip
import json
import sys
from calendar import timegm
from decimal import Decimal, getcontext
from functools import lru_cache
from time import strptime

getcontext().prec = 60
HOUR_US = 3_600_000_000


@lru_cache(maxsize=100_000)
def seconds(text):
    return timegm(strptime(text, "%Y-%m-%dT%H:%M:%S"))


def nanos(text):
    """Nanoseconds since 1970 of a time in RFC 3339, None for an unknown one."""
    if text in ("", "-"):
        return None
    fraction = text[19:].strip(".Z")
    return seconds(text[:19]) * 10**9 + int(fraction.ljust(9, "0"))


def column_facts(column, values):
    """What duckdb.mjs and polars.mjs find in a column, from its text."""
    if values[0] in ("true", "false"):
        return {"true": values.count("true")}
    if any("T" in v for v in values) or all(v == "" for v in values):
        known = [t for t in map(nanos, values) if t is not None]
        first, last = (min(known), max(known)) if known else (None, None)
        us = (lambda t: None if t is None else t // 1000)
        facts = {"min_us": us(first), "max_us": us(last), "unknown": len(values) - len(known)}
        if column == "local":
            facts |= {"min_ns": first, "max_ns": last}
        return facts
    return {"sum": sum(map(Decimal, values))}


def csv_facts(name, path):
    facts = {}
    with gzip.open(path, "rt", newline="") as f:
        rows = csv.reader(f)
        header = next(rows)
        columns = list(zip(*rows))
    facts[f"{name} rows"] = len(columns[0])
    for column, values in zip(header, columns):
        for stat, value in column_facts(column, values).items():
            facts[f"{name} {column} {stat}"] = value
    return facts


def listed_facts(series):
    """The listing has instants: a bar's last is its close, a funding's the whole hour."""
    name = series["name"]
    facts = {f"{name} rows": series["rows"], f"{name} rows in the metadata": series["rows"]}
    if series["kind"] != "fundingRate" and "interval" not in series:
        facts[f"{name} time min_us"] = nanos(series["from"]) // 1000
        facts[f"{name} time max_us"] = nanos(series["to"]) // 1000
    return facts


def told_by(fact, readers):
    """How many must tell a fact: all but the listing, which has few. DuckDB has no
    nanoseconds, and polars does not read the metadata."""
    return 2 if fact.endswith(("_ns", "in the metadata")) else len(readers) - 1


def main():
    listing, exports, *found = sys.argv[1:]
    series = json.load(open(listing))["series"]
    readers = {"pmbot data ls": {}, "Python csv": {}}
    for s in series:
        readers["pmbot data ls"].update(listed_facts(s))
        readers["Python csv"].update(csv_facts(s["name"], f"{exports}/{s['name'].replace('/', '.')}.csv.gz"))
    for path in found:
        readers[path.rsplit("/", 1)[-1].removesuffix(".json")] = json.load(open(path))
    compared, differences = 0, 0
    for fact in sorted(set().union(*readers.values())):
        told = {reader: facts[fact] for reader, facts in readers.items() if fact in facts}
        values = {None if v is None else Decimal(str(v)) for v in told.values()}
        compared += 1
        if len(values) > 1 or len(told) < told_by(fact, readers):
            differences += 1
            print(f"DIFFERENT {fact}: {told}")
    print(f"{len(series)} series, {sum(s['rows'] for s in series)} rows: {compared} facts compared between "
          f"{', '.join(readers)}; {differences} differ")
    return 1 if differences or not series else 0


if __name__ == "__main__":
    sys.exit(main())
