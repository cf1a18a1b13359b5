package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// journalDir is where the journal lies.
func (b *bot) journalDir() string {
	if b.cfg.Journal.Dir != "" {
		return b.cfg.Journal.Dir
	}
	return filepath.Join(b.dir, "journal")
}

// lookBack opens the newest segment of the journal, if there is one. Its events name
// instruments by their place in its table, so the table of this process begins with them; and
// its strategies by their numbers, which the terms beside it have.
func (b *bot) lookBack(context.Context) error {
	past, err := journal.Newest(b.journalDir())
	if errors.Is(err, journal.ErrEmpty) {
		return b.number(nil)
	}
	if err != nil {
		return journalFailure(err)
	}
	defer past.Close()
	b.past = &past.Header
	if past.Mode != b.mode || past.Account != b.cfg.Account.Name {
		return &failure{exitSafety, fmt.Errorf("the journal in %s is of a %s run of account %s", b.journalDir(), past.Mode, past.Account), "name another directory with journal.dir or state"}
	}
	var symbols []strategy.Symbol
	for _, in := range past.Instruments {
		symbols = append(symbols, strategy.Symbol{Product: in.Product, Name: in.Symbol})
	}
	for _, s := range b.cfg.Instruments {
		if !slices.Contains(symbols, s) {
			symbols = append(symbols, s)
		}
	}
	b.cfg.Instruments = symbols
	t, err := readTerms(b.journalDir(), b.past)
	if err != nil {
		return err
	}
	return b.number(t.Strategies)
}

// remembered is an instrument of the journal that the exchange does not list any more.
func (b *bot) remembered(s strategy.Symbol) *exchange.Instrument {
	if b.past == nil {
		return nil
	}
	for i := range b.past.Instruments {
		if in := &b.past.Instruments[i]; in.Product == s.Product && in.Symbol == s.Name {
			return in
		}
	}
	return nil
}

// journalFailure says what to do about a journal that cannot be read or written.
func journalFailure(err error) error {
	switch {
	case errors.Is(err, journal.ErrDamaged), errors.Is(err, loop.ErrUnfit):
		return &failure{exitCheck, err, asideCure}
	case errors.Is(err, journal.ErrLocked):
		return &failure{exitSafety, err, "stop the other process first"}
	case errors.Is(err, syscall.ENOSPC):
		return diskFailure(err, "without a journal nothing is traded")
	}
	return &failure{exitFailed, err, "name a directory that can be written to with journal.dir or state"}
}

// recover brings the kernel's state back out of the journal, which asks nobody, or makes a
// new kernel; and opens the journal to go on.
func (b *bot) recover(context.Context) error {
	c, err := b.terms().config(b.ins, b.prefix())
	if err != nil {
		return &failure{exitConfig, err, "see [risk] of configs/run.toml"}
	}
	b.guard = c.Guard
	var found loop.Recovered
	if b.kernel, found, err = loop.Recover(b.journalDir(), c); err != nil {
		return journalFailure(err)
	}
	b.step("journal", "%v", &found)
	if err := b.checkNumbers(b.kernel); err != nil {
		return err
	}
	if b.clock, err = loop.NewClock(b.kernel.Now()); err != nil {
		return &failure{exitFailed, err, "set the machine's clock right"}
	}
	return b.openJournal()
}

// openJournal goes on behind the last whole record, in a new segment.
func (b *bot) openJournal() error {
	c := &b.cfg.Journal
	w, err := journal.Open(journal.Config{
		Dir: b.journalDir(), Sync: c.Sync, SegmentBytes: c.SegmentBytes, SegmentSpan: c.Segment, Keep: c.Keep, KeepBytes: c.KeepBytes,
		Header: journal.Header{
			Version: version, Config: b.hash, Prefix: b.prefix(), Mode: b.mode, Account: b.cfg.Account.Name, Instruments: b.ins.All(),
		},
		Clock: b.clock.Now, Log: b.log,
	})
	if err != nil {
		return journalFailure(err)
	}
	b.writer = w
	if err := b.terms().save(b.journalDir(), b.prefix()); err != nil {
		return journalFailure(err)
	}
	if err := w.Rotate(b.kernel.Snapshot()); err != nil {
		return journalFailure(err)
	}
	if n, err := dropTerms(b.journalDir()); err != nil {
		b.log.Warn("terms of old processes are kept: "+err.Error(), "part", "journal")
	} else if n > 0 {
		b.log.Debug("terms of old processes were removed", "part", "journal", "files", n)
	}
	return nil
}

// terms are what this process decides by.
func (b *bot) terms() *terms {
	permits, prints := make([]riskguard.Permit, len(b.labels)), make([]string, len(b.labels))
	for _, p := range b.players.list {
		permits[p.id-1], prints[p.id-1] = p.permit, p.print
	}
	return &terms{
		Limits: b.cfg.Risk.JSON(), Tables: b.tables, Strategies: b.labels, Permits: permits, Prints: prints, Reconcile: b.cfg.Reconcile,
		Services: b.cfg.Services,
	}
}
