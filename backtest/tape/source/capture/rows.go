package capture

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
)

// take makes rows of a frame. passed names what gives none.
func (r *reader) take(f *frame.Frame) (passed string, err error) {
	switch f.Kind {
	case frame.KindReply:
		if f.Reply.Failed {
			return "error reply", nil
		}
		return "reply", nil
	case frame.KindIndexPrice:
		return "indexPriceUpdate", nil
	case frame.KindOther, frame.KindAssetIndex, frame.KindContractInfo:
		r.noted(f)
		return otherName(f), nil
	case frame.KindBar:
		if !f.Bar.Closed {
			return "kline not closed", nil
		}
		if row.IntervalName(f.Bar.Interval) == "" {
			return "kline_" + string(f.Bar.Name), nil
		}
	}
	symbol, err := r.origin.symbolOf(f, r.lines.Number)
	if err != nil {
		return "", err
	}
	product, err := r.origin.productOf(f, symbol)
	if err != nil {
		return "", err
	}
	switch f.Kind {
	case frame.KindTrade, frame.KindAggTrade:
		return "", r.takeTrade(f, product, symbol)
	case frame.KindBookTicker:
		return "", r.takeTicker(f, product, symbol)
	case frame.KindDepth, frame.KindPartialDepth, frame.KindSnapshot:
		return "", r.takeDepth(f, product, symbol)
	case frame.KindMark:
		return "", r.takeMark(f, product, symbol)
	case frame.KindBar:
		return "", r.takeBar(f, product, symbol)
	case frame.KindLiquidation:
		return "", r.takeLiquidation(f, product, symbol)
	}
	return f.Kind.String(), nil
}

// tradeTypes are the row's words for the exchange's. What the exchange may name one day
// counts as a market trade.
var tradeTypes = [...]int64{
	frame.TradeUnknown: row.TradeMarket, frame.TradeMarket: row.TradeMarket, frame.TradeInsuranceFund: row.TradeInsuranceFund,
	frame.TradeADL: row.TradeADL, frame.TradeNA: row.TradeVoid,
}

func (r *reader) takeTrade(f *frame.Frame, product exchange.Product, symbol []byte) error {
	t := &f.Trade
	one := row.Trade{
		Time: row.MicrosOf(f.Time), Event: row.MicrosOf(f.Event), Local: r.line.local, ID: t.ID, Price: t.Price, Qty: t.Qty,
		BuyerMaker: t.BuyerMaker, Type: row.TradeMarket,
	}
	kind := row.Trades
	if f.Kind == frame.KindAggTrade {
		kind, one.First, one.Last = row.AggTrades, t.First, t.Last
	} else {
		one.Type = tradeTypes[f.TradeType]
	}
	p, err := r.trades.of(r, kind, 0, product, symbol)
	if err == nil {
		err = p.add(r, one, t.Price, t.Qty)
	}
	return err
}

// takeTicker dates a ticker without times, as spot's are, by the recorder's clock.
func (r *reader) takeTicker(f *frame.Frame, product exchange.Product, symbol []byte) error {
	t := &f.BookTicker
	p, err := r.tickers.of(r, row.BookTicker, 0, product, symbol)
	if err == nil {
		err = p.add(r, row.Ticker{
			Time: row.MicrosOf(r.when(f)), Event: row.MicrosOf(f.Event), Local: r.line.local, ID: t.UpdateID,
			Bid: t.Bid, BidQty: t.BidQty, Ask: t.Ask, AskQty: t.AskQty,
		}, t.Bid, t.BidQty, t.Ask, t.AskQty)
	}
	return err
}

// when is the instant of a state: the matching engine's, else that of sending, else the
// recorder's.
func (r *reader) when(f *frame.Frame) exchange.Time {
	switch {
	case f.Time != 0:
		return f.Time
	case f.Event != 0:
		return f.Event
	}
	return r.line.local
}

// takeDepth makes a piece of a book: a row a level, bids first.
func (r *reader) takeDepth(f *frame.Frame, product exchange.Product, symbol []byte) error {
	kind := row.Depth
	if f.Kind == frame.KindPartialDepth {
		kind = row.PartialDepth // its snapshots are not of whole books
	}
	p, err := r.levels.of(r, kind, 0, product, symbol)
	if err != nil {
		return err
	}
	one := row.Level{
		Time: row.MicrosOf(r.when(f)), Event: row.MicrosOf(f.Event), Local: r.line.local,
		Last: f.Depth.Last, Snapshot: f.Depth.Snapshot, Begins: true,
	}
	if !f.Depth.Snapshot {
		one.First, one.Prev = f.Depth.First, f.Depth.Prev
		if f.Time == 0 && f.Event == 0 {
			return &row.Fault{Column: "time", Err: errTime}
		}
	}
	if len(f.Depth.Bids)+len(f.Depth.Asks) == 0 {
		return p.add(r, one)
	}
	for _, side := range [...]struct {
		of     int64
		levels []exchange.Level
	}{{row.Bid, f.Depth.Bids}, {row.Ask, f.Depth.Asks}} {
		one.Side = side.of
		for i := range side.levels {
			one.Price, one.Qty = side.levels[i].Price, side.levels[i].Qty
			if err := p.add(r, one, one.Price, one.Qty); err != nil {
				return err
			}
			one.Begins = false
		}
	}
	return nil
}

func (r *reader) takeMark(f *frame.Frame, product exchange.Product, symbol []byte) error {
	m := &f.Mark
	p, err := r.marks.of(r, row.MarkPrice, 0, product, symbol)
	if err == nil {
		err = p.add(r, row.Mark{
			Time: row.MicrosOf(f.Event), Local: r.line.local, Price: m.Price, Average: m.Average, Index: m.Index, Settle: m.Settle,
			Rate: m.Rate, Next: row.MicrosOf(m.NextFunding),
		}, m.Price, m.Average, m.Index, m.Settle, m.Rate)
	}
	return err
}

func (r *reader) takeBar(f *frame.Frame, product exchange.Product, symbol []byte) error {
	b := &f.Bar
	for _, v := range [...]exchange.Wide{b.Volume, b.QuoteVolume, b.TakerBuy, b.TakerBuyQuote} {
		if !row.WideFits(v) {
			return &row.Fault{Column: "volume", Err: fmt.Errorf("%v is too large for a tape", v)}
		}
	}
	p, err := r.bars.of(r, row.Klines, b.Interval, product, symbol)
	if err == nil {
		err = p.add(r, row.Bar{
			Start: row.MicrosOf(b.Start), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close,
			Volume: row.WideOf(b.Volume), QuoteVolume: row.WideOf(b.QuoteVolume), TakerBuy: row.WideOf(b.TakerBuy),
			TakerBuyQuote: row.WideOf(b.TakerBuyQuote), Trades: b.Trades,
		}, b.Open, b.High, b.Low, b.Close)
	}
	return err
}

func (r *reader) takeLiquidation(f *frame.Frame, product exchange.Product, symbol []byte) error {
	l := &f.Liquidation
	order, err := exchange.ParseOrderType(string(l.Type))
	if err != nil {
		return &row.Fault{Column: "order_type", Err: err}
	}
	force, err := exchange.ParseTimeInForce(string(l.TimeInForce))
	if err != nil {
		return &row.Fault{Column: "time_in_force", Err: err}
	}
	status := slices.Index(row.LiquidationStatuses[:], string(l.Status))
	if status < 0 {
		return &row.Fault{Column: "status", Err: fmt.Errorf("%q is none of %v", l.Status, row.LiquidationStatuses)}
	}
	p, err := r.liquidations.of(r, row.LiquidationSnapshot, 0, product, symbol)
	if err == nil {
		err = p.add(r, row.Liquidation{
			Time: row.MicrosOf(f.Time), Event: row.MicrosOf(f.Event), Local: r.line.local, Side: int64(l.Side),
			Price: l.Price, Average: l.Average, Qty: l.Qty, LastQty: l.Last, Filled: l.Filled,
			Type: int64(order), TimeInForce: int64(force), Status: int64(status),
		}, l.Price, l.Average, l.Qty, l.Last, l.Filled)
	}
	return err
}
