package whatif

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Grammar is how an order is written for [ParseOrder].
const Grammar = `buy|sell QTY [UM:|CM:|MARGIN:]SYMBOL @ PRICE|market [WORD...]`

// Words are the words that may follow an order, with what they mean.
func Words() [][2]string {
	return [][2]string{
		{"reduce-only", "the exchange keeps it from making the position larger (futures)"},
		{"post-only", "it expires where it would take"},
		{"ioc", "what does not fill at once expires"},
		{"fok", "it fills whole and at once, or expires"},
		{"long", "for the long leg of hedge mode (futures)"},
		{"short", "for the short leg of hedge mode (futures)"},
		{"borrow", "what the wallet lacks is borrowed (margin)"},
		{"repay", "what it brings repays the debt (margin)"},
	}
}

// ErrUnknown is an instrument that the account does not have.
var ErrUnknown = errors.New("not known")

// ParseOrder reads an order such as "sell 0.5 BTCUSDT @ market" or
// "buy 10 CM:BTCUSD_PERP @ 60000 post-only": see [Grammar] and [Words]. QTY is in base coin
// for UM and margin and in contracts for CM. Without a product it is UM where UM has the
// symbol, then CM, then margin. The error says which word it did not understand, or is
// ErrUnknown for a symbol that is not among the instruments.
func ParseOrder(text string, ins *exchange.Instruments) (exchange.OrderRequest, error) {
	var r exchange.OrderRequest
	words := strings.Fields(strings.ReplaceAll(text, "@", " @ "))
	if len(words) < 5 || words[3] != "@" {
		return r, fmt.Errorf("order %.80q: want %s", text, Grammar)
	}
	switch strings.ToLower(words[0]) {
	case "buy":
		r.Side = exchange.Buy
	case "sell":
		r.Side = exchange.Sell
	default:
		return r, fmt.Errorf("order: %.40q is neither buy nor sell", words[0])
	}
	var err error
	if r.Qty, err = exchange.ParseFixed(words[1]); err != nil || r.Qty <= 0 {
		return r, fmt.Errorf("order: %.40q is no quantity above 0 with at most 8 decimals", words[1])
	}
	in, err := find(words[2], ins)
	if err != nil {
		return r, err
	}
	r.Inst, r.Type = in.ID, exchange.Limit
	if price := strings.ToLower(words[4]); price == "market" {
		r.Type = exchange.Market
	} else if r.Price, err = exchange.ParseFixed(price); err != nil || r.Price <= 0 {
		return r, fmt.Errorf("order: %.40q is neither market nor a price above 0 with at most 8 decimals", words[4])
	}
	for i, word := range words[5:] {
		if slices.Contains(words[5:5+i], word) {
			return r, fmt.Errorf("order: %.40q is said twice", word)
		}
		if err := addWord(&r, in, strings.ToLower(word)); err != nil {
			return r, err
		}
	}
	return r, nil
}

// find is the instrument of a symbol with or without its product.
func find(word string, ins *exchange.Instruments) (*exchange.Instrument, error) {
	products := []exchange.Product{exchange.UM, exchange.CM, exchange.Margin}
	symbol := strings.ToUpper(word)
	if before, after, found := strings.Cut(symbol, ":"); found {
		p, err := exchange.ParseProduct(before)
		if err != nil {
			return nil, fmt.Errorf("order: %.20q is no product: UM, CM or MARGIN", before)
		}
		products, symbol = []exchange.Product{p}, after
	}
	for _, p := range products {
		if in, err := ins.Find(p, symbol); err == nil {
			return in, nil
		}
	}
	var known []string
	for _, in := range ins.All() {
		known = append(known, in.Product.String()+":"+in.Symbol)
	}
	return nil, fmt.Errorf("order: instrument %.40q: %w; there are: %s", word, ErrUnknown, strings.Join(known, ", "))
}

// addWord adds what a word behind the price says.
func addWord(r *exchange.OrderRequest, in *exchange.Instrument, word string) error {
	futures := in.Product != exchange.Margin
	only := func(fits bool, what string) error {
		if fits {
			return nil
		}
		return fmt.Errorf("order: %s is for %s", word, what)
	}
	lasts := func(t exchange.TimeInForce) error {
		if r.TimeInForce != exchange.GTC {
			return fmt.Errorf("order: %s beside another word that says how long it works", word)
		}
		r.TimeInForce = t
		return only(r.Type == exchange.Limit, "orders with a price")
	}
	switch word {
	case "reduce-only":
		r.ReduceOnly = true
		return only(futures, "futures")
	case "post-only":
		return lasts(exchange.GTX)
	case "ioc":
		return lasts(exchange.IOC)
	case "fok":
		return lasts(exchange.FOK)
	case "long", "short":
		if r.PositionSide != exchange.Both {
			return errors.New("order: long and short are said both")
		}
		if r.PositionSide = exchange.Long; word == "short" {
			r.PositionSide = exchange.Short
		}
		return only(futures, "futures")
	case "borrow", "repay":
		switch both := r.SideEffect != exchange.NoSideEffect; {
		case both:
			r.SideEffect = exchange.AutoBorrowRepay
		case word == "borrow":
			r.SideEffect = exchange.MarginBuy
		default:
			r.SideEffect = exchange.AutoRepay
		}
		return only(!futures, "margin pairs")
	}
	var known []string
	for _, w := range Words() {
		known = append(known, w[0])
	}
	return fmt.Errorf("order: %.40q is none of the words that may follow: %s", word, strings.Join(known, ", "))
}

// Verdict is what the guard would say of an order, and what the order would make of the
// account. Money is in USD.
type Verdict struct {
	Order string `json:"order"`
	// Strategy is by whose limits and state it was asked; "" is the account's.
	Strategy string `json:"strategy"`
	Approved bool   `json:"approved"`
	// Refusals are those of every control that would refuse it; the first is what would be
	// told.
	Refusals []Refusal `json:"refusals"`
	// Passes is the largest quantity that every control would let through; 0 is none.
	Passes exchange.Fixed `json:"passes"`
	// Missing says why the rest is not known, if it is not.
	Missing string `json:"missing,omitempty"`
	// Before is the account as it is and Filled when the order alone has filled.
	Before State `json:"before"`
	Filled State `json:"filled"`
	// Worst and Shocked are the worst case of all open orders, at the prices as they are and
	// under the worst shock: WorstBefore and ShockedBefore without this order.
	WorstBefore   State `json:"worst_before"`
	Worst         State `json:"worst"`
	ShockedBefore State `json:"shocked_before"`
	Shocked       State `json:"shocked"`
	// InitialMargin is Binance's with the order resting, and Available what is left for more.
	InitialMarginBefore decimal.Decimal `json:"initial_margin_before"`
	InitialMargin       decimal.Decimal `json:"initial_margin"`
	Available           decimal.Decimal `json:"available"`
}

// State is the account in one situation.
type State struct {
	// Scenario names the shock, if it is under one.
	Scenario    string          `json:"scenario,omitempty"`
	Equity      decimal.Decimal `json:"equity"`
	MaintMargin decimal.Decimal `json:"maint_margin"`
	UniMMR      decimal.Decimal `json:"unimmr"`
}

// Refusal is a control's no.
type Refusal struct {
	Rule   string `json:"rule"`
	Value  string `json:"value"`
	Limit  string `json:"limit"`
	Passes string `json:"passes,omitempty"`
	Text   string `json:"text"`
}

// Order asks the copy of a guard about a new order of a strategy, 0 for none, at an instant.
func Order(w *riskguard.WhatIf, r exchange.OrderRequest, by exchange.StrategyID, label string, at exchange.Time) *Verdict {
	in := exchange.Intent{Kind: exchange.IntentNew, Strategy: by, Request: r}
	o := exchange.Order{Strategy: by, Request: r, Status: exchange.StatusPendingNew, Created: at, Updated: at}
	p := w.Portfolio()
	v := &Verdict{Order: said(&r, p.Instruments()), Strategy: label, Refusals: []Refusal{}}
	for _, no := range w.Refusals(in, o, at) {
		v.Refusals = append(v.Refusals, Refusal{no.Rule, no.Value, no.Limit, no.Passes, no.Error()})
	}
	v.Approved = len(v.Refusals) == 0
	if v.Passes = r.Qty; !v.Approved {
		v.Passes = w.SizeThatPasses(in, o, at)
	}
	before := p.Account()
	v.Before = stateOf(&before)
	v.InitialMarginBefore = before.InitialMargin
	if err := v.project(p, o); err != nil {
		v.Missing = err.Error()
	}
	return v
}

// project fills in what the order makes of the account.
func (v *Verdict) project(p *margin.Portfolio, o exchange.Order) error {
	filled, err := p.AfterFill(o)
	if err != nil {
		return err
	}
	without, err := p.Project()
	if err != nil {
		return err
	}
	with, err := p.Project(o)
	if err != nil {
		return err
	}
	v.Filled = stateOf(&filled)
	v.WorstBefore, v.Worst = outcome(&without.Base), outcome(&with.Base)
	v.ShockedBefore, v.Shocked = outcome(&without.Shocked), outcome(&with.Shocked)
	v.InitialMarginBefore, v.InitialMargin, v.Available = without.InitialMargin, with.InitialMargin, with.Available
	return nil
}

func stateOf(a *exchange.Account) State {
	return State{Equity: a.Equity.Sub(a.OpenLoss), MaintMargin: a.MaintMargin, UniMMR: a.UniMMR}
}

func outcome(o *margin.Outcome) State { return State{o.Scenario, o.Equity, o.MaintMargin, o.UniMMR} }

// said is an order as a person would write it.
func said(r *exchange.OrderRequest, ins *exchange.Instruments) string {
	in := ins.At(r.Inst)
	text := fmt.Sprintf("%s %v %v:%s @ ", strings.ToLower(r.Side.String()), r.Qty, in.Product, in.Symbol)
	if r.Type == exchange.Market {
		text += "market"
	} else {
		text += r.Price.String()
	}
	add := func(is bool, word string) {
		if is {
			text += " " + word
		}
	}
	add(r.ReduceOnly, "reduce-only")
	add(r.TimeInForce == exchange.GTX, "post-only")
	add(r.TimeInForce == exchange.IOC, "ioc")
	add(r.TimeInForce == exchange.FOK, "fok")
	add(r.PositionSide == exchange.Long, "long")
	add(r.PositionSide == exchange.Short, "short")
	add(r.SideEffect == exchange.MarginBuy || r.SideEffect == exchange.AutoBorrowRepay, "borrow")
	add(r.SideEffect == exchange.AutoRepay || r.SideEffect == exchange.AutoBorrowRepay, "repay")
	return text
}
