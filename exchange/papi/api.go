package papi

import "github.com/pmbot/pmbot/exchange/internal/budget"

// The endpoints: ep, then the verb of a write (New, Amend, Cancel, Set ...) or nothing for a
// read, then the product and the thing.
const (
	epPing endpoint = iota
	epNewListenKey
	epKeepListenKey
	epCloseListenKey

	epNewUMOrder
	epAmendUMOrder
	epCancelUMOrder
	epCancelAllUMOrders
	epUMOrder
	epUMOpenOrder
	epUMOpenOrders
	epUMAllOrders
	epUMOrderAmendments
	epUMTrades
	epUMForceOrders
	epUMADLQuantiles
	epUMTradingStatus
	epSignUMStockContract

	epNewUMAlgoOrder
	epCancelUMAlgoOrder
	epCancelAllUMAlgoOrders
	epUMAlgoOrder
	epUMOpenAlgoOrders
	epUMAllAlgoOrders

	epNewCMOrder
	epAmendCMOrder
	epCancelCMOrder
	epCancelAllCMOrders
	epCMOrder
	epCMOpenOrder
	epCMOpenOrders
	epCMAllOrders
	epCMOrderAmendments
	epCMTrades
	epCMForceOrders
	epCMADLQuantiles

	epNewCMConditionalOrder
	epCancelCMConditionalOrder
	epCancelAllCMConditionalOrders
	epCMOpenConditionalOrders
	epCMOpenConditionalOrder
	epCMAllConditionalOrders
	epCMConditionalOrder

	epNewMarginOrder
	epCancelMarginOrder
	epCancelAllMarginOrders
	epMarginOrder
	epMarginOpenOrders
	epMarginAllOrders
	epMarginTrades
	epNewMarginOCO
	epCancelMarginOrderList
	epMarginOrderList
	epMarginAllOrderLists
	epMarginOpenOrderLists
	epMarginForceOrders

	epBorrow
	epRepay
	epRepayDebt
	epMaxBorrowable
	epMaxWithdraw
	epLoans
	epRepayments
	epMarginInterest

	epAccount
	epBalances
	epUMPositions
	epCMPositions
	epUMAccountV1
	epUMAccount
	epCMAccount
	epOrderRateLimits

	epSetUMLeverage
	epSetCMLeverage
	epUMLeverageBrackets
	epCMLeverageBrackets
	epUMPositionMode
	epSetUMPositionMode
	epCMPositionMode
	epSetCMPositionMode
	epUMAccountConfig
	epUMSymbolConfigs
	epUMCommissionRate
	epCMCommissionRate
	epFeeBurn
	epSetFeeBurn

	epAutoCollection
	epAssetCollection
	epBNBTransfer
	epRepayFuturesSwitch
	epSetRepayFuturesSwitch
	epRepayFuturesNegativeBalance

	epNegativeBalanceInterest
	epNegativeBalanceExchanges
	epUMIncome
	epCMIncome

	epNewUMOrderDownload
	epUMOrderDownload
	epNewUMTradeDownload
	epUMTradeDownload
	epNewUMIncomeDownload
	epUMIncomeDownload

	epKeyRestrictions
	epAccountInfo
	epPortfolioAccount
	epCollateralRates
	epCollateralTiers
	epAssetIndexPrices
	epMarginAssetLeverage
	epDeltaMode
	epCrossMarginData
	epNextHourlyInterestRates
	epInterestRateHistory
	epAvailableInventory
	epCapitalFlow

	epTime

	// endpoints is how many there are.
	endpoints
)

// table is the compiled allow-list. Nothing writes to it. Weights and order counts are those
// of the reference's index; an amend counts as an order, because its page labels the weight
// so.
var table = [endpoints]spec{
	// Connection and user stream.
	epPing:           {host: hostPAPI, method: "GET", path: "/papi/v1/ping", security: open, class: budget.Read, weight: 1},
	epNewListenKey:   {host: hostPAPI, method: "POST", path: "/papi/v1/listenKey", security: keyed, class: budget.Cancel, weight: 1},
	epKeepListenKey:  {host: hostPAPI, method: "PUT", path: "/papi/v1/listenKey", security: keyed, class: budget.Cancel, weight: 1},
	epCloseListenKey: {host: hostPAPI, method: "DELETE", path: "/papi/v1/listenKey", security: keyed, class: budget.Cancel, weight: 1},

	// USD-M orders.
	epNewUMOrder:          {host: hostPAPI, method: "POST", path: "/papi/v1/um/order", security: signed, class: budget.Order, weight: 1, orders: 1, write: true},
	epAmendUMOrder:        {host: hostPAPI, method: "PUT", path: "/papi/v1/um/order", security: signed, class: budget.Order, weight: 1, orders: 1, write: true},
	epCancelUMOrder:       {host: hostPAPI, method: "DELETE", path: "/papi/v1/um/order", security: signed, class: budget.Cancel, weight: 1},
	epCancelAllUMOrders:   {host: hostPAPI, method: "DELETE", path: "/papi/v1/um/allOpenOrders", security: signed, class: budget.Cancel, weight: 1},
	epUMOrder:             {host: hostPAPI, method: "GET", path: "/papi/v1/um/order", security: signed, class: budget.Risk, weight: 1},
	epUMOpenOrder:         {host: hostPAPI, method: "GET", path: "/papi/v1/um/openOrder", security: signed, class: budget.Risk, weight: 1},
	epUMOpenOrders:        {host: hostPAPI, method: "GET", path: "/papi/v1/um/openOrders", security: signed, class: budget.Risk, weight: 1, broad: 40, narrow: "symbol"},
	epUMAllOrders:         {host: hostPAPI, method: "GET", path: "/papi/v1/um/allOrders", security: signed, class: budget.Read, weight: 5},
	epUMOrderAmendments:   {host: hostPAPI, method: "GET", path: "/papi/v1/um/orderAmendment", security: signed, class: budget.Read, weight: 1},
	epUMTrades:            {host: hostPAPI, method: "GET", path: "/papi/v1/um/userTrades", security: signed, class: budget.Risk, weight: 5},
	epUMForceOrders:       {host: hostPAPI, method: "GET", path: "/papi/v1/um/forceOrders", security: signed, class: budget.Read, weight: 20, broad: 50, narrow: "symbol"},
	epUMADLQuantiles:      {host: hostPAPI, method: "GET", path: "/papi/v1/um/adlQuantile", security: signed, class: budget.Read, weight: 5},
	epUMTradingStatus:     {host: hostPAPI, method: "GET", path: "/papi/v1/um/apiTradingStatus", security: signed, class: budget.Read, weight: 1, broad: 10, narrow: "symbol"},
	epSignUMStockContract: {host: hostPAPI, method: "POST", path: "/papi/v1/um/stock/contract", security: signed, class: budget.Order, weight: 5, write: true},

	// USD-M conditional orders. The reference does not say that they count as orders; they are
	// counted, for a client that counts too much is only slower.
	epNewUMAlgoOrder:        {host: hostPAPI, method: "POST", path: "/papi/v1/um/algo/order", security: signed, class: budget.Order, weight: 1, orders: 1, write: true},
	epCancelUMAlgoOrder:     {host: hostPAPI, method: "DELETE", path: "/papi/v1/um/algo/order", security: signed, class: budget.Cancel, weight: 1},
	epCancelAllUMAlgoOrders: {host: hostPAPI, method: "DELETE", path: "/papi/v1/um/algo/allOpenOrders", security: signed, class: budget.Cancel, weight: 1},
	epUMAlgoOrder:           {host: hostPAPI, method: "GET", path: "/papi/v1/um/algo/algoOrder", security: signed, class: budget.Risk, weight: 1},
	epUMOpenAlgoOrders:      {host: hostPAPI, method: "GET", path: "/papi/v1/um/algo/openAlgoOrders", security: signed, class: budget.Risk, weight: 1, broad: 40, narrow: "symbol"},
	epUMAllAlgoOrders:       {host: hostPAPI, method: "GET", path: "/papi/v1/um/algo/allAlgoOrders", security: signed, class: budget.Read, weight: 5},

	// COIN-M orders.
	epNewCMOrder:        {host: hostPAPI, method: "POST", path: "/papi/v1/cm/order", security: signed, class: budget.Order, weight: 1, orders: 1, write: true},
	epAmendCMOrder:      {host: hostPAPI, method: "PUT", path: "/papi/v1/cm/order", security: signed, class: budget.Order, weight: 1, orders: 1, write: true},
	epCancelCMOrder:     {host: hostPAPI, method: "DELETE", path: "/papi/v1/cm/order", security: signed, class: budget.Cancel, weight: 1},
	epCancelAllCMOrders: {host: hostPAPI, method: "DELETE", path: "/papi/v1/cm/allOpenOrders", security: signed, class: budget.Cancel, weight: 1},
	epCMOrder:           {host: hostPAPI, method: "GET", path: "/papi/v1/cm/order", security: signed, class: budget.Risk, weight: 1},
	epCMOpenOrder:       {host: hostPAPI, method: "GET", path: "/papi/v1/cm/openOrder", security: signed, class: budget.Risk, weight: 1},
	epCMOpenOrders:      {host: hostPAPI, method: "GET", path: "/papi/v1/cm/openOrders", security: signed, class: budget.Risk, weight: 1, broad: 40, narrow: "symbol"},
	epCMAllOrders:       {host: hostPAPI, method: "GET", path: "/papi/v1/cm/allOrders", security: signed, class: budget.Read, weight: 20, broad: 40, narrow: "symbol"},
	epCMOrderAmendments: {host: hostPAPI, method: "GET", path: "/papi/v1/cm/orderAmendment", security: signed, class: budget.Read, weight: 1},
	epCMTrades:          {host: hostPAPI, method: "GET", path: "/papi/v1/cm/userTrades", security: signed, class: budget.Risk, weight: 20, broad: 40, narrow: "symbol"},
	epCMForceOrders:     {host: hostPAPI, method: "GET", path: "/papi/v1/cm/forceOrders", security: signed, class: budget.Read, weight: 20, broad: 50, narrow: "symbol"},
	epCMADLQuantiles:    {host: hostPAPI, method: "GET", path: "/papi/v1/cm/adlQuantile", security: signed, class: budget.Read, weight: 5},

	// COIN-M conditional orders.
	epNewCMConditionalOrder:        {host: hostPAPI, method: "POST", path: "/papi/v1/cm/conditional/order", security: signed, class: budget.Order, weight: 1, orders: 1, write: true},
	epCancelCMConditionalOrder:     {host: hostPAPI, method: "DELETE", path: "/papi/v1/cm/conditional/order", security: signed, class: budget.Cancel, weight: 1},
	epCancelAllCMConditionalOrders: {host: hostPAPI, method: "DELETE", path: "/papi/v1/cm/conditional/allOpenOrders", security: signed, class: budget.Cancel, weight: 1},
	epCMOpenConditionalOrders:      {host: hostPAPI, method: "GET", path: "/papi/v1/cm/conditional/openOrders", security: signed, class: budget.Risk, weight: 1, broad: 40, narrow: "symbol"},
	epCMOpenConditionalOrder:       {host: hostPAPI, method: "GET", path: "/papi/v1/cm/conditional/openOrder", security: signed, class: budget.Risk, weight: 1},
	epCMAllConditionalOrders:       {host: hostPAPI, method: "GET", path: "/papi/v1/cm/conditional/allOrders", security: signed, class: budget.Read, weight: 1, broad: 40, narrow: "symbol"},
	epCMConditionalOrder:           {host: hostPAPI, method: "GET", path: "/papi/v1/cm/conditional/orderHistory", security: signed, class: budget.Risk, weight: 1},

	// Margin orders.
	epNewMarginOrder:        {host: hostPAPI, method: "POST", path: "/papi/v1/margin/order", security: signed, class: budget.Order, weight: 1, orders: 1, write: true},
	epCancelMarginOrder:     {host: hostPAPI, method: "DELETE", path: "/papi/v1/margin/order", security: signed, class: budget.Cancel, weight: 2},
	epCancelAllMarginOrders: {host: hostPAPI, method: "DELETE", path: "/papi/v1/margin/allOpenOrders", security: signed, class: budget.Cancel, weight: 5},
	epMarginOrder:           {host: hostPAPI, method: "GET", path: "/papi/v1/margin/order", security: signed, class: budget.Risk, weight: 10},
	epMarginOpenOrders:      {host: hostPAPI, method: "GET", path: "/papi/v1/margin/openOrders", security: signed, class: budget.Risk, weight: 5},
	epMarginAllOrders:       {host: hostPAPI, method: "GET", path: "/papi/v1/margin/allOrders", security: signed, class: budget.Read, weight: 100},
	epMarginTrades:          {host: hostPAPI, method: "GET", path: "/papi/v1/margin/myTrades", security: signed, class: budget.Risk, weight: 5},
	epNewMarginOCO:          {host: hostPAPI, method: "POST", path: "/papi/v1/margin/order/oco", security: signed, class: budget.Order, weight: 1, orders: 2, write: true},
	epCancelMarginOrderList: {host: hostPAPI, method: "DELETE", path: "/papi/v1/margin/orderList", security: signed, class: budget.Cancel, weight: 2},
	epMarginOrderList:       {host: hostPAPI, method: "GET", path: "/papi/v1/margin/orderList", security: signed, class: budget.Risk, weight: 5},
	epMarginAllOrderLists:   {host: hostPAPI, method: "GET", path: "/papi/v1/margin/allOrderList", security: signed, class: budget.Read, weight: 100},
	epMarginOpenOrderLists:  {host: hostPAPI, method: "GET", path: "/papi/v1/margin/openOrderList", security: signed, class: budget.Risk, weight: 5},
	epMarginForceOrders:     {host: hostPAPI, method: "GET", path: "/papi/v1/margin/forceOrders", security: signed, class: budget.Read, weight: 1},

	// Margin loans.
	epBorrow:         {host: hostPAPI, method: "POST", path: "/papi/v1/marginLoan", security: signed, class: budget.Order, weight: 100, write: true},
	epRepay:          {host: hostPAPI, method: "POST", path: "/papi/v1/repayLoan", security: signed, class: budget.Order, weight: 100, write: true},
	epRepayDebt:      {host: hostPAPI, method: "POST", path: "/papi/v1/margin/repay-debt", security: signed, class: budget.Order, weight: 3000, write: true},
	epMaxBorrowable:  {host: hostPAPI, method: "GET", path: "/papi/v1/margin/maxBorrowable", security: signed, class: budget.Read, weight: 5},
	epMaxWithdraw:    {host: hostPAPI, method: "GET", path: "/papi/v1/margin/maxWithdraw", security: signed, class: budget.Read, weight: 5},
	epLoans:          {host: hostPAPI, method: "GET", path: "/papi/v1/margin/marginLoan", security: signed, class: budget.Read, weight: 10},
	epRepayments:     {host: hostPAPI, method: "GET", path: "/papi/v1/margin/repayLoan", security: signed, class: budget.Read, weight: 10},
	epMarginInterest: {host: hostPAPI, method: "GET", path: "/papi/v1/margin/marginInterestHistory", security: signed, class: budget.Read, weight: 1},

	// Account.
	epAccount:         {host: hostPAPI, method: "GET", path: "/papi/v1/account", security: signed, class: budget.Risk, weight: 20},
	epBalances:        {host: hostPAPI, method: "GET", path: "/papi/v1/balance", security: signed, class: budget.Risk, weight: 20},
	epUMPositions:     {host: hostPAPI, method: "GET", path: "/papi/v1/um/positionRisk", security: signed, class: budget.Risk, weight: 5},
	epCMPositions:     {host: hostPAPI, method: "GET", path: "/papi/v1/cm/positionRisk", security: signed, class: budget.Risk, weight: 1},
	epUMAccountV1:     {host: hostPAPI, method: "GET", path: "/papi/v1/um/account", security: signed, class: budget.Read, weight: 5},
	epUMAccount:       {host: hostPAPI, method: "GET", path: "/papi/v2/um/account", security: signed, class: budget.Risk, weight: 5},
	epCMAccount:       {host: hostPAPI, method: "GET", path: "/papi/v1/cm/account", security: signed, class: budget.Risk, weight: 5},
	epOrderRateLimits: {host: hostPAPI, method: "GET", path: "/papi/v1/rateLimit/order", security: signed, class: budget.Read, weight: 1},

	// Settings.
	epSetUMLeverage:      {host: hostPAPI, method: "POST", path: "/papi/v1/um/leverage", security: signed, class: budget.Order, weight: 1, write: true},
	epSetCMLeverage:      {host: hostPAPI, method: "POST", path: "/papi/v1/cm/leverage", security: signed, class: budget.Order, weight: 1, write: true},
	epUMLeverageBrackets: {host: hostPAPI, method: "GET", path: "/papi/v1/um/leverageBracket", security: signed, class: budget.Read, weight: 1},
	epCMLeverageBrackets: {host: hostPAPI, method: "GET", path: "/papi/v1/cm/leverageBracket", security: signed, class: budget.Read, weight: 1},
	epUMPositionMode:     {host: hostPAPI, method: "GET", path: "/papi/v1/um/positionSide/dual", security: signed, class: budget.Read, weight: 30},
	epSetUMPositionMode:  {host: hostPAPI, method: "POST", path: "/papi/v1/um/positionSide/dual", security: signed, class: budget.Order, weight: 1, write: true},
	epCMPositionMode:     {host: hostPAPI, method: "GET", path: "/papi/v1/cm/positionSide/dual", security: signed, class: budget.Read, weight: 30},
	epSetCMPositionMode:  {host: hostPAPI, method: "POST", path: "/papi/v1/cm/positionSide/dual", security: signed, class: budget.Order, weight: 1, write: true},
	epUMAccountConfig:    {host: hostPAPI, method: "GET", path: "/papi/v1/um/accountConfig", security: signed, class: budget.Read, weight: 5},
	epUMSymbolConfigs:    {host: hostPAPI, method: "GET", path: "/papi/v1/um/symbolConfig", security: signed, class: budget.Read, weight: 5},
	epUMCommissionRate:   {host: hostPAPI, method: "GET", path: "/papi/v1/um/commissionRate", security: signed, class: budget.Read, weight: 20},
	epCMCommissionRate:   {host: hostPAPI, method: "GET", path: "/papi/v1/cm/commissionRate", security: signed, class: budget.Read, weight: 20},
	epFeeBurn:            {host: hostPAPI, method: "GET", path: "/papi/v1/um/feeBurn", security: signed, class: budget.Read, weight: 30},
	epSetFeeBurn:         {host: hostPAPI, method: "POST", path: "/papi/v1/um/feeBurn", security: signed, class: budget.Order, weight: 1, write: true},

	// Transfers within the account.
	epAutoCollection:              {host: hostPAPI, method: "POST", path: "/papi/v1/auto-collection", security: signed, class: budget.Order, weight: 750, quota: quotaAutoCollection, write: true},
	epAssetCollection:             {host: hostPAPI, method: "POST", path: "/papi/v1/asset-collection", security: signed, class: budget.Order, weight: 30, write: true},
	epBNBTransfer:                 {host: hostPAPI, method: "POST", path: "/papi/v1/bnb-transfer", security: signed, class: budget.Order, weight: 750, quota: quotaBNBTransfer, write: true},
	epRepayFuturesSwitch:          {host: hostPAPI, method: "GET", path: "/papi/v1/repay-futures-switch", security: signed, class: budget.Read, weight: 30},
	epSetRepayFuturesSwitch:       {host: hostPAPI, method: "POST", path: "/papi/v1/repay-futures-switch", security: signed, class: budget.Order, weight: 750, quota: quotaRepaySwitch, write: true},
	epRepayFuturesNegativeBalance: {host: hostPAPI, method: "POST", path: "/papi/v1/repay-futures-negative-balance", security: signed, class: budget.Order, weight: 750, write: true},

	// Ledgers.
	epNegativeBalanceInterest:  {host: hostPAPI, method: "GET", path: "/papi/v1/portfolio/interest-history", security: signed, class: budget.Read, weight: 50},
	epNegativeBalanceExchanges: {host: hostPAPI, method: "GET", path: "/papi/v1/portfolio/negative-balance-exchange-record", security: signed, class: budget.Read, weight: 100},
	epUMIncome:                 {host: hostPAPI, method: "GET", path: "/papi/v1/um/income", security: signed, class: budget.Read, weight: 30},
	epCMIncome:                 {host: hostPAPI, method: "GET", path: "/papi/v1/cm/income", security: signed, class: budget.Read, weight: 30},

	// Downloads of history.
	epNewUMOrderDownload:  {host: hostPAPI, method: "GET", path: "/papi/v1/um/order/asyn", security: signed, class: budget.Read, weight: 1500, quota: quotaOrderDownload},
	epUMOrderDownload:     {host: hostPAPI, method: "GET", path: "/papi/v1/um/order/asyn/id", security: signed, class: budget.Read, weight: 10},
	epNewUMTradeDownload:  {host: hostPAPI, method: "GET", path: "/papi/v1/um/trade/asyn", security: signed, class: budget.Read, weight: 1500, quota: quotaTradeDownload},
	epUMTradeDownload:     {host: hostPAPI, method: "GET", path: "/papi/v1/um/trade/asyn/id", security: signed, class: budget.Read, weight: 10},
	epNewUMIncomeDownload: {host: hostPAPI, method: "GET", path: "/papi/v1/um/income/asyn", security: signed, class: budget.Read, weight: 1500, quota: quotaIncomeDownload},
	epUMIncomeDownload:    {host: hostPAPI, method: "GET", path: "/papi/v1/um/income/asyn/id", security: signed, class: budget.Read, weight: 10},

	// The listed reads of sapi.
	epKeyRestrictions:         {host: hostSAPI, method: "GET", path: "/sapi/v1/account/apiRestrictions", security: signed, class: budget.Read, weight: 1},
	epAccountInfo:             {host: hostSAPI, method: "GET", path: "/sapi/v1/account/info", security: signed, class: budget.Read, weight: 1},
	epPortfolioAccount:        {host: hostSAPI, method: "GET", path: "/sapi/v1/portfolio/account", security: signed, class: budget.Risk, weight: 5},
	epCollateralRates:         {host: hostSAPI, method: "GET", path: "/sapi/v1/portfolio/collateralRate", security: keyed, class: budget.Read, weight: 50},
	epCollateralTiers:         {host: hostSAPI, method: "GET", path: "/sapi/v2/portfolio/collateralRate", security: signed, class: budget.Read, weight: 50},
	epAssetIndexPrices:        {host: hostSAPI, method: "GET", path: "/sapi/v1/portfolio/asset-index-price", security: keyed, class: budget.Risk, weight: 1, broad: 50, narrow: "asset"},
	epMarginAssetLeverage:     {host: hostSAPI, method: "GET", path: "/sapi/v1/portfolio/margin-asset-leverage", security: keyed, class: budget.Read, weight: 50},
	epDeltaMode:               {host: hostSAPI, method: "GET", path: "/sapi/v1/portfolio/delta-mode", security: signed, class: budget.Read, weight: 1500},
	epCrossMarginData:         {host: hostSAPI, method: "GET", path: "/sapi/v1/margin/crossMarginData", security: signed, class: budget.Read, weight: 1, broad: 5, narrow: "coin"},
	epNextHourlyInterestRates: {host: hostSAPI, method: "GET", path: "/sapi/v1/margin/next-hourly-interest-rate", security: signed, class: budget.Read, weight: 100},
	epInterestRateHistory:     {host: hostSAPI, method: "GET", path: "/sapi/v1/margin/interestRateHistory", security: signed, class: budget.Read, weight: 1},
	epAvailableInventory:      {host: hostSAPI, method: "GET", path: "/sapi/v1/margin/available-inventory", security: signed, class: budget.Read, weight: 50},
	epCapitalFlow:             {host: hostSAPI, method: "GET", path: "/sapi/v1/margin/capital-flow", security: signed, class: budget.Read, weight: 100},

	// The clock.
	epTime: {host: hostFAPI, method: "GET", path: "/fapi/v1/time", security: open, class: budget.Risk, weight: 1},
}
