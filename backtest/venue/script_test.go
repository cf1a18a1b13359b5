package venue

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue/queue"
	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write the scripts' output anew; read the diff before you commit it")

// TestScripts runs testdata/script/*.txt: input lines, each followed by what the account
// saw of it, indented. The language is that of (*script).run.
func TestScripts(t *testing.T) { runScripts(t, "testdata/script") }

// TestScenarios runs testdata/scenario/*.txt, bad days in the same language, with the path
// of uniMMR worked by hand in comments and held by lines that begin with expect.
func TestScenarios(t *testing.T) { runScripts(t, "testdata/scenario") }

func runScripts(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s differs from line %s", file, firstDifference(string(want), got))
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("%d:\nwant %s\ngot  %s", i+1, a, b)
		}
	}
	return "nowhere"
}

func runScript(t *testing.T, text string) string {
	s := &script{t: t, config: testConfig(), now: exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	s.zero = s.now
	var out strings.Builder
	for n, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue // old output
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.run(strings.Fields(line)); err != nil {
			t.Fatalf("line %d: %s: %v", n+1, line, err)
		}
		out.WriteString(s.printed())
	}
	return out.String()
}

// script is a venue driven by lines of text.
type script struct {
	t         *testing.T
	config    Config
	v         *Venue
	zero, now exchange.Time
	lastID    exchange.OrderID
	lastDepth int64
	orders    []exchange.Order
	extra     string
	waited    bool // the events of this line may lie before now
}

// run obeys one line:
//
//	set KEY VALUE                     before start: slippage, leverage, queue, bound, um, cm, spot (maker/taker), hedge, perminute, lenient
//	have WALLET ASSET AMOUNT          before start
//	start
//	@TIME ...                         sets the clock, a duration since the start, for this and later lines
//	open INST PRICE   mark INST PRICE [INDEX [SETTLE]]   bar INST OPEN HIGH LOW CLOSE [EVERY]   trade INST PRICE QTY [sold]
//	quote INST BID QTY ASK QTY        funding INST RATE [MARK]    index ASSET PRICE
//	book INST BIDS / ASKS  depth INST [lost] BIDS / ASKS    a snapshot and a difference, levels PRICExQTY
//	gap INST KIND          a hole in the data
//	buy|sell INST NAME QTY [limit=P] [stop=P] [profit=P] [trail=R] [activation=P] [ioc|fok|gtx|gtd=TIME]
//	                       [reduce] [close] [onmark] [protect] [borrow] [repay] [quote=Q] [match=M] [leg=L]
//	                       [stp=MODE] [both] [oco trigger=P [stoplimit=P]], and to write nonsense: [type=N] [price=P]
//	                       [callback=R] [iceberg=Q] [working=N] [till=TIME]
//	amend NAME PRICE QTY   reprice NAME MATCH QTY   cancel NAME   account   mode hedge|oneway   leverage INST N
//	wait                                       lets pass what is due by now; events of before are told with their time
//	and the lines of (*script).money
func (s *script) run(f []string) error {
	if strings.HasPrefix(f[0], "@") {
		d, err := time.ParseDuration(f[0][1:])
		if err != nil {
			return err
		}
		if s.zero.Add(d) < s.now {
			return fmt.Errorf("time goes back")
		}
		s.now = s.zero.Add(d)
		f = f[1:]
	}
	switch f[0] {
	case "set":
		return s.set(f[1], f[2])
	case "have":
		w, err := exchange.ParseWallet(f[1])
		if err != nil {
			return err
		}
		s.config.Balances = append(s.config.Balances, Balance{w, f[2], decimal.RequireFromString(f[3])})
	case "start":
		v, err := New(s.config)
		if err != nil {
			return err
		}
		s.v = v
		v.Start(s.now)
	case "buy", "sell":
		return s.order(f)
	case "amend":
		o := s.named(f[1])
		o.Request.Price, o.Request.Qty = exchange.MustFixed(f[2]), exchange.MustFixed(f[3])
		s.v.receive(o, true, s.now)
	case "reprice":
		o := s.named(f[1])
		o.Request.Price, o.Request.PriceMatch, o.Request.Qty = 0, priceMatches[f[2]], exchange.MustFixed(f[3])
		s.v.receive(o, true, s.now)
	case "cancel":
		s.v.Cancel(s.named(f[1]), s.now)
	case "mode":
		s.answer(s.v.SetPositionMode(f[1] == "hedge", s.now))
	case "leverage":
		inst, err := instrument(f[1])
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(f[2])
		if err != nil {
			return err
		}
		s.answer(s.v.SetLeverage(inst, n, s.now))
	case "wait":
		s.waited = true
		s.v.Advance(s.now)
	case "account":
		s.extra = "  " + printAccount(s.v.Account()) + "\n"
	default:
		if known, err := s.terms(f); known {
			return err
		}
		if known, err := s.money(f); known || err != nil {
			return err
		}
		e, err := s.market(f)
		if err != nil {
			return err
		}
		quiet := s.v.Quiet(&e)
		s.v.Market(&e)
		if quiet && len(s.v.out.events) > 0 {
			return fmt.Errorf("was to be quiet")
		}
	}
	return nil
}

// answer notes what the exchange says to a request on the account.
func (s *script) answer(err error) {
	s.extra = "  done\n"
	if err != nil {
		s.extra = "  refused: " + err.Error() + "\n"
	}
}

func (s *script) set(key, value string) (err error) {
	fees := func(f *Fees) error {
		maker, taker, _ := strings.Cut(value, "/")
		if f.Maker, err = exchange.ParseFixed(maker); err != nil {
			return err
		}
		f.Taker, err = exchange.ParseFixed(taker)
		return err
	}
	switch key {
	case "bound": // of market orders on UM, around the mark
		s.config.Instruments.At(1).MarketTakeBound, err = exchange.ParseFixed(value)
	case "queue":
		s.config.Matching.Queue, err = queue.Parse(value)
	case "slippage":
		s.config.Slippage, err = exchange.ParseFixed(value)
	case "leverage":
		s.config.Leverage, err = strconv.Atoi(value)
	case "hedge":
		s.config.Orders.Hedge = value == "true"
	case "lenient":
		s.config.Orders.Lenient = value == "true"
	case "perminute":
		s.config.Orders.PerMinuteMax, err = strconv.Atoi(value)
	case "um":
		err = fees(&s.config.UM)
	case "cm":
		err = fees(&s.config.CM)
	case "spot":
		err = fees(&s.config.Margin)
	default:
		known := false
		if known, err = s.setMoney(key, value); !known && !s.setTerms(key, value) {
			err = fmt.Errorf("no such key")
		}
	}
	return err
}

// named is an order as the script made it; a name it has not made is of an order that
// the venue has never seen.
func (s *script) named(name string) exchange.Order {
	for _, o := range s.orders {
		if o.ClientID == name {
			return o
		}
	}
	return exchange.Order{ClientID: name, Request: exchange.OrderRequest{Inst: 1}}
}

func (s *script) market(f []string) (exchange.Event, error) {
	if f[0] == "book" || f[0] == "depth" || f[0] == "gap" {
		return s.depth(f)
	}
	num := make([]exchange.Fixed, len(f))
	for i := 2; i < len(f); i++ {
		num[i], _ = exchange.ParseFixed(f[i])
	}
	e := exchange.Event{At: s.now}
	if f[0] == "index" {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: f[1], Price: num[2]})
		return e, nil
	}
	var err error
	if e.Inst, err = instrument(f[1]); err != nil {
		return e, err
	}
	switch f[0] {
	case "open":
		e.SetBarOpen(exchange.BarOpen{Price: num[2], Interval: time.Minute})
	case "bar":
		every := time.Minute
		if len(f) > 6 {
			if every, err = time.ParseDuration(f[6]); err != nil {
				return e, err
			}
		}
		e.SetBar(&exchange.Bar{Start: s.now.Add(-every), Interval: every, Open: num[2], High: num[3], Low: num[4], Close: num[5]})
	case "trade":
		e.SetTrade(exchange.Trade{Price: num[2], Qty: num[3], BuyerMaker: len(f) > 4 && f[4] == "sold"})
	case "quote":
		e.SetBookTicker(exchange.BookTicker{Bid: num[2], BidQty: num[3], Ask: num[4], AskQty: num[5]})
	case "mark":
		mark := exchange.Mark{Price: num[2]}
		if len(f) > 3 {
			mark.Index = num[3]
		}
		if len(f) > 4 {
			mark.Settle = num[4]
		}
		e.SetMark(mark)
	case "funding":
		funding := exchange.Funding{Rate: num[2]}
		if len(f) > 3 {
			funding.Mark = num[3]
		}
		e.SetFunding(funding)
	default:
		return e, fmt.Errorf("no such command")
	}
	return e, nil
}

// depth makes a piece of a book, each the continuation of the one before unless it is to
// be lost, or the news of a hole.
func (s *script) depth(f []string) (e exchange.Event, err error) {
	e.At = s.now
	if e.Inst, err = instrument(f[1]); err != nil {
		return e, err
	}
	if f[0] == "gap" {
		kind, err := exchange.ParseKind(f[2])
		e.SetGap(&exchange.Gap{Kind: kind, To: s.now})
		return e, err
	}
	d := &exchange.Depth{First: s.lastDepth + 1, Last: s.lastDepth + 1, Prev: s.lastDepth, Snapshot: f[0] == "book"}
	s.lastDepth++
	side := &d.Bids
	for _, word := range f[2:] {
		price, qty, _ := strings.Cut(word, "x")
		switch word {
		case "lost":
			d.Prev--
		case "/":
			side = &d.Asks
		default:
			*side = append(*side, exchange.Level{Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty)})
		}
	}
	e.SetDepth(d)
	return e, nil
}

func (s *script) order(f []string) error {
	inst, err := instrument(f[1])
	if err != nil {
		return err
	}
	s.lastID++
	o := exchange.Order{ID: s.lastID, Strategy: 1, Ref: uint64(s.lastID), ClientID: f[2], Status: exchange.StatusPendingNew}
	r := &o.Request
	r.Inst, r.Side, r.Type = inst, exchange.Buy, exchange.Market
	if f[0] == "sell" {
		r.Side = exchange.Sell
	}
	if r.Qty, err = exchange.ParseFixed(f[3]); err != nil {
		return err
	}
	for _, word := range f[4:] {
		if err := s.orderWord(r, word); err != nil {
			return err
		}
	}
	s.orders = append(s.orders, o)
	s.v.receive(o, false, s.now)
	return nil
}

func (s *script) orderWord(r *exchange.OrderRequest, word string) error {
	key, value, _ := strings.Cut(word, "=")
	num, _ := exchange.ParseFixed(value)
	switch key {
	case "limit":
		r.Price = num
		switch r.Type {
		case exchange.Market:
			r.Type = exchange.Limit
		case exchange.StopMarket:
			r.Type = exchange.Stop
		case exchange.TakeProfitMarket:
			r.Type = exchange.TakeProfit
		}
	case "stop":
		r.Type, r.Trigger = exchange.StopMarket, num
	case "profit":
		r.Type, r.Trigger = exchange.TakeProfitMarket, num
	case "trail":
		r.Type, r.Callback = exchange.TrailingStopMarket, num
	case "oco":
		r.Type = exchange.OCO
	case "type":
		n, err := strconv.Atoi(value)
		r.Type = exchange.OrderType(n)
		return err
	case "price":
		r.Price = num
	case "trigger":
		r.Trigger = num
	case "stoplimit":
		r.StopPrice = num
	case "callback":
		r.Callback = num
	case "iceberg":
		r.Iceberg = num
	case "working":
		n, err := strconv.Atoi(value)
		r.WorkingType = exchange.WorkingType(n)
		return err
	case "till":
		d, err := time.ParseDuration(value)
		r.GoodTill = s.zero.Add(d)
		return err
	case "activation":
		r.Activation = num
	case "ioc":
		r.TimeInForce = exchange.IOC
	case "fok":
		r.TimeInForce = exchange.FOK
	case "gtx":
		r.TimeInForce = exchange.GTX
	case "gtd":
		d, err := time.ParseDuration(value)
		r.TimeInForce, r.GoodTill = exchange.GTD, s.zero.Add(d)
		return err
	case "reduce":
		r.ReduceOnly = true
	case "close":
		r.ClosePosition = true
	case "onmark":
		r.WorkingType = exchange.MarkPrice
	case "protect":
		r.PriceProtect = true
	case "borrow":
		r.SideEffect = exchange.MarginBuy
	case "repay":
		r.SideEffect = exchange.AutoRepay
	case "both":
		r.SideEffect = exchange.AutoBorrowRepay
	case "quote":
		r.QuoteQty = num
	case "match":
		r.Type, r.PriceMatch = exchange.Limit, priceMatches[value]
	case "stp":
		r.STP = map[string]exchange.STP{"none": exchange.STPNone, "taker": exchange.ExpireTaker, "maker": exchange.ExpireMaker, "both": exchange.ExpireBoth}[value]
	case "leg":
		var err error
		if r.PositionSide, err = exchange.ParsePositionSide(value); err != nil {
			r.PositionSide = exchange.Short + 1 // one that Binance does not know
		}
	default:
		return fmt.Errorf("no such word %q", word)
	}
	return nil
}

var priceMatches = map[string]exchange.PriceMatch{
	"queue": exchange.Queue, "queue5": exchange.Queue5, "queue10": exchange.Queue10, "queue20": exchange.Queue20,
	"opponent": exchange.Opponent, "opponent5": exchange.Opponent5, "opponent10": exchange.Opponent10, "opponent20": exchange.Opponent20,
}

func instrument(name string) (exchange.InstrumentID, error) {
	id, ok := map[string]exchange.InstrumentID{"um": 1, "cm": 2, "spot": 3, "eth": 4, "closed": 5, "dated": 6, "coindated": 7, "none": 99}[name]
	if !ok {
		return 0, fmt.Errorf("no such instrument")
	}
	return id, nil
}

func (s *script) printed() string {
	var b strings.Builder
	if s.v != nil {
		for _, e := range s.v.Events() {
			when := ""
			if s.waited && e.At < s.now {
				when = fmt.Sprintf("@%v ", e.At.Sub(s.zero))
			} else if e.At != s.now {
				s.t.Errorf("event %v at %v, not now, %v", e.Kind, e.At, s.now)
			}
			b.WriteString("  " + when + printEvent(&e) + "\n")
		}
	}
	b.WriteString(s.extra)
	s.extra, s.waited = "", false
	return b.String()
}
