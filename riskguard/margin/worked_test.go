package margin

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestWorked reads the portfolios that were worked by hand. A file holds several, each
// beginning with "== name"; lines set the account up, and "want" lines state a result
// with its computation in the comment.
func TestWorked(t *testing.T) {
	files, err := filepath.Glob("testdata/worked/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no worked portfolios: %v", err)
	}
	count := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		line := 0
		for _, part := range strings.Split(string(text), "\n== ") {
			title, body, _ := strings.Cut(part, "\n")
			at := line
			line += strings.Count(part, "\n") + 1
			if strings.HasPrefix(title, "#") {
				continue
			}
			count++
			t.Run(filepath.Base(name)+"/"+title, func(t *testing.T) { runWorked(t, name, at+1, body) })
		}
	}
	if count < 20 {
		t.Errorf("only %d worked portfolios", count)
	}
}

// worked is one portfolio while its lines are read.
type worked struct {
	testing.TB
	ins    *exchange.Instruments
	tables *Tables
	shocks []Shock
	p      *Portfolio
}

func runWorked(t *testing.T, file string, line int, body string) {
	w := &worked{TB: t, ins: testInstruments(t), tables: Assumed()}
	w.tables.UM["BTCUSDC"] = w.tables.UM["BTCUSDT"]
	w.tables.Collateral = map[string]Schedule{"USDT": Flat(exchange.FixedOne, Source{})}
	for _, late := range []bool{false, true} { // tables come before the portfolio
		for i, text := range strings.Split(body, "\n") {
			text, _, _ = strings.Cut(text, "#")
			f := strings.Fields(text)
			if len(f) == 0 {
				continue
			}
			table := f[0] == "rate" || f[0] == "tiers" || f[0] == "flat" || f[0] == "loan" || f[0] == "shock"
			if table == late {
				continue
			}
			var err error
			if table {
				err = w.table(f)
			} else {
				err = w.line(f)
			}
			if err != nil {
				t.Errorf("%s:%d: %s: %v", file, line+i+1, strings.TrimSpace(text), err)
			}
		}
	}
}

func number8(s string) exchange.Fixed { return exchange.MustFixed(s) }

// table reads the lines that change tables and shocks.
func (w *worked) table(f []string) error {
	switch f[0] {
	case "rate": // rate ASSET RATE
		w.tables.Collateral[f[1]] = Flat(number8(f[2]), Source{})
	case "tiers": // tiers ASSET amount|value CAP:RATE ...
		s := Schedule{ByValue: f[2] == "value"}
		for _, tier := range f[3:] {
			end, rate, _ := strings.Cut(tier, ":")
			step := Tier{Rate: number8(rate)}
			if end != "-" {
				step.Cap = number8(end)
			}
			s.Tiers = append(s.Tiers, step)
		}
		w.tables.Collateral[f[1]] = s
	case "flat": // flat UM:SYMBOL MMR
		_, symbol, _ := strings.Cut(f[1], ":")
		w.tables.UM[symbol] = Brackets{Product: exchange.UM, Tiers: []Bracket{{Cap: exchange.FixedMax, MMR: number8(f[2]), Leverage: 125}}}
	case "loan": // loan ASSET LEVERAGE
		n, err := strconv.Atoi(f[2])
		w.tables.LoanLeverage[f[1]] = n
		return err
	case "shock": // shock NAME coin|asset NAME MOVE, or shock NAME haircut POINTS
		s := Shock{Name: f[1]}
		switch f[2] {
		case "coin":
			s.Coin, s.Move = f[3], number8(f[4])
		case "asset":
			s.Asset, s.Move = f[3], number8(f[4])
		case "haircut":
			s.Haircut = number8(f[3])
		}
		w.shocks = append(w.shocks, s)
	}
	return nil
}

// line reads the lines that set the account up, and the wants.
func (w *worked) line(f []string) (err error) {
	if w.p == nil {
		if w.p, err = New(w.ins, w.tables); err != nil {
			return err
		}
		if err = w.p.SetShocks(w.shocks); err != nil {
			return err
		}
	}
	switch f[0] {
	case "index": // index ASSET PRICE
		return w.p.SetIndex(f[1], number8(f[2]))
	case "mark": // mark PRODUCT:SYMBOL PRICE
		return w.p.SetMark(w.inst(f[1]), number8(f[2]))
	case "balance": // balance ASSET WALLET AMOUNT
		wallet, err := exchange.ParseWallet(f[2])
		if err != nil {
			return err
		}
		return w.p.SetBalance(f[1], wallet, decimal.RequireFromString(f[3]))
	case "leverage": // leverage PRODUCT:SYMBOL N
		n, err := strconv.Atoi(f[2])
		if err != nil {
			return err
		}
		return w.p.SetLeverage(w.inst(f[1]), n)
	case "position": // position PRODUCT:SYMBOL [LONG|SHORT] QTY ENTRY
		pos := exchange.Position{Inst: w.inst(f[1])}
		if len(f) == 5 {
			if pos.Side, err = exchange.ParsePositionSide(f[2]); err != nil {
				return err
			}
		}
		pos.Qty, pos.Entry = decimal.RequireFromString(f[len(f)-2]), decimal.RequireFromString(f[len(f)-1])
		return w.p.SetPosition(pos)
	case "order":
		o, err := w.order(f[1:])
		if err != nil {
			return err
		}
		return w.p.SetOrder(o)
	case "want":
		return w.want(f[1:])
	}
	return fmt.Errorf("unknown line %q", f[0])
}

func (w *worked) inst(name string) exchange.InstrumentID {
	w.Helper()
	product, symbol, _ := strings.Cut(name, ":")
	p, err := exchange.ParseProduct(product)
	if err != nil {
		w.Fatal(err)
	}
	in, err := w.ins.Find(p, symbol)
	if err != nil {
		w.Fatal(err)
	}
	return in.ID
}

// order reads ID PRODUCT:SYMBOL SIDE QTY PRICE|market [reduce|close|borrow|repay|stop|filled QTY].
func (w *worked) order(f []string) (exchange.Order, error) {
	id, err := strconv.Atoi(f[0])
	if err != nil {
		return exchange.Order{}, err
	}
	side, err := exchange.ParseSide(f[2])
	if err != nil {
		return exchange.Order{}, err
	}
	o := exchange.Order{ID: exchange.OrderID(id), Status: exchange.StatusWorking}
	o.Request = exchange.OrderRequest{Inst: w.inst(f[1]), Side: side, Type: exchange.Limit, Qty: number8(f[3])}
	if f[4] == "market" {
		o.Request.Type = exchange.Market
	} else {
		o.Request.Price = number8(f[4])
	}
	for i, word := range f[5:] {
		switch word {
		case "reduce":
			o.Request.ReduceOnly = true
		case "borrow":
			o.Request.SideEffect = exchange.MarginBuy
		case "repay":
			o.Request.SideEffect = exchange.AutoRepay
		case "close":
			o.Request.Type, o.Request.ClosePosition = exchange.StopMarket, true
		case "stop":
			o.Request.Type, o.Request.Trigger = exchange.Stop, o.Request.Price
		case "filled":
			o.Filled = number8(f[5+i+1])
		}
	}
	return o, nil
}

// want compares one result.
func (w *worked) want(f []string) error {
	if err := w.p.Missing(); err != nil {
		return err
	}
	want := f[len(f)-1]
	if f[0] == "status" {
		if got := w.p.Account().Status.String(); got != want {
			return fmt.Errorf("got %s", got)
		}
		return nil
	}
	got, err := w.result(f[:len(f)-1])
	if err != nil {
		return err
	}
	if !got.Equal(decimal.RequireFromString(want)) {
		return fmt.Errorf("got %v", got)
	}
	return nil
}

func (w *worked) result(f []string) (decimal.Decimal, error) {
	a := w.p.Account()
	switch f[0] {
	case "net":
		return w.p.Net(f[1]), nil
	case "delta":
		return w.p.Delta(f[1]), nil
	case "equity":
		return a.Equity, nil
	case "actual":
		return a.ActualEquity, nil
	case "openloss":
		return a.OpenLoss, nil
	case "mm":
		return a.MaintMargin, nil
	case "im":
		return a.InitialMargin, nil
	case "available":
		return a.Available, nil
	case "unimmr":
		return a.UniMMR, nil
	case "low", "high":
		asset := w.p.byAsset[f[1]]
		end := asset.delta().add(asset.lower)
		if f[0] == "high" {
			end = asset.delta().add(asset.raise)
		}
		return end.decimal(amountPlaces), nil
	case "worst", "shocked":
		r, err := w.p.Project()
		if err != nil {
			return decimal.Zero, err
		}
		o := r.Base
		if f[0] == "shocked" {
			o = r.Shocked
		}
		switch f[1] {
		case "equity":
			return o.Equity, nil
		case "mm":
			return o.MaintMargin, nil
		case "unimmr":
			return o.UniMMR, nil
		}
	}
	return decimal.Zero, fmt.Errorf("unknown result %q", strings.Join(f, " "))
}
