package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/strategy"
)

// selector says which instruments of a product are meant: one word of "symbols". Its terms
// must all hold.
type selector struct {
	text       string
	without    bool // begins with "-": takes away what others have chosen
	conditions []condition
}

// condition is one condition: a pattern of a symbol, or of a field.
type condition struct{ field, pattern string }

// selectorFields are the fields of exchangeInfo that a condition can ask for.
var selectorFields = []string{"base", "quote", "type"}

// parseSelector reads a name, a pattern with * and ?, "all", or terms such as
// "quote=USDT type=PERPETUAL".
func parseSelector(text string) (selector, error) {
	s := selector{text: text}
	rest, without := strings.CutPrefix(strings.TrimSpace(text), "-")
	s.without = without
	for _, word := range strings.Fields(rest) {
		field, pattern, found := strings.Cut(word, "=")
		if !found {
			field, pattern = "", word
			if pattern == "all" {
				pattern = "*"
			}
		}
		if found && !slices.Contains(selectorFields, field) {
			if near := strategy.Nearest(field, selectorFields); near != "" {
				return s, fmt.Errorf("%q: there is no %s; did you mean %s?", text, field, near)
			}
			return s, fmt.Errorf("%q: there is no %s; there are %s", text, field, strings.Join(selectorFields, ", "))
		}
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.ContainsAny(pattern, `/\`) {
			return s, fmt.Errorf("%q is no pattern; write a name, or * and ? for what may be anything", text)
		}
		s.conditions = append(s.conditions, condition{field, strings.ToUpper(pattern)})
	}
	if len(s.conditions) == 0 {
		return s, fmt.Errorf("%q names no symbol", text)
	}
	return s, nil
}

// exact is the one symbol that the selector names, or "" if it is a choice among many.
func (s *selector) exact() string {
	if len(s.conditions) == 1 && s.conditions[0].field == "" && !strings.ContainsAny(s.conditions[0].pattern, "*?[") {
		return s.conditions[0].pattern
	}
	return ""
}

// takes says whether an instrument is meant.
func (s *selector) takes(in *exchange.Instrument) bool {
	for _, t := range s.conditions {
		value := in.Symbol
		switch t.field {
		case "base":
			value = in.Base
		case "quote":
			value = in.Quote
		case "type":
			value = in.ContractType
		}
		if ok, _ := path.Match(t.pattern, strings.ToUpper(value)); !ok {
			return false
		}
	}
	return true
}

// check finds what is wrong with a set without asking an exchange.
func (s *keyedSet) check(wrong wrongFunc) {
	none := len(s.Symbols) > 0
	for i, text := range s.Symbols {
		sel, err := parseSelector(text)
		if err != nil {
			wrong(fmt.Sprintf("%s.symbols.%d", s.key, i), "%v", err)
		}
		none = none && err == nil && sel.without
	}
	if none {
		wrong(s.key+".symbols", "%q takes away, and there is nothing to take from; begin with \"all\" or the like", s.Symbols[0])
	}
	for i, suffix := range s.Streams {
		if _, err := s.streamOf(suffix, exampleOf(s.product)); err != nil {
			wrong(fmt.Sprintf("%s.streams.%d", s.key, i), "%v", err)
		}
	}
	for i, name := range s.Market {
		if _, err := s.marketStream(name); err != nil {
			wrong(fmt.Sprintf("%s.market.%d", s.key, i), "%v", err)
		}
	}
}

// exampleOf is an instrument of a product that names of streams can be tried on.
func exampleOf(p exchange.Product) *exchange.Instrument {
	if p == exchange.CM {
		return &exchange.Instrument{Product: p, Symbol: "BTCUSD_PERP", Pair: "BTCUSD", Base: "BTC", ContractType: "PERPETUAL"}
	}
	return &exchange.Instrument{Product: p, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", ContractType: "PERPETUAL"}
}

// streamOf is the stream of an instrument that a suffix such as "depth@100ms" means. Those
// of a pair are asked for by the pair, so that two contracts of it have one.
func (s *keyedSet) streamOf(suffix string, in *exchange.Instrument) (stream.Stream, error) {
	if suffix == "" || strings.HasPrefix(suffix, "!") || strings.HasPrefix(suffix, "@") {
		return stream.Stream{}, fmt.Errorf("%q is no stream of one symbol; write what stands behind the @, such as aggTrade; those of the whole market belong to market", suffix)
	}
	name := in.Symbol
	switch kind, _, _ := strings.Cut(suffix, "_"); kind {
	case "continuousKline":
		name = in.Pair + "_" + in.ContractType
	case "indexPrice", "indexPriceKline":
		name = in.Pair
	case "assetIndex":
		name = in.Base + "USD"
	}
	return stream.Parse(s.product, stream.Lower(name)+"@"+suffix)
}

// marketStream is a stream of the whole market by its full name.
func (s *keyedSet) marketStream(name string) (stream.Stream, error) {
	if !strings.HasPrefix(name, "!") && name != "tradingSession" {
		return stream.Stream{}, fmt.Errorf("%q is no stream of the whole market, such as !contractInfo; those of symbols belong to streams", name)
	}
	return stream.Parse(s.product, name)
}

// chosen are the instruments that a set means, of those that trade, in the order of the list.
// A symbol that is named in full and not there is an error with the nearest one that is.
func (s *keyedSet) chosen(list []exchange.Instrument) ([]exchange.Instrument, error) {
	var selectors []selector
	for _, text := range s.Symbols {
		sel, err := parseSelector(text)
		if err != nil {
			return nil, err
		}
		if err := sel.present(s.product, list); err != nil {
			return nil, err
		}
		selectors = append(selectors, sel)
	}
	var chosen []exchange.Instrument
	for i := range list {
		in := &list[i]
		if in.Product != s.product {
			continue
		}
		taken := false
		for _, sel := range selectors {
			switch {
			case !sel.takes(in):
			case sel.without:
				taken = false
			case sel.exact() != "" || in.Status == exchange.StatusTrading:
				taken = true
			}
		}
		if taken {
			chosen = append(chosen, *in)
		}
	}
	return chosen, nil
}

// present demands that a selector means something.
func (s *selector) present(p exchange.Product, list []exchange.Instrument) error {
	var names []string
	for i := range list {
		if list[i].Product != p {
			continue
		}
		if s.takes(&list[i]) {
			return nil
		}
		names = append(names, list[i].Symbol)
	}
	if s.without {
		return nil
	}
	name := s.exact()
	if name == "" {
		return fmt.Errorf("no %v symbol is %q: the exchange lists %s; %s", p, s.text, counted(int64(len(names)), "symbol"), selectorHelp)
	}
	err := fmt.Errorf("%w: %v %s", exchange.ErrUnknownInstrument, p, name)
	if near := strategy.Nearest(name, names); near != "" {
		return fmt.Errorf("%w; did you mean %s?", err, near)
	}
	return fmt.Errorf("%w; %s", err, selectorHelp)
}

const selectorHelp = "symbols are Binance's names, patterns such as BTC*, all, or terms such as quote=USDT"

// streams are all that a configuration subscribes to, each once, by product, symbol and then
// the order of the file.
func (c *recordConfig) streams(list []exchange.Instrument) ([]stream.Stream, []exchange.Instrument, error) {
	var streams []stream.Stream
	seen := map[stream.Stream]bool{}
	taken := map[exchange.Product]map[string]bool{}
	add := func(s stream.Stream) {
		if !seen[s] {
			seen[s] = true
			streams = append(streams, s)
		}
	}
	for _, set := range c.sets() {
		chosen, err := set.chosen(list)
		if err != nil {
			return nil, nil, &failure{exitNotFound, fmt.Errorf("%s.symbols: %w", set.key, err), ""}
		}
		for i := range chosen {
			if taken[set.product] == nil {
				taken[set.product] = map[string]bool{}
			}
			taken[set.product][chosen[i].Symbol] = true
			for _, suffix := range set.Streams {
				s, err := set.streamOf(suffix, &chosen[i])
				if err != nil {
					return nil, nil, &failure{exitConfig, fmt.Errorf("%s.streams: %w", set.key, err), ""}
				}
				add(s)
			}
		}
		for _, name := range set.Market {
			s, err := set.marketStream(name)
			if err != nil {
				return nil, nil, &failure{exitConfig, fmt.Errorf("%s.market: %w", set.key, err), ""}
			}
			add(s)
		}
	}
	kept := slices.DeleteFunc(slices.Clone(list), func(in exchange.Instrument) bool { return !taken[in.Product][in.Symbol] })
	return streams, kept, nil
}
