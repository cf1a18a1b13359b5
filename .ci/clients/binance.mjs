// The client "binance" of tiagosiebler.
import { PortfolioClient, WebsocketClient } from 'binance'

export const name = 'binance 3.6.5'

// methods are the endpoints behind the client's methods.
export const methods = {
  getAccountInfo: 'GET /papi/v1/account',
  transferAssetFuturesMargin: 'POST /papi/v1/asset-collection',
  autoCollectFunds: 'POST /papi/v1/auto-collection',
  getBalance: 'GET /papi/v1/balance',
  transferBNB: 'POST /papi/v1/bnb-transfer',
  getCMAccount: 'GET /papi/v1/cm/account',
  getCMADLQuantile: 'GET /papi/v1/cm/adlQuantile',
  cancelAllCMOrders: 'DELETE /papi/v1/cm/allOpenOrders',
  getAllCMOrders: 'GET /papi/v1/cm/allOrders',
  getCMCommissionRate: 'GET /papi/v1/cm/commissionRate',
  cancelAllCMConditionalOrders: 'DELETE /papi/v1/cm/conditional/allOpenOrders',
  getAllCMConditionalOrders: 'GET /papi/v1/cm/conditional/allOrders',
  getCMOpenConditionalOrder: 'GET /papi/v1/cm/conditional/openOrder',
  getCMOpenConditionalOrders: 'GET /papi/v1/cm/conditional/openOrders',
  cancelCMConditionalOrder: 'DELETE /papi/v1/cm/conditional/order',
  submitNewCMConditionalOrder: 'POST /papi/v1/cm/conditional/order',
  getCMConditionalOrderHistory: 'GET /papi/v1/cm/conditional/orderHistory',
  getCMForceOrders: 'GET /papi/v1/cm/forceOrders',
  getCMIncomeHistory: 'GET /papi/v1/cm/income',
  updateCMLeverage: 'POST /papi/v1/cm/leverage',
  getCMLeverageBrackets: 'GET /papi/v1/cm/leverageBracket',
  getCMOpenOrder: 'GET /papi/v1/cm/openOrder',
  getAllCMOpenOrders: 'GET /papi/v1/cm/openOrders',
  cancelCMOrder: 'DELETE /papi/v1/cm/order',
  getCMOrder: 'GET /papi/v1/cm/order',
  submitNewCMOrder: 'POST /papi/v1/cm/order',
  modifyCMOrder: 'PUT /papi/v1/cm/order',
  getCMOrderModificationHistory: 'GET /papi/v1/cm/orderAmendment',
  getCMPosition: 'GET /papi/v1/cm/positionRisk',
  getCMPositionMode: 'GET /papi/v1/cm/positionSide/dual',
  updateCMPositionMode: 'POST /papi/v1/cm/positionSide/dual',
  getCMTrades: 'GET /papi/v1/cm/userTrades',
  closePMUserDataListenKey: 'DELETE /papi/v1/listenKey',
  getPMUserDataListenKey: 'POST /papi/v1/listenKey',
  keepAlivePMUserDataListenKey: 'PUT /papi/v1/listenKey',
  cancelAllMarginOrders: 'DELETE /papi/v1/margin/allOpenOrders',
  getAllMarginOCO: 'GET /papi/v1/margin/allOrderList',
  getAllMarginOrders: 'GET /papi/v1/margin/allOrders',
  getMarginForceOrders: 'GET /papi/v1/margin/forceOrders',
  getMarginInterestHistory: 'GET /papi/v1/margin/marginInterestHistory',
  getMarginLoanRecords: 'GET /papi/v1/margin/marginLoan',
  getMarginMaxBorrow: 'GET /papi/v1/margin/maxBorrowable',
  getMarginMaxWithdraw: 'GET /papi/v1/margin/maxWithdraw',
  getMarginTrades: 'GET /papi/v1/margin/myTrades',
  getMarginOpenOCO: 'GET /papi/v1/margin/openOrderList',
  getMarginOpenOrders: 'GET /papi/v1/margin/openOrders',
  cancelMarginOrder: 'DELETE /papi/v1/margin/order',
  getMarginOrder: 'GET /papi/v1/margin/order',
  submitNewMarginOrder: 'POST /papi/v1/margin/order',
  submitNewMarginOCO: 'POST /papi/v1/margin/order/oco',
  cancelMarginOCO: 'DELETE /papi/v1/margin/orderList',
  getMarginOCO: 'GET /papi/v1/margin/orderList',
  repayMarginDebt: 'POST /papi/v1/margin/repay-debt',
  getMarginRepayRecords: 'GET /papi/v1/margin/repayLoan',
  submitMarginLoan: 'POST /papi/v1/marginLoan',
  testConnectivity: 'GET /papi/v1/ping',
  getPortfolioNegativeBalanceInterestHistory: 'GET /papi/v1/portfolio/interest-history',
  repayFuturesNegativeBalance: 'POST /papi/v1/repay-futures-negative-balance',
  getAutoRepayFuturesStatus: 'GET /papi/v1/repay-futures-switch',
  updateAutoRepayFuturesStatus: 'POST /papi/v1/repay-futures-switch',
  submitMarginRepay: 'POST /papi/v1/repayLoan',
  getUMAccount: 'GET /papi/v1/um/account',
  getUMAccountConfig: 'GET /papi/v1/um/accountConfig',
  getUMADLQuantile: 'GET /papi/v1/um/adlQuantile',
  getUMAlgoOrder: 'GET /papi/v1/um/algo/algoOrder',
  getAllUMAlgoOrders: 'GET /papi/v1/um/algo/allAlgoOrders',
  cancelAllUMAlgoOpenOrders: 'DELETE /papi/v1/um/algo/allOpenOrders',
  getUMAlgoOpenOrders: 'GET /papi/v1/um/algo/openAlgoOrders',
  cancelUMAlgoOrder: 'DELETE /papi/v1/um/algo/order',
  submitNewUMAlgoOrder: 'POST /papi/v1/um/algo/order',
  cancelAllUMOrders: 'DELETE /papi/v1/um/allOpenOrders',
  getAllUMOrders: 'GET /papi/v1/um/allOrders',
  getUMTradingStatus: 'GET /papi/v1/um/apiTradingStatus',
  getUMCommissionRate: 'GET /papi/v1/um/commissionRate',
  cancelAllUMConditionalOrders: 'DELETE /papi/v1/um/conditional/allOpenOrders',
  getAllUMConditionalOrders: 'GET /papi/v1/um/conditional/allOrders',
  getUMOpenConditionalOrder: 'GET /papi/v1/um/conditional/openOrder',
  getUMOpenConditionalOrders: 'GET /papi/v1/um/conditional/openOrders',
  cancelUMConditionalOrder: 'DELETE /papi/v1/um/conditional/order',
  submitNewUMConditionalOrder: 'POST /papi/v1/um/conditional/order',
  getUMConditionalOrderHistory: 'GET /papi/v1/um/conditional/orderHistory',
  getUMFeeBurnStatus: 'GET /papi/v1/um/feeBurn',
  toggleUMFeeBurn: 'POST /papi/v1/um/feeBurn',
  getUMForceOrders: 'GET /papi/v1/um/forceOrders',
  getUMIncomeHistory: 'GET /papi/v1/um/income',
  getUMTransactionHistoryDownloadId: 'GET /papi/v1/um/income/asyn',
  getUMTransactionDownloadLink: 'GET /papi/v1/um/income/asyn/id',
  updateUMLeverage: 'POST /papi/v1/um/leverage',
  getUMLeverageBrackets: 'GET /papi/v1/um/leverageBracket',
  getUMOpenOrder: 'GET /papi/v1/um/openOrder',
  getAllUMOpenOrders: 'GET /papi/v1/um/openOrders',
  cancelUMOrder: 'DELETE /papi/v1/um/order',
  getUMOrder: 'GET /papi/v1/um/order',
  submitNewUMOrder: 'POST /papi/v1/um/order',
  modifyUMOrder: 'PUT /papi/v1/um/order',
  getUMOrderHistoryDownloadId: 'GET /papi/v1/um/order/asyn',
  getUMOrderDownloadLink: 'GET /papi/v1/um/order/asyn/id',
  getUMOrderModificationHistory: 'GET /papi/v1/um/orderAmendment',
  getUMPosition: 'GET /papi/v1/um/positionRisk',
  getUMPositionMode: 'GET /papi/v1/um/positionSide/dual',
  updateUMPositionMode: 'POST /papi/v1/um/positionSide/dual',
  signTradFiPerpsContract: 'POST /papi/v1/um/stock/contract',
  getUMSymbolConfig: 'GET /papi/v1/um/symbolConfig',
  getUMTradeHistoryDownloadId: 'GET /papi/v1/um/trade/asyn',
  getUMTradeDownloadLink: 'GET /papi/v1/um/trade/asyn/id',
  getUMTrades: 'GET /papi/v1/um/userTrades',
  getUMAccountV2: 'GET /papi/v2/um/account',
}

// others are methods that call no endpoint of papi, and why they are not called here.
export const others = {
  getClientId: 'calls nothing',
  getServerTime: 'asks fapi for the time',
  validateOrderId: 'calls nothing',
}

export function make(at) {
  const options = { api_key: at.key, api_secret: at.secret, baseUrl: at.base, beautifyResponses: false, disableTimeSync: true }
  const client = new PortfolioClient(options)
  return {
    target: client,
    // call gives the answer, or throws an error with code, status and msg.
    async call(method, params) {
      try {
        return await client[method](params)
      } catch (e) {
        const status = e.httpStatusCode ?? e.responseCode ?? e.response?.status
        throw { code: Number(e.code), status, msg: String(e.message ?? e.body?.msg ?? JSON.stringify(e)), kind: 'error' }
      }
    },
    // listen opens the user stream, with a key that the client fetches itself.
    async listen(listenKey, tell) {
      const quiet = { trace() {}, info() {}, error: console.error }
      const ws = new WebsocketClient({ ...options, restOptions: options, wsUrl: at.base.replace('http', 'ws'), beautify: false }, quiet)
      ws.on('message', (e) => tell(e))
      ws.on('exception', (e) => tell({ e: 'exception', what: String(e?.message ?? e) }))
      await ws.subscribePortfolioMarginUserDataStream()
      return () => ws.closeAll(true)
    },
  }
}
