package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape/record"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

func dataTableCommand(c *console) *cobra.Command {
	var dir, at string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "table [NAME]",
		Short: "Show a recorded table as it was at some time",
		Long: `Show a table that "pmbot data record" has kept, such as um/exchangeInfo, as it was valid
at an instant: Binance's answer, byte for byte. Without a name, list the tables.`,
		Example: `  pmbot data table
  pmbot data table um/exchangeInfo
  pmbot data table um/fundingInfo --at 2026-11-23T04:00:00Z`,
		Args: cobra.MaximumNArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", "recording", "directory of the recording")
	flags.StringVar(&at, "at", "", "instant, such as 2026-11-23T04:00:00Z; default: now")
	flags.BoolVar(&asJSON, "json", false, "print one JSON document with the table, its time and its hash")
	cmd.RunE = action(func(_ context.Context, args []string) error {
		if len(args) == 0 {
			return c.listTables(dir, asJSON)
		}
		instant := exchange.TimeOf(time.Now())
		if at != "" {
			var err error
			if instant, err = parseTime(at); err != nil {
				return &failure{exitUsage, fmt.Errorf("--at: %w", err), ""}
			}
		}
		return c.showTable(dir, args[0], instant, asJSON)
	})
	return cmd
}

// tableShown is the JSON of a table.
type tableShown struct {
	Schema string        `json:"schema"`
	Name   string        `json:"name"`
	At     exchange.Time `json:"at"`
	// SHA256 is that of the content without what changes with every answer.
	SHA256 string          `json:"sha256"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body"`
}

func (c *console) showTable(dir, name string, at exchange.Time, asJSON bool) error {
	t, body, err := record.TableAt(dir, name, at)
	if err != nil {
		return tableFailure(dir, name, err)
	}
	if asJSON {
		return c.printJSON(tableShown{"pmbot.table/1", t.Name, t.At, t.SHA256, t.Path, body})
	}
	_, err = c.out.Write(append(bytes.TrimRight(body, "\n"), '\n'))
	return err
}

// tableFailure says what there is in place of what is not.
func tableFailure(dir, name string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known, listErr := record.Tables(dir)
	if listErr != nil {
		return recordingFailure(dir, listErr)
	}
	for _, k := range known {
		if k == name {
			return &failure{exitNotFound, err, "name a later time with --at"}
		}
	}
	if near := strategy.Nearest(name, known); near != "" {
		return &failure{exitNotFound, fmt.Errorf("there is no table %s in %s", name, dir), "did you mean " + near + "?"}
	}
	if len(known) == 0 {
		return &failure{exitNotFound, fmt.Errorf("there is no table in %s", dir), "name the directory of a recording with --dir"}
	}
	return &failure{exitNotFound, fmt.Errorf("there is no table %s in %s", name, dir), "there are " + strings.Join(known, ", ")}
}

// recordingFailure says what to do about a recording that cannot be read.
func recordingFailure(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &failure{exitNotFound, fmt.Errorf("recording %s: no such directory", dir), "name it with --dir, or make one with: pmbot data record"}
	}
	return err
}

// tablesListed is the JSON of the list of tables.
type tablesListed struct {
	Schema string   `json:"schema"`
	Tables []string `json:"tables"`
}

func (c *console) listTables(dir string, asJSON bool) error {
	names, err := record.Tables(dir)
	switch {
	case err != nil:
		return recordingFailure(dir, err)
	case asJSON:
		return c.printJSON(tablesListed{"pmbot.tables/1", append([]string{}, names...)})
	case len(names) == 0:
		return &failure{exitNotFound, fmt.Errorf("there is no table in %s", dir), "name the directory of a recording with --dir"}
	}
	_, err = fmt.Fprintln(c.out, strings.Join(names, "\n"))
	return err
}
