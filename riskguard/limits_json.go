package riskguard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// ParseLimits reads limits from a JSON object with the keys of the configuration, as
// [Limits.JSON] writes it: ratios and amounts as digits, bare or in quotes, counts as whole
// numbers, durations as text such as "500ms". A key that is left out has its default, as in
// the configuration. What is wrong, a key that is unknown or given twice and a value out of
// its bounds included, is an error that names key and value; all values out of bounds are
// named at once.
func ParseLimits(text []byte) (Limits, error) {
	limits := DefaultLimits()
	if err := limits.read(text); err != nil {
		return Limits{}, fmt.Errorf("limits: %w", err)
	}
	if err := limits.Validate(); err != nil {
		return Limits{}, fmt.Errorf("limits: %w", err)
	}
	return limits, nil
}

// JSON writes all limits as [ParseLimits] reads them, by rising key.
func (l *Limits) JSON() []byte {
	text := []byte{'{'}
	for i, e := range l.entries() {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(strconv.AppendQuote(text, e.key), ':')
		switch v := e.value.(type) {
		case *decimal.Decimal:
			text = strconv.AppendQuote(text, v.String())
		case *time.Duration:
			text = strconv.AppendQuote(text, v.String())
		case *int:
			text = strconv.AppendInt(text, int64(*v), 10)
		}
	}
	return append(text, '}')
}

// limitEntry is a limit with its key: a *decimal.Decimal, *time.Duration or *int.
type limitEntry struct {
	key   string
	value any
}

// entries are all limits by rising key.
func (l *Limits) entries() []limitEntry {
	return []limitEntry{
		{"approval_ttl", &l.ApprovalTTL},
		{"borrow_max_usd", &l.BorrowMaxUSD},
		{"duplicate_window", &l.DuplicateWindow},
		{"fresh_index", &l.FreshIndex},
		{"fresh_mark", &l.FreshMark},
		{"fresh_price", &l.FreshPrice},
		{"messages_per_second_max", &l.MessagesPerSecondMax},
		{"open_orders_max", &l.OpenOrdersMax},
		{"order_notional_max_ratio", &l.OrderNotionalMaxRatio},
		{"position_max_ratio", &l.PositionMaxRatio},
		{"price_collar_limit", &l.PriceCollarLimit},
		{"price_collar_market", &l.PriceCollarMarket},
		{"shock_coin", &l.ShockCoin},
		{"shock_haircut", &l.ShockHaircut},
		{"shock_stable", &l.ShockStable},
		{"unimmr_min", &l.UniMMRMin},
		{"unimmr_shock_min", &l.UniMMRShockMin},
	}
}

// read sets what an object names.
func (l *Limits) read(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("it must be a JSON object such as {\"unimmr_min\": \"2\"}")
	}
	entries := l.entries()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		at := -1
		for i := range entries {
			if entries[i].key == key {
				at = i
			}
		}
		if at < 0 {
			return fmt.Errorf("%.40q is no limit; the keys are those of the configuration's limits", key)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
		if entries[at].value == nil {
			return fmt.Errorf("%v is given twice", key)
		}
		if err := entries[at].read(raw); err != nil {
			return fmt.Errorf("%v is %.40s; %w", key, raw, err)
		}
		entries[at].value = nil
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the object")
	}
	return nil
}

// numberMax is the most characters of a number that are read.
const numberMax = 40

// read sets the limit from a JSON value.
func (e *limitEntry) read(raw json.RawMessage) error {
	word, quoted := string(raw), false
	if len(raw) > 0 && raw[0] == '"' {
		quoted = true
		if err := json.Unmarshal(raw, &word); err != nil {
			return err
		}
	}
	switch v := e.value.(type) {
	case *decimal.Decimal:
		d, err := decimal.NewFromString(word)
		if err != nil || len(word) > numberMax || bytes.ContainsAny(raw, "eE") { // an exponent may be huge
			return errors.New("it must be a number such as 0.02")
		}
		*v = d
	case *time.Duration:
		d, err := time.ParseDuration(word)
		if err != nil || !quoted {
			return errors.New("it must be a duration such as \"500ms\"")
		}
		*v = d
	case *int:
		n, err := strconv.Atoi(word)
		if err != nil || quoted {
			return errors.New("it must be a whole number such as 10")
		}
		*v = n
	}
	return nil
}
