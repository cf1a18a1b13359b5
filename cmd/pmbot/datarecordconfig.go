package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// recordConfig is what "pmbot data record" keeps and where; configs/record.toml explains
// every key.
type recordConfig struct {
	recordFiles
	Status time.Duration `toml:"status"`
	// UM, CM and Margin are what is recorded of a product, and More further sets, with other
	// streams for other symbols.
	UM     recordSet     `toml:"um"`
	CM     recordSet     `toml:"cm"`
	Margin recordSet     `toml:"margin"`
	More   []recordMore  `toml:"more"`
	Tables recordTables  `toml:"tables"`
	Feed   recordFeed    `toml:"feed"`
	Hosts  recordHosts   `toml:"exchange"`
	Key    recordAccount `toml:"account"`
}

// recordFiles says where a recording is kept, and how.
type recordFiles struct {
	Dir          string        `toml:"dir"`
	Tape         string        `toml:"tape"`
	KeepRaw      time.Duration `toml:"keep_raw"`
	FreeMin      int64         `toml:"free_min"`
	Flush        time.Duration `toml:"flush"`
	Sync         time.Duration `toml:"sync"`
	Segment      time.Duration `toml:"segment"`
	SegmentBytes int64         `toml:"segment_bytes"`
	BufferBytes  int           `toml:"buffer_bytes"`
}

// recordSet is a set of symbols with the streams that are recorded of each, and streams of
// the whole market.
type recordSet struct {
	Symbols []string `toml:"symbols"`
	Streams []string `toml:"streams"`
	Market  []string `toml:"market"`
}

// recordMore is a further set of a product.
type recordMore struct {
	Product exchange.Product `toml:"product"`
	Symbols []string         `toml:"symbols"`
	Streams []string         `toml:"streams"`
	Market  []string         `toml:"market"`
}

// recordFeed are the terms of the connections.
type recordFeed struct {
	PerConnection int           `toml:"per_connection"`
	Rotate        time.Duration `toml:"rotate"`
	Overlap       time.Duration `toml:"overlap"`
	Refresh       time.Duration `toml:"refresh"`
	Clock         time.Duration `toml:"clock"`
	SharePercent  int           `toml:"share_percent"`
}

// recordHosts are base URLs in place of Binance's.
type recordHosts struct {
	FAPI    string `toml:"fapi"`
	DAPI    string `toml:"dapi"`
	API     string `toml:"api"`
	FStream string `toml:"fstream"`
	DStream string `toml:"dstream"`
	Stream  string `toml:"stream"`
	PAPI    string `toml:"papi"`
	SAPI    string `toml:"sapi"`
}

// recordAccount says where an account's key is, for the tables that need one.
type recordAccount struct {
	Key    string `toml:"key"`
	Secret string `toml:"secret"`
}

// defaultRecord holds the value of every key that a file leaves out.
func defaultRecord() recordConfig {
	return recordConfig{
		recordFiles: recordFiles{
			Dir: "recording", Tape: "tape", FreeMin: 1 << 30,
			Flush: time.Second, Sync: 10 * time.Second, Segment: time.Hour, SegmentBytes: 256 << 20, BufferBytes: 64 << 20,
		},
		Status: time.Minute,
		UM: recordSet{
			Symbols: []string{"BTCUSDT"},
			Streams: []string{"aggTrade", "bookTicker", "depth@100ms", "markPrice@1s", "forceOrder", "kline_1m"},
			Market:  []string{"!contractInfo", "!assetIndex@arr"},
		},
		CM: recordSet{
			Symbols: []string{"BTCUSD_PERP"},
			Streams: []string{"aggTrade", "bookTicker", "depth@100ms", "markPrice@1s", "forceOrder", "kline_1m"},
			Market:  []string{"!contractInfo"},
		},
		Margin: recordSet{
			Symbols: []string{"BTCUSDT"},
			Streams: []string{"aggTrade", "bookTicker", "depth@100ms", "kline_1m"},
		},
		Feed: recordFeed{
			PerConnection: 1024, Rotate: 23 * time.Hour, Overlap: time.Minute, Refresh: 10 * time.Minute, Clock: time.Minute, SharePercent: 80,
		},
	}
}

// sets are all that is recorded, with the keys that they stand under in the file.
func (c *recordConfig) sets() []keyedSet {
	list := []keyedSet{{"um", exchange.UM, c.UM}, {"cm", exchange.CM, c.CM}, {"margin", exchange.Margin, c.Margin}}
	for i, m := range c.More {
		list = append(list, keyedSet{fmt.Sprintf("more.%d", i), m.Product, recordSet{m.Symbols, m.Streams, m.Market}})
	}
	return list
}

// keyedSet is a set with its product and its key.
type keyedSet struct {
	key     string
	product exchange.Product
	recordSet
}

// empty says whether nothing is recorded of a set.
func (s *recordSet) empty() bool { return len(s.Symbols) == 0 && len(s.Market) == 0 }

// loadRecord decodes a configuration. Every mistake is reported.
func loadRecord(name, text string, overrides []override) (*recordConfig, error) {
	c := defaultRecord()
	doc, err := overridden(name, text, overrides)
	if err != nil {
		return nil, err
	}
	return &c, doc.load(&c)
}

// check finds values that have the right type and make no sense.
func (c *recordConfig) check(doc *document) []mistake {
	var list []mistake
	wrong := func(key, format string, args ...any) {
		list = append(list, doc.wrong(strings.Split(key, "."), format, args...))
	}
	c.checkFiles(wrong)
	c.checkTimes(wrong)
	if s := c.Status; s < time.Second || s > 24*time.Hour {
		wrong("status", "%v is not within 1s to 24h0m0s", s)
	}
	c.Hosts.check(wrong)
	c.Tables.check(wrong)
	c.checkSets(wrong)
	c.Feed.check(wrong)
	if (c.Key.Key == "") != (c.Key.Secret == "") {
		wrong("account", "key and secret go together: give both, or none")
	}
	for _, s := range []struct{ key, ref string }{{"account.key", c.Key.Key}, {"account.secret", c.Key.Secret}} {
		if _, _, err := secretReference(s.ref); s.ref != "" && err != nil {
			wrong(s.key, "%v", err)
		}
	}
	return list
}

func (c *recordFiles) checkFiles(wrong wrongFunc) {
	if c.Dir == "" {
		wrong("dir", "is empty; name the directory of the recording")
	}
	if rel, err := filepath.Rel(c.Dir, c.Tape); c.Dir != "" && c.Tape != "" && err == nil && filepath.IsLocal(rel) {
		wrong("tape", "%s lies in the recording %s, whose files are all taken for raw data; name a directory beside it", c.Tape, c.Dir)
	}
	if c.Tape == "" && c.KeepRaw != 0 {
		wrong("keep_raw", "without a tape nothing would be left: name one with tape, or keep raw segments for ever, with 0s")
	}
	if c.KeepRaw < 0 {
		wrong("keep_raw", "%v is below 0s, which is for ever", c.KeepRaw)
	}
	if c.FreeMin < 0 {
		wrong("free_min", "%d is below 0", c.FreeMin)
	}
	if n := c.SegmentBytes; n < 1<<20 || n > 1<<40 {
		wrong("segment_bytes", "%d is not within 1048576 (1 MiB) to 1099511627776 (1 TiB)", n)
	}
	if n := c.BufferBytes; n < 1<<20 || n > 1<<34 {
		wrong("buffer_bytes", "%d is not within 1048576 (1 MiB) to 17179869184 (16 GiB)", n)
	}
}

func (c *recordFiles) checkTimes(wrong wrongFunc) {
	for _, t := range []struct {
		key         string
		value       time.Duration
		least, most time.Duration
	}{
		{"flush", c.Flush, 10 * time.Millisecond, time.Minute},
		{"sync", c.Sync, 10 * time.Millisecond, time.Hour},
		{"segment", c.Segment, time.Minute, 24 * time.Hour},
	} {
		if t.value < t.least || t.value > t.most {
			wrong(t.key, "%v is not within %v to %v", t.value, t.least, t.most)
		}
	}
	if c.Sync < c.Flush {
		wrong("sync", "%v is below flush, %v: there is nothing to sync that is not written", c.Sync, c.Flush)
	}
	if c.Segment > 0 && ((24*time.Hour)%c.Segment != 0 || c.Segment%time.Minute != 0) {
		wrong("segment", "%v is not whole minutes that divide a day; write 15m, 1h, 4h or the like", c.Segment)
	}
}

// check finds terms that make no sense.
func (f *recordFeed) check(wrong wrongFunc) {
	for _, t := range []struct {
		key         string
		value       time.Duration
		least, most time.Duration
	}{
		{"feed.rotate", f.Rotate, time.Minute, 24*time.Hour - time.Minute},
		{"feed.overlap", f.Overlap, time.Second, 10 * time.Minute},
		{"feed.refresh", f.Refresh, 10 * time.Second, 24 * time.Hour},
		{"feed.clock", f.Clock, time.Second, time.Hour},
	} {
		if t.value < t.least || t.value > t.most {
			wrong(t.key, "%v is not within %v to %v", t.value, t.least, t.most)
		}
	}
	if n := f.PerConnection; n < 1 || n > 1024 {
		wrong("feed.per_connection", "%d is not within 1 to 1024, which is what Binance allows a connection", n)
	}
	if n := f.SharePercent; n < 50 || n > 100 {
		wrong("feed.share_percent", "%d is not within 50 to 100", n)
	}
}

// check finds base URLs that are none, and hosts that belong together.
func (h *recordHosts) check(wrong wrongFunc) {
	for _, b := range []struct {
		key, base string
		schemes   [2]string
	}{
		{"fapi", h.FAPI, [2]string{"http", "https"}}, {"dapi", h.DAPI, [2]string{"http", "https"}}, {"api", h.API, [2]string{"http", "https"}},
		{"papi", h.PAPI, [2]string{"http", "https"}}, {"sapi", h.SAPI, [2]string{"http", "https"}},
		{"fstream", h.FStream, [2]string{"ws", "wss"}}, {"dstream", h.DStream, [2]string{"ws", "wss"}}, {"stream", h.Stream, [2]string{"ws", "wss"}},
	} {
		if b.base == "" {
			continue
		}
		u, err := url.Parse(b.base)
		if err != nil || u.Host == "" || u.Scheme != b.schemes[0] && u.Scheme != b.schemes[1] {
			wrong("exchange."+b.key, "%q is not the base URL of a host; write it like %s://127.0.0.1:9000", b.base, b.schemes[0])
		}
	}
	if (h.PAPI == "") != (h.SAPI == "") || h.PAPI != "" && h.FAPI == "" {
		wrong("exchange", "papi, sapi and fapi go together: a key must not go to two exchanges")
	}
}

// checkSets finds sets that say nothing, or too little; what symbols and streams there are is
// found out when the exchange has been asked.
func (c *recordConfig) checkSets(wrong wrongFunc) {
	nothing := true
	for _, s := range c.sets() {
		if s.product == 0 {
			wrong(s.key, "product is missing: UM, CM or MARGIN")
			continue
		}
		nothing = nothing && s.empty()
		if len(s.Symbols) > 0 && len(s.Streams) == 0 {
			wrong(s.key, "there are symbols and no streams; name some, such as streams = [\"aggTrade\"]")
		}
		s.check(wrong)
	}
	if nothing {
		wrong("um", "nothing is to be recorded; name some symbols, such as symbols = [\"BTCUSDT\"]")
	}
}
