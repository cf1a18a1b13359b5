package export

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Headers of Binance's archives.
const (
	aggTradeHeader    = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
	tradeHeader       = "id,price,qty,quote_qty,time,is_buyer_maker"
	coinTradeHeader   = "id,price,qty,base_qty,time,is_buyer_maker"
	barHeader         = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
	tickerHeader      = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
	bucketHeader      = "timestamp,percentage,depth,notional"
	fundingHeader     = "calc_time,funding_interval_hours,last_funding_rate"
	metricHeader      = "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
	liquidationHeader = "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,accumulated_fill_quantity"
)

// line collects the lines of an archive. Each field ends with a comma. The first that the
// layout cannot hold puts the reason in err.
type line struct {
	b   []byte
	key row.Key
	// unit is what times count, in microseconds.
	unit row.Micros
	// contract is the USD value of a CM contract.
	contract exchange.Fixed
	err      error
}

func (l *line) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("%w: %w", ErrLayout, fmt.Errorf(format, args...))
	}
}

func (l *line) text(s string) { l.b = append(append(l.b, s...), ',') }

func (l *line) integer(v int64) { l.b = append(strconv.AppendInt(l.b, v, 10), ',') }

func (l *line) fixed(v exchange.Fixed) { l.b = append(v.Append(l.b), ',') }

func (l *line) wide(v *row.Wide) { l.b = append(v.Value().Append(l.b), ',') }

// ratio leaves a ratio that is not known empty, as archives do.
func (l *line) ratio(v exchange.Fixed) {
	if v != 0 {
		l.b = v.Append(l.b)
	}
	l.b = append(l.b, ',')
}

// time writes a time since 1970 and leaves one that is not known empty.
func (l *line) time(t row.Micros) {
	if t%l.unit != 0 {
		l.fail("%v has microseconds, and this archive counts milliseconds; layout csv holds them", t)
	}
	if t != 0 {
		l.b = strconv.AppendInt(l.b, int64(t/l.unit), 10)
	}
	l.b = append(l.b, ',')
}

// clock writes a time as date and time of day.
func (l *line) clock(t row.Micros) {
	if t%1_000_000 != 0 {
		l.fail("%v has a fraction of a second, and this archive counts seconds; layout csv holds it", t)
	}
	l.b = append(t.Time().UTC().AppendFormat(l.b, time.DateTime), ',')
}

// truth writes a boolean as archives of futures do, spotTruth as those of spot do.
func (l *line) truth(v bool) { l.b = append(strconv.AppendBool(l.b, v), ',') }

func (l *line) spotTruth(v bool) {
	if v {
		l.text("True")
	} else {
		l.text("False")
	}
}

// isMarketTrade says whether a trade is one that archives hold.
func isMarketTrade(r *row.Trade) bool { return r.Type == row.TradeMarket }

func (l *line) aggTrade(r *row.Trade) {
	l.integer(r.ID)
	l.fixed(r.Price)
	l.fixed(r.Qty)
	l.integer(r.First)
	l.integer(r.Last)
	l.time(r.Time)
}

func aggTradeLine(l *line, r *row.Trade) {
	l.aggTrade(r)
	l.truth(r.BuyerMaker)
}

// spotAggTradeLine ends with "was the trade the best price match", a column that is true
// of every trade since 2017 and that a tape does not keep.
func spotAggTradeLine(l *line, r *row.Trade) {
	l.aggTrade(r)
	l.spotTruth(r.BuyerMaker)
	l.spotTruth(true)
}

func (l *line) trade(r *row.Trade) {
	l.integer(r.ID)
	l.fixed(r.Price)
	l.fixed(r.Qty)
	l.text(r.Price.Decimal().Mul(r.Qty.Decimal()).String())
	l.time(r.Time)
}

func tradeLine(l *line, r *row.Trade) {
	l.trade(r)
	l.truth(r.BuyerMaker)
}

func spotTradeLine(l *line, r *row.Trade) {
	l.trade(r)
	l.spotTruth(r.BuyerMaker)
	l.spotTruth(true)
}

// coinTradeLine has the quantity in coins, contracts x contract size / price, to 8 places,
// halves away from zero: 1 contract of 100 USD at 9635 is 0.01037883.
func coinTradeLine(l *line, r *row.Trade) {
	l.integer(r.ID)
	l.fixed(r.Price)
	l.fixed(r.Qty)
	l.text(r.Qty.Decimal().Mul(l.contract.Decimal()).DivRound(r.Price.Decimal(), exchange.FixedPlaces).String())
	l.time(r.Time)
	l.truth(r.BuyerMaker)
}

func barLine(l *line, r *row.Bar) {
	l.time(r.Start)
	l.fixed(r.Open)
	l.fixed(r.High)
	l.fixed(r.Low)
	l.fixed(r.Close)
	l.wide(&r.Volume)
	l.time(r.Start + row.Micros(l.key.Interval/time.Microsecond) - l.unit)
	l.wide(&r.QuoteVolume)
	l.integer(r.Trades)
	l.wide(&r.TakerBuy)
	l.wide(&r.TakerBuyQuote)
	l.integer(0)
}

func tickerLine(l *line, r *row.Ticker) {
	l.integer(r.ID)
	l.fixed(r.Bid)
	l.fixed(r.BidQty)
	l.fixed(r.Ask)
	l.fixed(r.AskQty)
	l.time(r.Time)
	l.time(r.Event)
}

func bucketLine(l *line, r *row.Bucket) {
	l.clock(r.Time)
	l.fixed(r.Percent)
	l.wide(&r.Depth)
	l.wide(&r.Notional)
}

func fundingLine(l *line, r *row.Funding) {
	l.time(r.Time)
	l.integer(r.Hours)
	l.fixed(r.Rate)
}

func metricLine(l *line, r *row.Metric) {
	l.clock(r.Time)
	l.text(l.key.Symbol)
	l.wide(&r.OpenInterest)
	l.wide(&r.OpenInterestValue)
	l.ratio(r.TopCount)
	l.ratio(r.TopSum)
	l.ratio(r.Count)
	l.ratio(r.TakerVolume)
}

func liquidationLine(l *line, r *row.Liquidation) {
	kind, force := exchange.OrderType(r.Type), exchange.TimeInForce(r.TimeInForce)
	if _, err := exchange.ParseOrderType(kind.String()); err != nil {
		l.fail("order_type %d has no name", r.Type)
	}
	if _, err := exchange.ParseTimeInForce(force.String()); err != nil {
		l.fail("time_in_force %d has no name", r.TimeInForce)
	}
	l.time(r.Time)
	l.text(exchange.Side(r.Side).String())
	l.text(kind.String())
	l.text(force.String())
	l.fixed(r.Qty)
	l.fixed(r.Price)
	l.fixed(r.Average)
	l.text(row.LiquidationStatuses[r.Status])
	l.fixed(r.LastQty)
	l.fixed(r.Filled)
}
