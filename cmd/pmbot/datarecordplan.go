package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// recordPlan is what a recording would ask for: the answer of --dry-run, and its JSON.
type recordPlan struct {
	Schema string `json:"schema"`
	Dir    string `json:"dir"`
	Tape   string `json:"tape"`
	// Connections are in the order in which they are made.
	Connections []plannedConnection `json:"connections"`
	Tables      []plannedTable      `json:"tables"`
	// WeightAtStart is what the snapshots of all books cost once, and WeightAMinute what
	// tables, instruments and clock cost from then on, both of fapi and dapi together.
	WeightAtStart int `json:"weight_at_start"`
	WeightAMinute int `json:"weight_a_minute"`
	// BytesADay are what segments would take if every symbol were as busy as Bitcoin's.
	BytesADay int64 `json:"bytes_a_day_at_most"`
}

type plannedConnection struct {
	Route   string   `json:"route"`
	Base    string   `json:"base"`
	Streams []string `json:"streams"`
}

type plannedTable struct {
	Name   string `json:"name"`
	Every  string `json:"every"`
	Weight int    `json:"weight"`
}

// snapshotLevels is how deep the snapshot of a book is that a feed asks for by itself.
const snapshotLevels = 1000

// plan is what a configuration asks for of what an exchange lists.
func (c *recordConfig) plan(streams []stream.Stream, polls []*tablePoll) recordPlan {
	p := recordPlan{Schema: "pmbot.record.plan/1", Dir: c.Dir, Tape: c.Tape, Connections: []plannedConnection{}, Tables: []plannedTable{}}
	hosts := c.Hosts.sockets()
	for _, lane := range stream.Lanes(streams, c.Feed.PerConnection) {
		connection := plannedConnection{Route: lane[0].Route().String(), Base: hosts[lane[0].Route()]}
		for _, s := range lane {
			connection.Streams = append(connection.Streams, s.Name())
		}
		p.Connections = append(p.Connections, connection)
	}
	products := map[exchange.Product]bool{}
	perSecond := 0.0
	for _, s := range streams {
		products[s.Product] = true
		perSecond += busyBytes(s)
		if s.Kind == stream.Depth && s.Product != exchange.Margin {
			p.WeightAtStart += rest.DepthWeight(s.Product, snapshotLevels)
		}
	}
	p.BytesADay = int64(perSecond * (24 * time.Hour).Seconds() / compression)
	weight := 5 * perMinute(c.Feed.Clock)
	for _, product := range []exchange.Product{exchange.UM, exchange.CM} {
		if products[product] {
			weight += perMinute(c.Feed.Refresh)
		}
	}
	for _, poll := range polls {
		p.Tables = append(p.Tables, plannedTable{poll.name, briefly(poll.every), poll.weight})
		weight += float64(poll.weight) * perMinute(poll.every)
	}
	p.WeightAMinute = int(weight + 0.5)
	return p
}

// briefly prints a duration without zeros at its end: 1h, not 1h0m0s.
func briefly(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"0s", "0m"} {
		if cut, found := strings.CutSuffix(s, zero); found && cut != "" && strings.ContainsAny(cut[len(cut)-1:], "hm") {
			s = cut
		}
	}
	return s
}

func perMinute(every time.Duration) float64 { return float64(time.Minute) / float64(every) }

// compression is how many times smaller segments are than what came, as measured on messages
// of Bitcoin's contracts.
const compression = 7

// busyBytes are the bytes a second of a stream on a busy contract, as recorded of BTCUSDT in
// August 2024, and by the cadence of those that were not recorded. Other symbols have far
// less: it is an upper bound of what a disk has to take.
func busyBytes(s stream.Stream) float64 {
	const symbols = 800 // that streams of the whole market are of
	rate := 1.0
	if cadence := s.Cadence(); cadence > 0 {
		rate = 1 / cadence.Seconds()
	}
	if s.All() {
		switch s.Kind {
		case stream.ContractInfo, stream.TradingSession, stream.Liquidation:
			return 1000
		case stream.AssetIndex:
			return rate * 30 * 220
		}
		return rate * symbols * 200
	}
	switch s.Kind {
	case stream.BookTicker:
		return 40_000
	case stream.Trade, stream.AggTrade:
		return 11_000
	case stream.Depth, stream.RPIDepth:
		return 31_000
	case stream.PartialDepth:
		return rate * float64(60*s.Levels+250)
	case stream.Liquidation:
		return 10
	case stream.Kline, stream.ContinuousKline, stream.IndexKline, stream.MarkKline:
		return rate * 420
	default:
		return rate * 400
	}
}

// print writes the plan for a person.
func (p *recordPlan) print(w io.Writer) error {
	fmt.Fprintf(w, "recording into %s", p.Dir)
	if p.Tape != "" {
		fmt.Fprintf(w, ", and from there into the tape %s", p.Tape)
	}
	fmt.Fprintln(w)
	for i, c := range p.Connections {
		fmt.Fprintf(w, "\nconnection %d, route %s, %s: %s\n", i+1, c.Route, c.Base, counted(int64(len(c.Streams)), "stream"))
		for names := range slices.Chunk(c.Streams, 4) {
			fmt.Fprint(w, " ")
			for _, name := range names {
				fmt.Fprint(w, " "+name)
			}
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintln(w)
	for _, t := range p.Tables {
		fmt.Fprintf(w, "table %s every %s, weight %d\n", t.Name, t.Every, t.Weight)
	}
	_, err := fmt.Fprintf(w, "weight of fapi and dapi: %s for the books at the start, %s a minute from then on, of %s a minute\ndisk: at most about %s a day, if every symbol were as busy as Bitcoin's\n",
		count(int64(p.WeightAtStart)), count(int64(p.WeightAMinute)), count(rest.WeightFutures), bytesOf(p.BytesADay))
	return err
}
