package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/download"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// downloadConfig is what "pmbot data download" fetches and where to; configs/download.toml
// explains every key.
type downloadConfig struct {
	Tape    string `toml:"tape"`
	From    string `toml:"from"`
	To      string `toml:"to"`
	REST    bool   `toml:"rest"`
	Base    string `toml:"base"`
	List    string `toml:"list"`
	Cache   string `toml:"cache"`
	Keep    bool   `toml:"keep"`
	Jobs    int    `toml:"jobs"`
	SkipBad bool   `toml:"skip_bad"`
	// Kinds and Intervals are those of every series that names none of its own.
	Kinds     []string         `toml:"kinds"`
	Intervals []string         `toml:"intervals"`
	Exchange  downloadHosts    `toml:"exchange"`
	Series    []downloadSeries `toml:"series"`
}

// downloadHosts are base URLs for REST in place of Binance's.
type downloadHosts struct {
	FAPI string `toml:"fapi"`
	DAPI string `toml:"dapi"`
	API  string `toml:"api"`
}

// downloadSeries are symbols of which the same is wanted.
type downloadSeries struct {
	Symbols   []string `toml:"symbols"`
	Kinds     []string `toml:"kinds"`
	Intervals []string `toml:"intervals"`
}

const (
	// downloadDays is how far back a download goes that is told no beginning.
	downloadDays = 30 * 24 * time.Hour
	// jobsMax bounds the connections to a public server.
	jobsMax = 32
	// allKinds is the word for all kinds that archives have of a product, noList for no
	// listing.
	allKinds = "all"
	noList   = "none"
)

// defaultDownload holds the value of every key that a file leaves out.
func defaultDownload() downloadConfig {
	return downloadConfig{Tape: "tape", Base: download.DefaultBase, Jobs: 4, Kinds: []string{string(row.Klines)}, Intervals: []string{"1m"}}
}

// downloadConfig reads the configuration with what the command line replaces of it.
func (c *console) downloadConfig(f *downloadFlags, symbols []string) (*downloadConfig, error) {
	overrides, err := parseOverrides(f.sets)
	if err != nil {
		return nil, err
	}
	name, text := "the defaults", ""
	if f.config != "" {
		name = f.config
		if text, err = readConfig(f.config, c.in); err != nil {
			return nil, err
		}
	}
	cfg := defaultDownload()
	doc, err := overridden(name, text, overrides)
	if err != nil {
		return nil, err
	}
	if err := doc.load(&cfg); err != nil {
		return nil, err
	}
	if err := f.replace(&cfg, symbols); err != nil {
		return nil, err
	}
	if len(cfg.Series) == 0 {
		return nil, &failure{exitUsage, errors.New("no symbol is named"), "name some, such as UM:BTCUSDT CM:BTCUSD_PERP MARGIN:BTCUSDT, or a file with -c"}
	}
	return &cfg, nil
}

// check finds values of a file that have the right type and make no sense.
func (c *downloadConfig) check(doc *document) []mistake {
	var list []mistake
	wrong := func(key string, err error) {
		if err != nil {
			list = append(list, doc.wrong(strings.Split(key, "."), "%v", err))
		}
	}
	_, err := instant(c.From, false)
	wrong("from", err)
	_, err = instant(c.To, true)
	wrong("to", err)
	wrong("jobs", checkJobs(c.Jobs))
	wrong("kinds", checkKinds(c.Kinds))
	wrong("intervals", checkIntervals(c.Intervals))
	wrong("base", checkBase(c.Base))
	wrong("list", checkList(c.List))
	for i, s := range c.Series {
		key := "series." + strconv.Itoa(i)
		if len(s.Symbols) == 0 {
			wrong(key, errors.New("symbols are missing, such as [\"UM:BTCUSDT\"]"))
		}
		for _, symbol := range s.Symbols {
			_, err := downloadSymbol(symbol)
			wrong(key+".symbols", err)
		}
		wrong(key+".kinds", checkKinds(s.Kinds))
		wrong(key+".intervals", checkIntervals(s.Intervals))
	}
	return list
}

func checkJobs(n int) error {
	if n < 1 || n > jobsMax {
		return fmt.Errorf("%d is not within 1 to %d", n, jobsMax)
	}
	return nil
}

func checkKinds(names []string) error {
	for _, n := range names {
		if n != allKinds && !slices.Contains(download.Kinds(exchange.UM), row.Kind(n)) {
			if row.Kind(n).Schema() != "" {
				return fmt.Errorf("Binance publishes no archives of %s; there are %s; record it with pmbot data record", n, downloadKinds())
			}
			near := strategy.Nearest(n, strings.Split(downloadKinds(), ", "))
			if near != "" {
				return fmt.Errorf("no kind of data %q; did you mean %s?", n, near)
			}
			return fmt.Errorf("no kind of data %q; there are %s", n, downloadKinds())
		}
	}
	return nil
}

func checkIntervals(names []string) error {
	for _, n := range names {
		if n == "1mo" || n == "1M" {
			return fmt.Errorf("bars of a month have no fixed length, so that a tape has none; take 1d in the place of %s", n)
		}
		if _, err := row.ParseInterval(n); err != nil {
			return err
		}
	}
	return nil
}

func checkBase(s string) error {
	_, err := download.CheckURL(s)
	return err
}

func checkList(s string) error {
	if s == "" || s == noList {
		return nil
	}
	return checkBase(s)
}

// downloadSymbol reads PRODUCT:SYMBOL. The archives' own word for the margin leg is taken,
// too.
func downloadSymbol(s string) (strategy.Symbol, error) {
	if rest, spot := strings.CutPrefix(strings.ToUpper(s), "SPOT:"); spot {
		s = "MARGIN:" + rest
	}
	return strategy.ParseSymbol(s)
}

// replace puts what the command line says in the place of the configuration's.
func (f *downloadFlags) replace(c *downloadConfig, symbols []string) error {
	usage := func(flag string, err error) error {
		if err == nil {
			return nil
		}
		return &failure{exitUsage, fmt.Errorf("%s: %w", flag, err), ""}
	}
	for _, t := range []struct {
		flag, text string
		into       *string
		check      func(string) error
	}{
		{"--tape", f.tape, &c.Tape, nil}, {"--cache", f.cache, &c.Cache, nil}, {"--base", f.base, &c.Base, checkBase}, {"--list", f.list, &c.List, checkList},
		{"--from", f.from, &c.From, func(s string) error { _, err := instant(s, false); return err }},
		{"--to", f.to, &c.To, func(s string) error { _, err := instant(s, true); return err }},
		{"--at", f.at, &c.Exchange.FAPI, checkBase}, {"--at", f.at, &c.Exchange.DAPI, checkBase}, {"--at", f.at, &c.Exchange.API, checkBase},
	} {
		if t.text == "" {
			continue
		}
		if t.check != nil {
			if err := usage(t.flag, t.check(t.text)); err != nil {
				return err
			}
		}
		*t.into = t.text
	}
	if f.jobs != "" {
		n, err := strconv.Atoi(f.jobs)
		if err != nil {
			return usage("--jobs", fmt.Errorf("%q is no whole number", f.jobs))
		}
		if c.Jobs = n; checkJobs(n) != nil {
			return usage("--jobs", checkJobs(n))
		}
	}
	for _, b := range []struct {
		given, value bool
		into         *bool
	}{{f.keepGiven, f.keep, &c.Keep}, {f.restGiven, f.rest, &c.REST}, {f.skipBadGiven, f.skipBad, &c.SkipBad}} {
		if b.given {
			*b.into = b.value
		}
	}
	return f.replaceSeries(c, symbols, usage)
}

func (f *downloadFlags) replaceSeries(c *downloadConfig, symbols []string, usage func(string, error) error) error {
	for _, s := range symbols {
		if _, err := downloadSymbol(s); err != nil {
			return &failure{exitUsage, err, "write for example UM:BTCUSDT"}
		}
	}
	if len(symbols) > 0 {
		c.Series = []downloadSeries{{Symbols: symbols}}
	}
	if f.kinds != "" {
		kinds := splitList(f.kinds)
		if err := usage("--kind", checkKinds(kinds)); err != nil {
			return err
		}
		c.Kinds = kinds
		for i := range c.Series {
			c.Series[i].Kinds = nil
		}
	}
	if f.intervals != "" {
		intervals := splitList(f.intervals)
		if err := usage("--interval", checkIntervals(intervals)); err != nil {
			return err
		}
		c.Intervals = intervals
		for i := range c.Series {
			c.Series[i].Intervals = nil
		}
	}
	return nil
}

func splitList(s string) []string {
	var list []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// plan makes of the configuration what package download does. What does not exist of some
// symbols only is told and left out.
func (c *downloadConfig) plan(notice func(string)) (download.Config, error) {
	p := download.Config{Base: c.Base, List: c.List, Cache: c.Cache, Keep: c.Keep, Workers: c.Jobs, SkipBad: c.SkipBad}
	now := exchange.TimeOf(time.Now())
	p.From, _ = instant(c.From, false)
	if p.To, _ = instant(c.To, true); p.To == 0 {
		p.To = now
		if !c.REST {
			p.To = now.Floor(24 * time.Hour)
		}
	} else {
		p.To++
	}
	if p.From == 0 {
		p.From = p.To.Add(-downloadDays).Floor(24 * time.Hour)
	}
	if p.From >= p.To {
		return p, &failure{exitUsage, fmt.Errorf("--from %v is not before --to %v", p.From, p.To), "the last day with archives is yesterday"}
	}
	if p.Cache == "" {
		p.Cache = filepath.Join(c.Tape, ".download")
	}
	if err := download.CheckCache(p.Cache, c.Tape); err != nil {
		return p, &failure{exitUsage, fmt.Errorf("--cache: %w", err), ""}
	}
	switch {
	case p.List == noList:
		p.List = ""
	case p.List == "" && strings.TrimRight(p.Base, "/") == download.DefaultBase:
		p.List = download.DefaultList
	}
	for _, u := range []string{p.Base, p.List} {
		if plain, err := download.CheckURL(u); err == nil && plain {
			notice(u + " is http: whoever is on the way can change the archives and their checksums alike; use https, or a host of this machine")
		}
	}
	var err error
	p.Want, err = c.keys(notice)
	return p, err
}

// keys lists the series that are wanted, each once.
func (c *downloadConfig) keys(notice func(string)) (list []row.Key, err error) {
	var why error
	for _, s := range c.Series {
		kinds, intervals := s.Kinds, s.Intervals
		if len(kinds) == 0 {
			kinds = c.Kinds
		}
		if len(intervals) == 0 {
			intervals = c.Intervals
		}
		for _, name := range s.Symbols {
			symbol, err := downloadSymbol(name)
			if err != nil {
				return nil, &failure{exitUsage, err, ""}
			}
			for _, k := range keysOfSymbol(symbol, kinds, intervals) {
				switch err := download.Check(k); {
				case err != nil:
					why = err
					notice(fmt.Sprintf("%s %s is left out: %v", name, k.Kind, err))
				case !slices.Contains(list, k):
					list = append(list, k)
				}
			}
		}
	}
	if len(list) == 0 && why != nil {
		return nil, &failure{exitUsage, errors.New("nothing that is wanted exists"), why.Error()}
	}
	return list, nil
}

// keysOfSymbol are the series of one symbol. Index prices of COIN-M belong to its pair.
func keysOfSymbol(s strategy.Symbol, kinds, intervals []string) (list []row.Key) {
	for _, name := range kinds {
		of := []row.Kind{row.Kind(name)}
		if name == allKinds {
			of = download.Kinds(s.Product)
		}
		for _, kind := range of {
			k := row.Key{Product: s.Product, Symbol: row.Upper(s.Name), Kind: kind}
			if pair, _, dated := strings.Cut(k.Symbol, "_"); dated && kind == row.IndexPriceKlines && s.Product == exchange.CM {
				k.Symbol = pair
			}
			if !kind.Bars() {
				list = append(list, k)
				continue
			}
			for _, every := range intervals {
				k.Interval, _ = row.ParseInterval(every)
				list = append(list, k)
			}
		}
	}
	return list
}
