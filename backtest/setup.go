package backtest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
	"github.com/pmbot/pmbot/strategy"
)

// cast are the strategies of a run by their numbers: what they are called, and what they may do.
type cast struct {
	labels  []string
	permits []riskguard.Permit
}

// describe asks every program what it is and checks the parameters.
func describe(cfg *Config, programs []Program) ([]Description, cast, error) {
	var c cast
	if len(cfg.Strategies) == 0 {
		return nil, cast{}, errors.New("no strategy is configured; add a [[strategy]] section")
	}
	if len(programs) != len(cfg.Strategies) {
		return nil, cast{}, fmt.Errorf("%d programs for %d strategies", len(programs), len(cfg.Strategies))
	}
	if len(cfg.Strategies) > 200 {
		return nil, cast{}, fmt.Errorf("%d strategies; at most 200 share an account", len(cfg.Strategies))
	}
	var list []Description
	for i, s := range cfg.Strategies {
		d, err := programs[i].Describe(s.Params)
		if err != nil {
			return nil, cast{}, fmt.Errorf("strategy %s: %w", s.name(), err)
		}
		label := s.Label
		if label == "" {
			label = d.Manifest.Name
		}
		if slices.Contains(c.labels, label) {
			return nil, cast{}, fmt.Errorf("two strategies are called %s; give one a label", label)
		}
		permit, err := PermitOf(&d, &s.Allow, nil)
		if err != nil {
			return nil, cast{}, fmt.Errorf("strategy %s: %w", label, err)
		}
		c.labels, c.permits, list = append(c.labels, label), append(c.permits, permit), append(list, d)
	}
	return list, c, nil
}

func (s *StrategyConfig) name() string {
	if s.Label != "" {
		return s.Label
	}
	return s.Plugin
}

// instruments makes the run's table: what the strategies name, with the data that the
// configured files or else the embedded ones have of it.
func instruments(cfg *Config, list []Description) (*exchange.Instruments, error) {
	known, err := knownInstruments(cfg.Data.ExchangeInfo)
	if err != nil {
		return nil, err
	}
	var rows []exchange.Instrument
	var names []strategy.Symbol
	for _, d := range list {
		for _, s := range d.Symbols {
			if slices.Contains(names, s) {
				continue
			}
			at := slices.IndexFunc(known, func(in exchange.Instrument) bool {
				return in.Product == s.Product && in.Symbol == s.Name
			})
			if at < 0 {
				return nil, unknownInstrument(s, known)
			}
			names, rows = append(names, s), append(rows, known[at])
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("no strategy names an instrument in its parameters")
	}
	return exchange.NewInstruments(rows...)
}

// unknownInstrument tells what may have been meant: the symbol of another product, or the
// nearest of the same. One that begins with another letter is another coin.
func unknownInstrument(s strategy.Symbol, known []exchange.Instrument) error {
	var names []string
	meant := ""
	for _, in := range known {
		if in.Symbol == s.Name {
			meant = fmt.Sprintf("%v:%s", in.Product, in.Symbol)
		}
		if in.Product == s.Product && strings.HasPrefix(in.Symbol, s.Name[:min(1, len(s.Name))]) {
			names = append(names, in.Symbol)
		}
	}
	if near := strategy.Nearest(s.Name, names); meant == "" && near != "" {
		meant = fmt.Sprintf("%v:%s", s.Product, near)
	}
	cure := "give a file with its exchangeInfo under data.exchange_info"
	if meant != "" {
		cure = "did you mean " + meant + "? Otherwise " + cure
	}
	return fmt.Errorf("%w: %v %s; %s", exchange.ErrUnknownInstrument, s.Product, s.Name, cure)
}

// knownInstruments reads the configured exchangeInfo files, then the embedded ones; the
// first that has a symbol wins.
func knownInstruments(files []string) ([]exchange.Instrument, error) {
	var known []exchange.Instrument
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("exchangeInfo: %w", err)
		}
		list, err := decodeInstruments(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
		known = append(known, list...)
	}
	embedded, err := EmbeddedInstruments()
	return append(known, embedded...), err
}

// EmbeddedInstruments are those of the exchangeInfo answers that pmbot ships with: UM, then
// CM, then margin pairs, without ids.
func EmbeddedInstruments() ([]exchange.Instrument, error) {
	var known []exchange.Instrument
	for _, name := range []string{"exchangeinfo/fapi.json", "exchangeinfo/dapi.json", "exchangeinfo/api.json"} {
		f, err := configs.FS.Open(name)
		if err != nil {
			return nil, err
		}
		list, err := decodeInstruments(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
		known = append(known, list...)
	}
	return known, nil
}

// decodeInstruments reads one exchangeInfo answer. Which product it is of, its name
// says: fapi, dapi or api.
func decodeInstruments(name string, f fs.File) ([]exchange.Instrument, error) {
	p, err := productOfFile(name)
	if err != nil {
		return nil, err
	}
	list, err := exchange.DecodeExchangeInfo(p, io.Reader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

func productOfFile(name string) (exchange.Product, error) {
	switch base := strings.ToLower(filepath.Base(name)); {
	case strings.Contains(base, "fapi"), strings.Contains(base, "um"):
		return exchange.UM, nil
	case strings.Contains(base, "dapi"), strings.Contains(base, "cm"):
		return exchange.CM, nil
	case strings.Contains(base, "api"), strings.Contains(base, "spot"), strings.Contains(base, "margin"):
		return exchange.Margin, nil
	}
	return 0, fmt.Errorf("%s: the file name must tell whose answer it is: fapi or um, dapi or cm, api or spot", name)
}

// Tables are the assumed rates with what the configuration knows better, for a backtest and
// for a dry run.
func Tables(cfg *Config) (*margin.Tables, error) {
	t := margin.Assumed()
	for _, name := range cfg.Data.Brackets {
		p, err := productOfFile(name)
		if err != nil {
			return nil, err
		}
		if err := readBrackets(t, p, name); err != nil {
			return nil, err
		}
	}
	fees := map[exchange.Product]FeeConfig{exchange.UM: cfg.Venue.UM, exchange.CM: cfg.Venue.CM, exchange.Margin: cfg.Venue.Margin}
	for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		t.Fees[p] = margin.Fee{Maker: fees[p].Maker, Taker: fees[p].Taker, Source: margin.Source{Text: "the configuration"}}
	}
	maps.Copy(t.Interest, cfg.Venue.Money.Rates)
	if l := cfg.Venue.Ladder; l != (LadderConfig{}) {
		t.Ladder.MarginCall, t.Ladder.SupplyMargin = l.MarginCall, l.SupplyMargin
		t.Ladder.ReduceOnly, t.Ladder.Liquidation = l.ReduceOnly, l.Liquidation
	}
	if cfg.Account.Leverage > 0 {
		t.LeverageDefault, t.LeverageSource = cfg.Account.Leverage, margin.Source{Text: "the configuration"}
	}
	return t, nil
}

func readBrackets(t *margin.Tables, p exchange.Product, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("brackets: %w", err)
	}
	defer f.Close()
	list, err := margin.DecodeBrackets(p, f, margin.Source{Text: "leverageBracket answer " + filepath.Base(name)})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	into := t.UM
	if p == exchange.CM {
		into = t.CM
	}
	maps.Copy(into, list)
	return nil
}
