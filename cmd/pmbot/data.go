package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

func dataCommand(c *console) *cobra.Command {
	return group("data", "Bring recorded market data into a tape, look at it, mend it, take it out",
		dataDownloadCommand(c), dataImportCommand(c), dataListCommand(c), dataVerifyCommand(c), dataRepairCommand(c), dataExportCommand(c), dataCompactCommand(c),
		dataRecordCommand(c), dataTableCommand(c))
}

// tapeFlag adds the flag that says where the tape is.
func tapeFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "tape", "tape", "directory of the tape")
}

// openTape opens a tape for reading.
func openTape(dir string) (*tape.Tape, error) {
	t, err := tape.Open(dir)
	if err != nil {
		return nil, tapeFailure(dir, err)
	}
	return t, nil
}

// tapeFailure says what to do about a tape that does not open.
func tapeFailure(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &failure{exitNotFound, fmt.Errorf("tape %s: no such directory", dir), "make it with: pmbot data import --tape " + dir + " FILE..."}
	case errors.Is(err, tape.ErrDamaged):
		return &failure{exitCheck, err, "remove the file and import its source again, then run: pmbot data verify --tape " + dir}
	}
	return err
}

// seriesName are the fields that name a series in JSON.
type seriesName struct {
	Name     string           `json:"name"`
	Product  exchange.Product `json:"product"`
	Symbol   string           `json:"symbol"`
	Kind     row.Kind         `json:"kind"`
	Interval string           `json:"interval,omitempty"`
}

func nameOf(k row.Key) seriesName {
	n := seriesName{Name: k.String(), Product: k.Product, Symbol: k.Symbol, Kind: k.Kind}
	if k.Interval > 0 {
		n.Interval = row.IntervalName(k.Interval)
	}
	return n
}

// listing is the JSON of "pmbot data ls".
type listing struct {
	Schema string         `json:"schema"`
	Hash   string         `json:"data_hash"`
	Series []seriesListed `json:"series"`
}

type seriesListed struct {
	seriesName
	From       exchange.Time `json:"from"`
	To         exchange.Time `json:"to"`
	Rows       int64         `json:"rows"`
	Bytes      int64         `json:"bytes"`
	Duplicates int64         `json:"duplicates"`
	Skipped    int64         `json:"skipped"`
	Gaps       []tape.Hole   `json:"gaps"`
	// Coverage are the times that the series has data for.
	Coverage []tape.Stretch `json:"coverage"`
	Sources  []tape.Origin  `json:"sources"`
	Hash     string         `json:"hash"`
}

func listingOf(t *tape.Tape, dir string) listing {
	all := t.Series()
	l := listing{Schema: "pmbot.series/1", Hash: tape.Hash(all...), Series: []seriesListed{}}
	for _, s := range all {
		holes := t.Holes(s.Key)
		if holes == nil {
			holes = []tape.Hole{}
		}
		l.Series = append(l.Series, seriesListed{nameOf(s.Key), s.From, s.To, s.Rows, bytesBelow(dir, s.Key), s.Duplicates, s.Skipped, holes, t.Coverage(s.Key), s.Origins, s.Hash})
	}
	return l
}

// bytesBelow is the size of a series on disk.
func bytesBelow(dir string, k row.Key) int64 {
	total := int64(0)
	entries, _ := os.ReadDir(filepath.Join(dir, filepath.FromSlash(k.String())))
	for _, e := range entries {
		if info, err := e.Info(); err == nil && filepath.Ext(e.Name()) == ".parquet" {
			total += info.Size()
		}
	}
	return total
}

// exists says whether a path is there, whatever it is.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
