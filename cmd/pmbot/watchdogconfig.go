package main

import (
	"strings"
	"time"

	"github.com/pmbot/pmbot/strategy"
)

// watchdogConfig is what "pmbot watchdog" is made of; configs/watchdog.toml explains every key.
type watchdogConfig struct {
	After          time.Duration     `toml:"after"`
	KeepProtective bool              `toml:"keep_protective"`
	State          string            `toml:"state"`
	Instruments    []strategy.Symbol `toml:"instruments"`
	Account        watchdogAccount   `toml:"account"`
	Exchange       exchangeConfig    `toml:"exchange"`
}

// watchdogAccount names the account and the watchdog's own key.
type watchdogAccount struct {
	Name   string `toml:"name"`
	Key    string `toml:"key"`
	Secret string `toml:"secret"`
}

// defaultWatchdog holds the value of every key that a file leaves out.
func defaultWatchdog() watchdogConfig {
	live := defaultLive()
	return watchdogConfig{
		After: 15 * time.Second, KeepProtective: true, Instruments: live.Instruments,
		Account: watchdogAccount{Name: live.Account.Name, Key: "env:PMBOT_WATCHDOG_KEY", Secret: "env:PMBOT_WATCHDOG_SECRET"},
	}
}

// The bounds of after: below, a bot that waits for its disk would be swept; above, nobody is
// saved.
const watchAfterMin, watchAfterMax = 3 * time.Second, 10 * time.Minute

// live is the account as other commands have it.
func (c *watchdogConfig) live() *liveConfig {
	l := defaultLive()
	l.Account.Name, l.Account.Key, l.Account.Secret = c.Account.Name, c.Account.Key, c.Account.Secret
	l.Exchange, l.Instruments, l.State = c.Exchange, c.Instruments, c.State
	return &l
}

// check finds values that have the right type and make no sense.
func (c *watchdogConfig) check(doc *document) []mistake {
	list := c.live().check(doc)
	if c.After < watchAfterMin || c.After > watchAfterMax {
		list = append(list, doc.wrong(strings.Split("after", "."), "%v is not within %v and %v", c.After, watchAfterMin, watchAfterMax))
	}
	return list
}

// loadWatchdog decodes a configuration. Every mistake is reported.
func loadWatchdog(name, text string, overrides []override) (*watchdogConfig, error) {
	doc, err := overridden(name, text, overrides)
	if err != nil {
		return nil, err
	}
	c := defaultWatchdog()
	return &c, doc.load(&c)
}

// watchdogConfig loads the named configuration, or the defaults, with the flags that replace
// some of it.
func (c *console) watchdogConfig(f *watchdogFlags) (*watchdogConfig, error) {
	overrides, err := parseOverrides(f.account.sets)
	if err != nil {
		return nil, err
	}
	if err := f.account.checkAt(); err != nil {
		return nil, err
	}
	name, text := "the defaults", ""
	if f.account.config != "" {
		name = f.account.config
		if text, err = readConfig(f.account.config, c.in); err != nil {
			return nil, err
		}
	}
	return loadWatchdog(name, text, append(overrides, doctorAt(f.account.at, false)...))
}
