package papi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// tellTruth tells the whole reading as one event, behind all that it has brought to light.
func (o *owner) tellTruth(c *caughtUp) {
	told := o.reading(c)
	o.tr.event(0, c.truth.At).SetTruth(&told)
}

// reading is what was read in the words of the vocabulary. A word that nobody knows is zero,
// and the status of such an order Unknown.
func (o *owner) reading(c *caughtUp) exchange.Truth {
	t := c.truth
	told := exchange.Truth{At: t.At, Foreign: slices.Clone(c.unknown), Account: accountOf(&t.Account)}
	add := func(p exchange.Product, symbol, clientID string, l list, of func(*exchange.Order)) {
		in, err := o.config.Instruments.Find(p, symbol)
		if err != nil {
			if l == listOCO { // collect has told of all others
				told.Foreign = append(told.Foreign, fmt.Sprintf("OCO %s on %v %s", brief(clientID), p, brief(symbol)))
			}
			return
		}
		order := exchange.Order{ClientID: clientID, Request: exchange.OrderRequest{Inst: in.ID}}
		of(&order)
		if order.Request.Type == 0 {
			order.Request.Type = l.someType()
		}
		if order.Status == 0 {
			order.Status = exchange.StatusUnknown
		}
		told.Orders = append(told.Orders, exchange.TruthOrder{Order: order, Ours: o.ours(clientID)})
	}
	for i := range t.UMOrders {
		add(exchange.UM, t.UMOrders[i].Symbol, t.UMOrders[i].ClientOrderID, listUM, t.UMOrders[i].describe)
	}
	for i := range t.UMAlgoOrders {
		add(exchange.UM, t.UMAlgoOrders[i].Symbol, t.UMAlgoOrders[i].ClientAlgoID, listUMAlgo, t.UMAlgoOrders[i].describe)
	}
	for i := range t.CMOrders {
		add(exchange.CM, t.CMOrders[i].Symbol, t.CMOrders[i].ClientOrderID, listCM, t.CMOrders[i].describe)
	}
	for i := range t.CMConditional {
		add(exchange.CM, t.CMConditional[i].Symbol, t.CMConditional[i].NewClientStrategyID, listCMConditional, t.CMConditional[i].describe)
	}
	for i := range t.OrderLists {
		add(exchange.Margin, t.OrderLists[i].Symbol, t.OrderLists[i].ListClientOrderID, listOCO, func(d *exchange.Order) { t.OrderLists[i].describe(d, t.MarginOrders) })
	}
	for i := range t.MarginOrders {
		add(exchange.Margin, t.MarginOrders[i].Symbol, t.MarginOrders[i].ClientOrderID, listMargin, t.MarginOrders[i].describe)
	}
	o.readPositions(t, &told)
	told.Balances = balancesOf(t.Balances)
	return told
}

// ours says whether a client id begins as those of our orders do.
func (b *Broker) ours(clientID string) bool {
	return slices.ContainsFunc(b.config.Prefixes, func(p string) bool { return p != "" && strings.HasPrefix(clientID, p) })
}

func (o *owner) readPositions(t *Truth, told *exchange.Truth) {
	add := func(p exchange.Product, symbol string, side PositionSide, qty, entry decimal.Decimal) {
		in, err := o.config.Instruments.Find(p, symbol)
		leg, known := side.Known()
		switch {
		case qty.IsZero() || err != nil: // collect has told of one outside the table
		case !known:
			told.Foreign = append(told.Foreign, fmt.Sprintf("position of %v on %v %s, side %s", qty, p, brief(symbol), brief(string(side))))
		default:
			told.Positions = append(told.Positions, exchange.Position{Inst: in.ID, Side: leg, Qty: qty, Entry: entry})
		}
	}
	for i := range t.UMPositions {
		p := &t.UMPositions[i]
		add(exchange.UM, p.Symbol, p.PositionSide, p.PositionAmt, p.EntryPrice)
	}
	for i := range t.CMPositions {
		p := &t.CMPositions[i]
		add(exchange.CM, p.Symbol, p.PositionSide, p.PositionAmt, p.EntryPrice)
	}
}

// wallets are the amounts of an asset, by wallet.
func (b *Balance) wallets() [exchange.Wallets + 1]decimal.Decimal {
	return [exchange.Wallets + 1]decimal.Decimal{
		exchange.WalletMargin: b.CrossMarginFree.Add(b.CrossMarginLocked), exchange.WalletUM: b.UMWalletBalance,
		exchange.WalletCM: b.CMWalletBalance, exchange.WalletLoan: b.CrossMarginBorrowed, exchange.WalletInterest: b.CrossMarginInterest,
	}
}

func balancesOf(balances []Balance) []exchange.TruthBalance {
	var list []exchange.TruthBalance
	for i := range balances {
		for wallet, amount := range balances[i].wallets() {
			if !amount.IsZero() {
				list = append(list, exchange.TruthBalance{Asset: balances[i].Asset, Wallet: exchange.Wallet(wallet), Amount: amount})
			}
		}
	}
	return list
}

// accountOf is the account's value as the exchange sees it. A status that nobody knows is
// the worst that an account can trade in.
func accountOf(a *Account) exchange.Account {
	status, known := a.AccountStatus.Known()
	if !known {
		status = exchange.StatusReduceOnly
	}
	return exchange.Account{
		Equity: a.AccountEquity, ActualEquity: a.ActualEquity, OpenLoss: a.TotalMarginOpenLoss, MaintMargin: a.AccountMaintMargin,
		InitialMargin: a.AccountInitialMargin, Available: a.TotalAvailableBalance, UniMMR: a.UniMMR, Status: status,
	}
}

func (o *UMOrder) describe(d *exchange.Order) {
	r := &d.Request
	d.VenueID, d.Filled, d.Created, d.Updated = o.OrderID, o.ExecutedQty, o.Time, o.UpdateTime
	d.Status, _ = o.Status.Known()
	r.Side, _ = o.Side.Known()
	r.PositionSide, _ = o.PositionSide.Known()
	r.Type, _ = o.Type.Known()
	r.TimeInForce, _ = o.TimeInForce.Known()
	r.Qty, r.Price, r.ReduceOnly, r.GoodTill = o.OrigQty, o.Price, o.ReduceOnly, o.GoodTillDate
}

func (o *UMAlgoOrder) describe(d *exchange.Order) {
	r := &d.Request
	d.VenueID, d.Created, d.Updated = o.AlgoID, o.CreateTime, o.UpdateTime
	d.Status, _ = o.AlgoStatus.Known()
	r.Side, _ = o.Side.Known()
	r.PositionSide, _ = o.PositionSide.Known()
	r.Type, _ = o.OrderType.Known()
	r.TimeInForce, _ = o.TimeInForce.Known()
	r.Qty, r.Price, r.Trigger, r.ReduceOnly, r.GoodTill = o.Quantity, o.Price, o.TriggerPrice, o.ReduceOnly, o.GoodTillDate
	r.ClosePosition, r.PriceProtect = o.ClosePosition, o.PriceProtect
}

func (o *CMOrder) describe(d *exchange.Order) {
	r := &d.Request
	d.VenueID, d.Filled, d.Created, d.Updated = o.OrderID, o.ExecutedQty, o.Time, o.UpdateTime
	d.Status, _ = o.Status.Known()
	r.Side, _ = o.Side.Known()
	r.PositionSide, _ = o.PositionSide.Known()
	r.Type, _ = o.Type.Known()
	r.TimeInForce, _ = o.TimeInForce.Known()
	r.Qty, r.Price, r.ReduceOnly = o.OrigQty, o.Price, o.ReduceOnly
}

func (o *CMConditionalOrder) describe(d *exchange.Order) {
	r := &d.Request
	d.VenueID, d.Created, d.Updated = o.StrategyID, o.BookTime, o.UpdateTime
	d.Status, _ = o.StrategyStatus.Known()
	r.Side, _ = o.Side.Known()
	r.PositionSide, _ = o.PositionSide.Known()
	r.Type, _ = o.StrategyType.Known()
	r.TimeInForce, _ = o.TimeInForce.Known()
	r.Qty, r.Price, r.Trigger, r.ReduceOnly = o.OrigQty, o.Price, o.StopPrice, o.ReduceOnly
}

func (o *MarginOrder) describe(d *exchange.Order) {
	r := &d.Request
	d.VenueID, d.Filled, d.Created, d.Updated = o.OrderID, o.ExecutedQty, o.Time, o.UpdateTime
	d.Status, _ = o.Status.Known()
	r.Side, _ = o.Side.Known()
	var maker exchange.TimeInForce
	r.Type, maker, _ = o.Type.Known()
	if r.TimeInForce, _ = o.TimeInForce.Known(); maker != exchange.GTC {
		r.TimeInForce = maker
	}
	r.Qty, r.Price, r.Trigger, r.Iceberg = o.OrigQty, o.Price, o.StopPrice, o.IcebergQty
}

// describe tells of an OCO what its legs say: the list itself names them and no more.
func (l *OrderList) describe(d *exchange.Order, orders []MarginOrder) {
	d.VenueID, d.Status, d.Created, d.Updated = l.OrderListID, exchange.StatusWorking, l.TransactionTime, l.TransactionTime
	r := &d.Request
	for i := range orders {
		leg := &orders[i]
		if !slices.ContainsFunc(l.Orders, func(o OrderListLeg) bool { return o.ClientOrderID == leg.ClientOrderID }) {
			continue
		}
		var of exchange.Order
		leg.describe(&of)
		r.Side, r.Qty = of.Request.Side, of.Request.Qty
		if of.Request.Type.Conditional() {
			r.Trigger, r.StopPrice, r.TimeInForce = of.Request.Trigger, of.Request.Price, of.Request.TimeInForce
		} else {
			r.Price, r.Iceberg = of.Request.Price, of.Request.Iceberg
		}
	}
	r.Type = exchange.OCO
}
