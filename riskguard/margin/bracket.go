package margin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Brackets are the maintenance margin steps of one futures symbol.
type Brackets struct {
	Product exchange.Product
	Tiers   []Bracket
	Source  Source
}

// Bracket is one step: notional in margin asset for UM, size in base coins for CM, above
// Floor and up to Cap. Maintenance margin there is size·MMR - Cum, and the symbol's
// leverage may be at most Leverage.
type Bracket struct {
	Floor, Cap, MMR, Cum exchange.Fixed
	Leverage             int
}

// maintenance is the margin (amount scale) that a position of that size (value scale)
// must keep, in the same asset. Beyond the last cap the last step goes on.
func (b *Brackets) maintenance(size wide) wide {
	i := 0
	for i < len(b.Tiers)-1 && wideInt(int64(b.Tiers[i].Cap)).up().less(size) {
		i++
	}
	return size.times(b.Tiers[i].MMR).sub(amount(b.Tiers[i].Cum))
}

// Rate is the maintenance rate of a size: notional in margin asset for UM, coins for CM.
// Beyond the last cap the last step goes on; without brackets it is 0.
func (b Brackets) Rate(size decimal.Decimal) exchange.Fixed {
	rate := exchange.Fixed(0)
	for _, t := range b.Tiers {
		rate = t.MMR
		if size.LessThanOrEqual(t.Cap.Decimal()) {
			break
		}
	}
	return rate
}

// CapAt is the largest size that the leverage allows: notional for UM, coins for CM;
// FixedMax for no end.
func (b Brackets) CapAt(leverage int) exchange.Fixed {
	most := exchange.Fixed(0)
	for _, t := range b.Tiers {
		if t.Leverage >= leverage {
			most = t.Cap
		}
	}
	return most
}

// check verifies that the steps join and that maintenance margin grows with size.
func (b Brackets) check() error {
	if len(b.Tiers) == 0 {
		return errors.New("no brackets")
	}
	var before Bracket
	for i, t := range b.Tiers {
		switch {
		case t.Floor != before.Cap:
			return fmt.Errorf("bracket %d starts at %v and the one before ends at %v", i+1, t.Floor, before.Cap)
		case t.Cap <= t.Floor:
			return fmt.Errorf("bracket %d ends at %v, not above its start %v", i+1, t.Cap, t.Floor)
		case t.MMR <= 0 || t.MMR > exchange.FixedOne || t.MMR < before.MMR:
			return fmt.Errorf("bracket %d: maintenance rate %v is not in 0..1 or falls", i+1, t.MMR)
		case t.Leverage < 1:
			return fmt.Errorf("bracket %d: leverage %d is below 1", i+1, t.Leverage)
		case t.Cum < 0:
			return fmt.Errorf("bracket %d: cum %v is negative", i+1, t.Cum)
		}
		if i > 0 {
			floor := wideInt(int64(t.Floor))
			left := floor.times(before.MMR).sub(wideInt(int64(before.Cum)).up())
			right := floor.times(t.MMR).sub(wideInt(int64(t.Cum)).up())
			if left.mul(99).less(right.mul(101)) && right.mul(99).less(left.mul(101)) {
				before = t
				continue
			}
			return fmt.Errorf("bracket %d: maintenance margin jumps at %v, so cum %v is wrong", i+1, t.Floor, t.Cum)
		}
		before = t
	}
	return nil
}

// bracketAnswer is one symbol of GET um/leverageBracket or cm/leverageBracket.
type bracketAnswer struct {
	Symbol       string  `json:"symbol"`
	NotionalCoef *number `json:"notionalCoef"`
	Brackets     []struct {
		InitialLeverage  number `json:"initialLeverage"`
		NotionalFloor    number `json:"notionalFloor"`
		NotionalCap      number `json:"notionalCap"`
		QtyFloor         number `json:"qtyFloor"`
		QtyCap           number `json:"qtyCap"`
		MaintMarginRatio number `json:"maintMarginRatio"`
		Cum              number `json:"cum"`
	} `json:"brackets"`
}

// number is a decimal that Binance writes as a number or as a string. Caps beyond the
// range of a Fixed mean "no end" and saturate.
type number exchange.Fixed

func (n *number) UnmarshalJSON(b []byte) error {
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		b = b[1 : len(b)-1]
	}
	f, err := exchange.ParseFixedBytes(b)
	if errors.Is(err, exchange.ErrNumberRange) && len(b) > 0 && b[0] != '-' {
		f, err = exchange.FixedMax, nil
	}
	*n = number(f)
	return err
}

// DecodeBrackets reads the answer of GET um/leverageBracket or cm/leverageBracket of
// papi into brackets by symbol, with the given source. Unknown fields are skipped. A
// notionalCoef moves the edges of the account's own steps, and their cum with them, so
// that the rates hold over larger or smaller sizes; Binance's pages do not say more, so
// such brackets are marked assumed. Steps that do not join are an error that names the
// symbol.
func DecodeBrackets(p exchange.Product, r io.Reader, s Source) (map[string]Brackets, error) {
	var answers []bracketAnswer
	if err := json.NewDecoder(r).Decode(&answers); err != nil {
		return nil, fmt.Errorf("%v leverage brackets: %w", p, err)
	}
	table := make(map[string]Brackets, len(answers))
	for i, a := range answers {
		if a.Symbol == "" {
			return nil, fmt.Errorf("%v leverage brackets: entry %d has no symbol", p, i+1)
		}
		if _, twice := table[a.Symbol]; twice {
			return nil, fmt.Errorf("%v leverage brackets: %s is listed twice", p, a.Symbol)
		}
		b, err := a.brackets(p, s)
		if err != nil {
			return nil, fmt.Errorf("%v leverage brackets of %s: %w", p, a.Symbol, err)
		}
		table[a.Symbol] = b
	}
	return table, nil
}

func (a *bracketAnswer) brackets(p exchange.Product, s Source) (Brackets, error) {
	b := Brackets{Product: p, Source: s}
	coef := exchange.FixedOne
	if a.NotionalCoef != nil && *a.NotionalCoef != number(exchange.FixedOne) {
		coef = exchange.Fixed(*a.NotionalCoef)
		b.Source.Assumed = true
	}
	if coef <= 0 {
		return b, fmt.Errorf("notionalCoef %v is not positive", coef)
	}
	for _, t := range a.Brackets {
		floor, end := t.NotionalFloor, t.NotionalCap
		if p == exchange.CM {
			floor, end = t.QtyFloor, t.QtyCap
		}
		if floor < 0 || end < 0 || t.Cum < 0 {
			return b, errors.New("a floor, cap or cum is negative")
		}
		b.Tiers = append(b.Tiers, Bracket{
			Floor: scaled(exchange.Fixed(floor), coef), Cap: scaled(exchange.Fixed(end), coef),
			MMR: exchange.Fixed(t.MaintMarginRatio), Cum: scaled(exchange.Fixed(t.Cum), coef),
			Leverage: int(exchange.Fixed(t.InitialLeverage) / exchange.FixedOne),
		})
	}
	slices.SortFunc(b.Tiers, func(x, y Bracket) int {
		if x.Floor < y.Floor {
			return -1
		}
		return 1
	})
	return b, b.check()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
