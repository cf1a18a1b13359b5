package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// reader is a client of the exchange that only looks.
func (s *survival) reader() *papi.Client {
	s.t.Helper()
	base := s.sim.address("all", "http")
	c, err := papi.New(papi.Config{Key: papi.NewSecret(simKeyID), Secret: papi.NewSecret(simSecret), PAPI: base, SAPI: base, FAPI: base})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// agree stops the bot for a moment and holds orders and positions of both sides against each
// other. An order in doubt may be on either side: the bot has said that it does not know.
func (s *survival) agree() {
	s.t.Helper()
	s.quiet()
	s.act("halt", monitor.Halt{Who: theTest})
	defer s.act("resume", monitor.Resume{Who: theTest})
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	c := s.reader()
	why := ""
	for began := time.Now(); time.Since(began) < patience; pause(20 * time.Millisecond) {
		if why = s.differs(ctx, c); why == "" {
			return
		}
	}
	s.t.Fatalf("after %d starts bot and exchange do not agree: %s", s.starts, why)
}

// differs says what is not the same on both sides, "" for nothing.
func (s *survival) differs(ctx context.Context, c *papi.Client) string {
	theirs, err := openOrders(ctx, c)
	if err != nil {
		return err.Error()
	}
	held, err := positions(ctx, c)
	if err != nil {
		return err.Error()
	}
	var ours monitor.Orders
	var have monitor.Positions
	if err := errors.Join(s.get("orders", &ours), s.get("positions", &have)); err != nil {
		return err.Error()
	}
	var diff []string
	known := map[string]bool{}
	for _, o := range ours.Orders {
		known[o.ClientID] = true
		legs, _ := exchange.OCOLegs(o.ClientID)
		switch {
		case o.State == "UNKNOWN" || o.State == "TRIGGERING" || o.State == "TRIGGERED":
		case o.Type == "OCO" && theirs[legs]:
		case !theirs[o.ClientID]:
			diff = append(diff, fmt.Sprintf("the bot has %s %s %s as %s, the exchange has not", o.ClientID, o.Symbol, o.Type, o.State))
		}
	}
	for id := range theirs {
		if !known[id] {
			diff = append(diff, "the exchange has "+id+", the bot has not")
		}
	}
	sums := map[string]decimal.Decimal{}
	for _, p := range have.Positions {
		sum := decimal.Zero
		for _, h := range p.Holders {
			sum = sum.Add(h.Qty)
		}
		if !sum.Equal(p.Qty) {
			diff = append(diff, fmt.Sprintf("%s: %v is held, the fills come to %v", p.Symbol, p.Qty, sum))
		}
		sums[p.Symbol] = p.Qty
	}
	for _, symbol := range []string{"UM:BTCUSDT", "CM:BTCUSD_PERP"} {
		if !sums[symbol].Equal(held[symbol]) {
			diff = append(diff, fmt.Sprintf("%s: the bot holds %v, the exchange says %v", symbol, sums[symbol], held[symbol]))
		}
	}
	slices.Sort(diff)
	return strings.Join(diff, "; ")
}

// openOrders are the client ids of all open orders, over all lists.
func openOrders(ctx context.Context, c *papi.Client) (map[string]bool, error) {
	ids := map[string]bool{}
	um, err := c.UMOpenOrders(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, o := range um {
		ids[o.ClientOrderID] = true
	}
	algo, err := c.UMOpenAlgoOrders(ctx, papi.UMOpenAlgoOrdersQuery{})
	if err != nil {
		return nil, err
	}
	for _, o := range algo {
		ids[o.ClientAlgoID] = true
	}
	cm, err := c.CMOpenOrders(ctx, "", "")
	if err != nil {
		return nil, err
	}
	for _, o := range cm {
		ids[o.ClientOrderID] = true
	}
	conditional, err := c.CMOpenConditionalOrders(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, o := range conditional {
		ids[o.NewClientStrategyID] = true
	}
	spot, err := c.MarginOpenOrders(ctx, "BTCUSDT")
	if err != nil {
		return nil, err
	}
	for _, o := range spot {
		ids[o.ClientOrderID] = true
	}
	return ids, nil
}

// positions are those of the exchange, by symbol.
func positions(ctx context.Context, c *papi.Client) (map[string]decimal.Decimal, error) {
	held := map[string]decimal.Decimal{}
	um, err := c.UMPositions(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, p := range um {
		held["UM:"+p.Symbol] = p.PositionAmt
	}
	cm, err := c.CMPositions(ctx, "", "")
	if err != nil {
		return nil, err
	}
	for _, p := range cm {
		held["CM:"+p.Symbol] = p.PositionAmt
	}
	return held, nil
}

// dealt is an execution, told apart as Binance does it.
type dealt struct {
	symbol string
	trade  int64
	order  int64
}

// audit replays the whole journal, and holds it against the exchange's whole history: the same
// fills, once each, whose sum is the position; and every order of the exchange was approved,
// once.
func (s *survival) audit() {
	s.t.Helper()
	dir := filepath.Join(s.dir, "main", "journal")
	runPmbot(s.t, nil, "journal", "verify", "--dir", dir, "--quiet")
	runPmbot(s.t, nil, "journal", "replay", "--dir", dir, "-c", filepath.Join(s.dir, "bot.toml"), "--quiet")
	fills, orders := s.journaled()
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Minute)
	defer cancel()
	c := s.reader()
	theirs, err := executions(ctx, c)
	if err != nil {
		s.t.Fatal(err)
	}
	lost, invented, selves := 0, 0, 0
	for d := range theirs {
		if _, ok := fills[d]; !ok {
			if lost++; lost < 5 {
				s.t.Errorf("fill %+v is not in the journal", d)
			}
		}
	}
	trades := map[dealt]int{}
	sums := map[string]decimal.Decimal{}
	for d, qty := range fills {
		if their, ok := theirs[d]; !ok || !their.Equal(qty) {
			if invented++; invented < 5 {
				s.t.Errorf("fill %+v of %v is %v at the exchange", d, qty, their)
			}
		}
		sums[d.symbol] = sums[d.symbol].Add(qty)
		if trades[dealt{symbol: d.symbol, trade: d.trade}]++; trades[dealt{symbol: d.symbol, trade: d.trade}] == 2 {
			selves++
		}
	}
	held, err := positions(ctx, c)
	if err != nil {
		s.t.Fatal(err)
	}
	for symbol, at := range held {
		if !sums[symbol].Equal(at) {
			s.t.Errorf("%s: the fills come to %v, the exchange says %v", symbol, sums[symbol], at)
		}
	}
	sent, err := s.sent(ctx, c)
	if err != nil {
		s.t.Fatal(err)
	}
	for id, n := range sent {
		if n > 1 || orders[id] != 1 {
			s.t.Errorf("order %s: %d at the exchange, %d approvals in the journal", id, n, orders[id])
		}
	}
	left, err := openOrders(ctx, c)
	if err != nil || len(left) > 0 {
		s.t.Errorf("%v, %d orders are left open", err, len(left))
	}
	s.t.Logf("%d fills on both sides, %d trades with ourselves; %d orders approved, of which %d reached the exchange, each once", len(theirs), selves, len(orders), len(sent))
}

// journaled are the fills of futures in the journal with their signed quantities, and how often
// each client id was approved.
func (s *survival) journaled() (map[dealt]decimal.Decimal, map[string]int) {
	s.t.Helper()
	r, err := journal.Read(filepath.Join(s.dir, "main", "journal"), 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	fills, orders := map[dealt]decimal.Decimal{}, map[string]int{}
	var rec journal.Record
	for {
		if err := r.Next(&rec); errors.Is(err, io.EOF) {
			return fills, orders
		} else if err != nil {
			s.t.Fatal(err)
		}
		if d := rec.Decision; d != nil && d.Order.ID != 0 && !d.Amend {
			orders[d.Order.ClientID]++
		}
		if rec.Event.Kind != exchange.KindFill {
			continue
		}
		f := rec.Event.Fill()
		in := r.Segment().Instruments[rec.Event.Inst-1]
		if in.Product != exchange.Margin {
			fills[dealt{in.Product.String() + ":" + in.Symbol, f.TradeID, f.VenueID}] = decimal.New(f.Side.Sign()*int64(f.Qty), -exchange.FixedPlaces)
		}
	}
}

// executions are those of the exchange's own history.
func executions(ctx context.Context, c *papi.Client) (map[dealt]decimal.Decimal, error) {
	list := map[dealt]decimal.Decimal{}
	w := papi.Window{StartTime: c.ServerTime().Add(-6 * time.Hour), EndTime: c.ServerTime()}
	for x, err := range c.EachUMTrade(ctx, "BTCUSDT", w) {
		if err != nil {
			return nil, err
		}
		list[dealt{"UM:BTCUSDT", x.ID, x.OrderID}] = signed(string(x.Side), x.Qty.Decimal())
	}
	for x, err := range c.EachCMTrade(ctx, "BTCUSD_PERP", w) {
		if err != nil {
			return nil, err
		}
		list[dealt{"CM:BTCUSD_PERP", x.ID, x.OrderID}] = signed(string(x.Side), x.Qty.Decimal())
	}
	return list, nil
}

func signed(side string, qty decimal.Decimal) decimal.Decimal {
	if side == "SELL" {
		return qty.Neg()
	}
	return qty
}

// sent counts the orders of the exchange that have our client ids, each list for itself: what
// a trigger makes has an id of its own.
func (s *survival) sent(ctx context.Context, c *papi.Client) (map[string]int, error) {
	ids := map[string]int{}
	w := papi.Window{StartTime: c.ServerTime().Add(-6 * time.Hour), EndTime: c.ServerTime()}
	note := func(id string) {
		if strings.HasPrefix(id, "pmb-") && !strings.HasSuffix(id, "-l") && !strings.HasSuffix(id, "-s") { // legs of an OCO
			ids[id]++
		}
	}
	return ids, errors.Join(
		each(c.EachUMOrder(ctx, "BTCUSDT", w), func(o *papi.UMOrder) { note(o.ClientOrderID) }),
		each(c.EachUMAlgoOrder(ctx, "BTCUSDT", w), func(o *papi.UMAlgoOrder) { note(o.ClientAlgoID) }),
		each(c.EachCMOrder(ctx, "BTCUSD_PERP", w), func(o *papi.CMOrder) { note(o.ClientOrderID) }),
		each(c.EachCMConditionalOrder(ctx, "BTCUSD_PERP", w), func(o *papi.CMConditionalOrder) { note(o.NewClientStrategyID) }),
		each(c.EachMarginOrder(ctx, "BTCUSDT", w), func(o *papi.MarginOrder) { note(o.ClientOrderID) }),
	)
}

func each[T any](list iter.Seq2[T, error], take func(*T)) error {
	for x, err := range list {
		if err != nil {
			return err
		}
		take(&x)
	}
	return nil
}
