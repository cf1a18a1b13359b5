package whatif

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Scenario is a stress scenario by the names of coins, assets and symbols, before it is known
// what an account has of them. All of it happens at once.
type Scenario struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// ADL closes winning futures half-way, see [margin.Scenario].
	ADL bool `json:"adl"`
	// Moves are of prices, bases and fundings; Haircuts lower collateral rates.
	Moves    []Move    `json:"moves"`
	Haircuts []Haircut `json:"haircuts"`
}

// MoveKind says what a [Move] moves.
type MoveKind string

// The kinds of moves.
const (
	// Coin moves a coin's price: the marks of its futures and its index price.
	Coin MoveKind = "coin"
	// Index moves the index price of an asset alone, by which it counts as collateral.
	Index MoveKind = "index"
	// Symbol moves the mark of one futures instrument, in place of what its coin does.
	Symbol MoveKind = "symbol"
	// Basis parts the marks of a coin's futures from its index price, on top of its move.
	Basis MoveKind = "basis"
	// Quote moves the marks of all futures that are quoted in an asset: what costs the same in
	// dollars costs more of an asset that falls.
	Quote MoveKind = "quote"
	// Funding is what longs pay to shorts once, of the notional after the move.
	Funding MoveKind = "funding"
)

// Move is one change by a ratio, -0.2 for a fall by a fifth. What is a coin, an asset, a
// symbol such as "UM:BTCUSDT", or, but for index, symbol and quote, "*" for all coins that no
// other move of the kind names.
type Move struct {
	Kind  MoveKind       `json:"kind"`
	What  string         `json:"what"`
	Ratio exchange.Fixed `json:"ratio"`
}

// Haircut lowers the collateral rates of an asset, or with "*" of every asset that no other
// names: by points, 0.1 for ten, or by steps of its tiers.
type Haircut struct {
	What   string         `json:"what"`
	Points exchange.Fixed `json:"points"`
	Steps  int            `json:"steps"`
}

// StepsMax is the most steps of a haircut.
const StepsMax = 20

// Check says what makes no sense, naming it.
func (s *Scenario) Check() error {
	if len(s.Moves)+len(s.Haircuts) == 0 && !s.ADL {
		return fmt.Errorf("scenario %.40q changes nothing", s.Name)
	}
	for i := range s.Moves {
		if err := s.Moves[i].Check(); err != nil {
			return fmt.Errorf("scenario %.40q: %w", s.Name, err)
		}
	}
	for i := range s.Haircuts {
		if err := s.Haircuts[i].Check(); err != nil {
			return fmt.Errorf("scenario %.40q: %w", s.Name, err)
		}
	}
	return nil
}

// Check says what makes no sense: a fall to nothing, a rise beyond eleven times, a funding
// beyond the notional.
func (m *Move) Check() error {
	if m.What == "" {
		return fmt.Errorf("a move of kind %q names nothing", m.Kind)
	}
	switch m.Kind {
	case Coin, Basis:
	case Index, Quote:
		if m.What == margin.AllCoins {
			return fmt.Errorf(`%s names one asset, not "*"; coins may name all of them`, m.Kind)
		}
	case Symbol:
		if _, _, err := product(m.What); err != nil {
			return err
		}
	case Funding:
		if m.Ratio.Abs() > exchange.FixedOne {
			return fmt.Errorf("funding of %.20q: %v is not within -100%%..100%%", m.What, percent(m.Ratio))
		}
		return nil
	default:
		return fmt.Errorf("%.20q is no kind of move", m.Kind)
	}
	if m.Ratio <= -exchange.FixedOne || m.Ratio > 10*exchange.FixedOne {
		return fmt.Errorf("%s of %.20q: %s is not above -100%% and at most 1000%%", m.Kind, m.What, percent(m.Ratio))
	}
	return nil
}

// Check says what makes no sense.
func (h *Haircut) Check() error {
	if h.What == "" || h.Points < 0 || h.Points > exchange.FixedOne || h.Steps < 0 || h.Steps > StepsMax {
		return fmt.Errorf("haircut of %.20q: it takes 0 to 100 points, or 0 to %d steps", h.What, StepsMax)
	}
	return nil
}

// percent is a ratio for people.
func percent(r exchange.Fixed) string { return r.Decimal().Shift(2).String() + "%" }

// product splits a symbol such as "UM:BTCUSDT"; only futures have marks.
func product(name string) (exchange.Product, string, error) {
	before, symbol, found := strings.Cut(name, ":")
	p, err := exchange.ParseProduct(before)
	if !found || err != nil || p != exchange.UM && p != exchange.CM || symbol == "" {
		return 0, "", fmt.Errorf("symbol %.40q: write it like UM:BTCUSDT or CM:BTCUSD_PERP", name)
	}
	return p, symbol, nil
}

// scenario is the model's, for an account; idle says what of it nothing in the account has,
// sorted.
func (s *Scenario) scenario(p *margin.Portfolio) (m margin.Scenario, idle []string, err error) {
	if err := s.Check(); err != nil {
		return m, nil, err
	}
	coins, stables := p.Exposed()
	has := func(asset string) bool { return slices.Contains(coins, asset) || slices.Contains(stables, asset) }
	held := p.Positions()
	futures := func(coin string) bool {
		return slices.ContainsFunc(held, func(h margin.Held) bool {
			return coin == margin.AllCoins || p.Instruments().At(h.Inst).Base == coin
		})
	}
	m = margin.Scenario{Name: s.Name, ADL: s.ADL}
	note := func(moves bool, kind, what string) {
		if text := kind + " " + what; !moves && !slices.Contains(idle, text) {
			idle = append(idle, text)
		}
	}
	moves := slices.Clone(s.Moves)
	slices.SortStableFunc(moves, func(a, b Move) int { return general(a.What) - general(b.What) })
	for _, x := range moves {
		switch x.Kind {
		case Coin:
			m.Shocks = append(m.Shocks, margin.Shock{Coin: x.What, Move: x.Ratio})
			note(x.What == margin.AllCoins && len(coins) > 0 || has(x.What), string(x.Kind), x.What)
		case Index:
			m.Shocks = append(m.Shocks, margin.Shock{Asset: x.What, Move: x.Ratio})
			note(has(x.What), string(x.Kind), x.What)
		case Basis:
			m.Basis = append(m.Basis, margin.CoinRatio{Coin: x.What, Ratio: x.Ratio})
			note(futures(x.What), string(x.Kind), x.What)
		case Funding:
			m.Funding = append(m.Funding, margin.CoinRatio{Coin: x.What, Ratio: x.Ratio})
			note(futures(x.What), string(x.Kind), x.What)
		case Quote:
			m.Quotes = append(m.Quotes, margin.CoinRatio{Coin: x.What, Ratio: x.Ratio})
			note(slices.ContainsFunc(held, func(h margin.Held) bool { return p.Instruments().At(h.Inst).Quote == x.What }), string(x.Kind), x.What)
		case Symbol:
			of, symbol, _ := product(x.What)
			in, err := p.Instruments().Find(of, symbol)
			if err == nil {
				m.Marks = append(m.Marks, margin.MarkMove{Inst: in.ID, Move: x.Ratio})
			}
			note(err == nil && slices.ContainsFunc(held, func(h margin.Held) bool { return h.Inst == in.ID }), string(x.Kind), x.What)
		}
	}
	for _, h := range s.Haircuts {
		m.RateCuts = append(m.RateCuts, margin.RateCut{Asset: h.What, Points: h.Points, Steps: h.Steps})
		note(h.What == margin.AllCoins || has(h.What), "haircut", h.What)
	}
	slices.Sort(idle)
	return m, idle, nil
}

// general puts what is said of all before what is said of one, which counts then.
func general(what string) int {
	if what == margin.AllCoins {
		return 0
	}
	return 1
}
