package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/engine/alarm"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange"
)

// alertConfig says who is told what a person should know; the log has it in any case.
type alertConfig struct {
	// Webhook and Heartbeat are addresses, or where to find them as of a secret.
	Webhook   string        `toml:"webhook"`
	Token     string        `toml:"token"`
	Severity  string        `toml:"severity"`
	Repeat    time.Duration `toml:"repeat"`
	Every     time.Duration `toml:"every"`
	Heartbeat string        `toml:"heartbeat"`
}

func defaultAlert() alertConfig {
	return alertConfig{Severity: exchange.SeverityWarning.String(), Repeat: 15 * time.Minute}
}

// check finds what makes no sense. It never repeats an address.
func (c *alertConfig) check(wrong wrongFunc) {
	for _, a := range []struct{ key, text string }{{"alert.webhook", c.Webhook}, {"alert.heartbeat", c.Heartbeat}} {
		if a.text == "" || addressReference(a.text) {
			continue
		}
		if err := alarm.CheckAddress(a.text); err != nil {
			wrong(a.key, "%v; or say where it is, as env:NAME, file:PATH or credential:NAME", err)
		}
	}
	if c.Token != "" {
		if _, _, err := secretReference(c.Token); err != nil {
			wrong("alert.token", "%v", err)
		}
		if c.Webhook == "" {
			wrong("alert.token", "there is no webhook to send it to")
		}
	}
	if _, err := exchange.ParseSeverity(c.Severity); err != nil {
		wrong("alert.severity", "%q is none of INFO, WARNING and CRITICAL", c.Severity)
	}
	if c.Repeat != 0 && (c.Repeat < time.Minute || c.Repeat > 24*time.Hour) {
		wrong("alert.repeat", "%v is neither 0s, which is never, nor within 1m to 24h", c.Repeat)
	}
	if c.Every != 0 && (c.Every < 10*time.Second || c.Every > 24*time.Hour) {
		wrong("alert.every", "%v is neither 0s, which is never, nor within 10s to 24h", c.Every)
	}
	switch {
	case c.Every != 0 && c.Webhook == "" && c.Heartbeat == "":
		wrong("alert.every", "heartbeats have no address; name one with alert.heartbeat or alert.webhook")
	case c.Every == 0 && c.Heartbeat != "":
		wrong("alert.heartbeat", "is given without alert.every, such as \"1m\"")
	}
}

// addressReference tells where an address is from an address. The kinds are those of secrets
// but for keys, which are an exchange's.
func addressReference(text string) bool {
	kind, where, found := strings.Cut(text, ":")
	return found && where != "" && (kind == "env" || kind == "file" || kind == "credential")
}

// addressKey says whether a key has an address, which is not to be repeated: many have a token in
// their path.
func addressKey(key string) bool {
	return strings.HasPrefix(key, "alert.webhook") || strings.HasPrefix(key, "alert.heartbeat")
}

// readAddress is an address itself.
func (c *console) readAddress(key, text string) (string, error) {
	if text == "" || !addressReference(text) {
		return text, nil
	}
	address, err := c.confidentialText(key, text)
	if err != nil {
		return "", err
	}
	if err := alarm.CheckAddress(address); err != nil {
		return "", &failure{exitConfig, fmt.Errorf("%s: %s: %w", key, text, err), "put an address there"}
	}
	return address, nil
}

// makeAlerts makes the post that brings alerts to a person. It sends nothing yet.
func (b *bot) makeAlerts(context.Context) error {
	c := &b.cfg.Alert
	webhook, err := b.readAddress("alert.webhook", c.Webhook)
	if err != nil {
		return err
	}
	heartbeat, err := b.readAddress("alert.heartbeat", c.Heartbeat)
	if err != nil {
		return err
	}
	token := ""
	if c.Token != "" {
		if token, err = b.confidentialText("alert.token", c.Token); err != nil {
			return err
		}
	}
	severity, err := exchange.ParseSeverity(c.Severity)
	if err != nil {
		return &failure{exitConfig, err, "see [alert] of configs/run.toml"}
	}
	b.alerts, err = alarm.New(alarm.Config{
		Webhook: webhook, Token: token, Severity: severity, Repeat: c.Repeat, Every: c.Every, Heartbeat: heartbeat,
		Account: b.cfg.Account.Name, Mode: b.mode, Log: b.log, Clock: b.now, State: b.alive,
		Symbol: func(id exchange.InstrumentID) string {
			in := b.ins.At(id)
			return in.Product.String() + ":" + in.Symbol
		},
		Strategy: func(id exchange.StrategyID) string { return labelOf(b.labels, id) },
	})
	if err != nil {
		return &failure{exitConfig, fmt.Errorf("[alert]: %w", err), "see [alert] of configs/run.toml"}
	}
	for _, a := range b.guard.Alerts() {
		b.alerts.Recall(a.Inst, a.Since, a.Alert)
	}
	if b.cfg.Risk.RefuseAll {
		b.warn(backtest.RefusesAll)
	}
	if webhook == "" && b.mode != modeDry {
		b.warn("alerts go to the log and nowhere else: name a webhook with [alert]")
	}
	return nil
}

// sayEnd tells that nobody watches any more, and how it was left.
func (b *bot) sayEnd(why error, last *ending) {
	severity, text := exchange.SeverityInfo, "the bot was stopped"
	if why != nil {
		severity, text = exchange.SeverityCritical, "the bot has ended: "+why.Error()
	}
	if n := len(last.left); n > 0 {
		severity = max(severity, exchange.SeverityWarning)
		text += fmt.Sprintf("; %s left open", counted(int64(n), "order"))
	}
	b.alerts.Say(severity, text)
}

// aliveWithin is how long a heartbeat waits for the loop. One that does not answer is news.
const aliveWithin = time.Second

// alive is how the bot is, for a heartbeat.
func (b *bot) alive(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	s, err := b.standing(ctx)
	if err != nil {
		return "the loop does not answer: " + err.Error()
	}
	return s.line()
}

// observers are several observers of one loop.
type observers []loop.Observer

// Observe shows an event to each.
func (o observers) Observe(e *exchange.Event) {
	for _, one := range o {
		one.Observe(e)
	}
}
