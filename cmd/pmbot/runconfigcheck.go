package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// stopPolicy is what becomes of orders and positions when the bot is stopped.
type stopPolicy string

// The policies.
const (
	stopCancel  stopPolicy = "cancel"
	stopKeep    stopPolicy = "keep"
	stopFlatten stopPolicy = "flatten"
)

// parseStop reads a policy.
func parseStop(s string) (stopPolicy, error) {
	switch p := stopPolicy(s); p {
	case stopCancel, stopKeep, stopFlatten:
		return p, nil
	}
	return "", fmt.Errorf("%q is none of cancel, keep and flatten", s)
}

// check finds values that have the right type and make no sense. What a dry run alone needs
// is looked at in every mode, so that a file that is right stays right.
func (c *runConfig) check(doc *document) []mistake {
	var list []mistake
	wrong := func(key, format string, args ...any) {
		list = append(list, doc.wrong(strings.Split(key, "."), format, args...))
	}
	list = append(list, c.live().check(doc)...)
	c.checkHosts(wrong)
	c.Feed.check(wrong)
	c.checkPaper(doc, wrong)
	c.checkTimes(wrong)
	c.Reconcile.check(wrong)
	c.Alert.check(wrong)
	if _, err := parseStop(string(c.Stop.Policy)); err != nil {
		wrong("stop.policy", "%v", err)
	}
	if _, err := logLevel(c.Log.Level); err != nil {
		wrong("log.level", "%v", err)
	}
	if n := c.Log.Files; n < 1 || n > 1000 {
		wrong("log.files", "%d is not within 1 to 1000", n)
	}
	if n := c.Journal.KeepBytes; n < 0 {
		wrong("journal.keep_bytes", "%d is below 0", n)
	}
	c.checkRecord(wrong)
	return list
}

// checkPaper has the checks of a backtest look at what has the same meaning here.
func (c *runConfig) checkPaper(doc *document, wrong wrongFunc) {
	test := configuration{Config: c.backtest(), doc: doc}
	renamed := func(key, format string, args ...any) {
		switch section, _, _ := strings.Cut(key, "."); section {
		case "account":
			key = "paper" + strings.TrimPrefix(key, "account")
		case "venue":
			key = "paper." + key
		}
		wrong(key, format, args...)
	}
	test.checkBalances(renamed)
	test.checkVenue(renamed)
	test.checkStrategies(renamed)
	if l := c.Paper.Leverage; l < 1 || l > 125 {
		wrong("paper.leverage", "%d is not within 1 to 125", l)
	}
	if feed := c.Paper.Venue.Latency.Feed; feed != "" && feed != "0s" {
		wrong("paper.venue.latency.feed", "%q: live data takes its own time; give the way there and back with entry", feed)
	}
	checkRisk(&c.Risk, wrong)
	checkServices(&c.Services, wrong)
}

func (c *runConfig) checkTimes(wrong wrongFunc) {
	for _, t := range []struct {
		key         string
		value       time.Duration
		least, most time.Duration
	}{
		{"journal.segment", c.Journal.Segment, time.Minute, 24 * time.Hour},
		{"journal.keep", c.Journal.Keep, 0, 10 * 365 * 24 * time.Hour},
		{"reconcile.interval", c.Reconcile.Interval, time.Second, time.Hour},
		{"stop.within", c.Stop.Within, time.Second, 10 * time.Minute},
		{"log.status", c.Log.Status, time.Second, 24 * time.Hour},
	} {
		if t.value < t.least || t.value > t.most {
			wrong(t.key, "%v is not within %v to %v", t.value, t.least, t.most)
		}
	}
	for _, n := range []struct {
		key   string
		value int64
	}{{"journal.segment_bytes", c.Journal.SegmentBytes}, {"log.bytes", c.Log.Bytes}} {
		if n.value < 1<<16 || n.value > 1<<40 {
			wrong(n.key, "%d is not within 65536 (64 KiB) to 1099511627776 (1 TiB)", n.value)
		}
	}
}

// checkHosts demands that an account's hosts are replaced all together: a key must not go to
// two exchanges, nor be used on the prices of another.
func (c *runConfig) checkHosts(wrong wrongFunc) {
	h := &c.Exchange
	h.check(wrong)
	if h.User != "" {
		if u, err := url.Parse(h.User); err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
			wrong("exchange.user", "%q is not the base URL of a user stream; write it like ws://127.0.0.1:9001/pm", h.User)
		}
	}
	if (h.PAPI == "") != (h.User == "") {
		wrong("exchange", "papi and user go together: they are of one account")
	}
}

func (c *runConfig) checkRecord(wrong wrongFunc) {
	if c.Record.Dir == "" {
		return
	}
	under := func(key, format string, args ...any) { wrong("record."+key, format, args...) }
	c.Record.checkFiles(under)
	c.Record.checkTimes(under)
}
