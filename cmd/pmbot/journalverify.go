package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/engine/journal"
)

func journalVerifyCommand(c *console) *cobra.Command {
	var f journalFlags
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Look for what is wrong with a journal", Args: cobra.NoArgs,
		Long: `Read a whole journal: checksums, numbers of events without a gap, times that do not go
back, headers that agree with each other and with the names, snapshots where they are due.

What a crash tears off the end, and a writer keeps aside, is a fact and no fault; everything
else is one, and ends with exit code 6. A journal may be verified while it is written.`,
		Example: `  pmbot journal verify
  pmbot journal verify --dir /var/lib/pmbot/main/journal --json`,
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = action(func(ctx context.Context, _ []string) error {
		dir, err := c.journalDir(&f)
		if err != nil {
			return err
		}
		bar := c.progress("events", quiet || asJSON)
		v, err := journal.Verify(ctx, dir, bar.update)
		bar.finish()
		if err != nil {
			return journalReadFailure(dir, err)
		}
		if asJSON {
			err = c.printJSON(verifiedJournal(dir, &v))
		} else if !quiet {
			err = c.printJournalVerified(&v)
		}
		if faults := v.Faults(); faults > 0 {
			err = errors.Join(err, &failure{exitCheck, fmt.Errorf("journal %s: %s", dir, counted(int64(faults), "fault")),
				"only a copy of the files can bring back what is gone"})
		}
		return err
	})
	return cmd
}

// journalVerified is the JSON of "pmbot journal verify".
type journalVerified struct {
	Schema    string           `json:"schema"`
	Dir       string           `json:"dir"`
	OK        bool             `json:"ok"`
	Segments  int              `json:"segments"`
	Events    uint64           `json:"events"`
	Decisions uint64           `json:"decisions"`
	Bytes     uint64           `json:"bytes"`
	Findings  []journalFinding `json:"findings"`
}

type journalFinding struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Fault  bool   `json:"fault"`
	What   string `json:"what"`
}

func verifiedJournal(dir string, v *journal.Verdict) journalVerified {
	doc := journalVerified{"pmbot.journal-verify/1", dir, v.Faults() == 0, v.Segments, v.Events, v.Decisions, v.Bytes, []journalFinding{}}
	for _, f := range v.Findings {
		doc.Findings = append(doc.Findings, journalFinding{f.Path, f.Offset, f.Fault, f.What})
	}
	return doc
}

func (c *console) printJournalVerified(v *journal.Verdict) error {
	for _, f := range v.Findings {
		what := "fact"
		if f.Fault {
			what = "FAULT"
		}
		fmt.Fprintf(c.out, "%-5s  %s, octet %s: %s\n", what, f.Path, count(f.Offset), f.What)
	}
	found := counted(int64(len(v.Findings)), "finding")
	if faults := v.Faults(); faults > 0 {
		found += ", of which " + counted(int64(faults), "fault")
	}
	_, err := fmt.Fprintf(c.out, "%s with %s and %s verified, %s\n",
		counted(int64(v.Segments), "segment"), counted(int64(v.Events), "event"), counted(int64(v.Decisions), "decision"), found)
	return err
}
