// The calls in the order in which they are made: each endpoint of papi once with good
// parameters and at least once with bad ones. A step says what to send, what the answer must
// be and what later steps need of it. Parameter names are Binance's own, which both clients
// use. Steps with gone are of endpoints that Binance has removed; own is the code with which
// Binance refuses a good call.

// ok is a check on an answer: a sentence about what is wrong, or nothing.
const list = (a) => (Array.isArray(a) ? null : `not a list but ${JSON.stringify(a).slice(0, 80)}`)
const has =
  (...names) =>
  (a) => {
    const missing = names.filter((n) => a?.[n] === undefined)
    return missing.length ? `lacks ${missing.join(', ')}: ${JSON.stringify(a).slice(0, 120)}` : null
  }
const is = (wish) => (a) => {
  for (const [name, value] of Object.entries(wish)) {
    if (String(a?.[name]) !== String(value)) return `${name} is ${a?.[name]}, not ${value}`
  }
  return null
}

const UM = 'BTCUSDT'
const CM = 'BTCUSD_PERP'
const SPOT = 'BTCUSDT'
const hour = 3600e3

// near is a price that many basis points away from p, on the tick.
export function near(p, basisPoints, tick) {
  const decimals = (String(tick).split('.')[1] ?? '').length
  return Number((Math.round((p * (1 + basisPoints / 1e4)) / tick) * tick).toFixed(decimals))
}

// w has bid and ask of the three markets, the time of the exchange, and what steps keep.
export const steps = [
  { endpoint: 'GET /papi/v1/ping' },
  { endpoint: 'POST /papi/v1/um/stock/contract' },

  // The account before anything has happened.
  { endpoint: 'GET /papi/v1/balance', ok: list },
  { endpoint: 'GET /papi/v1/balance', good: () => ({ asset: 'USDT' }), ok: is({ asset: 'USDT' }) },
  { endpoint: 'GET /papi/v1/account', ok: has('uniMMR', 'accountEquity', 'accountStatus') },
  { endpoint: 'GET /papi/v1/rateLimit/order', ok: list },
  { endpoint: 'GET /papi/v1/um/positionSide/dual', ok: is({ dualSidePosition: false }) },
  { endpoint: 'GET /papi/v1/cm/positionSide/dual', ok: is({ dualSidePosition: false }) },
  {
    endpoint: 'POST /papi/v1/um/positionSide/dual',
    good: () => ({ dualSidePosition: 'true' }),
    bad: [{ params: { dualSidePosition: 'maybe' }, code: -1130 }],
    ok: is({ code: 200 }),
  },
  { endpoint: 'POST /papi/v1/um/positionSide/dual', good: () => ({ dualSidePosition: 'false' }), ok: is({ code: 200 }) },
  { endpoint: 'POST /papi/v1/cm/positionSide/dual', good: () => ({ dualSidePosition: 'false' }), own: -4059 },
  {
    endpoint: 'POST /papi/v1/um/leverage',
    good: () => ({ symbol: UM, leverage: 10 }),
    bad: [
      { params: { symbol: UM, leverage: 999 }, code: -4028 },
      { params: { symbol: 'NOSUCH', leverage: 10 }, code: -1121 },
    ],
    ok: is({ leverage: 10 }),
  },
  {
    endpoint: 'POST /papi/v1/cm/leverage',
    good: () => ({ symbol: CM, leverage: 10 }),
    bad: [{ params: { symbol: CM, leverage: 0 }, code: -4028 }],
    ok: is({ leverage: 10 }),
  },
  { endpoint: 'GET /papi/v1/um/leverageBracket', good: () => ({ symbol: UM }), ok: (a) => list(a) ?? has('symbol', 'brackets')(a[0]) },
  { endpoint: 'GET /papi/v1/cm/leverageBracket', good: () => ({ symbol: CM }), ok: (a) => list(a) ?? has('symbol', 'brackets')(a[0]) },
  { endpoint: 'GET /papi/v1/um/accountConfig', ok: has('canTrade', 'dualSidePosition') },
  { endpoint: 'GET /papi/v1/um/symbolConfig', good: () => ({ symbol: UM }), ok: list },
  {
    endpoint: 'GET /papi/v1/um/commissionRate',
    good: () => ({ symbol: UM }),
    bad: [{ params: { symbol: 'NOSUCH' }, code: -1121 }],
    ok: has('makerCommissionRate', 'takerCommissionRate'),
  },
  { endpoint: 'GET /papi/v1/cm/commissionRate', good: () => ({ symbol: CM }), ok: has('makerCommissionRate', 'takerCommissionRate') },
  { endpoint: 'POST /papi/v1/um/feeBurn', good: () => ({ feeBurn: 'true' }), ok: is({ code: 200 }) },
  { endpoint: 'GET /papi/v1/um/feeBurn', ok: is({ feeBurn: true }) },
  { endpoint: 'GET /papi/v1/um/apiTradingStatus', good: () => ({ symbol: UM }), ok: has('indicators') },

  // UM orders.
  {
    endpoint: 'POST /papi/v1/um/order',
    good: (w) => ({ symbol: UM, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: near(w.um.bid, -100, 0.1), newClientOrderId: 'clients-um-1' }),
    bad: [
      { params: { symbol: 'NOSUCH', side: 'BUY', type: 'MARKET', quantity: 0.01 }, code: -1121 },
      { params: { symbol: UM, side: 'SIDEWAYS', type: 'MARKET', quantity: 0.01 }, code: -1117 },
      { params: { symbol: UM, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01 }, code: -1102 },
      { params: { symbol: UM, side: 'BUY', type: 'MARKET', quantity: 0.00001 }, code: -1111 },
    ],
    ok: is({ status: 'NEW', symbol: UM, clientOrderId: 'clients-um-1' }),
    keep: (w, a) => (w.umOrder = a.orderId),
  },
  {
    endpoint: 'PUT /papi/v1/um/order',
    good: (w) => ({ symbol: UM, side: 'BUY', orderId: w.umOrder, quantity: 0.02, price: near(w.um.bid, -90, 0.1) }),
    bad: [{ params: { symbol: UM, side: 'BUY', orderId: 1, quantity: 0.02, price: 50000 }, code: -2013 }],
    ok: is({ origQty: '0.020' }),
  },
  { endpoint: 'GET /papi/v1/um/order', good: (w) => ({ symbol: UM, orderId: w.umOrder }), bad: [{ params: { symbol: UM, orderId: 1 }, code: -2013 }], ok: is({ status: 'NEW' }) },
  { endpoint: 'GET /papi/v1/um/openOrder', good: () => ({ symbol: UM, origClientOrderId: 'clients-um-1' }), bad: [{ params: { symbol: UM, orderId: 1 }, code: -2013 }], ok: is({ status: 'NEW' }) },
  { endpoint: 'GET /papi/v1/um/openOrders', good: () => ({ symbol: UM }), bad: [{ params: { symbol: 'NOSUCH' }, code: -1121 }], ok: (a) => (a.length === 1 ? null : `${a.length} orders`) },
  { endpoint: 'GET /papi/v1/um/orderAmendment', good: (w) => ({ symbol: UM, orderId: w.umOrder }), ok: (a) => (a.length === 1 ? null : `${a.length} amendments`) },
  { endpoint: 'DELETE /papi/v1/um/order', good: (w) => ({ symbol: UM, orderId: w.umOrder }), bad: [{ params: { symbol: UM, orderId: 1 }, code: -2011 }], ok: is({ status: 'CANCELED' }) },
  { endpoint: 'POST /papi/v1/um/order', good: () => ({ symbol: UM, side: 'BUY', type: 'MARKET', quantity: 0.05, newOrderRespType: 'RESULT' }), ok: is({ status: 'FILLED' }) },
  { endpoint: 'GET /papi/v1/um/userTrades', good: () => ({ symbol: UM }), bad: [{ params: { symbol: UM, limit: 5000 }, code: -1130 }], ok: (a) => list(a) ?? has('price', 'commission')(a[0]) },
  { endpoint: 'GET /papi/v1/um/positionRisk', good: () => ({ symbol: UM }), ok: (a) => list(a) ?? is({ positionAmt: '0.050' })(a[0]) },
  { endpoint: 'GET /papi/v1/um/account', ok: has('assets', 'positions') },
  { endpoint: 'GET /papi/v2/um/account', ok: has('assets', 'positions') },
  { endpoint: 'GET /papi/v1/um/adlQuantile', good: () => ({ symbol: UM }), ok: list },
  { endpoint: 'GET /papi/v1/um/forceOrders', good: () => ({ symbol: UM }), ok: list },
  { endpoint: 'GET /papi/v1/um/income', good: () => ({ symbol: UM, incomeType: 'COMMISSION' }), bad: [{ params: { incomeType: 'GIFT' }, code: -1130 }], ok: list },
  { endpoint: 'DELETE /papi/v1/um/allOpenOrders', good: () => ({ symbol: UM }), bad: [{ params: { symbol: 'NOSUCH' }, code: -1121 }], ok: is({ code: 200 }) },
  { endpoint: 'GET /papi/v1/um/allOrders', good: () => ({ symbol: UM }), bad: [{ params: { symbol: UM, limit: 5000 }, code: -1130 }], ok: (a) => (a.length >= 2 ? null : `${a.length} orders`) },

  // UM algo orders.
  {
    endpoint: 'POST /papi/v1/um/algo/order',
    good: (w) => ({ algoType: 'CONDITIONAL', symbol: UM, side: 'SELL', type: 'STOP_MARKET', quantity: 0.01, triggerPrice: near(w.um.bid, -300, 0.1), workingType: 'MARK_PRICE', clientAlgoId: 'clients-algo-1' }),
    bad: [
      { params: { algoType: 'CONDITIONAL', symbol: UM, side: 'SELL', type: 'LIMIT', quantity: 0.01, triggerPrice: 50000 }, code: -1130 },
      { params: (w) => ({ algoType: 'CONDITIONAL', symbol: UM, side: 'SELL', type: 'STOP_MARKET', quantity: 0.01, triggerPrice: near(w.um.ask, 300, 0.1) }), code: -2021 },
    ],
    ok: is({ algoStatus: 'NEW', clientAlgoId: 'clients-algo-1' }),
    keep: (w, a) => (w.algo = a.algoId),
  },
  { endpoint: 'GET /papi/v1/um/algo/algoOrder', good: (w) => ({ algoId: w.algo }), bad: [{ params: { algoId: 1 }, code: -2013 }], ok: is({ algoStatus: 'NEW' }) },
  { endpoint: 'GET /papi/v1/um/algo/openAlgoOrders', good: () => ({ symbol: UM }), ok: (a) => (a.length === 1 ? null : `${a.length} orders`) },
  { endpoint: 'DELETE /papi/v1/um/algo/order', good: (w) => ({ algoId: w.algo }), bad: [{ params: { algoId: 1 }, code: -2011 }], ok: has('complete') },
  { endpoint: 'DELETE /papi/v1/um/algo/allOpenOrders', good: () => ({ symbol: UM }), bad: [{ params: { symbol: 'NOSUCH' }, code: -1121 }], ok: (a) => (Number(a.code) === 200 || a.complete ? null : JSON.stringify(a)) },
  { endpoint: 'GET /papi/v1/um/algo/allAlgoOrders', good: () => ({ symbol: UM }), ok: list },

  // The conditional endpoints of UM, which are gone since 2026-04-28.
  { endpoint: 'POST /papi/v1/um/conditional/order', gone: true, good: () => ({ symbol: UM, side: 'SELL', strategyType: 'STOP_MARKET', quantity: 0.01, stopPrice: 50000 }) },
  { endpoint: 'DELETE /papi/v1/um/conditional/order', gone: true, good: () => ({ symbol: UM, strategyId: 1 }) },
  { endpoint: 'DELETE /papi/v1/um/conditional/allOpenOrders', gone: true, good: () => ({ symbol: UM }) },
  { endpoint: 'GET /papi/v1/um/conditional/openOrders', gone: true, good: () => ({ symbol: UM }) },
  { endpoint: 'GET /papi/v1/um/conditional/openOrder', gone: true, good: () => ({ symbol: UM, strategyId: 1 }) },
  { endpoint: 'GET /papi/v1/um/conditional/allOrders', gone: true, good: () => ({ symbol: UM }) },
  { endpoint: 'GET /papi/v1/um/conditional/orderHistory', gone: true, good: () => ({ symbol: UM, strategyId: 1 }) },

  // CM orders.
  {
    endpoint: 'POST /papi/v1/cm/order',
    good: (w) => ({ symbol: CM, side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', quantity: 2, price: near(w.cm.ask, 100, 0.1), newClientOrderId: 'clients-cm-1' }),
    bad: [
      { params: { symbol: UM, side: 'BUY', type: 'MARKET', quantity: 1 }, code: -1121 },
      { params: { symbol: CM, side: 'BUY', type: 'MARKET', quantity: 1.5 }, code: -1111 },
      { params: { symbol: CM, side: 'BUY', type: 'LIMIT', quantity: 1, price: 50000 }, code: -1102 },
    ],
    ok: is({ status: 'NEW', clientOrderId: 'clients-cm-1' }),
    keep: (w, a) => (w.cmOrder = a.orderId),
  },
  {
    endpoint: 'PUT /papi/v1/cm/order',
    good: (w) => ({ symbol: CM, side: 'SELL', orderId: w.cmOrder, quantity: 3, price: near(w.cm.ask, 90, 0.1) }),
    bad: [{ params: { symbol: CM, side: 'SELL', orderId: 1, quantity: 3, price: 90000 }, code: -2013 }],
    ok: is({ origQty: '3' }),
  },
  { endpoint: 'GET /papi/v1/cm/order', good: (w) => ({ symbol: CM, orderId: w.cmOrder }), bad: [{ params: { symbol: CM, orderId: 1 }, code: -2013 }], ok: is({ status: 'NEW' }) },
  { endpoint: 'GET /papi/v1/cm/openOrder', good: (w) => ({ symbol: CM, orderId: w.cmOrder }), bad: [{ params: { symbol: CM, orderId: 1 }, code: -2013 }], ok: (a) => is({ status: 'NEW' })(a[0] ?? a) },
  { endpoint: 'GET /papi/v1/cm/openOrders', good: () => ({ symbol: CM }), ok: (a) => (a.length === 1 ? null : `${a.length} orders`) },
  { endpoint: 'GET /papi/v1/cm/orderAmendment', good: (w) => ({ symbol: CM, orderId: w.cmOrder }), ok: (a) => (a.length === 1 ? null : `${a.length} amendments`) },
  { endpoint: 'DELETE /papi/v1/cm/order', good: (w) => ({ symbol: CM, orderId: w.cmOrder }), bad: [{ params: { symbol: CM, orderId: 1 }, code: -2011 }], ok: is({ status: 'CANCELED' }) },
  { endpoint: 'POST /papi/v1/cm/order', good: () => ({ symbol: CM, side: 'SELL', type: 'MARKET', quantity: 3, newOrderRespType: 'RESULT' }), ok: is({ status: 'FILLED' }) },
  { endpoint: 'GET /papi/v1/cm/userTrades', good: () => ({ symbol: CM }), ok: (a) => list(a) ?? has('price', 'baseQty')(a[0]) },
  { endpoint: 'GET /papi/v1/cm/positionRisk', good: () => ({ pair: 'BTCUSD' }), ok: list },
  { endpoint: 'GET /papi/v1/cm/account', ok: has('assets', 'positions') },
  { endpoint: 'GET /papi/v1/cm/adlQuantile', good: () => ({ symbol: CM }), ok: list },
  { endpoint: 'GET /papi/v1/cm/forceOrders', good: () => ({ symbol: CM }), ok: list },
  { endpoint: 'GET /papi/v1/cm/income', good: () => ({ symbol: CM }), ok: list },
  { endpoint: 'DELETE /papi/v1/cm/allOpenOrders', good: () => ({ symbol: CM }), bad: [{ params: { symbol: 'NOSUCH' }, code: -1121 }], ok: is({ code: 200 }) },
  { endpoint: 'GET /papi/v1/cm/allOrders', good: () => ({ symbol: CM }), ok: (a) => (a.length >= 2 ? null : `${a.length} orders`) },

  // CM conditional orders.
  {
    endpoint: 'POST /papi/v1/cm/conditional/order',
    good: (w) => ({ symbol: CM, side: 'BUY', strategyType: 'STOP_MARKET', quantity: 1, stopPrice: near(w.cm.ask, 300, 0.1), workingType: 'MARK_PRICE', newClientStrategyId: 'clients-strategy-1' }),
    bad: [{ params: { symbol: CM, side: 'BUY', strategyType: 'LIMIT', quantity: 1, price: 50000 }, code: -1130 }],
    ok: is({ strategyStatus: 'NEW' }),
    keep: (w, a) => (w.strategy = a.strategyId),
  },
  { endpoint: 'GET /papi/v1/cm/conditional/openOrders', good: () => ({ symbol: CM }), ok: (a) => (a.length === 1 ? null : `${a.length} orders`) },
  { endpoint: 'GET /papi/v1/cm/conditional/openOrder', good: (w) => ({ symbol: CM, strategyId: w.strategy }), bad: [{ params: { symbol: CM, strategyId: 1 }, code: -2013 }], ok: is({ strategyStatus: 'NEW' }) },
  { endpoint: 'DELETE /papi/v1/cm/conditional/order', good: (w) => ({ symbol: CM, strategyId: w.strategy }), bad: [{ params: { symbol: CM, strategyId: 1 }, code: -2011 }], ok: is({ strategyStatus: 'CANCELED' }) },
  { endpoint: 'GET /papi/v1/cm/conditional/orderHistory', good: (w) => ({ symbol: CM, strategyId: w.strategy }), bad: [{ params: { symbol: CM, strategyId: 1 }, code: -2013 }], ok: has('strategyId') },
  { endpoint: 'GET /papi/v1/cm/conditional/allOrders', good: () => ({ symbol: CM }), ok: list },
  { endpoint: 'DELETE /papi/v1/cm/conditional/allOpenOrders', good: () => ({ symbol: CM }), bad: [{ params: { symbol: 'NOSUCH' }, code: -1121 }], ok: is({ code: 200 }) },

  // Margin orders and lists.
  {
    endpoint: 'POST /papi/v1/margin/order',
    good: (w) => ({ symbol: SPOT, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: near(w.spot.bid, -100, 0.01), newClientOrderId: 'clients-mg-1' }),
    bad: [
      { params: { symbol: 'NOSUCH', side: 'BUY', type: 'MARKET', quantity: 0.01 }, code: -1121 },
      { params: (w) => ({ symbol: SPOT, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: w.spot.bid * 100 }), code: -1013 },
      { params: { symbol: SPOT, side: 'BUY', type: 'LIMIT', quantity: 0.01 }, code: -1102 },
    ],
    ok: is({ status: 'NEW', clientOrderId: 'clients-mg-1' }),
    keep: (w, a) => (w.marginOrder = a.orderId),
  },
  { endpoint: 'GET /papi/v1/margin/order', good: (w) => ({ symbol: SPOT, orderId: w.marginOrder }), bad: [{ params: { symbol: SPOT, orderId: 1 }, code: -2013 }], ok: is({ status: 'NEW' }) },
  { endpoint: 'GET /papi/v1/margin/openOrders', good: () => ({ symbol: SPOT }), ok: (a) => (a.length === 1 ? null : `${a.length} orders`) },
  { endpoint: 'DELETE /papi/v1/margin/order', good: (w) => ({ symbol: SPOT, orderId: w.marginOrder }), bad: [{ params: { symbol: SPOT, orderId: 1 }, code: -2011 }], ok: is({ status: 'CANCELED' }) },
  { endpoint: 'POST /papi/v1/margin/order', good: () => ({ symbol: SPOT, side: 'BUY', type: 'MARKET', quantity: 0.05, newOrderRespType: 'FULL' }), ok: is({ status: 'FILLED' }) },
  { endpoint: 'GET /papi/v1/margin/myTrades', good: () => ({ symbol: SPOT }), ok: (a) => list(a) ?? has('price', 'commission')(a[0]) },
  {
    endpoint: 'POST /papi/v1/margin/order/oco',
    good: (w) => ({ symbol: SPOT, side: 'SELL', quantity: 0.01, price: near(w.spot.ask, 200, 0.01), stopPrice: near(w.spot.bid, -200, 0.01), stopLimitPrice: near(w.spot.bid, -210, 0.01), stopLimitTimeInForce: 'GTC', listClientOrderId: 'clients-oco-1' }),
    bad: [{ params: (w) => ({ symbol: SPOT, side: 'SELL', quantity: 0.01, price: near(w.spot.bid, -200, 0.01), stopPrice: near(w.spot.ask, 200, 0.01) }), code: -2010 }],
    ok: is({ contingencyType: 'OCO' }),
    keep: (w, a) => (w.oco = a.orderListId),
  },
  { endpoint: 'GET /papi/v1/margin/orderList', good: (w) => ({ orderListId: w.oco }), bad: [{ params: { orderListId: 1 }, code: -2018 }], anyCode: true, ok: is({ contingencyType: 'OCO' }) },
  { endpoint: 'GET /papi/v1/margin/openOrderList', ok: (a) => (a.length === 1 ? null : `${a.length} lists`) },
  { endpoint: 'DELETE /papi/v1/margin/orderList', good: (w) => ({ symbol: SPOT, orderListId: w.oco }), bad: [{ params: { symbol: SPOT, orderListId: 1 }, code: -2011 }], ok: is({ listOrderStatus: 'ALL_DONE' }) },
  { endpoint: 'GET /papi/v1/margin/allOrderList', ok: list },
  { endpoint: 'POST /papi/v1/margin/order', good: (w) => ({ symbol: SPOT, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: near(w.spot.bid, -100, 0.01) }), ok: is({ status: 'NEW' }) },
  { endpoint: 'DELETE /papi/v1/margin/allOpenOrders', good: () => ({ symbol: SPOT }), ok: list },
  { endpoint: 'GET /papi/v1/margin/allOrders', good: () => ({ symbol: SPOT }), ok: list },
  { endpoint: 'GET /papi/v1/margin/forceOrders', ok: has('rows', 'total') },

  // Loans.
  { endpoint: 'GET /papi/v1/margin/maxBorrowable', good: () => ({ asset: 'USDT' }), bad: [{ params: { asset: 'NOSUCH' }, anyCode: true }], ok: has('amount') },
  { endpoint: 'GET /papi/v1/margin/maxWithdraw', good: () => ({ asset: 'USDT' }), ok: has('amount') },
  { endpoint: 'POST /papi/v1/marginLoan', good: () => ({ asset: 'USDT', amount: 100 }), bad: [{ params: { asset: 'USDT', amount: 1e10 }, code: 51006 }], ok: has('tranId') },
  { endpoint: 'GET /papi/v1/margin/marginLoan', good: () => ({ asset: 'USDT' }), ok: has('rows', 'total') },
  { endpoint: 'POST /papi/v1/repayLoan', good: () => ({ asset: 'USDT', amount: 50 }), bad: [{ params: { asset: 'USDT', amount: -1 }, anyCode: true }], ok: has('tranId') },
  { endpoint: 'POST /papi/v1/margin/repay-debt', good: () => ({ asset: 'USDT' }), bad: [{ params: { asset: 'NOSUCH' }, anyCode: true }], ok: has('success') },
  { endpoint: 'GET /papi/v1/margin/repayLoan', good: () => ({ asset: 'USDT' }), ok: has('rows', 'total') },
  { endpoint: 'GET /papi/v1/margin/marginInterestHistory', ok: has('rows', 'total') },

  // Money between wallets, and history.
  { endpoint: 'GET /papi/v1/repay-futures-switch', ok: has('autoRepay') },
  { endpoint: 'POST /papi/v1/repay-futures-switch', good: () => ({ autoRepay: 'false' }), bad: [{ params: { autoRepay: 'maybe' }, code: -1130 }], ok: has('msg') },
  { endpoint: 'POST /papi/v1/auto-collection', ok: has('msg') },
  { endpoint: 'POST /papi/v1/asset-collection', good: () => ({ asset: 'USDT' }), bad: [{ params: { asset: 'BNB' }, anyCode: true }], ok: has('msg') },
  { endpoint: 'POST /papi/v1/bnb-transfer', good: () => ({ amount: 0.1, transferSide: 'TO_UM' }), bad: [{ params: { amount: 0.1, transferSide: 'SIDEWAYS' }, code: -1130 }], ok: has('tranId') },
  { endpoint: 'POST /papi/v1/repay-futures-negative-balance', ok: has('msg') },
  { endpoint: 'GET /papi/v1/portfolio/interest-history', ok: list },
  { endpoint: 'GET /papi/v1/portfolio/negative-balance-exchange-record', good: (w) => ({ startTime: w.now - 24 * hour, endTime: w.now }), ok: has('rows', 'total') },
  ...['order', 'trade', 'income'].flatMap((what) => [
    {
      endpoint: `GET /papi/v1/um/${what}/asyn`,
      good: (w) => ({ startTime: w.now - 24 * hour, endTime: w.now }),
      ok: has('downloadId'),
      keep: (w, a) => (w[what] = a.downloadId),
    },
    { endpoint: `GET /papi/v1/um/${what}/asyn/id`, good: (w) => ({ downloadId: w[what] }), ok: has('downloadId', 'status') },
  ]),
]

// streamSteps are the listenKey's.
export const streamSteps = ['POST /papi/v1/listenKey', 'PUT /papi/v1/listenKey', 'DELETE /papi/v1/listenKey']
