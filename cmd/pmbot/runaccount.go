package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/exchange/papi/preflight"
)

// examineAccount finds out whether the account may be traded, and by which numbers its margin
// is computed. A live run takes nothing for granted: whatever doctor calls wrong or not known
// ends it here, and so does what would have to be derived or assumed.
func (b *bot) examineAccount(ctx context.Context) error {
	if b.mode == modeDry {
		return b.assumeAccount()
	}
	var err error
	live := b.cfg.live()
	if b.client, err = b.accountClient(live); err != nil {
		return err
	}
	want := preflight.Want{
		OrderPrefix: b.cfg.Account.OrderPrefix, HedgeMode: b.cfg.Account.HedgeMode, Activated: b.cfg.Account.PMSince, Instruments: b.ins,
	}
	if b.facts, err = preflight.Collect(ctx, b.client, want); err != nil {
		return err
	}
	verdicts := preflight.Examine(b.facts, &want)
	var second []preflight.Verdict
	if b.copyKey, second, err = b.examineCopy(ctx, live, b.now); err != nil {
		return err
	}
	verdicts = append(verdicts, second...)
	counts := map[preflight.Level]int{}
	for _, v := range verdicts {
		counts[v.Level]++
		if v.Level != preflight.OK {
			b.step("doctor", "%v %s: %s", v.Level, v.Check, v.Found)
		}
	}
	switch {
	case b.facts.Unreachable():
		return &failure{exitExchange, errors.New("the exchange cannot be asked about the account"), "see the first verdict"}
	case preflight.Failed(verdicts):
		return &failure{exitCheck, fmt.Errorf("account %s: not fit for trading", b.cfg.Account.Name), "pmbot doctor -c " + b.flags.config + " tells how to cure it"}
	}
	b.step("doctor", "%d ok, %d to know of: trading may begin", counts[preflight.OK], counts[preflight.Warn])
	b.tables = b.facts.Tables()
	return b.refuseAssumed()
}

// accountClient makes the client of the account.
func (b *bot) accountClient(live *liveConfig) (*papi.Client, error) {
	return b.console.client(live, b.now)
}

// now is the local time: the loop's, once there is a loop's clock. The guard approves by that
// clock and the client lets approvals leave by this one. If they were two, a wall clock that is
// set forward, or a machine that has slept, would end every approval before it is used, and one
// that is set back would keep approvals alive for as long.
func (b *bot) now() exchange.Time {
	if b.clock == nil {
		return wallClock() // nobody approves anything yet
	}
	return b.clock.Now()
}

// refuseAssumed ends a live run whose risk would rest on what is not the exchange's word.
func (b *bot) refuseAssumed() error {
	var held []string
	for _, balance := range b.facts.Balances.Value {
		held = append(held, balance.Asset)
	}
	slices.Sort(held)
	if lacking := b.unindexed(held); len(lacking) > 0 {
		return &failure{exitSafety, fmt.Errorf("no stream tells the index price of %s, so the guard could not value the account", strings.Join(lacking, ", ")),
			"leave out what needs it, or take it out of the account; a dry run derives it"}
	}
	var refused []string
	for _, in := range b.ins.All() {
		table := b.tables.UM
		switch in.Product {
		case exchange.Margin:
			continue
		case exchange.CM:
			table = b.tables.CM
		}
		if found, there := table[in.Symbol]; !there || found.Source.Assumed {
			refused = append(refused, in.Name())
		}
	}
	if len(refused) > 0 {
		return &failure{exitSafety, fmt.Errorf("Binance does not tell the leverage brackets of %s", strings.Join(refused, ", ")), "leave them out: their margin could only be guessed"}
	}
	for _, w := range b.tables.Warnings(b.ins, held) {
		b.warn("assumed: " + w)
	}
	return nil
}

// assumeAccount is for a dry run: the account is the configured one, and what nobody tells
// without a key is assumed. The simulated exchange warns of what that is.
func (b *bot) assumeAccount() (err error) {
	test := b.cfg.backtest()
	if b.tables, err = backtest.Tables(&test); err != nil {
		return &failure{exitConfig, err, "see [paper] of configs/run.toml"}
	}
	return nil
}

// confirm has a person say that this account is meant.
func (b *bot) confirm(context.Context) error {
	if b.mode == modeDry {
		return nil
	}
	account := &b.facts.Account.Value
	b.step("account", "%s: equity %v USD, uniMMR %v, %s", b.cfg.Account.Name, account.AccountEquity.Round(2), account.UniMMR.Round(4), account.AccountStatus)
	r := &b.cfg.Risk
	b.step("limits", "order %v and position %v of equity, uniMMR %v and %v under shock, loans %v USD",
		r.OrderNotionalMaxRatio, r.PositionMaxRatio, r.UniMMRMin, r.UniMMRShockMin, r.BorrowMaxUSD)
	b.step("stop", "%s, within %v", b.cfg.Stop.Policy, b.cfg.Stop.Within)
	if b.flags.yes == b.cfg.Account.Name {
		return nil
	}
	question := fmt.Sprintf("\nThis sends real orders to account %s. Type its name to begin: ", b.cfg.Account.Name)
	return b.console.confirm(question, b.cfg.Account.Name, "--yes="+b.cfg.Account.Name)
}
