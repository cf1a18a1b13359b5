// Calls every method that a client of PAPI offers, against a fresh "pmbot sim", and prints
// what did not go as it should, with --table a table of all calls. It ends with 1 when a call
// did something else than it should and the reason is not Binance's own.
//
//   node run.mjs official|binance http://127.0.0.1:9000 KEY SECRET [--table FILE]
import { writeFileSync } from 'node:fs'
import { steps, streamSteps } from './steps.mjs'
import * as official from './official.mjs'
import * as binance from './binance.mjs'

const libs = { official, binance }
const [which, base, key, secret] = process.argv.slice(2)
const lib = libs[which]
const at = process.argv.indexOf('--table')
const file = at > 0 ? process.argv[at + 1] : null
if (!lib || !secret) {
  console.error('usage: node run.mjs official|binance BASE_URL KEY SECRET [--table FILE]')
  process.exit(2)
}

const rows = []
let failures = 0

function row(client, call, params, result, verdict) {
  if (verdict === 'FAILED') failures++
  rows.push({ client, call, params, result, verdict })
}

const get = async (path) => (await fetch(base + path)).json()

// world is what the market looks like now.
async function world() {
  const um = await get('/fapi/v1/ticker/bookTicker?symbol=BTCUSDT')
  const [cm] = await get('/dapi/v1/ticker/bookTicker?symbol=BTCUSD_PERP')
  const spot = await get('/api/v3/ticker/bookTicker?symbol=BTCUSDT')
  const { serverTime: now } = await get('/fapi/v1/time')
  const best = (t) => ({ bid: Number(t.bidPrice), ask: Number(t.askPrice) })
  return { um: best(um), cm: best(cm), spot: best(spot), now }
}

const short = (v) => {
  const text = typeof v === 'string' ? v : JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? String(x) : x))
  return text.length > 90 ? text.slice(0, 87) + '...' : text
}

// values are parameters that may depend on the world.
const values = (params, w) => (typeof params === 'function' ? params(w) : params)

async function good(client, make, method, step, w) {
  const params = values(step.good, w)
  try {
    const answer = await make.call(method, params)
    if (step.gone) return row(client, method, params, short(answer), 'FAILED')
    const wrong = step.ok?.(answer)
    step.keep?.(w, answer)
    row(client, method, params, wrong ?? short(answer), wrong ? 'FAILED' : 'ok')
  } catch (e) {
    if (step.own && e.code === step.own) {
      const why = 'CM follows the mode of UM since 2026-04-14, so there is nothing to change'
      return row(client, method, params, `${e.code} ${short(e.msg ?? e)}: ${why}`, "Binance's own")
    }
    const gone = step.gone && (e.status === 404 || e.code === 404 || /404|not found/i.test(e.msg))
    row(client, method, params, gone ? '404: Binance removed the path on 2026-04-28' : `${e.code} ${short(e.msg ?? e)}`, gone ? "Binance's own" : 'FAILED')
  }
}

async function bad(client, make, method, step, one, w) {
  const params = values(one.params, w)
  try {
    row(client, method, params, 'accepted: ' + short(await make.call(method, params)), 'FAILED')
  } catch (e) {
    // A client that refuses by itself never sends; that is the client's right.
    const local = /RequiredError/.test(e.kind ?? '')
    const right = one.anyCode || step.anyCode ? e.code < -1000 || e.code > 10000 : e.code === one.code
    row(client, method, params, `${e.code} ${short(e.msg ?? e)}`, right || local ? 'ok' : 'FAILED')
  }
}

// hostile are parameters that no endpoint takes well. Each method is called with them; one
// that has no parameters ignores them, and is called once more with a wrong secret.
const hostile = { symbol: 'NO;SUCH', asset: '??', limit: 'many', startTime: 'yesterday', recvWindow: 99999999 }

async function abuse(client, make, wrong, method, step) {
  if (step.gone) return
  try {
    await make.call(method, hostile)
  } catch (e) {
    const refused = e.code <= -1000 || e.kind === 'RequiredError'
    return row(client, method, hostile, `${e.code} ${short(e.msg ?? e)}`, refused ? 'ok' : 'FAILED')
  }
  if (step.endpoint.endsWith('/ping')) return row(client, method, hostile, 'takes no parameters and no key', 'ok')
  try {
    row(client, method, 'a wrong secret', 'accepted: ' + short(await wrong.call(method)), 'FAILED')
  } catch (e) {
    row(client, method, 'a wrong secret', `takes no parameters; ${e.code} ${short(e.msg ?? e)}`, e.code === -1022 ? 'ok' : 'FAILED')
  }
}

async function stream(client, make, byEndpoint, w) {
  const [start, keep, end] = streamSteps.map((e) => byEndpoint.get(e)?.[0])
  const seen = new Map()
  const { listenKey } = await make.call(start)
  row(client, start, undefined, listenKey.length + ' characters', listenKey.length >= 60 ? 'ok' : 'FAILED')
  row(client, keep, undefined, short(await make.call(keep)), 'ok')
  const stop = await make.listen(listenKey, (e) => seen.set(e.e, (seen.get(e.e) ?? 0) + 1))
  const tell = new Promise((done) => {
    const timer = setInterval(() => {
      if (seen.has('ORDER_TRADE_UPDATE') && seen.has('ACCOUNT_UPDATE') && seen.has('executionReport')) done(clearInterval(timer))
    }, 50)
    setTimeout(() => done(clearInterval(timer)), 15000)
  })
  const um = byEndpoint.get('POST /papi/v1/um/order')[0]
  const margin = byEndpoint.get('POST /papi/v1/margin/order')[0]
  await make.call(um, { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: 0.01 })
  await make.call(margin, { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: 0.01 })
  await tell
  const events = [...seen].map(([e, n]) => `${e} ${n}`).join(', ')
  const all = ['ORDER_TRADE_UPDATE', 'ACCOUNT_UPDATE', 'executionReport'].every((e) => seen.has(e))
  row(client, 'user stream', undefined, events || 'nothing came', all ? 'ok' : 'FAILED')
  await stop()
  row(client, end, undefined, short(await make.call(end)), 'ok')
}

async function run(lib) {
  const make = lib.make({ base, key, secret })
  const wrong = lib.make({ base, key, secret: secret + '!' })
  const byEndpoint = Map.groupBy ? Map.groupBy(Object.keys(lib.methods), (m) => lib.methods[m]) : group(lib.methods)
  const offered = Object.getOwnPropertyNames(Object.getPrototypeOf(make.target)).filter((m) => m !== 'constructor')
  for (const m of offered) {
    if (!lib.methods[m] && !lib.others[m]) row(lib.name, m, undefined, 'no step calls it', 'FAILED')
  }
  const w = await world()
  for (const step of steps) {
    for (const method of byEndpoint.get(step.endpoint) ?? []) {
      await good(lib.name, make, method, step, w)
      for (const one of step.bad ?? []) await bad(lib.name, make, method, step, one, w)
    }
  }
  const abused = new Set()
  for (const step of steps) {
    for (const method of byEndpoint.get(step.endpoint) ?? []) {
      if (!abused.has(method)) await abuse(lib.name, make, wrong, method, step)
      abused.add(method)
    }
  }
  try {
    await stream(lib.name, make, byEndpoint, w)
  } catch (e) {
    row(lib.name, 'user stream', undefined, `${e.code} ${short(e.msg ?? e.message ?? e)}`, 'FAILED')
  }
}

function group(methods) {
  const map = new Map()
  for (const m of Object.keys(methods)) map.set(methods[m], [...(map.get(methods[m]) ?? []), m])
  return map
}

await run(lib)

const cell = (v) => (v === undefined ? '' : short(v).replaceAll('|', '\\|'))
const table = ['| client | call | parameters | answer | |', '|---|---|---|---|---|', ...rows.map((r) => `| ${r.client.split(' ')[0]} | ${r.call} | ${cell(r.params)} | ${cell(r.result)} | ${r.verdict} |`)].join('\n')
if (file) writeFileSync(file, table + '\n')
for (const r of rows.filter((r) => r.verdict !== 'ok')) console.log(`${r.verdict}: ${r.client} ${r.call} ${cell(r.params)}: ${r.result}`)
const count = (verdict) => rows.filter((r) => r.verdict === verdict).length
console.log(`${lib.name}: ${rows.length} calls, ${count('ok')} ok, ${count("Binance's own")} failed for Binance's own reasons, ${count('FAILED')} failed`)
process.exit(failures ? 1 : 0)
