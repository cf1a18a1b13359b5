package stats

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// SummarySchema names the layout of a [Summary]; fields are only ever added to it.
const SummarySchema = "pmbot.report/1"

// Summary is a run in one document for programs to read: what "pmbot report --json"
// prints. Money, ratios and percentages are strings, so that no reader rounds them;
// instants are RFC 3339 in UTC. Its lists are never null. report.schema.json describes it
// to machines, STATISTICS.md to people.
type Summary struct {
	Schema string   `json:"schema"`
	Run    Identity `json:"run"`
	// Statistics are in the order of STATISTICS.md, all of them in every document.
	Statistics []Figure  `json:"statistics"`
	Months     []Period  `json:"months"`
	Falls      []Decline `json:"falls"`
	Exits      []Ending  `json:"exits"`
	// Reasons are the exits over all strategies.
	Reasons []Ending `json:"reasons"`

	Total         backtest.Line           `json:"total"`
	ByStrategy    []backtest.Line         `json:"by_strategy"`
	ByLeg         []backtest.Line         `json:"by_leg"`
	ByMonth       []backtest.Line         `json:"by_month"`
	ByStrategyLeg []backtest.StrategyLine `json:"by_strategy_leg"`
	Warnings      []backtest.Warning      `json:"warnings"`
}

// Identity says which run it was, and of what.
type Identity struct {
	ID           string                  `json:"id"`
	Kind         backtest.Kind           `json:"kind"`
	ResultHash   string                  `json:"result_hash"`
	ConfigHash   string                  `json:"config_hash"`
	DataHash     string                  `json:"data_hash"`
	StrategyHash string                  `json:"strategy_hash"`
	Version      string                  `json:"version"`
	Seed         uint64                  `json:"seed"`
	From         exchange.Time           `json:"from"`
	To           exchange.Time           `json:"to"`
	Events       uint64                  `json:"events"`
	Strategies   []backtest.StrategyInfo `json:"strategies"`
	Legs         []backtest.Leg          `json:"legs"`
	// Products are those of the legs, each once, in the order UM, CM, MARGIN.
	Products []exchange.Product `json:"products"`
}

// Figure is a statistic. Value is null where it is undefined and Reason says why; of unit
// "time" it is an instant.
type Figure struct {
	Key    string  `json:"key"`
	Group  string  `json:"group"`
	Name   string  `json:"name"`
	Unit   Unit    `json:"unit"`
	Value  *string `json:"value"`
	Reason string  `json:"reason,omitempty"`
	// Better is 1 where more is better, -1 where less is, else 0.
	Better int `json:"better"`
}

// Period is a [Return]; Percent is null if it began without equity.
type Period struct {
	From    exchange.Time    `json:"from"`
	To      exchange.Time    `json:"to"`
	Start   decimal.Decimal  `json:"start"`
	End     decimal.Decimal  `json:"end"`
	Percent *decimal.Decimal `json:"percent"`
	Whole   bool             `json:"whole"`
}

// Decline is a [Fall]; Recovered is null if the run ended before.
type Decline struct {
	Peak      exchange.Time   `json:"peak"`
	Trough    exchange.Time   `json:"trough"`
	Recovered *exchange.Time  `json:"recovered"`
	Percent   decimal.Decimal `json:"percent"`
	USD       decimal.Decimal `json:"usd"`
}

// Ending is an [Exit].
type Ending struct {
	Strategy string          `json:"strategy,omitempty"`
	Reason   string          `json:"reason"`
	Trades   int             `json:"trades"`
	Won      int             `json:"won"`
	Net      decimal.Decimal `json:"net"`
}

// SummaryOf computes the statistics of a run and puts them into a document.
func SummaryOf(r *backtest.Result) *Summary {
	s := Of(r)
	d := &Summary{
		Schema: SummarySchema, Run: identityOf(r), Total: r.Total, Statistics: []Figure{}, Months: []Period{}, Falls: []Decline{},
		Exits: endingsOf(s.Exits), Reasons: endingsOf(s.Reasons), ByStrategy: present(r.ByStrategy), ByLeg: present(r.ByLeg),
		ByMonth: present(r.ByMonth), ByStrategyLeg: present(r.ByStrategyLeg), Warnings: present(r.Warnings),
	}
	for _, g := range s.Groups {
		for i := range g.Items {
			d.Statistics = append(d.Statistics, figureOf(g.Key, &g.Items[i]))
		}
	}
	for i := range s.Months {
		m := &s.Months[i]
		p := Period{From: m.From, To: m.To, Start: m.Start.Round(exchange.FixedPlaces), End: m.End.Round(exchange.FixedPlaces), Whole: m.Whole}
		if m.OK {
			p.Percent = &m.Percent
		}
		d.Months = append(d.Months, p)
	}
	for i := range s.Falls {
		f := &s.Falls[i]
		one := Decline{Peak: f.Peak, Trough: f.Trough, Percent: f.Percent, USD: f.USD}
		if f.Recovered != 0 {
			one.Recovered = &f.Recovered
		}
		d.Falls = append(d.Falls, one)
	}
	return d
}

func identityOf(r *backtest.Result) Identity {
	id := Identity{
		ID: r.ID, Kind: r.Kind.OrBacktest(), ResultHash: r.Hash, ConfigHash: r.ConfigHash, DataHash: r.DataHash, StrategyHash: r.StrategyHash,
		Version: r.Version, Seed: r.Seed, From: r.From, To: r.To, Events: r.Events, Strategies: present(r.Strategies), Legs: present(r.Legs),
		Products: present(r.Products()),
	}
	for i := range id.Strategies {
		if id.Strategies[i].Params == nil {
			id.Strategies = slices.Clone(id.Strategies)
			id.Strategies[i].Params = map[string]string{}
		}
	}
	return id
}

func figureOf(group string, item *Item) Figure {
	f := Figure{Key: item.Key, Group: group, Name: item.Name, Unit: item.Unit, Reason: item.Reason, Better: item.Better}
	if item.OK {
		text := item.Number.String()
		if item.Unit == Time {
			text = exchange.Time(item.Number.IntPart()).String()
		}
		f.Value = &text
	}
	return f
}

func endingsOf(list []Exit) []Ending {
	out := []Ending{}
	for _, e := range list {
		out = append(out, Ending(e))
	}
	return out
}

// present is the list, empty where there is none.
func present[E any](list []E) []E {
	if list == nil {
		return []E{}
	}
	return list
}
