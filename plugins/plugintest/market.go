package plugintest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Instruments are a UM and a CM perpetual of bitcoin, which [Market] trades as 1 and 2.
func Instruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	ins, err := exchange.NewInstruments(
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Tick: 10_000_000, ContractSize: exchange.FixedOne, OrderTypes: []exchange.OrderType{exchange.Limit}},
		exchange.Instrument{Product: exchange.CM, Symbol: "BTCUSD_PERP", ContractSize: 100 * exchange.FixedOne})
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// Market makes n events of all kinds that strategies are given, in no order that a market
// has. What concerns one account is strategy 3's.
func Market(rng *rand.Rand, n int) []exchange.Event {
	events := make([]exchange.Event, n)
	at := exchange.Time(1_767_225_600e9)
	for i := range events {
		e := &events[i]
		at += exchange.Time(rng.IntN(3))
		*e = exchange.Event{Seq: uint64(i + 1), At: at, Exchange: at - 5, Inst: exchange.InstrumentID(1 + rng.IntN(2))}
		price := exchange.Fixed(60_000e8 + rng.Int64N(1e8))
		switch k := rng.IntN(40); {
		case k < 15:
			e.SetTrade(exchange.Trade{Price: price, Qty: 5, ID: int64(i), BuyerMaker: k%2 == 0})
		case k < 20:
			e.SetBookTicker(exchange.BookTicker{Bid: price, BidQty: 1, Ask: price + 1, AskQty: exchange.Fixed(i)})
		case k < 24:
			e.SetMark(exchange.Mark{Price: price, Index: price - 7, Rate: -3, NextFunding: at + 1})
		case k < 26:
			e.SetFunding(exchange.Funding{Rate: exchange.Fixed(k), Interval: 8 * time.Hour, Special: k == 25})
		case k < 31:
			e.SetBar(&exchange.Bar{
				Start: at, Interval: time.Minute, Open: price, High: price + 9, Low: price - 9, Close: price + 1,
				Volume: exchange.WideFromWords(int64(i), rng.Uint64()), Trades: 4,
			})
		case k < 34:
			side := exchange.Side(1 + rng.IntN(2))
			e.SetFill(&exchange.Fill{
				Order: 5, Strategy: 3, Ref: uint64(i), Side: side, Price: price, Qty: exchange.Fixed(rng.Int64N(4)) * 5e7, Fee: decimal.New(int64(i), -8),
				PositionSide: exchange.PositionSide(rng.IntN(3)),
			})
		case k < 35:
			e.SetOrderUpdate(&exchange.OrderUpdate{ID: exchange.OrderID(i % 7), Strategy: 3, Ref: uint64(rng.IntN(30)), Status: exchange.OrderStatus(1 + i%14), Price: price})
		case k < 36 && i%2 == 0:
			e.SetTask(&exchange.TaskUpdate{
				Strategy: 3, Ref: uint64(1 + rng.IntN(30)), Kind: exchange.TaskPair, Status: exchange.TaskStatus(1 + rng.IntN(6)), Inst: e.Inst, Hedge: 3 - e.Inst,
				Coins: decimal.New(int64(i), -3), Lead: decimal.New(int64(i), -4), Hedged: decimal.New(-int64(i), -4), Reason: "test",
			})
		case k < 36:
			e.SetRefusal(&exchange.Refusal{Intent: exchange.Intent{Kind: exchange.IntentNew, Strategy: 3, Ref: uint64(1 + rng.IntN(20))}, Rule: "price-collar", Limit: "1%", Value: "2%"})
		case k < 37:
			e.SetTimer(&exchange.Timer{Strategy: 3, ID: uint64(i), Due: at})
		case k < 38:
			id := exchange.StrategyID(0)
			if i%3 == 0 {
				id = exchange.StrategyID(rng.IntN(2) * 3)
			}
			e.SetState(&exchange.StateChange{Inst: exchange.InstrumentID(i % 3), Strategy: id, State: exchange.TradingState(i % 3), Effective: exchange.TradingState(i / 3 % 3), Reason: "test"})
		case k < 39:
			e.SetAccount(&exchange.Account{Equity: decimal.New(int64(i)*10, -2), Status: exchange.StatusNormal})
		default:
			e.SetLedger(&exchange.LedgerEntry{Asset: "BTC", Wallet: exchange.Wallet(1 + i%5), Balance: decimal.New(int64(i), -3)})
		}
	}
	return events
}

// LiveMarket is Market without timers: a live strategy is given those that it has asked for.
func LiveMarket(rng *rand.Rand, n int) []exchange.Event {
	events := Market(rng, n)
	for i := range events {
		if events[i].Kind == exchange.KindTimer {
			events[i].SetLedger(&exchange.LedgerEntry{Asset: "BTC", Wallet: exchange.WalletUM})
		}
	}
	return events
}
