// Binance's own connector, @binance/derivatives-trading-portfolio-margin.
import { DerivativesTradingPortfolioMargin } from '@binance/derivatives-trading-portfolio-margin'

export const name = '@binance/derivatives-trading-portfolio-margin 19.0.0'

// methods are the endpoints behind the client's methods.
export const methods = {
  accountInformation: 'GET /papi/v1/account',
  fundCollectionByAsset: 'POST /papi/v1/asset-collection',
  fundAutoCollection: 'POST /papi/v1/auto-collection',
  accountBalance: 'GET /papi/v1/balance',
  bnbTransfer: 'POST /papi/v1/bnb-transfer',
  getCmAccountDetail: 'GET /papi/v1/cm/account',
  cmPositionAdlQuantileEstimation: 'GET /papi/v1/cm/adlQuantile',
  cancelAllCmOpenOrders: 'DELETE /papi/v1/cm/allOpenOrders',
  queryAllCmOrders: 'GET /papi/v1/cm/allOrders',
  getUserCommissionRateForCm: 'GET /papi/v1/cm/commissionRate',
  cancelAllCmOpenConditionalOrders: 'DELETE /papi/v1/cm/conditional/allOpenOrders',
  queryAllCmConditionalOrders: 'GET /papi/v1/cm/conditional/allOrders',
  queryCurrentCmOpenConditionalOrder: 'GET /papi/v1/cm/conditional/openOrder',
  queryAllCurrentCmOpenConditionalOrders: 'GET /papi/v1/cm/conditional/openOrders',
  cancelCmConditionalOrder: 'DELETE /papi/v1/cm/conditional/order',
  newCmConditionalOrder: 'POST /papi/v1/cm/conditional/order',
  queryCmConditionalOrderHistory: 'GET /papi/v1/cm/conditional/orderHistory',
  queryUsersCmForceOrders: 'GET /papi/v1/cm/forceOrders',
  getCmIncomeHistory: 'GET /papi/v1/cm/income',
  changeCmInitialLeverage: 'POST /papi/v1/cm/leverage',
  cmNotionalAndLeverageBrackets: 'GET /papi/v1/cm/leverageBracket',
  queryCurrentCmOpenOrder: 'GET /papi/v1/cm/openOrder',
  queryAllCurrentCmOpenOrders: 'GET /papi/v1/cm/openOrders',
  cancelCmOrder: 'DELETE /papi/v1/cm/order',
  queryCmOrder: 'GET /papi/v1/cm/order',
  newCmOrder: 'POST /papi/v1/cm/order',
  modifyCmOrder: 'PUT /papi/v1/cm/order',
  queryCmModifyOrderHistory: 'GET /papi/v1/cm/orderAmendment',
  queryCmPositionInformation: 'GET /papi/v1/cm/positionRisk',
  getCmCurrentPositionMode: 'GET /papi/v1/cm/positionSide/dual',
  changeCmPositionMode: 'POST /papi/v1/cm/positionSide/dual',
  cmAccountTradeList: 'GET /papi/v1/cm/userTrades',
  closeUserDataStream: 'DELETE /papi/v1/listenKey',
  startUserDataStream: 'POST /papi/v1/listenKey',
  keepaliveUserDataStream: 'PUT /papi/v1/listenKey',
  cancelMarginAccountAllOpenOrdersOnASymbol: 'DELETE /papi/v1/margin/allOpenOrders',
  queryMarginAccountsAllOco: 'GET /papi/v1/margin/allOrderList',
  queryAllMarginAccountOrders: 'GET /papi/v1/margin/allOrders',
  queryUsersMarginForceOrders: 'GET /papi/v1/margin/forceOrders',
  getMarginBorrowLoanInterestHistory: 'GET /papi/v1/margin/marginInterestHistory',
  queryMarginLoanRecord: 'GET /papi/v1/margin/marginLoan',
  marginMaxBorrow: 'GET /papi/v1/margin/maxBorrowable',
  queryMarginMaxWithdraw: 'GET /papi/v1/margin/maxWithdraw',
  marginAccountTradeList: 'GET /papi/v1/margin/myTrades',
  queryMarginAccountsOpenOco: 'GET /papi/v1/margin/openOrderList',
  queryCurrentMarginOpenOrder: 'GET /papi/v1/margin/openOrders',
  cancelMarginAccountOrder: 'DELETE /papi/v1/margin/order',
  queryMarginAccountOrder: 'GET /papi/v1/margin/order',
  newMarginOrder: 'POST /papi/v1/margin/order',
  marginAccountNewOco: 'POST /papi/v1/margin/order/oco',
  cancelMarginAccountOcoOrders: 'DELETE /papi/v1/margin/orderList',
  queryMarginAccountsOco: 'GET /papi/v1/margin/orderList',
  marginAccountRepayDebt: 'POST /papi/v1/margin/repay-debt',
  queryMarginRepayRecord: 'GET /papi/v1/margin/repayLoan',
  marginAccountBorrow: 'POST /papi/v1/marginLoan',
  testConnectivity: 'GET /papi/v1/ping',
  queryPortfolioMarginNegativeBalanceInterestHistory: 'GET /papi/v1/portfolio/interest-history',
  queryUserNegativeBalanceAutoExchangeRecord: 'GET /papi/v1/portfolio/negative-balance-exchange-record',
  queryUserRateLimit: 'GET /papi/v1/rateLimit/order',
  repayFuturesNegativeBalance: 'POST /papi/v1/repay-futures-negative-balance',
  getAutoRepayFuturesStatus: 'GET /papi/v1/repay-futures-switch',
  changeAutoRepayFuturesStatus: 'POST /papi/v1/repay-futures-switch',
  marginAccountRepay: 'POST /papi/v1/repayLoan',
  getUmAccountDetail: 'GET /papi/v1/um/account',
  umFuturesAccountConfiguration: 'GET /papi/v1/um/accountConfig',
  umPositionAdlQuantileEstimation: 'GET /papi/v1/um/adlQuantile',
  queryCurrentUmOpenAlgoOrder: 'GET /papi/v1/um/algo/algoOrder',
  queryUmAlgoOrderHistory: 'GET /papi/v1/um/algo/allAlgoOrders',
  cancelAllUmAlgoOpenOrders: 'DELETE /papi/v1/um/algo/allOpenOrders',
  queryAllCurrentUmOpenAlgoOrders: 'GET /papi/v1/um/algo/openAlgoOrders',
  cancelUmAlgoOrder: 'DELETE /papi/v1/um/algo/order',
  newUmAlgoOrder: 'POST /papi/v1/um/algo/order',
  cancelAllUmOpenOrders: 'DELETE /papi/v1/um/allOpenOrders',
  queryAllUmOrders: 'GET /papi/v1/um/allOrders',
  portfolioMarginUmTradingQuantitativeRulesIndicators: 'GET /papi/v1/um/apiTradingStatus',
  getUserCommissionRateForUm: 'GET /papi/v1/um/commissionRate',
  getUmFuturesBnbBurnStatus: 'GET /papi/v1/um/feeBurn',
  toggleBnbBurnOnUmFuturesTrade: 'POST /papi/v1/um/feeBurn',
  queryUsersUmForceOrders: 'GET /papi/v1/um/forceOrders',
  getUmIncomeHistory: 'GET /papi/v1/um/income',
  getDownloadIdForUmFuturesTransactionHistory: 'GET /papi/v1/um/income/asyn',
  getUmFuturesTransactionDownloadLinkById: 'GET /papi/v1/um/income/asyn/id',
  changeUmInitialLeverage: 'POST /papi/v1/um/leverage',
  umNotionalAndLeverageBrackets: 'GET /papi/v1/um/leverageBracket',
  queryCurrentUmOpenOrder: 'GET /papi/v1/um/openOrder',
  queryAllCurrentUmOpenOrders: 'GET /papi/v1/um/openOrders',
  cancelUmOrder: 'DELETE /papi/v1/um/order',
  queryUmOrder: 'GET /papi/v1/um/order',
  newUmOrder: 'POST /papi/v1/um/order',
  modifyUmOrder: 'PUT /papi/v1/um/order',
  getDownloadIdForUmFuturesOrderHistory: 'GET /papi/v1/um/order/asyn',
  getUmFuturesOrderDownloadLinkById: 'GET /papi/v1/um/order/asyn/id',
  queryUmModifyOrderHistory: 'GET /papi/v1/um/orderAmendment',
  queryUmPositionInformation: 'GET /papi/v1/um/positionRisk',
  getUmCurrentPositionMode: 'GET /papi/v1/um/positionSide/dual',
  changeUmPositionMode: 'POST /papi/v1/um/positionSide/dual',
  futuresTradfiPerpsContract: 'POST /papi/v1/um/stock/contract',
  umFuturesSymbolConfiguration: 'GET /papi/v1/um/symbolConfig',
  getDownloadIdForUmFuturesTradeHistory: 'GET /papi/v1/um/trade/asyn',
  getUmFuturesTradeDownloadLinkById: 'GET /papi/v1/um/trade/asyn/id',
  umAccountTradeList: 'GET /papi/v1/um/userTrades',
  getUmAccountDetailV2: 'GET /papi/v2/um/account',
}

// others are methods that call no endpoint of papi, and why they are not called here.
export const others = {
  sendRequest: 'a request of the caller\'s making',
  sendSignedRequest: 'a request of the caller\'s making',
}

export function make(at) {
  const client = new DerivativesTradingPortfolioMargin({
    configurationRestAPI: { apiKey: at.key, apiSecret: at.secret, basePath: at.base, timeout: 10000, retries: 0 },
    configurationWebsocketStreams: { wsURL: at.base.replace('http', 'ws') + '/pm' },
  })
  return {
    target: client.restAPI,
    // call gives the answer, or throws an error with code, status and msg.
    async call(method, params) {
      try {
        const answer = await client.restAPI[method](params)
        return await answer.data()
      } catch (e) {
        const text = String(e.message)
        const code = e.code ?? Number(text.match(/"code":\s*(-?\d+)/)?.[1] ?? NaN)
        throw { code: Number(code), status: e.statusCode ?? e.status, msg: text, kind: e.constructor.name }
      }
    },
    // listen opens the user stream of a key and gives every event to tell.
    async listen(listenKey, tell) {
      const connection = await client.websocketStreams.connect()
      connection.userData(listenKey).on('message', (e) => tell(e))
      return () => connection.disconnect()
    },
  }
}
