package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/strategy"
)

// recordTables say how often a table is asked for, by its name; 0 is never. Those that a file
// does not name keep their default.
type recordTables map[string]time.Duration

// defaultTables are the tables that are asked for without being named: what has no public
// history, and a backtest of Portfolio Margin needs. Those from the third on need a key, and
// are not asked for without one.
func defaultTables() recordTables {
	return recordTables{
		"um/fundingInfo": time.Hour, "cm/fundingInfo": time.Hour,
		"um/leverageBracket": time.Hour, "cm/leverageBracket": time.Hour, "portfolio/collateralRate": time.Hour,
		"portfolio/collateralRate/v2": time.Hour, "portfolio/asset-index-price": 5 * time.Minute,
		"portfolio/margin-asset-leverage": time.Hour, "margin/crossMarginData": time.Hour, "margin/next-hourly-interest-rate": time.Hour,
	}
}

// tableEveryMin is the shortest interval of a table.
const tableEveryMin = 5 * time.Second

// knownTables are the names of all tables that can be asked for. Lists of instruments are not
// among them: they come with the feed, which needs them itself.
func knownTables() []string {
	var names []string
	for _, t := range rest.Tables() {
		if !strings.HasSuffix(string(t.Name), "/exchangeInfo") {
			names = append(names, string(t.Name))
		}
	}
	for _, t := range papi.Tables() {
		names = append(names, t.Name)
	}
	return names
}

// check finds names that are no table, and intervals that make no sense.
func (t recordTables) check(wrong wrongFunc) {
	known := knownTables()
	for _, name := range slices.Sorted(maps.Keys(t)) {
		every := t[name]
		switch {
		case strings.HasSuffix(name, "/exchangeInfo"):
			wrong("tables."+name, "the feed itself asks for it; say how often with feed.refresh")
		case !slices.Contains(known, name):
			if near := strategy.Nearest(name, known); near != "" {
				wrong("tables."+name, "there is no such table; did you mean %s?", near)
			} else {
				wrong("tables."+name, "there is no such table; there are %s", strings.Join(known, ", "))
			}
		case every != 0 && (every < tableEveryMin || every > 24*time.Hour):
			wrong("tables."+name, "%v is not within %v to 24h, nor 0s, which is never", every, tableEveryMin)
		}
	}
}

// complete has the defaults of what is not named.
func (t recordTables) complete() recordTables {
	all := defaultTables()
	maps.Copy(all, t)
	return all
}

// tablePoll is a request for a table, made again and again.
type tablePoll struct {
	// name is the table's in the recording: that of the endpoint, and the symbol, if it is
	// asked for by symbol.
	name  string
	every time.Duration
	// weight is what a request costs of the budget.
	weight int
	ask    func(context.Context) (rest.Answer, error)
	// due is when it is asked for next, and failed how often it failed in a row.
	due    exchange.Time
	failed int
}

// statisticsPeriod is the period of the statistics that are asked for.
const statisticsPeriod = "5m"

// polls are the requests for the public tables that are configured, of the instruments that
// are recorded. Products of which nothing is recorded have none.
func (c *recordConfig) polls(client *rest.Client, list []exchange.Instrument) []*tablePoll {
	tables := c.Tables.complete()
	var polls []*tablePoll
	for _, table := range rest.Tables() {
		every := tables[string(table.Name)]
		if every == 0 || !slices.ContainsFunc(list, func(in exchange.Instrument) bool { return in.Product == table.Product }) {
			continue
		}
		for _, params := range tableParams(&table, list) {
			polls = append(polls, &tablePoll{
				name: tableName(string(table.Name), params), every: every, weight: table.Weight,
				ask: func(ctx context.Context) (rest.Answer, error) { return client.Get(ctx, table.Name, params...) },
			})
		}
	}
	return polls
}

// signedPolls are the requests for the tables that need a key, of the instruments and the
// assets that are recorded.
func (c *recordConfig) signedPolls(client *papi.Client, list []exchange.Instrument) []*tablePoll {
	tables := c.Tables.complete()
	var polls []*tablePoll
	for _, table := range papi.Tables() {
		every := tables[table.Name]
		if every == 0 {
			continue
		}
		for i, of := range tableSubjects(&table, list) {
			name := table.Name
			switch {
			case table.Needs == "asset" || table.Needs == "symbol":
				name = tableName(name, []rest.Param{{Name: table.Needs, Value: of}})
			case i > 0: // the next group of assets
				name = fmt.Sprintf("%s/%d", name, i+1)
			}
			polls = append(polls, &tablePoll{name: name, every: every, ask: func(ctx context.Context) (rest.Answer, error) {
				body, err := client.Table(ctx, table.Name, of)
				return rest.Answer{At: wallClock(), Body: body}, err
			}})
		}
	}
	return polls
}

// assetsAtOnce is how many assets a request may name.
const assetsAtOnce = 20

// tableSubjects are what a table that needs a key is asked for.
func tableSubjects(table *papi.Table, list []exchange.Instrument) []string {
	if table.Needs == "" {
		return []string{""}
	}
	var symbols, assets []string
	product := exchange.UM
	if strings.HasPrefix(table.Name, "cm/") {
		product = exchange.CM
	}
	for i := range list {
		in := &list[i]
		if in.Product == product {
			symbols = append(symbols, in.Symbol)
		}
		for _, asset := range []string{in.Base, in.MarginAsset} {
			if asset != "" && !slices.Contains(assets, asset) {
				assets = append(assets, asset)
			}
		}
	}
	switch table.Needs {
	case "symbol":
		return symbols
	case "asset":
		return assets
	}
	slices.Sort(assets)
	var groups []string
	for group := range slices.Chunk(assets, assetsAtOnce) {
		groups = append(groups, strings.Join(group, ","))
	}
	return groups
}

// tableParams are the parameters of the requests that a table takes: none, or a set for each
// symbol or pair.
func tableParams(table *rest.Table, list []exchange.Instrument) [][]rest.Param {
	var all [][]rest.Param
	var seen []string
	for i := range list {
		in := &list[i]
		if in.Product != table.Product {
			continue
		}
		var params []rest.Param
		for _, need := range table.Needs {
			switch need {
			case "symbol":
				// The index of CM belongs to the pair, which is asked for as a symbol.
				value := in.Symbol
				if strings.HasSuffix(string(table.Name), "/constituents") {
					value = in.Pair
				}
				params = append(params, rest.Param{Name: need, Value: value})
			case "pair":
				params = append(params, rest.Param{Name: need, Value: in.Pair})
			case "contractType":
				params = append(params, rest.Param{Name: need, Value: in.ContractType})
			case "period":
				params = append(params, rest.Param{Name: need, Value: statisticsPeriod})
			}
		}
		if name := tableName("", params); !slices.Contains(seen, name) {
			seen = append(seen, name)
			all = append(all, params)
		}
	}
	return all
}

// tableName is the name of a table in the recording. Letters of other alphabets are written as
// their numbers, for it becomes the name of a file.
func tableName(table string, params []rest.Param) string {
	var words []string
	for _, p := range params {
		if p.Name != "period" && p.Value != "" {
			words = append(words, p.Value)
		}
	}
	if len(words) == 0 {
		return table
	}
	var b strings.Builder
	for _, r := range strings.Join(words, ".") {
		switch {
		case r < 128 && (r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "u%04X", r)
		}
	}
	return table + "/" + b.String()
}

// tablePoller asks for tables, one after the other, at their intervals in UTC, and at once
// when it begins.
type tablePoller struct {
	polls []*tablePoll
	now   func() exchange.Time
	// keep takes what came, tell what a person should know.
	keep func(name string, at exchange.Time, body []byte) error
	tell func(text string)
}

// retryAfter is how long after a failure a table is asked for again; it doubles up to the
// interval.
const retryAfter = 10 * time.Second

// run asks until the context ends, which is no error.
func (p *tablePoller) run(ctx context.Context) error {
	for _, poll := range p.polls {
		poll.due = p.now()
	}
	for {
		next := exchange.Never
		for _, poll := range p.polls {
			if poll.due <= p.now() {
				p.once(ctx, poll)
			}
			if ctx.Err() != nil {
				return nil
			}
			next = min(next, poll.due)
		}
		timer := time.NewTimer(min(max(next.Sub(p.now()), 0), time.Hour))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// once asks for one table and says when to ask again.
func (p *tablePoller) once(ctx context.Context, poll *tablePoll) {
	answer, err := poll.ask(ctx)
	if err == nil {
		err = p.keep(poll.name, answer.At, answer.Body)
	}
	if ctx.Err() != nil {
		return
	}
	now := p.now()
	poll.due = now.Floor(poll.every).Add(poll.every)
	if err == nil {
		poll.failed = 0
		return
	}
	pause := min(retryAfter<<min(poll.failed, 10), poll.every)
	poll.due = min(poll.due, now.Add(pause))
	if poll.failed++; poll.failed == 1 {
		p.tell(fmt.Sprintf("table %s: %v; it is asked for again after %v", poll.name, err, pause))
	}
}
