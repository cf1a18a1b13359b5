// Runs some queries with polars over the tape in the working directory and prints them with
// their results. Then it writes facts as duckdb.mjs does.
//
//   node polars.mjs MODULES LISTING FACTS [--facts-only]

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [modules, listing, out, factsOnly] = process.argv.slice(2);
const pl = createRequire(join(modules, 'here.js'))('nodejs-polars');

// Example queries. A literal is compared with a time of its own unit and zone only.
const utc = text => pl.lit(new Date(text)).cast(pl.Datetime('us', 'UTC'));

const examples = {
  'types of a series': () =>
    pl.scanParquet('tape/um/BTCUSDT/trades/*.parquet').head(3),

  'trades of a minute, by the side of the buyer': () =>
    pl.scanParquet('tape/um/BTCUSDT/trades/*.parquet')
      .filter(pl.col('time').gtEq(utc('2024-01-05T10:01:00Z')).and(pl.col('time').lt(utc('2024-01-05T10:02:00Z'))))
      .groupBy('buyer_maker')
      .agg(pl.count('id').alias('trades'), pl.col('qty').sum(), pl.col('price').min().alias('low'), pl.col('price').max().alias('high')),

  'volume of each minute': () =>
    pl.scanParquet('tape/um/BTCUSDT/trades/*.parquet')
      .groupBy(pl.col('time').dt.truncate('1m').alias('minute'))
      .agg(pl.count('id').alias('trades'), pl.col('qty').sum())
      .sort('minute'),

  'latency in nanoseconds, where both clocks are known': () =>
    pl.scanParquet('tape/um/BTCUSDT/trades/*.parquet')
      .select(pl.col('local').cast(pl.Int64).alias('local'), pl.col('event').cast(pl.Datetime('ns', 'UTC')).cast(pl.Int64).alias('event'))
      .filter(pl.col('local').gt(0).and(pl.col('event').gt(0)))
      .select(pl.col('local').minus(pl.col('event')).alias('latency'))
      .select(pl.col('latency').min().alias('least'), pl.col('latency').median().alias('median'), pl.col('latency').max().alias('most')),
};

if (!factsOnly) {
  pl.Config.setTblCols(12).setTblWidthChars?.(200);
  for (const [title, lazy] of Object.entries(examples)) {
    console.log(`\n// ${title}\n${lazy.toString().replace(/^\(\) =>\s*/, '')}`);
    console.log((await lazy().collect()).toString());
  }
}

// JavaScript has no decimals and few of the integers, so values leave polars as text.
const exact = pl.Decimal(38, 8);
const micros = column => pl.col(column).cast(pl.Datetime('us', 'UTC')).cast(pl.Int64);
const known = (of, raw) => pl.when(raw.eq(pl.lit(0))).then(pl.lit(null)).otherwise(of);

function sums(name, type) {
  const c = pl.col(name);
  if (type.variant === 'Datetime') {
    const facts = { min_us: known(micros(name), c.cast(pl.Int64)).min(), max_us: known(micros(name), c.cast(pl.Int64)).max(), unknown: c.cast(pl.Int64).eq(0).sum() };
    if (type.equals(pl.Datetime('ns', 'UTC'))) {
      facts.min_ns = known(c.cast(pl.Int64), c.cast(pl.Int64)).min();
      facts.max_ns = known(c.cast(pl.Int64), c.cast(pl.Int64)).max();
    }
    return facts;
  }
  if (type.variant === 'Bool') return { true: c.sum() };
  return { sum: c.cast(exact).sum() };
}

const facts = {};
for (const { name } of JSON.parse(readFileSync(listing)).series) {
  const all = pl.scanParquet(`tape/${name}/*.parquet`);
  const first = await all.head(1).collect();
  const asked = { rows: pl.col(first.columns[0]).count() };
  first.columns.forEach((column, i) => {
    for (const [stat, expression] of Object.entries(sums(column, first.dtypes[i]))) asked[`${column} ${stat}`] = expression;
  });
  const text = await all.select(...Object.entries(asked).map(([fact, e]) => e.cast(pl.Utf8).alias(fact))).collect();
  for (const fact of Object.keys(asked)) facts[`${name} ${fact}`] = text.getColumn(fact).get(0);
}
writeFileSync(out, JSON.stringify(facts, null, 1));
