// Reads the Parquet files of a run directory with DuckDB and with polars, and writes what each
// finds in every column, as comparerun.py wants it. Then it runs what FORMAT.md of the
// backtest prints: its SQL as it stands, in the directory of the runs, and its polars in
// JavaScript.
//
//   node run.mjs MODULES RUNS RUN DUCKDB.json POLARS.json

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, runs, run, duckdbOut, polarsOut] = process.argv.slice(2).map((a, i) => (i === 2 ? a : resolve(a)));
const load = createRequire(join(modules, 'here.js'));
const { DuckDBInstance } = load('@duckdb/node-api');
const pl = load('nodejs-polars');
const db = await (await DuckDBInstance.create(':memory:')).connect();
const kinds = ['fills', 'trades', 'ledger', 'equity', 'prices'];
const path = kind => join(runs, run, `${kind}.parquet`);

async function query(sql) {
  const r = await db.runAndReadAll(sql);
  return { names: r.columnNames(), rows: r.getRowsJson() };
}

// What is asked of a column of each type, in both languages. Values leave as text, for
// JavaScript has no decimals.
const questions = {
  time: {
    unknown: [c => `count_if(${c} IS NULL)`, c => c.nullCount()],
    min_us: [c => `min(epoch_us(${c}))`, c => c.cast(pl.Datetime('us', 'UTC')).cast(pl.Int64).min()],
    max_us: [c => `max(epoch_us(${c}))`, c => c.cast(pl.Datetime('us', 'UTC')).cast(pl.Int64).max()],
  },
  truth: { true: [c => `count_if(${c})`, c => c.sum()] },
  number: { unknown: [c => `count_if(${c} IS NULL)`, c => c.nullCount()], sum: [c => `coalesce(sum(${c}), 0)`, c => c.sum()] },
  text: { unknown: [c => `count_if(${c} IS NULL)`, c => c.nullCount()], different: [c => `count(DISTINCT ${c})`, c => c.nUnique().cast(pl.Int64).minus(c.nullCount().gt(0).cast(pl.Int64))] },
};
const typeOf = sql => (sql.startsWith('TIMESTAMP') ? 'time' : sql === 'BOOLEAN' ? 'truth' : sql === 'VARCHAR' ? 'text' : 'number');

const duckdb = {}, polars = {};
for (const kind of kinds) {
  const files = `'${path(kind)}'`, facts = [], sql = ['count(*)'], columns = [];
  for (const [column, type] of (await query(`DESCRIBE SELECT * FROM ${files}`)).rows) {
    for (const [stat, [asked, expression]] of Object.entries(questions[typeOf(type)])) {
      facts.push(`${kind}/${column}/${typeOf(type)}/${stat}`);
      sql.push(asked(`"${column}"`));
      columns.push(expression(pl.col(column)).cast(pl.Utf8).alias(facts.at(-1)));
    }
  }
  const [row] = (await query(`SELECT ${sql.map((s, i) => `(${s})::VARCHAR AS a${i}`)} FROM ${files}`)).rows;
  duckdb[`${kind}//rows`] = row[0];
  facts.forEach((fact, i) => { duckdb[fact] = row[i + 1]; });
  const frame = pl.scanParquet(path(kind));
  polars[`${kind}//rows`] = String((await frame.select(pl.len()).collect()).row(0)[0]);
  const found = await frame.select(...columns).collect();
  for (const fact of facts) polars[fact] = found.getColumn(fact).get(0);
}
writeFileSync(duckdbOut, JSON.stringify(duckdb, null, 1));
writeFileSync(polarsOut, JSON.stringify(polars, null, 1));

const format = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../backtest/FORMAT.md'), 'utf8');
process.chdir(dirname(runs));
const printed = [...format.matchAll(/```sql\n(.*?)```/gs)].map(m => m[1].trim());
for (const sql of printed) {
  const { names, rows } = await query(sql);
  if (rows.length === 0) throw new Error('no rows');
  console.log(`${sql}\n  ${names.join('  ')}`);
  for (const row of rows.slice(0, 5)) console.log('  ' + row.join('  '));
}
console.log(`${printed.length} blocks of SQL in FORMAT.md run`);

const fees = await pl.scanParquet(path('fills')).groupBy(['strategy', 'fee_asset']).agg(pl.col('fee').sum()).sort(['strategy', 'fee_asset']).collect();
const unimmr = await pl.scanParquet(path('equity')).select(pl.col('at'), pl.col('unimmr').cast(pl.Float64)).collect();
console.log(`the frames of FORMAT.md in polars:\n${fees}\n${unimmr.head(3)}`);
