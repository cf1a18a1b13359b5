package riskguard

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Override is stricter limits for a part of the account: orders that fit all of what it names.
type Override struct {
	// Product, Symbol, such as "UM:BTCUSDT", and Strategy, a label of the configuration, say
	// which orders; each may be left out, not all.
	Product  exchange.Product `toml:"product" json:"product,omitzero"`
	Symbol   string           `toml:"symbol" json:"symbol,omitzero"`
	Strategy string           `toml:"strategy" json:"strategy,omitzero"`
	// Limits are those that are stricter, by their keys, written as the account's are.
	Limits map[string]LimitText `toml:"limits" json:"limits"`
}

// LimitText is a limit as it is written in a configuration: digits, or a duration.
type LimitText string

// UnmarshalText takes any text; [Limits.Validate] says whether it is a limit.
func (t *LimitText) UnmarshalText(text []byte) error {
	*t = LimitText(text)
	return nil
}

// ErrNoLimit says that a key of an override is none of [LimitKeys].
var ErrNoLimit = errors.New("is no limit; the keys are those of [risk]")

// overridesMax is how many overrides there may be.
const overridesMax = 100

// name says of what the limits are, such as "UM:BTCUSDT, near".
func (o *Override) name() string {
	var parts []string
	if o.Product != 0 {
		parts = append(parts, o.Product.String())
	}
	for _, part := range [...]string{o.Symbol, o.Strategy} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// validate names what makes no sense in the override of that place.
func (o *Override) validate(account *Limits, place int) (errs []error) {
	key := fmt.Sprintf("override.%d", place)
	if o.name() == "" {
		errs = append(errs, fmt.Errorf("%s names no product, symbol or strategy; without one the limit is the account's own", key))
	}
	if len(o.Limits) == 0 {
		errs = append(errs, fmt.Errorf("%s has no limits", key))
	}
	stricter := *account
	for _, name := range slices.Sorted(maps.Keys(o.Limits)) {
		if err := stricter.tighten(name, o.Limits[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s.limits.%s %w", key, name, err))
		}
	}
	return errs
}

// tighten makes a limit stricter. What is no limit, not stricter or out of bounds is an error.
func (l *Limits) tighten(key string, text LimitText) error {
	entries := l.entries()
	at := slices.IndexFunc(entries, func(e limitEntry) bool { return e.key == key })
	if at < 0 {
		return ErrNoLimit
	}
	e := &entries[at]
	if e.strict == whole {
		return fmt.Errorf("is of the whole account and has no overrides")
	}
	was := e.text()
	if err := e.parse(string(text)); err != nil {
		return fmt.Errorf("is %.40q; %w", text, err)
	}
	looser := e.compareTo(was) > 0
	if e.strict == higher {
		looser = e.compareTo(was) < 0
	}
	if looser {
		return fmt.Errorf("is %s, which is looser than the account's %s; overrides are stricter", text, was)
	}
	if e.compareTo(e.least) < 0 || e.compareTo(e.most) > 0 {
		return fmt.Errorf("is %s; it must be %s to %s", text, e.least, e.most)
	}
	return nil
}

// join takes the stricter of each of two limits.
func (l *Limits) join(o *Limits) {
	mine, others := l.entries(), o.entries()
	for i := range mine {
		e, other := &mine[i], &others[i]
		c := e.compareTo(other.text())
		if e.strict == lower && c > 0 || e.strict == higher && c < 0 {
			must(e.parse(other.text()))
		}
	}
}

// fits says whether the override is about orders of a strategy on an instrument.
func (o *Override) fits(in *exchange.Instrument, strategy string) bool {
	return (o.Product == 0 || o.Product == in.Product) && (o.Symbol == "" || o.Symbol == symbolOf(in)) && (o.Strategy == "" || o.Strategy == strategy)
}

// symbolOf is an instrument's name in configurations.
func symbolOf(in *exchange.Instrument) string { return in.Product.String() + ":" + in.Symbol }
