package stream

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Parse reads the name of a stream on a product's host, such as "btcusdt@depth@100ms" or
// "!markPrice@arr@1s", as strictly as Binance does: what it takes has the same name back.
func Parse(p exchange.Product, name string) (Stream, error) {
	if p < um || p > spot {
		return Stream{}, fmt.Errorf("stream %q: %v is no product; there are UM, CM and MARGIN", clip(name), p)
	}
	s := Stream{Product: p}
	if !s.parseAll(name) {
		if err := s.parseOne(name); err != nil {
			return Stream{}, err
		}
	}
	if err := s.Check(); err != nil {
		return Stream{}, fmt.Errorf("%q: %w", clip(name), err)
	}
	if s.Name() != name {
		return Stream{}, fmt.Errorf("stream %q of %v: want %q", clip(name), p, s.Name())
	}
	return s, nil
}

// parseAll reads the name of a stream of all symbols.
func (s *Stream) parseAll(name string) bool {
	for _, r := range table {
		if r.on != s.Product || r.all == "" {
			continue
		}
		rest, ok := strings.CutPrefix(name, r.all)
		if !ok || rest != "" && rest[0] != '@' {
			continue
		}
		s.Kind = r.kind
		return s.parseSpeed(&r, strings.TrimPrefix(rest, "@"))
	}
	return false
}

// parseOne reads the name of a stream of one symbol.
func (s *Stream) parseOne(name string) error {
	head, tail, ok := strings.Cut(name, "@")
	switch {
	case strings.HasPrefix(name, "!"), !ok:
		return fmt.Errorf("stream %q: %v has no such stream of all symbols; one symbol's is written as in \"btcusdt@aggTrade\"",
			clip(name), s.Product)
	case lower(head) != head:
		return fmt.Errorf("stream %q: Binance acknowledges capitals in symbols and stays silent: want %q", clip(name), lower(head)+"@"+tail)
	}
	what, speed, _ := strings.Cut(tail, "@")
	for _, r := range table {
		if r.on != s.Product || r.of == nothing {
			continue
		}
		rest, ok := strings.CutPrefix(what, r.name)
		if !ok || !s.parseRest(&r, rest) {
			continue
		}
		s.Kind, s.Symbol = r.kind, upper(head)
		if r.kind == ContinuousKline {
			pair, contract, _ := strings.Cut(head, "_")
			s.Symbol, s.Contract = upper(pair), contract
		}
		if suffix := strings.TrimPrefix(r.suffix, "@"); suffix != "" && speed == suffix {
			speed = ""
		}
		if !s.parseSpeed(&r, speed) {
			return s.wrong("%q has no speed %q; see the kind's list", clip(name), clip(speed))
		}
		return nil
	}
	return fmt.Errorf("stream %q: %v has no stream %q; there are %s", clip(name), s.Product, clip(what), known(s.Product))
}

// parseRest reads what a kind has behind its name: an interval, levels or nothing.
func (s *Stream) parseRest(r *row, rest string) bool {
	switch {
	case r.klines != noKline:
		s.Interval = rest
		return true
	case r.kind == PartialDepth:
		n, err := strconv.Atoi(rest)
		s.Levels = n
		return err == nil
	default:
		return rest == ""
	}
}

// parseSpeed reads the last part of a name.
func (s *Stream) parseSpeed(r *row, text string) bool {
	if text == "" {
		return true
	}
	for _, d := range r.speeds {
		if d != 0 && speedName(d) == text {
			s.Speed = d
			return true
		}
	}
	return false
}

// known lists the names that a product's streams of one symbol have.
func known(p exchange.Product) string {
	var names []string
	for _, r := range table {
		switch {
		case r.on != p || r.of == nothing:
		case r.klines != noKline:
			names = append(names, r.name+"<interval>")
		case r.kind == PartialDepth:
			names = append(names, r.name+"<levels>")
		default:
			names = append(names, r.name+r.suffix)
		}
	}
	return strings.Join(names, ", ")
}
