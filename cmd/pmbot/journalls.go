package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
)

func journalListCommand(c *console) *cobra.Command {
	var f journalFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List the segments of a journal", Args: cobra.NoArgs,
		Long: `List the segments of a journal: the time of their events, how many there are of the
market, of the account and from inside, and their state. "whole" is closed and complete;
"open" is being written, or was left by a process that was killed; of "compacted" ones the
market data was taken out.`,
		Example: `  pmbot journal ls
  pmbot journal ls --account main-dry --json`,
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.RunE = action(func(ctx context.Context, _ []string) error {
		dir, err := c.journalDir(&f)
		if err != nil {
			return err
		}
		list, err := surveyed(ctx, dir)
		if err != nil {
			return journalReadFailure(dir, err)
		}
		if asJSON {
			err = c.printJSON(list)
		} else {
			err = c.printSegments(list)
		}
		return errors.Join(err, list.failure())
	})
	return cmd
}

// segmentsListed is the JSON of "pmbot journal ls".
type segmentsListed struct {
	Schema   string          `json:"schema"`
	Dir      string          `json:"dir"`
	Account  string          `json:"account"`
	Mode     string          `json:"mode"`
	Segments []segmentListed `json:"segments"`
	damaged  int
}

type segmentListed struct {
	File      string        `json:"file"`
	State     string        `json:"state"`
	Created   exchange.Time `json:"created"`
	From      exchange.Time `json:"from"`
	To        exchange.Time `json:"to"`
	FirstSeq  uint64        `json:"first_seq"`
	LastSeq   uint64        `json:"last_seq"`
	Market    uint64        `json:"market"`
	Account   uint64        `json:"account"`
	Inside    uint64        `json:"inside"`
	Decisions uint64        `json:"decisions"`
	Bytes     int64         `json:"bytes"`
	Torn      int64         `json:"torn_bytes"`
	Version   string        `json:"version"`
	Config    string        `json:"config_hash"`
	Prefix    string        `json:"order_prefix"`
	// Damage is what is wrong with it, "" for nothing.
	Damage string `json:"damage,omitempty"`
}

// surveyed reads what the segments of a directory hold.
func surveyed(ctx context.Context, dir string) (*segmentsListed, error) {
	paths, err := journal.Segments(dir)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, journal.ErrEmpty
	}
	list := &segmentsListed{Schema: "pmbot.journal-segments/1", Dir: dir, Segments: []segmentListed{}}
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := journal.Survey(path)
		row := segmentListed{
			File: filepath.Base(path), State: stateOf(&s), Created: s.Created, From: s.From, To: s.To, FirstSeq: s.Header.First, LastSeq: lastSeqOf(&s),
			Market: s.Market, Account: s.Sums.Account, Inside: s.Inside, Decisions: s.Decisions, Bytes: s.Bytes, Torn: s.Torn,
			Version: s.Version, Config: s.Config, Prefix: s.Prefix,
		}
		if err != nil {
			row.State, row.Damage = "damaged", err.Error()
			list.damaged++
		} else {
			list.Account, list.Mode = s.Header.Account, s.Mode
		}
		list.Segments = append(list.Segments, row)
	}
	return list, nil
}

// lastSeqOf is the number of the last event that a segment has, or had before it was
// compacted.
func lastSeqOf(s *journal.Summary) uint64 {
	switch {
	case s.Compacted != 0:
		return s.Header.Last
	case s.Events() == 0:
		return max(s.Header.First, 1) - 1
	}
	return s.Sums.Last
}

func stateOf(s *journal.Summary) string {
	switch {
	case s.Compacted != 0:
		return "compacted"
	case s.Torn > 0:
		return "torn"
	case s.Closed:
		return "whole"
	}
	return "open"
}

// failure is the end of a listing with damaged segments.
func (l *segmentsListed) failure() error {
	if l.damaged == 0 {
		return nil
	}
	return &failure{exitCheck, fmt.Errorf("journal %s: %s damaged", l.Dir, counted(int64(l.damaged), "segment")), "see pmbot journal verify --dir " + l.Dir}
}

func (c *console) printSegments(l *segmentsListed) error {
	var rows [][]string
	var events uint64
	var size int64
	for _, s := range l.Segments {
		rows = append(rows, []string{
			count(int64(s.FirstSeq)), count(int64(s.LastSeq)), toSecond(s.From), toSecond(s.To),
			count(int64(s.Market)), count(int64(s.Account)), count(int64(s.Inside)), bytesOf(s.Bytes), s.State,
		})
		events, size = events+s.Market+s.Account+s.Inside, size+s.Bytes
	}
	headings, rows := fitting(terminalWidth(c.out), []string{"LAST", "FROM", "INSIDE"},
		[]string{"FIRST", "LAST", "FROM", "TO", "MARKET", "ACCOUNT", "INSIDE", "SIZE", "STATE"}, rows)
	if err := c.printTable(headings, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "\n%s, %s, %s; account %s, %s, %s\n", counted(int64(len(l.Segments)), "segment"), counted(int64(events), "event"), bytesOf(size), l.Account, l.Mode, l.Dir)
	return err
}
