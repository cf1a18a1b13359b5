package riskguard

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
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
	entries := l.entries()
	if len(l.Hedged) > 0 {
		entries = append(entries, limitEntry{key: hedgedKey, value: &l.Hedged})
	}
	if len(l.Overrides) > 0 {
		entries = append(entries, limitEntry{key: overridesKey, value: &l.Overrides})
	}
	if len(l.Budgets) > 0 {
		entries = append(entries, limitEntry{key: budgetsKey, value: &l.Budgets})
	}
	slices.SortFunc(entries, func(a, b limitEntry) int { return cmp.Compare(a.key, b.key) })
	text := []byte{'{'}
	for i, e := range entries {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(strconv.AppendQuote(text, e.key), ':')
		switch e.value.(type) {
		case *int, *bool:
			text = append(text, e.text()...)
		case *[]Override, *[]Budget, *[]string:
			list, err := json.Marshal(e.value)
			must(err) // names and digits can be written
			text = append(text, list...)
		default:
			text = strconv.AppendQuote(text, e.text())
		}
	}
	return append(text, '}')
}

// The keys of the lists in JSON.
const (
	hedgedKey    = "hedged"
	overridesKey = "overrides"
	budgetsKey   = "budgets"
)

// read sets what an object names.
func (l *Limits) read(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("it must be a JSON object such as {\"unimmr_min\": \"2\"}")
	}
	entries := append(l.entries(), limitEntry{key: overridesKey, value: &l.Overrides}, limitEntry{key: hedgedKey, value: &l.Hedged}, limitEntry{key: budgetsKey, value: &l.Budgets})
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
	switch e.value.(type) {
	case *[]Override, *[]Budget, *[]string:
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		return d.Decode(e.value)
	}
	word, quoted := string(raw), false
	if len(raw) > 0 && raw[0] == '"' {
		quoted = true
		if err := json.Unmarshal(raw, &word); err != nil {
			return err
		}
	}
	if _, count := e.value.(*int); count && quoted {
		return errNoCount
	}
	if _, yes := e.value.(*bool); yes && quoted {
		return errNoBool
	}
	if _, age := e.value.(*time.Duration); age && !quoted {
		return errNoDuration
	}
	return e.parse(word)
}

var (
	errNoNumber   = errors.New("it must be a number such as 0.02")
	errNoDuration = errors.New("it must be a duration such as \"500ms\"")
	errNoBool     = errors.New("it must be true or false")
	errNoCount    = errors.New("it must be a whole number such as 10")
)

// parse sets the limit from what is written.
func (e *limitEntry) parse(word string) error {
	switch v := e.value.(type) {
	case *decimal.Decimal:
		d, err := decimal.NewFromString(word)
		if err != nil || len(word) > numberMax || strings.ContainsAny(word, "eE") { // an exponent may be huge
			return errNoNumber
		}
		*v = d
	case *time.Duration:
		d, err := time.ParseDuration(word)
		if err != nil {
			return errNoDuration
		}
		*v = d
	case *bool:
		if word != "true" && word != "false" {
			return errNoBool
		}
		*v = word == "true"
	case *SelfTrade:
		return v.UnmarshalText([]byte(word))
	case *int:
		n, err := strconv.Atoi(word)
		if err != nil {
			return errNoCount
		}
		*v = n
	}
	return nil
}
