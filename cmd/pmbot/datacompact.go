package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape"
)

func dataCompactCommand(c *console) *cobra.Command {
	var dir string
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use: "compact", Short: "Pack the files of a tape as small as can be", Args: cobra.NoArgs,
		Long: `Write the files of a tape again with the strongest compression, which takes several
times as long as their import did. Rows and hashes stay as they are, and every row is
compared with its checksum on the way. Files that would hardly shrink are left alone.`,
		RunE: action(func(ctx context.Context, _ []string) error {
			t, err := openTape(dir)
			if err != nil {
				return err
			}
			bar := c.progress("files", quiet || asJSON)
			list, err := t.Compact(ctx, func(_ tape.Compacted, files, of int) { bar.update(uint64(files), float64(files)/float64(of)) })
			bar.finish()
			var system syscall.Errno
			switch {
			case ctx.Err() != nil:
				return &failure{exitFailed, errors.New("interrupted"), "files that were done are complete, the others as they were"}
			case errors.As(err, &system):
				return diskFailure(err, "files that were done are complete, the others as they were")
			case err != nil:
				return &failure{exitCheck, err, "remove the file and import its source again"}
			}
			if asJSON {
				return c.printJSON(compactDocumentOf(list))
			}
			if !quiet {
				c.printCompacted(list)
			}
			return nil
		}),
	}
	tapeFlag(cmd, &dir)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print nothing but errors")
	return cmd
}

func (c *console) printCompacted(list []tape.Compacted) {
	left := int64(0)
	for _, f := range list {
		if f.After == f.Before {
			left++
		}
	}
	packed := int64(len(list)) - left
	if packed == 0 {
		fmt.Fprintf(c.out, "%s, all packed well enough already\n", counted(left, "file"))
		return
	}
	before, after := compactedBytes(list)
	fmt.Fprintf(c.out, "%s packed: the tape has %s and had %s", counted(packed, "file"), bytesOf(after), bytesOf(before))
	if left > 0 {
		fmt.Fprintf(c.out, "; %s left as before", counted(left, "file"))
	}
	fmt.Fprintln(c.out)
}

// compactDocument is the JSON of "pmbot data compact".
type compactDocument struct {
	Schema string          `json:"schema"`
	Before int64           `json:"bytes_before"`
	After  int64           `json:"bytes_after"`
	Files  []compactedFile `json:"files"`
}

type compactedFile struct {
	Path   string `json:"path"`
	Before int64  `json:"bytes_before"`
	After  int64  `json:"bytes_after"`
}

func compactDocumentOf(list []tape.Compacted) compactDocument {
	doc := compactDocument{Schema: "pmbot.compact/1", Files: []compactedFile{}}
	doc.Before, doc.After = compactedBytes(list)
	for _, f := range list {
		doc.Files = append(doc.Files, compactedFile(f))
	}
	return doc
}

func compactedBytes(list []tape.Compacted) (before, after int64) {
	for _, f := range list {
		before += f.Before
		after += f.After
	}
	return before, after
}
