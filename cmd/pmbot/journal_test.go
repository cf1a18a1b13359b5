package main

import (
	"slices"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
)

// journalBegins is when the journal of the scripts begins.
const journalBegins = exchange.Time(1_795_420_800_000_000_000) // 2026-11-23T08:00:00Z

// storyOf are the events of the scripts' journal: a start, market data, an order that is
// approved, works and is filled, one that is refused, and a halt.
func storyOf() []journal.Record {
	order := exchange.OrderRequest{Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.MustFixed("0.5"), Price: exchange.MustFixed("62909.9")}
	wish := exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: 1, Request: order, Tag: "open long"}
	large := wish
	large.Ref, large.Request.Qty = 2, exchange.MustFixed("500")
	var list []journal.Record
	add := func(inst exchange.InstrumentID, set func(*exchange.Event), d *exchange.Decision) {
		at := journalBegins + exchange.Time(len(list))*exchange.Time(time.Second)
		e := exchange.Event{Seq: uint64(len(list) + 1), At: at, Exchange: at - 5_000_000, Inst: inst}
		set(&e)
		list = append(list, journal.Record{Event: e, Decision: d})
	}
	add(0, func(e *exchange.Event) {
		e.SetStart(&exchange.Start{Prefix: "pmb-a1", Version: "1.2.3", Mode: "live"})
		e.Exchange = 0
	}, nil)
	add(1, func(e *exchange.Event) {
		e.SetBookTicker(exchange.BookTicker{Bid: 6290990000000, Ask: 6291000000000, BidQty: 100000000, AskQty: 200000000, UpdateID: 9})
	}, nil)
	add(1, func(e *exchange.Event) {
		e.SetTrade(exchange.Trade{Price: 6290990000000, Qty: 50000000, ID: 4, First: 7, Last: 8, BuyerMaker: true})
	}, nil)
	add(1, func(e *exchange.Event) { e.SetIntent(&wish) }, &exchange.Decision{
		Order: exchange.Order{ID: 17, Strategy: 1, Ref: 1, Request: order, Status: exchange.StatusPendingNew, ClientID: "pmb-a1-1-17", Created: journalBegins},
	})
	add(1, func(e *exchange.Event) {
		e.SetOrderUpdate(&exchange.OrderUpdate{ClientID: "pmb-a1-1-17", VenueID: 88, Status: exchange.StatusWorking, Price: order.Price, Qty: order.Qty})
	}, nil)
	add(1, func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Order: 17, Strategy: 1, Ref: 1, ClientID: "pmb-a1-1-17", TradeID: 5, Side: exchange.Buy, Price: order.Price, Qty: order.Qty, Maker: true,
			Fee: decimal.RequireFromString("6.29"), FeeAsset: "USDT"})
	}, nil)
	add(1, func(e *exchange.Event) { e.SetIntent(&large) }, &exchange.Decision{
		Refusal: &exchange.Refusal{Intent: large, Rule: "order-notional", Limit: "100000 USD", Value: "31454950 USD", Passes: "1.589 BTC"},
	})
	add(2, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: 6290000000000}) }, nil)
	add(0, func(e *exchange.Event) {
		e.SetState(&exchange.StateChange{State: exchange.Halted, Cause: exchange.CauseOperator, Reason: "lunch", By: "ann"})
		e.Exchange = 0
	}, nil)
	return list
}

// writeJournal writes a journal with two closed segments and one that was left open:
// "journal directory".
func writeJournal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: journal directory")
	}
	c := journal.Config{
		Dir: ts.MkAbs(args[0]), Clock: func() exchange.Time { return journalBegins },
		Header: journal.Header{Version: "1.2.3", Config: "c0ffee", Prefix: "pmb-a1", Mode: "live", Account: "main", Instruments: []exchange.Instrument{
			{ID: 1, Product: exchange.UM, Symbol: "BTCUSDT", Tick: 10_000_000, Lot: exchange.Lot{Step: 100_000}},
			{ID: 2, Product: exchange.CM, Symbol: "BTCUSD_PERP", Tick: 10_000_000},
		}},
	}
	w, err := journal.Open(c)
	ts.Check(err)
	for part := range slices.Chunk(storyOf(), 4) {
		ts.Check(w.Rotate([]byte("the kernel's state")))
		for i := range part {
			ts.Check(w.Append(&part[i].Event, part[i].Decision))
		}
		ts.Check(w.Flush())
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{"ID": "id", "ClientID": "client_id", "UniMMR": "uni_mmr", "FeeAsset": "fee_asset", "STP": "stp", "Qty": "qty"} {
		if got := snake(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
