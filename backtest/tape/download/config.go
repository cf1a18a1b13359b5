package download

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

// DefaultBase is where Binance publishes its archives, and DefaultList where their bucket
// is listed.
const (
	DefaultBase = "https://data.binance.vision"
	DefaultList = "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision"
)

// Config is what to download, from where and to where.
type Config struct {
	// Tape takes the rows. It is this run's alone: see [tape.Import].
	Tape *tape.Tape
	// Want are the series, each once.
	Want []row.Key
	// From and To bound what is wanted; archives that hold part of it are taken. To is after
	// From.
	From, To exchange.Time
	// Base is the URL that archives are below, and List the one whose S3 listing says what
	// exists, "" for none.
	Base, List string
	// Cache is the directory that archives are kept in, in the layout of Base. Keep leaves
	// them there after the import.
	Cache string
	Keep  bool
	// Workers is how many archives are fetched at a time, at least 1.
	Workers int
	// SkipBad sets bad rows of archives aside, as in [tape.ImportSpec].
	SkipBad bool
	// REST fills bars and settlements that no archive has yet, nil for none.
	REST *rest.Client
	// Transport sends the requests, nil for one with the system's proxies.
	Transport http.RoundTripper
	Limits    Limits
	// Now is the clock, nil for the system's.
	Now func() exchange.Time
	// Progress is told a few times a second how far the run is, Done of each archive that
	// has ended, and Notice what a person should know of the whole. One goroutine calls them,
	// one at a time; each may be nil.
	Progress func(Progress)
	Done     func(Result)
	Notice   func(string)
}

// Limits bound what a server can cost. A zero value is the default.
type Limits struct {
	// Attempts is how often one request is sent without bringing its file forward, 8; as
	// long as no server has answered at all, 3 connections that fail are enough.
	Attempts int
	// Backoff is the wait after the first failure, 500 ms; it doubles up to BackoffMax,
	// 30 s. Each wait is shortened by up to half at random.
	Backoff, BackoffMax time.Duration
	// PauseMax is the longest wait that a server may ask for, 10 minutes. Throttled is how
	// often one archive may meet it, 20.
	PauseMax  time.Duration
	Throttled int
	// Stall is how long a request may bring less than 4 KiB, 30 s.
	Stall time.Duration
	// ArchiveBytes bounds the size of an archive, 32 GiB.
	ArchiveBytes int64
	// LockWait is how long the importer waits for another import on the tape, 1 minute.
	LockWait time.Duration
}

func (l Limits) orDefault() Limits {
	fill(&l.Attempts, 8)
	fill(&l.Backoff, 500*time.Millisecond)
	fill(&l.BackoffMax, 30*time.Second)
	fill(&l.PauseMax, 10*time.Minute)
	fill(&l.Throttled, 20)
	fill(&l.Stall, 30*time.Second)
	fill(&l.ArchiveBytes, 32<<30)
	fill(&l.LockWait, time.Minute)
	return l
}

func fill[T comparable](v *T, d T) {
	if *v == *new(T) {
		*v = d
	}
}

// check finds what Run cannot work with, and fills in what has a default.
func (c Config) check() (Config, error) {
	switch {
	case len(c.Want) == 0:
		return c, errors.New("download: no series is wanted")
	case c.From >= c.To:
		return c, fmt.Errorf("download: the end %v is not after the beginning %v", c.To, c.From)
	case c.Cache == "":
		return c, errors.New("download: no directory for archives is given")
	}
	seen := map[row.Key]bool{}
	for _, k := range c.Want {
		if err := Check(k); err != nil {
			return c, fmt.Errorf("download: %w", err)
		}
		if seen[k] {
			return c, fmt.Errorf("download: %s is wanted twice", k)
		}
		seen[k] = true
	}
	for _, u := range []*string{&c.Base, &c.List} {
		if *u == "" && u == &c.List {
			continue
		}
		if _, err := CheckURL(*u); err != nil {
			return c, fmt.Errorf("download: %w", err)
		}
		*u = strings.TrimRight(*u, "/")
	}
	c.Cache = filepath.Clean(c.Cache)
	c.Limits, c.Workers = c.Limits.orDefault(), max(1, c.Workers)
	if c.Now == nil {
		c.Now = func() exchange.Time { return exchange.TimeOf(time.Now()) }
	}
	if c.Notice == nil {
		c.Notice = func(string) {}
	}
	if c.Done == nil {
		c.Done = func(Result) {}
	}
	return c, nil
}

// CheckCache refuses a cache among the files of the tape: the tape would take archives for files
// of its own, and the lock of one for that of the other. Names with a dot are left alone.
func CheckCache(cache, store string) error {
	cache, err := filepath.Abs(cache)
	if err != nil {
		return err
	}
	if store, err = filepath.Abs(store); err != nil {
		return err
	}
	within, err := filepath.Rel(store, cache)
	if err == nil && (within == "." || !strings.HasPrefix(within, ".")) {
		return fmt.Errorf("the directory for archives, %s, is the tape's own; take one beside it, or %s", cache, filepath.Join(store, ".download"))
	}
	return nil
}

// CheckURL says what is wrong with a base URL, and with plain set whether it sends what it
// gets over other people's wires unprotected: http to a host that is not this machine.
func CheckURL(s string) (plain bool, err error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return false, fmt.Errorf("%q is no URL", s)
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return false, fmt.Errorf("%q is no http or https URL such as %s", s, DefaultBase)
	case u.User != nil:
		return false, fmt.Errorf("URL %s has a user name or password, and archives are public", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		return false, fmt.Errorf("URL %s has a query or fragment, and paths are appended to it", u.Redacted())
	}
	return u.Scheme == "http" && !loopback(u.Hostname()), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
