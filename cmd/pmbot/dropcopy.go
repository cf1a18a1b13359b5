package main

import (
	"context"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/exchange/papi/preflight"
)

// dropCopyConfig names a second key that only reads, and how often it does; without one there is
// no drop copy.
type dropCopyConfig struct {
	// Key and Secret say where to find them; see readSecret.
	Key    string        `toml:"key"`
	Secret string        `toml:"secret"`
	Every  time.Duration `toml:"every"`
}

// defaultDropCopy holds the value of every key that a file leaves out.
func defaultDropCopy() dropCopyConfig { return dropCopyConfig{Every: time.Minute} }

// on says that there is a second key.
func (c *dropCopyConfig) on() bool { return c.Key != "" }

// check finds values that have the right type and make no sense.
func (c *dropCopyConfig) check(account *accountConfig, wrong wrongFunc) {
	if c.Every < papi.DropCopyMin || c.Every > papi.DropCopyMax {
		wrong("drop_copy.every", "%v is not within %v to %v", c.Every, papi.DropCopyMin, papi.DropCopyMax)
	}
	if c.Key == "" && c.Secret == "" {
		return
	}
	for _, s := range []struct{ key, ref string }{{"drop_copy.key", c.Key}, {"drop_copy.secret", c.Secret}} {
		if _, _, err := secretReference(s.ref); err != nil {
			wrong(s.key, "%v; key and secret go together", err)
		}
	}
	if c.Key == account.Key {
		wrong("drop_copy.key", "it is the account's own; name a second key of the same account, which may only read")
	}
}

// copyClient makes the client of the second key, and says whether that is the account's own.
func (c *console) copyClient(cfg *liveConfig, now func() exchange.Time) (client *papi.Client, same bool, err error) {
	bases := papi.Config{PAPI: cfg.Exchange.PAPI, SAPI: cfg.Exchange.SAPI, FAPI: cfg.Exchange.FAPI, Now: now, Log: c.logger(false)}
	if bases.Key, err = c.readSecret("drop_copy.key", cfg.DropCopy.Key); err != nil {
		return nil, false, err
	}
	if bases.Secret, err = c.readSecret("drop_copy.secret", cfg.DropCopy.Secret); err != nil {
		return nil, false, err
	}
	own, err := c.readSecret("account.key", cfg.Account.Key)
	if err != nil {
		return nil, false, err
	}
	if client, err = papi.New(bases); err != nil {
		return nil, false, &failure{exitConfig, err, "see [drop_copy] of configs/run.toml"}
	}
	return client, own.Equal(bases.Key), nil
}

// examineCopy is the verdict on the second key with its client; none if there is no such key.
func (c *console) examineCopy(ctx context.Context, cfg *liveConfig, now func() exchange.Time) (*papi.Client, []preflight.Verdict, error) {
	if !cfg.DropCopy.on() {
		return nil, nil, nil
	}
	client, same, err := c.copyClient(cfg, now)
	if err != nil {
		return nil, nil, err
	}
	return client, []preflight.Verdict{preflight.CopyKey(ctx, client, same)}, ctx.Err()
}

// copies says whether the account is read by the second key: a shadow's orders are not at the
// exchange, and neither is anything of a dry run.
func (b *bot) copies() bool { return b.mode == modeLive && b.copyKey != nil }

// promiseCopy has the guard expect the readings of the second key.
func (b *bot) promiseCopy() {
	if b.copies() {
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: exchange.KindSurvey, Every: b.cfg.DropCopy.Every})
		b.loop.Put(e)
	}
}

// readCopy reads the account by the second key, if there is one, until the context ends. What cannot
// be read the guard notices: it hears nothing.
func (b *bot) readCopy(ctx context.Context) error {
	if !b.copies() {
		return nil
	}
	return papi.RunDropCopy(ctx, papi.DropCopyConfig{
		Client: b.copyKey, Instruments: b.ins, Prefixes: []string{b.cfg.Account.OrderPrefix}, Every: b.cfg.DropCopy.Every,
		Deliver: b.loop.Put, Failed: func(err error) { b.log.Warn("the second key has not read the account", "err", err) },
	})
}
