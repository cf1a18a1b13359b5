package papi

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// TestSurveyIsTold: a day of trading and interest, and a rise by which a position comes first in
// the queue of deleveraging. What the broker tells of the day is what its stream has told, and a
// guard that has missed a booking notices. A cut of a collateral rate is told once.
func TestSurveyIsTold(t *testing.T) {
	over := func(d *trader) Config {
		d.survey = 5 * time.Minute
		transport := &simTransport{sim: d.sim}
		d.t.Cleanup(transport.wait.Wait)
		return testConfig(transport)
	}
	withSimOver(t, over, func(d *trader) {
		d.pass(35 * time.Minute) // the day of incomes begins
		l := d.guard.Limits()
		l.BorrowMaxUSD = decimal.New(1_000_000, 0)
		reload := exchange.Event{At: exchange.TimeOf(time.Now())}
		reload.SetReload(&exchange.Reload{Limits: l.JSON(), By: "test"})
		d.guard.Apply(&reload)
		d.client.SetEpoch(d.guard.Epoch())
		d.heardOfLoans()
		f := exchange.MustFixed
		for _, r := range []exchange.OrderRequest{
			{Inst: testUM, Side: exchange.Buy, Type: exchange.Market, Qty: f("0.1")},
			{Inst: testCM, Side: exchange.Sell, Type: exchange.Market, Qty: f("20")},
			{Inst: testMargin, Side: exchange.Buy, Type: exchange.Market, Qty: f("0.1")},
		} {
			d.submit(r)
			d.pass(time.Second)
		}
		if got := d.do(1, exchange.ActBorrow, "3000"); !strings.Contains(got, "DONE") {
			t.Error(got)
		}
		d.show(f("50000")) // deals with them
		d.pass(time.Second)
		d.show(f("60000"))
		d.pass(6 * time.Minute)
		cut := func(v *venue.Venue, at exchange.Time) error { return v.SetCollateralRate("BTC", f("0.9"), at) }
		if err := d.sim.Change(cut); err != nil {
			t.Fatal(err)
		}
		d.submit(exchange.OrderRequest{Inst: testUM, Side: exchange.Sell, Type: exchange.Market, Qty: f("0.05")})
		d.pass(time.Second)
		d.show(f("60000"))
		d.pass(25 * time.Hour)

		d.mu.Lock()
		defer d.mu.Unlock()
		places, days, rates := 0, []*exchange.Income{}, []exchange.Fixed{}
		for i := range d.events {
			if e := &d.events[i]; e.Kind == exchange.KindSurvey {
				if q := e.Survey().Queue; q != nil {
					places++
					if len(q.Places) == 1 && q.Places[0] != (exchange.Place{Inst: testUM, Side: exchange.Both, Quantile: 4}) {
						t.Errorf("places %+v", q.Places)
					}
				}
				for _, r := range e.Survey().Rates {
					if r.Asset == "BTC" {
						rates = append(rates, r.Rate)
					}
				}
				if e.Survey().Income != nil {
					days = append(days, e.Survey().Income)
				}
			}
		}
		if places < 20 || places > 40 || len(days) != 3 || days[2].From.String() != "2000-01-01T00:30:00Z" || len(days[2].Sums) < 4 {
			t.Errorf("%d times places, %d days, the last %+v", places, len(days), *days[len(days)-1])
		}
		if !slices.Equal(rates, []exchange.Fixed{f("0.95"), f("0.9")}) {
			t.Errorf("collateral rates of BTC are told as %v", rates)
		}
		if got := d.judged(nil); got != "" {
			t.Errorf("without cause: %s", got)
		}
		missed := func(e *exchange.Event) bool {
			return e.Kind == exchange.KindLedger && e.Ledger().Reason == exchange.ReasonRealizedPnL && e.Ledger().Delta.GreaterThan(decimal.New(100, 0))
		}
		if got := d.judged(missed); !strings.Contains(got, "USDT in UM is ") || !strings.Contains(got, "REALIZED_PNL") {
			t.Errorf("a profit that was missed: %q", got)
		}
	})
}

// judged lets a guard of the account hear of everything but what is missed, and is what its watch
// says of incomes at the end.
func (d *trader) judged(missed func(*exchange.Event) bool) string {
	g := newSimGuard(d.t, d.broker.config.Instruments)
	tell := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: d.events[0].At, Inst: inst}
		set(&e)
		g.Apply(&e)
	}
	for _, asset := range []string{"BTC", "USDT"} {
		price := exchange.FixedOne
		if asset == "BTC" {
			price = d.price
		}
		tell(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: price}) })
	}
	for _, inst := range []exchange.InstrumentID{testUM, testCM} {
		tell(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: d.price}) })
	}
	tell(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active}) })
	said := ""
	for i := range d.events {
		e := d.events[i]
		if e.Kind == exchange.KindTruth || e.Kind == exchange.KindOrderUpdate || missed != nil && missed(&e) {
			continue
		}
		g.Apply(&e)
		for _, found := range g.Watch(e.At, nil) {
			g.Apply(&found)
			if found.Kind == exchange.KindAlert && found.Alert().Control == "income" && !found.Alert().Over {
				said = found.Alert().Value
			}
		}
	}
	return said
}
