package monitor

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Budget is one amount that bounds a strategy, in USD or messages, and what it uses of it now.
type Budget struct {
	Strategy string `json:"strategy"`
	// Key is the amount's in the configuration, such as loss_usd.
	Key   string          `json:"key"`
	Limit decimal.Decimal `json:"limit"`
	Used  decimal.Decimal `json:"used"`
	// Asked says that the limit is what the strategy asks for in its manifest.
	Asked bool `json:"asked,omitzero"`
	// State is one of the words below, and Why says more of it.
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
}

// The states of budgets: some is left; only what reduces passes; that until a person resumes the
// strategy; nobody can say.
const (
	BudgetOpen    = "open"
	BudgetFull    = "used up"
	BudgetHeld    = "held"
	BudgetUnknown = "unknown"
)

// budgets are those of all strategies; the caller reads between two events.
func (s *Server) budgets(k *engine.Kernel) (list []Budget) {
	for _, u := range s.config.Guard.Budgets(k.Now()) {
		one := Budget{Strategy: s.label(u.Strategy), Key: u.Key, Limit: u.Limit, Used: u.Used.Round(exchange.FixedPlaces), Asked: u.Asked, State: BudgetOpen}
		switch {
		case u.Unknown != "":
			one.State, one.Why = BudgetUnknown, u.Unknown
		case u.Held:
			one.State, one.Why = BudgetHeld, "it only reduces until a person resumes it"
		case u.Full:
			one.State = BudgetFull
		}
		list = append(list, one)
	}
	return list
}
