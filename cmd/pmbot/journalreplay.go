package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange"
)

func journalReplayCommand(c *console) *cobra.Command {
	var f journalFlags
	var asJSON, quiet bool
	var most int
	cmd := &cobra.Command{
		Use: "replay", Short: "Decide again on every event and compare", Args: cobra.NoArgs,
		Long: `Give every event of a journal to a new kernel with the limits and the margin tables of the
process that wrote it, and compare each decision with the journalled one, byte for byte, and
the state with each segment's snapshot. Nothing is sent, and the journal is only read; it may
be replayed while it is written.

The same program finds no difference. Another version may, and then each is told with its
event, field, and both values: exit code 6. Segments whose market data was taken out cannot be
decided on again and are passed over.`,
		Example: `  pmbot journal replay
  pmbot journal replay --dir /var/lib/pmbot/main/journal --json`,
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.IntVar(&most, "most", 20, "how many differences are told; all are counted")
	flags.BoolVar(&asJSON, "json", false, "print one JSON document")
	flags.BoolVarP(&quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = action(func(ctx context.Context, _ []string) error {
		if most < 1 {
			return &failure{exitUsage, fmt.Errorf("--most %d is below 1", most), ""}
		}
		dir, err := c.journalDir(&f)
		if err != nil {
			return err
		}
		r, err := c.replayJournal(ctx, dir, most, quiet || asJSON)
		if err != nil {
			return journalReadFailure(dir, err)
		}
		if asJSON {
			err = c.printJSON(replayed{"pmbot/replay/1", dir, r.Different == 0, r})
		} else if !quiet {
			err = c.printReplay(r)
		}
		if r.Different > 0 {
			err = errors.Join(err, &failure{exitCheck, fmt.Errorf("journal %s: %s", dir, counted(int64(r.Different), "difference")),
				"another version of pmbot decides otherwise; the one that wrote the journal does not"})
		}
		return err
	})
	return cmd
}

// replayed is the JSON of "pmbot journal replay".
type replayed struct {
	Schema string `json:"schema"`
	Dir    string `json:"dir"`
	OK     bool   `json:"ok"`
	*loop.Report
}

// replayJournal replays with a line of progress.
func (c *console) replayJournal(ctx context.Context, dir string, most int, quiet bool) (*loop.Report, error) {
	last, err := lastEvent(dir)
	if err != nil {
		return nil, err
	}
	bar := c.progress("events", quiet)
	defer bar.finish()
	first := uint64(0)
	r, err := loop.Replay(ctx, dir, func(h *journal.Header) (engine.Config, error) { return replayTerms(dir, h) }, loop.ReplayOptions{
		Version: version, Most: most,
		Progress: func(seq uint64, _ exchange.Time) {
			if first == 0 {
				first = seq
			}
			bar.update(seq-first, float64(seq-first)/float64(max(1, last-min(first, last))))
		},
	})
	return &r, err
}

// lastEvent is about where a journal ends, for the progress: the beginning of its last segment.
func lastEvent(dir string) (uint64, error) {
	s, err := journal.Newest(dir)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return s.First, nil
}

func (c *console) printReplay(r *loop.Report) error {
	fmt.Fprintf(c.out, "replayed %s and %s in %s, events %d to %d, %v to %v\n", counted(int64(r.Events), "event"),
		counted(int64(r.Decisions), "decision"), counted(int64(r.Segments), "segment"), r.First, r.Last, r.From, r.To)
	if r.Compacted > 0 {
		fmt.Fprintf(c.out, "passed over: %s without market data\n", counted(int64(r.Compacted), "segment"))
	}
	if r.Torn > 0 {
		fmt.Fprintf(c.out, "the last write was cut off: %s\n", counted(r.Torn, "octet"))
	}
	for _, p := range r.Processes {
		note := ""
		if p.Other {
			note = ", and this is " + version
		}
		fmt.Fprintf(c.out, "  process %s began %v, version %s, configuration %.12s%s\n", p.Prefix, p.Created, p.Version, p.Config, note)
	}
	for _, d := range r.Differences {
		fmt.Fprintf(c.out, "event %d of %v in %s: %s\n  journalled: %s\n  ours:       %s\n", d.Seq, d.At, filepath.Base(d.Segment), d.Field, d.Journalled, d.Ours)
	}
	if more := r.Different - len(r.Differences); more > 0 {
		fmt.Fprintf(c.out, "and %s\n", counted(int64(more), "other difference"))
	}
	if r.Different == 0 {
		_, err := fmt.Fprintf(c.out, "no difference: every decision equal byte for byte, and %s\n", counted(int64(r.Snapshots), "snapshot"))
		return err
	}
	return nil
}
