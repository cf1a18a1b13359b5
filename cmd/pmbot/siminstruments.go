package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// simCoins are the coins that the simulated exchange can list.
func simCoins() []string { return []string{"BTC", "ETH", "BNB"} }

// listed is what the simulated exchange lists at an instant: the embedded instruments of
// the coins, and of each perpetual that Binance has quarterlies beside the two that are
// traded then. Of made-up coins it lists UM perpetuals with the rules of BNB's, the last of
// them without a status: they are not listed yet.
func listed(coins []string, alts, unlisted int, at exchange.Time) (*exchange.Instruments, error) {
	all, err := backtest.EmbeddedInstruments()
	if err != nil {
		return nil, err
	}
	var list, made []exchange.Instrument
	for _, in := range all {
		if in.Product == exchange.UM && in.Base == "BNB" {
			made = altcoins(in, alts, unlisted)
		}
		if !slices.Contains(coins, in.Base) {
			continue
		}
		list = append(list, in)
		if in.Product == exchange.CM || in.Product == exchange.UM && in.Base != "BNB" {
			list = append(list, quarterlies(in, at)...)
		}
	}
	return exchange.NewInstruments(append(list, made...)...)
}

// altName is the name of a made-up coin, from 1 on.
func altName(i int) string { return fmt.Sprintf("ALT%03d", i) }

// altPrice is where the price of a made-up coin starts, in USD.
func altPrice() exchange.Fixed { return 100 * exchange.FixedOne }

// altcoins are perpetuals of made-up coins with the rules of another one.
func altcoins(like exchange.Instrument, count, unlisted int) []exchange.Instrument {
	var list []exchange.Instrument
	for i := range count {
		in := like
		in.Base = altName(i + 1)
		in.Symbol = in.Base + in.Quote
		in.Pair = in.Symbol
		if i >= count-unlisted {
			in.Status = ""
		}
		list = append(list, in)
	}
	return list
}

// quarterlies are the contracts of this quarter and the next that belong to a perpetual.
// They have its rules, which is assumed: Binance's differ a little.
func quarterlies(perpetual exchange.Instrument, at exchange.Time) []exchange.Instrument {
	this := delivery(at)
	next := delivery(this)
	var list []exchange.Instrument
	for _, c := range []struct {
		kind     string
		delivery exchange.Time
		onboard  exchange.Time
	}{{"CURRENT_QUARTER", this, this.Add(-182 * 24 * time.Hour)}, {"NEXT_QUARTER", next, next.Add(-182 * 24 * time.Hour)}} {
		in := perpetual
		in.ContractType, in.Delivery, in.Onboard = c.kind, c.delivery, c.onboard
		in.Symbol = in.Pair + "_" + c.delivery.UTC().Format("060102")
		list = append(list, in)
	}
	return list
}

// delivery is the first delivery of quarterlies after an instant: 08:00 UTC of the last
// Friday of a quarter.
func delivery(after exchange.Time) exchange.Time {
	t := after.UTC()
	for month := (int(t.Month())-1)/3*3 + 4; ; month += 3 {
		end := time.Date(t.Year(), time.Month(month), 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
		friday := end.AddDate(0, 0, -(int(end.Weekday())+2)%7)
		if d := exchange.TimeOf(friday); d > after {
			return d
		}
	}
}

// simTables are the assumed tables with brackets of BNB, which nobody has published: those
// of ETH with the edges at a tenth of the dollars, and at half the coins. Made-up coins have
// those of BNB. Brackets of files take the place of any.
func simTables(alts int, files []string) (*margin.Tables, error) {
	t := margin.Assumed()
	for _, b := range []struct {
		table      map[string]margin.Brackets
		like, name string
		factor     string
	}{{t.UM, "ETHUSDT", "BNBUSDT", "0.1"}, {t.CM, "ETHUSD_PERP", "BNBUSD_PERP", "0.5"}} {
		scaled, err := b.table[b.like].Scaled(exchange.MustFixed(b.factor))
		if err != nil {
			return nil, err
		}
		scaled.Source = margin.Source{Text: "after those of " + b.like, Date: "2026-11", Assumed: true}
		b.table[b.name] = scaled
	}
	t.Interest["BNB"] = t.Interest["ETH"]
	for i := range alts {
		t.UM[altName(i+1)+"USDT"] = t.UM["BNBUSDT"]
	}
	for _, name := range files {
		if err := readBrackets(t, name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// readBrackets reads a leverageBracket answer into the tables.
func readBrackets(t *margin.Tables, name string) error {
	product, into := exchange.UM, t.UM
	switch base := strings.ToLower(filepath.Base(name)); {
	case strings.Contains(base, "cm"):
		product, into = exchange.CM, t.CM
	case !strings.Contains(base, "um"):
		return &failure{exitConfig, fmt.Errorf("market.brackets: %s does not tell whose answer it is", name), "let the name contain um or cm"}
	}
	f, err := os.Open(name)
	if err != nil {
		return &failure{codeOf(err), fmt.Errorf("brackets %s: %w", name, reason(err)), "name a file with market.brackets"}
	}
	defer f.Close()
	list, err := margin.DecodeBrackets(product, f, margin.Source{Text: "leverageBracket answer " + filepath.Base(name)})
	if err != nil {
		return &failure{exitConfig, fmt.Errorf("%s: %w", name, err), "save Binance's answer as it is"}
	}
	maps.Copy(into, list)
	return nil
}
