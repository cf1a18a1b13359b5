package papisim

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// simState is how things are, as the admin port tells it: the truth, whatever the account
// is reported to be.
type simState struct {
	Time       int64           `json:"time"`
	Speed      int64           `json:"speed"`
	ClockAhead Duration        `json:"clock_ahead"`
	Account    accountState    `json:"account"`
	Balances   []adminBalance  `json:"balances"`
	Positions  []adminPosition `json:"positions"`
	Addresses  []addressState  `json:"addresses"`
	Orders     int             `json:"orders_this_minute"`
	Keys       []string        `json:"keys"`
	Faults     int             `json:"faults_not_over"`
}

type accountState struct {
	Kind      string          `json:"kind"`
	Status    string          `json:"status"`
	Equity    decimal.Decimal `json:"equity"`
	UniMMR    decimal.Decimal `json:"uniMMR"`
	Maintain  decimal.Decimal `json:"maintenance_margin"`
	Available decimal.Decimal `json:"available"`
}

type addressState struct {
	Address     string `json:"address"`
	Weight      int    `json:"papi_weight_this_minute"`
	BannedUntil int64  `json:"banned_until,omitempty"`
}

// state is how things are now.
func (s *Sim) state() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	if err := s.step(now); err != nil {
		return nil, err
	}
	a := s.venue.Account()
	st := simState{
		Time: now.Millis(), Speed: s.clock.speed, ClockAhead: Duration(s.gateway.skew), Keys: s.keyIDs(),
		Account:  accountState{s.account.Kind, a.Status.String(), a.Equity, a.UniMMR, a.MaintMargin, a.Available},
		Balances: s.heldBalances(), Positions: s.heldPositions(), Orders: s.gateway.limits.orders.add(0, now, minute),
		Addresses: []addressState{},
	}
	for _, name := range slices.Sorted(maps.Keys(s.gateway.limits.addresses)) {
		from := s.gateway.limits.addresses[name]
		st.Addresses = append(st.Addresses, from.state(name, now))
	}
	for _, f := range s.faults.list {
		if !f.Over {
			st.Faults++
		}
	}
	return st, nil
}

func (a *address) state(name string, now exchange.Time) addressState {
	st := addressState{Address: name}
	if w := a.pools["papi"]; w != nil {
		st.Weight = w.add(0, now, minute)
	}
	if a.until > now {
		st.BannedUntil = a.until.Millis()
	}
	return st
}

// heldBalances are all that is not 0.
func (s *Sim) heldBalances() []adminBalance {
	list := []adminBalance{}
	for _, asset := range s.venue.Assets() {
		for w := exchange.Wallet(1); w <= exchange.Wallets; w++ {
			if amount := s.venue.Balance(asset, w); !amount.IsZero() {
				list = append(list, adminBalance{w.String(), asset, amount})
			}
		}
	}
	return list
}

// heldPositions are all that is held.
func (s *Sim) heldPositions() []adminPosition {
	list := []adminPosition{}
	for _, in := range s.ins.All() {
		for side := exchange.Both; side <= exchange.Short; side++ {
			if p := s.venue.Position(in.ID, side); !p.Qty.IsZero() {
				list = append(list, adminPosition{adminSymbol{in.Product.String(), in.Symbol}, side.String(), p.Qty, p.Entry})
			}
		}
	}
	return list
}
