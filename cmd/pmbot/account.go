package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/strategy"
)

// liveConfig is what is needed to speak to an exchange for an account; configs/live.toml
// explains every key.
type liveConfig struct {
	Account  accountConfig  `toml:"account"`
	Exchange exchangeConfig `toml:"exchange"`
	// DropCopy has a second key, which only reads.
	DropCopy dropCopyConfig `toml:"drop_copy"`
	// Instruments are what is traded.
	Instruments []strategy.Symbol `toml:"instruments"`
	// State is a bot's directory, "" for the user's.
	State string `toml:"state"`
}

// accountConfig names the account's key and what is expected of the account.
type accountConfig struct {
	Name string `toml:"name"`
	// Key and Secret say where to find them, never what they are; see readSecret.
	Key         string        `toml:"key"`
	Secret      string        `toml:"secret"`
	HedgeMode   bool          `toml:"hedge_mode"`
	OrderPrefix string        `toml:"order_prefix"`
	PMSince     exchange.Time `toml:"pm_since"`
}

// exchangeConfig has servers of this machine in place of Binance's.
type exchangeConfig struct {
	PAPI string `toml:"papi"`
	SAPI string `toml:"sapi"`
	FAPI string `toml:"fapi"`
}

// defaultLive holds the value of every key that a file leaves out.
func defaultLive() liveConfig {
	return liveConfig{
		Account:  accountConfig{Name: "main", Key: "env:PMBOT_KEY", Secret: "env:PMBOT_SECRET", OrderPrefix: "pmb-"},
		DropCopy: defaultDropCopy(),
		Instruments: []strategy.Symbol{
			{Product: exchange.UM, Name: "BTCUSDT"}, {Product: exchange.CM, Name: "BTCUSD_PERP"}, {Product: exchange.Margin, Name: "BTCUSDT"},
		},
	}
}

var accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// orderPrefixMax leaves room behind the configured prefix for the start of the process, which
// are 8 characters until 2059, within what [engine.CheckPrefix] takes.
const orderPrefixMax = 8

// checkOrderPrefix says what is wrong with what our orders' ids are to begin with.
func checkOrderPrefix(prefix string) error {
	if prefix == "" || len(prefix) > orderPrefixMax {
		return fmt.Errorf("%.40q has %d characters, not 1 to %d; in the ids of our orders the start of the process follows them", prefix, len(prefix), orderPrefixMax)
	}
	return engine.CheckPrefix(prefix)
}

// loadLive decodes a configuration, which may be that of a whole bot. Every mistake is
// reported.
func loadLive(name, text string, overrides []override) (*liveConfig, error) {
	doc, err := overridden(name, text, overrides)
	if err != nil {
		return nil, err
	}
	if doc.nearBot() {
		bot := defaultRun()
		err := doc.load(&bot)
		return bot.live(), err
	}
	c := defaultLive()
	return &c, doc.load(&c)
}

// check finds values that have the right type and make no sense.
func (c *liveConfig) check(doc *document) []mistake {
	var list []mistake
	wrong := func(key, format string, args ...any) {
		list = append(list, doc.wrong(strings.Split(key, "."), format, args...))
	}
	if !accountName.MatchString(c.Account.Name) {
		wrong("account.name", "%q is not a name of at most 32 small letters, digits, _ and -", c.Account.Name)
	}
	if err := checkOrderPrefix(c.Account.OrderPrefix); err != nil {
		wrong("account.order_prefix", "%v", err)
	}
	for _, s := range []struct{ key, ref string }{{"account.key", c.Account.Key}, {"account.secret", c.Account.Secret}} {
		if _, _, err := secretReference(s.ref); err != nil {
			wrong(s.key, "%v", err)
		}
	}
	c.DropCopy.check(&c.Account, wrong)
	if len(c.Instruments) == 0 {
		wrong("instruments", "there is none; name some, such as UM:BTCUSDT")
	}
	return list
}

// instruments are the configured ones, from the embedded exchangeInfo answers.
func (c *liveConfig) instruments() (*exchange.Instruments, error) {
	known, err := backtest.EmbeddedInstruments()
	if err != nil {
		return nil, err
	}
	all, err := exchange.NewInstruments(known...)
	if err != nil {
		return nil, err
	}
	var list []exchange.Instrument
	for _, s := range c.Instruments {
		in, err := all.Find(s.Product, s.Name)
		if err != nil {
			return nil, &failure{exitNotFound, fmt.Errorf("instruments: %w", err), "name one of those that pmbot ships with; others are asked of Binance by the live feeds"}
		}
		list = append(list, *in)
	}
	return exchange.NewInstruments(list...)
}

// client makes a client of the account, with a local clock. It sends nothing.
func (c *console) client(cfg *liveConfig, now func() exchange.Time) (*papi.Client, error) {
	bases := papi.Config{PAPI: cfg.Exchange.PAPI, SAPI: cfg.Exchange.SAPI, FAPI: cfg.Exchange.FAPI, Now: now, Log: c.logger(false)}
	return c.keyedClient(cfg.Account.Key, cfg.Account.Secret, bases, "configs/live.toml")
}

// keyedClient makes a client of the key that two references name; file explains them.
func (c *console) keyedClient(keyRef, secretRef string, bases papi.Config, file string) (*papi.Client, error) {
	var err error
	if bases.Key, err = c.readSecret("account.key", keyRef); err != nil {
		return nil, err
	}
	if bases.Secret, err = c.readSecret("account.secret", secretRef); err != nil {
		return nil, err
	}
	client, err := papi.New(bases)
	if err != nil {
		return nil, &failure{exitConfig, err, "see " + file}
	}
	return client, nil
}

// secretReference splits "key:NAME", "env:NAME", "file:PATH" or "credential:NAME". The error
// does not repeat the text, which may be the secret itself.
func secretReference(ref string) (kind, where string, err error) {
	kind, where, found := strings.Cut(ref, ":")
	if found && where != "" && slices.Contains([]string{"key", "env", "file", "credential"}, kind) {
		return kind, where, nil
	}
	return "", "", errors.New("it must say where the value is, as key:NAME, env:NAME, file:PATH or credential:NAME; a key or secret never stands in a configuration")
}

// secretSizeMax bounds a file with a secret; PEM keys have a few kilobytes.
const secretSizeMax = 64 << 10

// readSecret fetches what a reference names: a key that "pmbot key" keeps; a variable of the
// environment; a file that nobody but its owner may read; or a credential that systemd has put
// into $CREDENTIALS_DIRECTORY. Blanks and line ends around it are cut off.
func (c *console) readSecret(key, ref string) (papi.Secret, error) {
	if kind, where, err := secretReference(ref); err == nil && kind == "key" {
		return c.storedSecret(key, where)
	}
	text, err := c.confidentialText(key, ref)
	if err != nil {
		return papi.Secret{}, err
	}
	return papi.NewSecret(text), nil
}

// confidentialText is [console.readSecret] of what is no key of an exchange.
func (c *console) confidentialText(key, ref string) (string, error) {
	kind, where, err := secretReference(ref)
	if err != nil {
		return "", &failure{exitConfig, fmt.Errorf("%s: %w", key, err), ""}
	}
	var text string
	switch kind {
	case "key":
		return "", &failure{exitConfig, fmt.Errorf("%s: %s names a key of the exchange, which is for nobody else", key, ref), "write env:NAME, file:PATH or credential:NAME"}
	case "env":
		if text = c.getenv(where); text == "" {
			return "", &failure{exitConfig, fmt.Errorf("%s: the variable %s of the environment is empty", key, where), "set it, or name another place with " + key}
		}
	case "credential":
		dir := c.getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", &failure{exitConfig, fmt.Errorf("%s: there are no systemd credentials here", key), "add LoadCredential=" + filepath.Base(where) + ":PATH to the unit"}
		}
		if text, err = secretFile(filepath.Join(dir, filepath.Base(where))); err != nil {
			return "", &failure{exitConfig, fmt.Errorf("%s: %w", key, err), ""}
		}
	case "file":
		if text, err = secretFile(where); err != nil {
			return "", &failure{exitConfig, fmt.Errorf("%s: %w", key, err), "name a file that is there, with mode 600, owned by who runs pmbot"}
		}
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", &failure{exitConfig, fmt.Errorf("%s: there is nothing in %s", key, ref), "put the text there, or name another place with " + key}
	}
	return text, nil
}

// secretFile reads a file that only its owner can read or write.
func secretFile(name string) (string, error) {
	// Without O_NONBLOCK the opening of a pipe that nobody writes to would never end.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("file %s: %w", name, reason(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("file %s: %w", name, reason(err))
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file", name)
	}
	if open := info.Mode().Perm() &^ 0o700; open != 0 {
		return "", fmt.Errorf("file %s has mode %04o: others may read it", name, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, secretSizeMax+1))
	if err != nil {
		return "", fmt.Errorf("file %s: %w", name, reason(err))
	}
	if len(text) > secretSizeMax {
		return "", fmt.Errorf("file %s is larger than %d bytes", name, secretSizeMax)
	}
	return string(text), nil
}
