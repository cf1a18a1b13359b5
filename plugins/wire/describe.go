package wire

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/strategy"
)

// Bounds of what a strategy says about itself; they are far above what honest ones use.
const (
	listMax      = 4096
	textBytesMax = 4096
	warmupMax    = 1_000_000
	// budgetTextMax is the most characters of an amount of a budget.
	budgetTextMax = 40
)

// EncodeManifest translates a manifest.
func EncodeManifest(m strategy.Manifest) *pb.Manifest {
	p := &pb.Manifest{
		Name: valid(m.Name), Version: valid(m.Version), Summary: valid(m.Summary), Borrow: m.Borrow, Stateless: m.Stateless,
	}
	for _, v := range m.Products {
		p.Products = append(p.Products, pb.Product(v))
	}
	for _, v := range m.OrderTypes {
		p.OrderTypes = append(p.OrderTypes, pb.OrderType(v))
	}
	if b := &m.Budget; !b.IsZero() {
		p.Budget = &pb.Budget{MessagesPerMinute: int32(min(max(b.MessagesPerMinute, math.MinInt32), math.MaxInt32))}
		for _, a := range [...]struct {
			to   *string
			from decimal.Decimal
		}{{&p.Budget.NotionalUsd, b.NotionalUSD}, {&p.Budget.CapitalUsd, b.CapitalUSD}, {&p.Budget.LossUsd, b.LossUSD}} {
			if !a.from.IsZero() {
				*a.to = encodeDecimal(a.from)
			}
		}
	}
	return p
}

// budgetOf reads and checks what a strategy asks for.
func budgetOf(p *pb.Budget) (b strategy.Budget, err error) {
	var n numbers
	for _, text := range []string{p.GetNotionalUsd(), p.GetCapitalUsd(), p.GetLossUsd()} {
		if len(text) > budgetTextMax {
			return b, fmt.Errorf("budget: an amount of %d characters, more than %d", len(text), budgetTextMax)
		}
	}
	b.NotionalUSD, b.CapitalUSD, b.LossUSD = n.parse(p.GetNotionalUsd()), n.parse(p.GetCapitalUsd()), n.parse(p.GetLossUsd())
	b.MessagesPerMinute = int(p.GetMessagesPerMinute())
	if n.err != nil {
		return b, fmt.Errorf("budget: %w", n.err)
	}
	return b, b.Check()
}

// DecodeManifest translates a manifest and checks it: a name without spaces, known
// products and order types, text that can be printed, a budget that makes sense.
func DecodeManifest(p *pb.Manifest) (strategy.Manifest, error) {
	m := strategy.Manifest{
		Name: p.GetName(), Version: p.GetVersion(), Summary: p.GetSummary(), Borrow: p.GetBorrow(), Stateless: p.GetStateless(),
	}
	if m.Name == "" || len(m.Name) > 64 || strings.ContainsFunc(m.Name, unicode.IsSpace) {
		return m, fmt.Errorf("manifest: name %.80q is not a short word", m.Name)
	}
	for _, text := range []string{m.Name, m.Version, m.Summary} {
		if err := checkText(text); err != nil {
			return m, fmt.Errorf("manifest: %w", err)
		}
	}
	if len(p.GetProducts()) > listMax || len(p.GetOrderTypes()) > listMax {
		return m, fmt.Errorf("manifest: more than %d products or order types", listMax)
	}
	for _, v := range p.GetProducts() {
		if err := known("product", v, pb.Product_name, 1); err != nil {
			return m, fmt.Errorf("manifest: %w", err)
		}
		m.Products = append(m.Products, exchange.Product(v))
	}
	for _, v := range p.GetOrderTypes() {
		if err := known("order type", v, pb.OrderType_name, 1); err != nil {
			return m, fmt.Errorf("manifest: %w", err)
		}
		m.OrderTypes = append(m.OrderTypes, exchange.OrderType(v))
	}
	var err error
	if m.Budget, err = budgetOf(p.GetBudget()); err != nil {
		return m, fmt.Errorf("manifest: %w", err)
	}
	return m, nil
}

// EncodeParams translates the descriptions of parameters.
func EncodeParams(list []strategy.Param) []*pb.Param {
	out := make([]*pb.Param, len(list))
	for i, p := range list {
		out[i] = &pb.Param{
			Name: valid(p.Name), Kind: valid(p.Kind), Default: valid(p.Default), Required: p.Required,
			Min: valid(p.Min), Max: valid(p.Max), Unit: valid(p.Unit), Help: valid(p.Help),
		}
		for _, c := range p.Choices {
			out[i].Choices = append(out[i].Choices, valid(c))
		}
	}
	return out
}

// DecodeParams translates and checks the descriptions of parameters.
func DecodeParams(list []*pb.Param) ([]strategy.Param, error) {
	if len(list) > listMax {
		return nil, fmt.Errorf("%d parameters, more than %d", len(list), listMax)
	}
	var out []strategy.Param
	for _, p := range list {
		if len(p.GetChoices()) > listMax {
			return nil, fmt.Errorf("parameter %.80q: more than %d choices", p.GetName(), listMax)
		}
		texts := []string{p.GetName(), p.GetKind(), p.GetDefault(), p.GetMin(), p.GetMax(), p.GetUnit(), p.GetHelp()}
		for _, text := range append(texts, p.GetChoices()...) {
			if err := checkText(text); err != nil {
				return nil, fmt.Errorf("parameter %.80q: %w", p.GetName(), err)
			}
		}
		out = append(out, strategy.Param{
			Name: p.GetName(), Kind: p.GetKind(), Default: p.GetDefault(), Required: p.GetRequired(),
			Min: p.GetMin(), Max: p.GetMax(), Choices: p.GetChoices(), Unit: p.GetUnit(), Help: p.GetHelp(),
		})
	}
	return out, nil
}

// EncodeValues makes parameter values fit to travel.
func EncodeValues(values map[string]string) map[string]string {
	out := make(map[string]string, len(values))
	for name, value := range values {
		out[valid(name)] = valid(value)
	}
	return out
}

// DecodeValues checks the names and the number of parameter values. The values may be
// any text, as in the configuration.
func DecodeValues(values map[string]string) (map[string]string, error) {
	if len(values) > listMax {
		return nil, fmt.Errorf("%d values, more than %d", len(values), listMax)
	}
	for name := range values {
		if err := checkText(name); err != nil {
			return nil, fmt.Errorf("name of a parameter: %w", err)
		}
	}
	return values, nil
}

// EncodeSymbols translates instrument names.
func EncodeSymbols(list []strategy.Symbol) []*pb.Symbol {
	out := make([]*pb.Symbol, len(list))
	for i, s := range list {
		out[i] = &pb.Symbol{Product: pb.Product(s.Product), Name: valid(s.Name)}
	}
	return out
}

// DecodeSymbols translates and checks instrument names.
func DecodeSymbols(list []*pb.Symbol) ([]strategy.Symbol, error) {
	if len(list) > listMax {
		return nil, fmt.Errorf("%d symbols, more than %d", len(list), listMax)
	}
	var out []strategy.Symbol
	for _, s := range list {
		if err := known("product", s.GetProduct(), pb.Product_name, 1); err != nil {
			return nil, fmt.Errorf("symbol %.80q: %w", s.GetName(), err)
		}
		if err := checkText(s.GetName()); err != nil || s.GetName() == "" {
			return nil, fmt.Errorf("symbol %.80q is not a name", s.GetName())
		}
		out = append(out, strategy.Symbol{Product: exchange.Product(s.GetProduct()), Name: s.GetName()})
	}
	return out, nil
}

// EncodeSubscriptions translates what a strategy wants to see.
func EncodeSubscriptions(list []strategy.Subscription) []*pb.Subscription {
	out := make([]*pb.Subscription, len(list))
	for i, s := range list {
		out[i] = &pb.Subscription{
			Instrument: uint32(s.Inst), Kind: pb.EventKind(s.Kind), Interval: int64(s.Interval), Warmup: uint32(max(0, s.Warmup)),
		}
	}
	return out
}

// DecodeSubscriptions translates and checks what a strategy wants to see: instruments of
// the run and kinds that travel.
func DecodeSubscriptions(list []*pb.Subscription, ins *exchange.Instruments) ([]strategy.Subscription, error) {
	if len(list) > listMax {
		return nil, fmt.Errorf("%d subscriptions, more than %d", len(list), listMax)
	}
	var out []strategy.Subscription
	for _, s := range list {
		inst, err := instrument(s.GetInstrument(), ins)
		if err != nil {
			return nil, fmt.Errorf("subscription: %w", err)
		}
		if err := known("event kind", s.GetKind(), pb.EventKind_name, 1); err != nil {
			return nil, fmt.Errorf("subscription: %w", err)
		}
		if s.GetInterval() < 0 || s.GetWarmup() > warmupMax {
			return nil, fmt.Errorf("subscription: interval %d, warm-up %d bars; at least 0 and at most %d",
				s.GetInterval(), s.GetWarmup(), warmupMax)
		}
		out = append(out, strategy.Subscription{
			Inst: inst, Kind: exchange.Kind(s.GetKind()), Interval: time.Duration(s.GetInterval()), Warmup: int(s.GetWarmup()),
		})
	}
	return out, nil
}

// instrument checks an instrument id of a run.
func instrument(id uint32, ins *exchange.Instruments) (exchange.InstrumentID, error) {
	if id > 0xffff || !ins.Has(exchange.InstrumentID(id)) {
		return 0, fmt.Errorf("instrument %d is not one of %d", id, ins.Len())
	}
	return exchange.InstrumentID(id), nil
}

// known checks that an enumeration has the value and that it is not below least, which
// is 1 where 0 stands for nothing.
func known[E ~int32](what string, v E, names map[int32]string, least E) error {
	if _, ok := names[int32(v)]; !ok || v < least {
		return fmt.Errorf("unknown %s %d", what, v)
	}
	return nil
}

// valid makes text that protobuf accepts.
func valid(s string) string { return strings.ToValidUTF8(s, string(utf8.RuneError)) }

// checkText refuses what would garble a terminal or a table.
func checkText(s string) error {
	if len(s) > textBytesMax {
		return fmt.Errorf("text of %d bytes, more than %d", len(s), textBytesMax)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("%.80q has control characters", s)
	}
	return nil
}

// Printable makes one line of at most limit bytes out of text of a plugin: control
// characters become spaces, so that no plugin can move a terminal's cursor.
func Printable(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), limit)], ""))
	return strings.TrimRight(s, " ")
}
