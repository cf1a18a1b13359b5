package backtest

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Program is a strategy that has not been started: code in this process or a plugin.
type Program interface {
	// Describe answers for a set of parameters: it checks them as Start will and says
	// which instruments they name. It may be called any number of times.
	Describe(params map[string]string) (Description, error)
	// Start makes a player of it. The instruments are the run's and id is the strategy's
	// place in the configuration.
	Start(params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (Player, error)
}

// Description is what a program says about itself.
type Description struct {
	Manifest strategy.Manifest
	Params   []strategy.Param
	// Values are the effective parameters, defaults included, and Symbols the
	// instruments that they name.
	Values  map[string]string
	Symbols []strategy.Symbol
}

// LocalProgram is a strategy linked into this process.
type LocalProgram func() strategy.Strategy

// Describe binds the parameters to a fresh strategy and reads them back.
func (p LocalProgram) Describe(params map[string]string) (Description, error) {
	s := p()
	bound := s.Params()
	d := Description{Manifest: s.Manifest()}
	err := d.Manifest.Budget.Check()
	if err != nil {
		return d, fmt.Errorf("manifest: %w", err)
	}
	if d.Params, err = strategy.ParamsOf(bound); err != nil {
		return d, err
	}
	if err := strategy.Bind(bound, params); err != nil {
		return d, err
	}
	d.Values, d.Symbols = strategy.ValuesOf(bound), strategy.SymbolsOf(bound)
	return d, nil
}

// Start makes a runtime of a fresh strategy.
func (p LocalProgram) Start(params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (Player, error) {
	r, err := strategy.NewRuntime(p(), params, ins, id)
	if err != nil {
		return nil, err
	}
	return Local{r}, nil
}

var _ Program = LocalProgram(nil)
