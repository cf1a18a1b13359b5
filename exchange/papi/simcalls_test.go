package papi

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestSim makes every call against the simulated exchange, but those of the clock.
func TestSim(t *testing.T) {
	used := map[endpoint]bool{}
	for _, part := range []struct {
		name string
		test func(context.Context, *exchangeOf)
	}{{"um", simUM}, {"umalgo", simUMAlgo}, {"cm", simCM}, {"cmconditional", simCMConditional}, {"margin", simMargin}, {"oco", simOCO},
		{"loan", simLoan}, {"account", simAccount}, {"funds", simFunds}, {"sapi", simSAPI}} {
		t.Run(part.name, func(t *testing.T) { onSim(t, used, part.test) })
	}
	for ep := range endpoints {
		if !used[ep] {
			t.Errorf("%v was not called", ep)
		}
	}
}

func simUM(ctx context.Context, x *exchangeOf) {
	f := exchange.MustFixed
	p := newUMOrder{
		Symbol: "BTCUSDT", Side: "BUY", Type: "LIMIT", TimeInForce: "GTC", Quantity: f("0.010"), Price: f("50000"),
		NewClientOrderID: "um-1", NewOrderRespType: "RESULT", SelfTradePreventionMode: "EXPIRE_MAKER",
	}
	a := sent[UMOrderAck](x, epNewUMOrder, p.query())
	x.same(p.echo(a))
	ref := OrderRef{OrigClientOrderID: "um-1"}
	amend := amendUMOrder{Symbol: "BTCUSDT", Side: "BUY", Quantity: f("0.020"), Price: f("51000"), OrderID: a.OrderID, ModifyID: 9}
	x.same(amend.echo(sent[UMOrderAck](x, epAmendUMOrder, amend.query())))
	if o := asked[UMOrder](x)(x.UMOrder(ctx, "BTCUSDT", ref)); o.Price != f("51000") || o.OrigQty != f("0.02") || o.OrderID != a.OrderID {
		x.t.Errorf("the order is %+v", o)
	}
	asked[UMOrder](x)(x.UMOpenOrder(ctx, "BTCUSDT", OrderRef{OrderID: a.OrderID}))
	some[UMOrder](x)(x.UMOpenOrders(ctx, ""))
	some[Amendment](x)(x.UMOrderAmendments(ctx, AmendmentsQuery{Symbol: "BTCUSDT", OrderRef: OrderRef{OrderID: a.OrderID}}))
	if c := asked[UMOrderAck](x)(x.CancelUMOrder(ctx, "BTCUSDT", ref)); c.Status != "CANCELED" {
		x.t.Errorf("the cancelled order is %+v", c)
	}
	if _, err := x.UMOpenOrder(ctx, "BTCUSDT", ref); !errors.Is(err, ErrNoSuchOrder) {
		x.t.Errorf("a cancelled order is open: %v", err)
	}
	take := newUMOrder{Symbol: "BTCUSDT", Side: "BUY", Type: "MARKET", Quantity: f("0.5"), NewClientOrderID: "um-2", NewOrderRespType: "RESULT"}
	if a := sent[UMOrderAck](x, epNewUMOrder, take.query()); a.Status != "FILLED" || a.ExecutedQty != f("0.5") || take.echo(a) != nil {
		x.t.Errorf("the market order is %+v, %v", a, take.echo(a))
	}
	x.pass(time.Minute) // funding
	fills := some[UMTrade](x)(x.UMTrades(ctx, UMTradesQuery{Symbol: "BTCUSDT"}))
	some[UMOrder](x)(x.UMAllOrders(ctx, UMAllOrdersQuery{Symbol: "BTCUSDT"}))
	asked[[]UMOrder](x)(x.UMForceOrders(ctx, ForceOrdersQuery{}))
	some[ADLQuantile](x)(x.UMADLQuantiles(ctx, "BTCUSDT"))
	asked[TradingStatus](x)(x.UMTradingStatus(ctx, ""))
	some[UMPosition](x)(x.UMPositions(ctx, "BTCUSDT"))
	some[UMAccountPosition](x)(asked[UMAccount](x)(x.UMAccount(ctx)).Positions, nil)
	some[UMAccountV1Position](x)(asked[UMAccountV1](x)(x.UMAccountV1(ctx)).Positions, nil)
	some[Income](x)(x.UMIncome(ctx, IncomeQuery{}))
	window := Window{simStart, simStart + exchange.Time(time.Hour)}
	count := 0
	for fill, err := range x.EachUMTrade(ctx, "BTCUSDT", window) {
		if err != nil || count == len(fills) || fill.ID != fills[count].ID {
			x.t.Fatalf("fill %d: %+v, %v", count, fill, err)
		}
		count++
	}
	if count != len(fills) {
		x.t.Errorf("%d of %d fills", count, len(fills))
	}
	sent[Message](x, epSignUMStockContract, new(query))
	sent[UMOrderAck](x, epNewUMOrder, p.query())
	asked[Message](x)(x.CancelAllUMOrders(ctx, "BTCUSDT"))
}

func simUMAlgo(ctx context.Context, x *exchangeOf) {
	f := exchange.MustFixed
	sent[UMOrderAck](x, epNewUMOrder, newUMOrder{Symbol: "BTCUSDT", Side: "BUY", Type: "MARKET", Quantity: f("0.5"), NewClientOrderID: "um-1"}.query())
	for _, p := range []newUMAlgoOrder{
		{Type: "STOP", Quantity: f("0.1"), Price: f("54000"), TriggerPrice: f("55000"), TimeInForce: "GTC", ReduceOnly: true, ClientAlgoID: "a-1", WorkingType: "MARK_PRICE", PriceProtect: true},
		{Type: "TAKE_PROFIT", Quantity: f("0.1"), Price: f("66000"), TriggerPrice: f("65000"), TimeInForce: "GTX", ClientAlgoID: "a-2", WorkingType: "CONTRACT_PRICE"},
		{Type: "STOP_MARKET", TriggerPrice: f("55000"), ClosePosition: true, ClientAlgoID: "a-3", WorkingType: "MARK_PRICE"},
		{Type: "TAKE_PROFIT_MARKET", Quantity: f("0.1"), TriggerPrice: f("65000"), ClientAlgoID: "a-4"},
		{Type: "TRAILING_STOP_MARKET", Quantity: f("0.1"), ActivatePrice: f("61000"), CallbackRate: f("1.5"), ClientAlgoID: "a-5"},
	} {
		p.Symbol, p.Side = "BTCUSDT", "SELL"
		x.same(p.echo(sent[UMAlgoOrder](x, epNewUMAlgoOrder, p.query())))
	}
	if open := some[UMAlgoOrder](x)(x.UMOpenAlgoOrders(ctx, UMOpenAlgoOrdersQuery{Symbol: "BTCUSDT"})); len(open) != 5 {
		x.t.Errorf("%d open algo orders", len(open))
	}
	if o := asked[UMAlgoOrder](x)(x.UMAlgoOrder(ctx, AlgoRef{ClientAlgoID: "a-1"})); o.TriggerPrice != f("55000") || o.Symbol != "BTCUSDT" {
		x.t.Errorf("the algo order is %+v", o)
	}
	if c := asked[UMAlgoCancel](x)(x.CancelUMAlgoOrder(ctx, AlgoRef{ClientAlgoID: "a-1"})); !c.Complete {
		x.t.Errorf("the cancel is %+v", c)
	}
	asked[Message](x)(x.CancelAllUMAlgoOrders(ctx, "BTCUSDT"))
	some[UMAlgoOrder](x)(x.UMAllAlgoOrders(ctx, UMAllAlgoOrdersQuery{Symbol: "BTCUSDT"}))
	// A trigger by its former name is taken, and the echo finds it.
	p := newUMAlgoOrder{Symbol: "BTCUSDT", Side: "SELL", Type: "STOP_MARKET", Quantity: f("0.1"), ClientAlgoID: "a-6"}
	q := p.query()
	q.text("stopPrice", "55000")
	p.TriggerPrice = f("55000")
	var difference *EchoError
	if err := p.echo(sent[UMAlgoOrder](x, epNewUMAlgoOrder, q)); !errors.As(err, &difference) || difference.Field != "triggerPrice" || difference.Echoed != "0" {
		x.t.Errorf("a trigger by its former name: %v", err)
	}
}

func simCM(ctx context.Context, x *exchangeOf) {
	f := exchange.MustFixed
	p := newCMOrder{
		Symbol: "BTCUSD_PERP", Side: "BUY", Type: "LIMIT", TimeInForce: "GTC", Quantity: f("5"), Price: f("50000"),
		NewClientOrderID: "cm-1", NewOrderRespType: "RESULT",
	}
	a := sent[CMOrderAck](x, epNewCMOrder, p.query())
	x.same(p.echo(a))
	amend := amendCMOrder{Symbol: "BTCUSD_PERP", Side: "BUY", Quantity: f("6"), Price: f("51000"), OrigClientOrderID: "cm-1"}
	x.same(amend.echo(sent[CMOrderAck](x, epAmendCMOrder, amend.query())))
	ref := OrderRef{OrderID: a.OrderID}
	asked[CMOrder](x)(x.CMOrder(ctx, "BTCUSD_PERP", ref))
	some[CMOrder](x)(x.CMOpenOrder(ctx, "BTCUSD_PERP", ref))
	some[CMOrder](x)(x.CMOpenOrders(ctx, "", "BTCUSD"))
	some[Amendment](x)(x.CMOrderAmendments(ctx, AmendmentsQuery{Symbol: "BTCUSD_PERP", OrderRef: ref}))
	asked[CMOrderAck](x)(x.CancelCMOrder(ctx, "BTCUSD_PERP", ref))
	take := newCMOrder{Symbol: "BTCUSD_PERP", Side: "BUY", Type: "MARKET", Quantity: f("20"), NewClientOrderID: "cm-2", NewOrderRespType: "RESULT"}
	x.same(take.echo(sent[CMOrderAck](x, epNewCMOrder, take.query())))
	x.pass(time.Minute) // funding
	some[CMTrade](x)(x.CMTrades(ctx, CMTradesQuery{Symbol: "BTCUSD_PERP"}))
	some[CMOrder](x)(x.CMAllOrders(ctx, CMAllOrdersQuery{Symbol: "BTCUSD_PERP"}))
	asked[[]CMOrder](x)(x.CMForceOrders(ctx, ForceOrdersQuery{}))
	some[ADLQuantile](x)(x.CMADLQuantiles(ctx, ""))
	some[CMPosition](x)(x.CMPositions(ctx, "", "BTCUSD"))
	some[CMAccountPosition](x)(asked[CMAccount](x)(x.CMAccount(ctx)).Positions, nil)
	some[Income](x)(x.CMIncome(ctx, IncomeQuery{}))
	sent[CMOrderAck](x, epNewCMOrder, p.query())
	asked[Message](x)(x.CancelAllCMOrders(ctx, "BTCUSD_PERP"))
}

func simCMConditional(ctx context.Context, x *exchangeOf) {
	f := exchange.MustFixed
	for i, p := range []newCMConditionalOrder{
		{StrategyType: "STOP", Quantity: f("1"), Price: f("54000"), StopPrice: f("55000"), TimeInForce: "GTC", ReduceOnly: true, NewClientStrategyID: "s-1", WorkingType: "MARK_PRICE", PriceProtect: true},
		{StrategyType: "TAKE_PROFIT_MARKET", Quantity: f("1"), StopPrice: f("65000"), NewClientStrategyID: "s-2", WorkingType: "CONTRACT_PRICE"},
		{StrategyType: "TRAILING_STOP_MARKET", Quantity: f("1"), ActivationPrice: f("61000"), CallbackRate: f("1.5"), NewClientStrategyID: "s-3"},
	} {
		p.Symbol, p.Side = "BTCUSD_PERP", "SELL"
		a := sent[CMConditionalOrder](x, epNewCMConditionalOrder, p.query())
		x.same(p.echo(a))
		if i == 0 {
			asked[CMConditionalOrder](x)(x.CMOpenConditionalOrder(ctx, "BTCUSD_PERP", StrategyRef{StrategyID: a.StrategyID}))
			some[CMConditionalOrder](x)(x.CMOpenConditionalOrders(ctx, ""))
			asked[CMConditionalOrder](x)(x.CancelCMConditionalOrder(ctx, "BTCUSD_PERP", StrategyRef{NewClientStrategyID: "s-1"}))
			asked[CMConditionalOrder](x)(x.CMConditionalOrder(ctx, "BTCUSD_PERP", StrategyRef{StrategyID: a.StrategyID}))
		}
	}
	asked[Message](x)(x.CancelAllCMConditionalOrders(ctx, "BTCUSD_PERP"))
	some[CMConditionalOrder](x)(x.CMAllConditionalOrders(ctx, CMAllConditionalOrdersQuery{Symbol: "BTCUSD_PERP"}))
}

func simMargin(ctx context.Context, x *exchangeOf) {
	f := exchange.MustFixed
	p := newMarginOrder{
		Symbol: "BTCUSDT", Side: "BUY", Type: "LIMIT", TimeInForce: "GTC", Quantity: f("0.01"), Price: f("50000"), NewClientOrderID: "m-1", SideEffectType: "NO_SIDE_EFFECT",
	}
	a := sent[MarginOrderAck](x, epNewMarginOrder, p.query())
	x.same(p.echo(a))
	ref := OrderRef{OrderID: a.OrderID}
	asked[MarginOrder](x)(x.MarginOrder(ctx, "BTCUSDT", ref))
	some[MarginOrder](x)(x.MarginOpenOrders(ctx, "BTCUSDT"))
	if c := asked[MarginCancel](x)(x.CancelMarginOrder(ctx, "BTCUSDT", ref, "m-c")); c.OrigClientOrderID != "m-1" || c.ClientOrderID != "m-c" {
		x.t.Errorf("the cancel is %+v", c)
	}
	take := newMarginOrder{Symbol: "BTCUSDT", Side: "BUY", Type: "MARKET", Quantity: f("0.5"), NewClientOrderID: "m-2", NewOrderRespType: "FULL"}
	if a := sent[MarginOrderAck](x, epNewMarginOrder, take.query()); len(a.Fills) == 0 || take.echo(a) != nil {
		x.t.Errorf("the market order is %+v, %v", a, take.echo(a))
	}
	stop := newMarginOrder{Symbol: "BTCUSDT", Side: "SELL", Type: "STOP_LOSS_LIMIT", TimeInForce: "GTC", Quantity: f("0.1"), Price: f("54000"), StopPrice: f("55000"), NewClientOrderID: "m-3"}
	x.same(stop.echo(sent[MarginOrderAck](x, epNewMarginOrder, stop.query())))
	if o := asked[MarginOrder](x)(x.MarginOrder(ctx, "BTCUSDT", OrderRef{OrigClientOrderID: "m-3"})); o.StopPrice != f("55000") {
		x.t.Errorf("the stop is %+v", o)
	}
	some[MarginOrder](x)(x.MarginAllOrders(ctx, MarginAllOrdersQuery{Symbol: "BTCUSDT"}))
	some[MarginTrade](x)(x.MarginTrades(ctx, MarginTradesQuery{Symbol: "BTCUSDT"}))
	asked[Page[MarginForceOrder]](x)(x.MarginForceOrders(ctx, PageQuery{}))
}

func simOCO(ctx context.Context, x *exchangeOf) {
	f := exchange.MustFixed
	sent[MarginOrderAck](x, epNewMarginOrder, newMarginOrder{Symbol: "BTCUSDT", Side: "BUY", Type: "MARKET", Quantity: f("0.5")}.query())
	sent[MarginOrderAck](x, epNewMarginOrder, newMarginOrder{
		Symbol: "BTCUSDT", Side: "BUY", Type: "LIMIT", TimeInForce: "GTC", Quantity: f("0.01"), Price: f("50000"),
	}.query())
	oco := newMarginOCO{
		Symbol: "BTCUSDT", Side: "SELL", ListClientOrderID: "o-1", Quantity: f("0.1"), LimitClientOrderID: "o-1-l", Price: f("66000"),
		StopClientOrderID: "o-1-s", StopPrice: f("55000"), StopLimitPrice: f("54000"), StopLimitTimeInForce: "GTC", NewOrderRespType: "RESULT",
	}
	list := sent[OrderList](x, epNewMarginOCO, oco.query())
	x.same(oco.echo(list))
	asked[OrderList](x)(x.MarginOrderList(ctx, list.OrderListID, ""))
	some[OrderList](x)(x.MarginOpenOrderLists(ctx))
	asked[OrderList](x)(x.CancelMarginOrderList(ctx, CancelListQuery{Symbol: "BTCUSDT", OrderListID: list.OrderListID}))
	some[OrderList](x)(x.MarginAllOrderLists(ctx, AllOrderListsQuery{}))
	oco.ListClientOrderID, oco.LimitClientOrderID, oco.StopClientOrderID = "o-2", "o-2-l", "o-2-s"
	sent[OrderList](x, epNewMarginOCO, oco.query())
	lists, orders := 0, 0
	for _, c := range some[MarginCanceled](x)(x.CancelAllMarginOrders(ctx, "BTCUSDT")) {
		if c.OCO() {
			lists++
		} else {
			orders++
		}
	}
	if lists != 1 || orders != 1 {
		x.t.Errorf("%d lists and %d orders were cancelled", lists, orders)
	}
}

func simLoan(ctx context.Context, x *exchangeOf) {
	one := decimal.NewFromInt(1)
	sent[Transaction](x, epBorrow, assetAmount("BTC", one))
	x.pass(time.Minute)
	sent[Transaction](x, epRepay, assetAmount("BTC", decimal.RequireFromString("0.5")))
	sent[RepaidDebt](x, epRepayDebt, repayDebt{Asset: "BTC", Amount: decimal.RequireFromString("0.1"), SpecifyRepayAssets: "USDT"}.query())
	asked[Borrowable](x)(x.MaxBorrowable(ctx, "BTC"))
	asked[decimal.Decimal](x)(x.MaxWithdraw(ctx, "USDT"))
	some[Loan](x)(asked[Page[Loan]](x)(x.Loans(ctx, LoansQuery{Asset: "BTC"})).Rows, nil)
	some[Repayment](x)(asked[Page[Repayment]](x)(x.Repayments(ctx, LoansQuery{Asset: "BTC"})).Rows, nil)
	asked[Page[MarginInterest]](x)(x.MarginInterest(ctx, MarginInterestQuery{}))
}

func simAccount(ctx context.Context, x *exchangeOf) {
	x.same(x.Ping(ctx))
	asked[string](x)(x.NewListenKey(ctx))
	x.same(x.KeepListenKey(ctx))
	x.same(x.CloseListenKey(ctx))
	if a := asked[Account](x)(x.Account(ctx)); a.AccountStatus != "NORMAL" || !a.UniMMR.Equal(decimal.NewFromInt(exchange.UniMMRMax)) {
		x.t.Errorf("the account is %+v", a)
	}
	some[Balance](x)(x.Balances(ctx, ""))
	if b := some[Balance](x)(x.Balances(ctx, "BNB")); len(b) != 1 || b[0].Asset != "BNB" {
		x.t.Errorf("BNB is %+v", b)
	}
	some[OrderRateLimit](x)(x.OrderRateLimits(ctx))
	if l := sent[UMLeverage](x, epSetUMLeverage, leverageOf("BTCUSDT", 7)); l.Leverage != 7 || l.Symbol != "BTCUSDT" {
		x.t.Errorf("the leverage is %+v", l)
	}
	sent[CMLeverage](x, epSetCMLeverage, leverageOf("BTCUSD_PERP", 7))
	some[UMBrackets](x)(x.UMLeverageBrackets(ctx, "BTCUSDT"))
	some[CMBrackets](x)(x.CMLeverageBrackets(ctx, ""))
	asked[AccountConfig](x)(x.UMAccountConfig(ctx))
	some[SymbolConfig](x)(x.UMSymbolConfigs(ctx, ""))
	asked[CommissionRate](x)(x.UMCommissionRate(ctx, "BTCUSDT"))
	asked[CommissionRate](x)(x.CMCommissionRate(ctx, "BTCUSD_PERP"))
	sent[Message](x, epSetUMPositionMode, switchTo("dualSidePosition", true))
	if !asked[bool](x)(x.UMPositionMode(ctx)) || !asked[bool](x)(x.CMPositionMode(ctx)) {
		x.t.Error("hedge mode is not told")
	}
	// COIN-M has followed, so that it cannot be set to anything.
	if status, body := x.write(epSetCMPositionMode, switchTo("dualSidePosition", true)); status != http.StatusBadRequest {
		x.t.Errorf("the mode of COIN-M: HTTP %d %s", status, body)
	}
}

func simFunds(ctx context.Context, x *exchangeOf) {
	sent[Message](x, epSetFeeBurn, switchTo("feeBurn", true))
	if !asked[bool](x)(x.FeeBurn(ctx)) {
		x.t.Error("fee burn is not told")
	}
	sent[Message](x, epSetRepayFuturesSwitch, switchTo("autoRepay", false))
	if asked[bool](x)(x.RepayFuturesSwitch(ctx)) {
		x.t.Error("the switch is told as on")
	}
	sent[Message](x, epRepayFuturesNegativeBalance, new(query))
	x.pass(time.Minute) // the budget of the address
	sent[Message](x, epAssetCollection, texts("asset", "USDT"))
	sent[Message](x, epAutoCollection, new(query))
	sent[Transaction](x, epBNBTransfer, texts("amount", "1", "transferSide", "TO_UM"))
	window := Window{simStart, simStart + exchange.Time(time.Hour)}
	asked[[]NegativeBalanceInterest](x)(x.NegativeBalanceInterest(ctx, NegativeBalanceInterestQuery{}))
	asked[Page[NegativeBalanceExchange]](x)(x.NegativeBalanceExchanges(ctx, window))
	for _, file := range []struct {
		order func(context.Context, Window) (Download, error)
		link  func(context.Context, string) (DownloadLink, error)
	}{
		{x.NewUMOrderDownload, x.UMOrderDownload}, {x.NewUMTradeDownload, x.UMTradeDownload}, {x.NewUMIncomeDownload, x.UMIncomeDownload},
	} {
		d := asked[Download](x)(file.order(ctx, window))
		x.pass(time.Minute)
		asked[DownloadLink](x)(file.link(ctx, d.DownloadID))
	}
}

func simSAPI(ctx context.Context, x *exchangeOf) {
	if k := asked[KeyRestrictions](x)(x.KeyRestrictions(ctx)); !k.EnablePortfolioMarginTrading || k.EnableWithdrawals {
		x.t.Errorf("the key is %+v", k)
	}
	if a := asked[AccountInfo](x)(x.AccountInfo(ctx)); !a.IsPortfolioMarginRetailEnabled {
		x.t.Errorf("the account is %+v", a)
	}
	if a := asked[PortfolioAccount](x)(x.PortfolioAccount(ctx)); a.AccountType != "PM_2" {
		x.t.Errorf("the account is %+v", a)
	}
	some[CollateralRate](x)(x.CollateralRates(ctx))
	some[CollateralTiers](x)(x.CollateralTiers(ctx))
	some[AssetIndexPrice](x)(x.AssetIndexPrices(ctx, "BTC"))
	some[AssetLeverage](x)(x.MarginAssetLeverage(ctx))
	if asked[bool](x)(x.DeltaMode(ctx)) {
		x.t.Error("delta mode is told as on")
	}
	some[CrossMarginCoin](x)(x.CrossMarginData(ctx, ""))
	some[HourlyInterestRate](x)(x.NextHourlyInterestRates(ctx, "BTC", "USDT"))
	some[InterestRate](x)(x.InterestRateHistory(ctx, InterestRateQuery{Asset: "BTC"}))
	asked[Inventory](x)(x.AvailableInventory(ctx))
	asked[[]CapitalFlow](x)(x.CapitalFlow(ctx, CapitalFlowQuery{}))
}
