package papi

import "github.com/pmbot/pmbot/exchange"

// What the answers of the exchange say of an order, as news. A status that nobody knows is
// 0, and the order is in doubt then.

func (o *UMOrderAck) news(inst exchange.InstrumentID) news {
	status, _ := o.Status.Known()
	return news{
		list: listUM, inst: inst, clientID: o.ClientOrderID, venueID: o.OrderID, status: status,
		price: o.Price, qty: o.OrigQty, filled: o.ExecutedQty, at: o.UpdateTime,
	}
}

func (o *UMOrder) news(inst exchange.InstrumentID) news {
	status, _ := o.Status.Known()
	return news{
		list: listUM, inst: inst, clientID: o.ClientOrderID, venueID: o.OrderID, status: status,
		price: o.Price, qty: o.OrigQty, filled: o.ExecutedQty, at: o.UpdateTime,
	}
}

func (o *UMAlgoOrder) news(inst exchange.InstrumentID) news {
	status, _ := o.AlgoStatus.Known()
	return news{
		list: listUMAlgo, inst: inst, clientID: o.ClientAlgoID, venueID: o.AlgoID, status: status,
		price: o.Price, qty: o.Quantity, at: o.UpdateTime, childID: o.ActualOrderID,
	}
}

func (o *CMOrderAck) news(inst exchange.InstrumentID) news {
	status, _ := o.Status.Known()
	return news{
		list: listCM, inst: inst, clientID: o.ClientOrderID, venueID: o.OrderID, status: status,
		price: o.Price, qty: o.OrigQty, filled: o.ExecutedQty, at: o.UpdateTime,
	}
}

func (o *CMOrder) news(inst exchange.InstrumentID) news {
	status, _ := o.Status.Known()
	return news{
		list: listCM, inst: inst, clientID: o.ClientOrderID, venueID: o.OrderID, status: status,
		price: o.Price, qty: o.OrigQty, filled: o.ExecutedQty, at: o.UpdateTime,
	}
}

func (o *CMConditionalOrder) news(inst exchange.InstrumentID) news {
	status, _ := o.StrategyStatus.Known()
	return news{
		list: listCMConditional, inst: inst, clientID: o.NewClientStrategyID, venueID: o.StrategyID, status: status,
		price: o.Price, qty: o.OrigQty, at: o.UpdateTime, childID: o.OrderID,
	}
}

func (o *MarginOrderAck) news(inst exchange.InstrumentID) news {
	status, _ := o.Status.Known()
	return news{
		list: listMargin, inst: inst, clientID: o.ClientOrderID, venueID: o.OrderID, status: status,
		price: o.Price, qty: o.OrigQty, filled: o.ExecutedQty, at: o.TransactTime,
	}
}

// news of a cancellation has no time.
func (o *MarginCancel) news(inst exchange.InstrumentID) news {
	status, _ := o.Status.Known()
	return news{
		list: listMargin, inst: inst, clientID: o.OrigClientOrderID, venueID: o.OrderID, status: status,
		price: o.Price, qty: o.OrigQty, filled: o.ExecutedQty,
	}
}

func (o *MarginOrder) news(inst exchange.InstrumentID) news {
	status, _ := o.Status.Known()
	return news{
		list: listMargin, inst: inst, clientID: o.ClientOrderID, venueID: o.OrderID, status: status,
		price: o.Price, qty: o.OrigQty, filled: o.ExecutedQty, at: o.UpdateTime,
	}
}

// news of an OCO and of its legs, so far as the answer reports them.
func (l *OrderList) news(inst exchange.InstrumentID) []news {
	list := news{list: listOCO, inst: inst, clientID: l.ListClientOrderID, venueID: l.OrderListID, status: exchange.StatusWorking, at: l.TransactionTime}
	all := []news{list}
	for i := range l.OrderReports {
		r := &l.OrderReports[i]
		status, _ := r.Status.Known()
		leg := news{
			list: listMargin, inst: inst, clientID: r.ClientOrderID, venueID: r.OrderID, status: status,
			price: r.Price, qty: r.OrigQty, filled: r.ExecutedQty, at: r.TransactTime,
		}
		if r.OrigClientOrderID != "" {
			leg.clientID = r.OrigClientOrderID
		}
		all = append(all, leg)
		all[0].qty = r.OrigQty
	}
	return all
}

// execution of a fill that a list of fills tells. Lists name the order by its number, so
// that the client id is to be found out.
func (t *UMTrade) execution(inst exchange.InstrumentID) (execution, error) {
	x := execution{inst: inst, at: t.Time, fill: exchange.Fill{
		VenueID: t.OrderID, TradeID: t.ID, Price: t.Price, Qty: t.Qty, Maker: t.Maker, Fee: t.Commission,
		FeeAsset: t.CommissionAsset, Realized: t.RealizedPnl,
	}}
	return x, x.read(string(t.Side), string(t.PositionSide))
}

func (t *CMTrade) execution(inst exchange.InstrumentID) (execution, error) {
	x := execution{inst: inst, at: t.Time, fill: exchange.Fill{
		VenueID: t.OrderID, TradeID: t.ID, Price: t.Price, Qty: t.Qty, Maker: t.Maker, Fee: t.Commission,
		FeeAsset: t.CommissionAsset, Realized: t.RealizedPnl,
	}}
	return x, x.read(string(t.Side), string(t.PositionSide))
}

func (t *MarginTrade) execution(inst exchange.InstrumentID) (execution, error) {
	side := "SELL"
	if t.IsBuyer {
		side = "BUY"
	}
	x := execution{inst: inst, at: t.Time, fill: exchange.Fill{
		VenueID: t.OrderID, TradeID: t.ID, Price: t.Price, Qty: t.Qty, Maker: t.IsMaker, Fee: t.Commission, FeeAsset: t.CommissionAsset,
	}}
	return x, x.read(side, "")
}
