// Runs duckdb.sql over the tape in the working directory and prints queries and results.
// Then it writes facts about every column of the series in a listing, as compare.py wants
// them.
//
//   node duckdb.mjs MODULES LISTING FACTS [--facts-only]

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, listing, out, factsOnly] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(join(modules, 'here.js'))('@duckdb/node-api');
const db = await (await DuckDBInstance.create(':memory:')).connect();

async function query(sql) {
  const r = await db.runAndReadAll(sql);
  return { names: r.columnNames(), rows: r.getRowsJson() };
}

// show prints a result as a table.
function show({ names, rows }) {
  if (names.length === 1 && names[0] === 'Success') return;
  const cells = [names, ...rows.slice(0, 30)].map(row => row.map(v => (typeof v === 'string' ? v : JSON.stringify(v))));
  const widths = names.map((_, i) => Math.max(...cells.map(row => row[i].length)));
  for (const row of cells) console.log('  ' + row.map((v, i) => v.padEnd(widths[i])).join('  ').trimEnd());
  if (rows.length > 30) console.log(`  ... ${rows.length} rows`);
  if (rows.length === 0) console.log('  (no rows)');
}

if (!factsOnly) {
  console.log(`DuckDB ${(await query('SELECT version()')).rows[0][0]}`);
  const here = dirname(fileURLToPath(import.meta.url));
  const text = readFileSync(join(here, 'duckdb.sql'), 'utf8');
  for (const sql of text.split(/;\n/).filter(s => s.trim())) {
    console.log('\n' + sql.trim());
    show(await query(sql));
  }
  // What the documentation of the format prints must run, too.
  const format = join(here, '../../backtest/tape/FORMAT.md');
  const printed = [...readFileSync(format, 'utf8').matchAll(/```sql\n(.*?)```/gs)].map(m => m[1]);
  for (const sql of printed) await query(sql);
  console.log(`\n${printed.length} blocks of SQL in FORMAT.md run`);
}

// sums says for each column what compare.py compares: sums of numbers, counts of true, and
// of times the first and last known one in microseconds and how many are not known.
function sums(name, type) {
  const column = `"${name}"`;
  const known = `epoch_us(NULLIF(${column}, 'epoch'))`;
  if (type.startsWith('TIMESTAMP')) return { min_us: `min(${known})`, max_us: `max(${known})`, unknown: `count_if(${column} = 'epoch')` };
  if (type === 'BOOLEAN') return { true: `count_if(${column})` };
  return { sum: `sum(${column})` };
}

const facts = {};
for (const { name } of JSON.parse(readFileSync(listing)).series) {
  const files = `'tape/${name}/*.parquet'`;
  const asked = { rows: 'count(*)' };
  for (const [column, type] of (await query(`DESCRIBE SELECT * FROM ${files}`)).rows) {
    for (const [stat, sql] of Object.entries(sums(column, type))) asked[`${column} ${stat}`] = sql;
  }
  const list = Object.values(asked).map((sql, i) => `(${sql})::VARCHAR AS a${i}`).join(', ');
  const [row] = (await query(`SELECT ${list} FROM ${files}`)).rows;
  Object.keys(asked).forEach((fact, i) => { facts[`${name} ${fact}`] = row[i]; });
  const meta = `SELECT sum(decode(value)::BIGINT)::VARCHAR FROM parquet_kv_metadata(${files}) WHERE decode(key) = 'pmbot.rows'`;
  facts[`${name} rows in the metadata`] = (await query(meta)).rows[0][0];
}
writeFileSync(out, JSON.stringify(facts, null, 1));
