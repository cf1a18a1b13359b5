package stream

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Parse reads the name of a stream on a product's host, such as "btcusdt@depth@100ms" or
// "!markPrice@arr@1s", as strictly as Binance does: what it takes has the same name back.
func Parse(p exchange.Product, name string) (Stream, error) {
	s := Stream{Product: p}
	if p < um || p > spot {
		return Stream{}, fmt.Errorf("stream %q: %v is no product; there are UM, CM and MARGIN", clip(name), p)
	}
	err := s.parse(name)
	if err == nil {
		err = s.Check()
	}
	switch {
	case err != nil:
		return Stream{}, fmt.Errorf("%q: %w", clip(name), err)
	case s.Name() != name:
		return Stream{}, fmt.Errorf("%q: no stream of %v has this name: want %q", clip(name), p, s.Name())
	}
	return s, nil
}

// parse reads a name into s, and leaves most judgement to Check.
func (s *Stream) parse(name string) error {
	for _, r := range table {
		rest, ok := strings.CutPrefix(name, r.all)
		if ok && r.all != "" && r.on == s.Product && (rest == "" || rest[0] == '@') {
			s.Kind = r.kind
			return s.parseSpeed(strings.TrimPrefix(rest, "@"))
		}
	}
	head, tail, ok := strings.Cut(name, "@")
	switch {
	case strings.HasPrefix(name, "!"), !ok:
		return fmt.Errorf("%v has no such stream; of all symbols there are %s, and one symbol's is written as in \"btcusdt@aggTrade\"",
			s.Product, all(s.Product))
	case Lower(head) != head:
		return fmt.Errorf("has capitals before \"@\", which Binance acknowledges and never answers: want %q", clip(Lower(head)+"@"+tail))
	case head == "":
		return fmt.Errorf("has no symbol before \"@\"")
	}
	what, speed, _ := strings.Cut(tail, "@")
	for _, r := range table {
		if r.on == s.Product && s.parseKind(&r, head, what) {
			if r.suffix == "@"+speed {
				return nil
			}
			return s.parseSpeed(speed)
		}
	}
	return s.unknown(head, what)
}

// parseKind reads what stands between the first "@" and a speed, if it is of the row.
func (s *Stream) parseKind(r *row, head, what string) bool {
	rest, ok := strings.CutPrefix(what, r.name)
	if !ok || r.of == nothing {
		return false
	}
	s.Symbol = upper(head)
	switch {
	case r.klines != noKline:
		s.Interval = rest
		if r.kind == ContinuousKline {
			pair, contract, _ := strings.Cut(head, "_")
			s.Symbol, s.Contract = upper(pair), contract
		}
	case r.kind == PartialDepth:
		n, err := strconv.Atoi(rest)
		if err != nil {
			return false
		}
		s.Levels = n
	case rest != "":
		return false
	}
	s.Kind = r.kind
	return true
}

// parseSpeed reads the last part of a name.
func (s *Stream) parseSpeed(text string) error {
	switch d, err := time.ParseDuration(text); {
	case text == "":
	case text == "0ms":
		s.Speed = RealTime
	case err != nil || d <= 0:
		return fmt.Errorf("%q is no speed such as 100ms", clip(text))
	default:
		s.Speed = d
	}
	return nil
}

// unknown says why a product has no stream of one symbol that is called what.
func (s *Stream) unknown(head, what string) error {
	var names []string
	for _, r := range table {
		stem := what
		if r.klines != noKline {
			stem = what[:min(len(what), len(r.name))]
		}
		switch {
		case r.of == nothing:
		case strings.EqualFold(r.name, stem):
			if r.name != stem {
				return fmt.Errorf("capitals count in names of streams: want %q", r.name+what[len(stem):])
			}
			s.Kind, s.Symbol = r.kind, upper(head)
			return s.wrong("%s", s.nowhere())
		case r.on == s.Product:
			names = append(names, r.name+r.goesOn())
		}
	}
	return fmt.Errorf("%v has no stream %q; there are %s", s.Product, clip(what), strings.Join(names, ", "))
}

// goesOn is what stands behind a row's name.
func (r *row) goesOn() string {
	switch {
	case r.klines != noKline:
		return "<interval>"
	case r.kind == PartialDepth:
		return "<levels>"
	default:
		return r.suffix
	}
}

// all lists a product's streams of all symbols.
func all(p exchange.Product) string {
	var names []string
	for _, r := range table {
		if r.on == p && r.all != "" {
			names = append(names, r.all)
		}
	}
	return strings.Join(names, ", ")
}
