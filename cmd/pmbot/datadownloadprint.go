package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/download"
	"github.com/pmbot/pmbot/exchange"
)

// downloadedArchive is a line of "pmbot data download --json".
type downloadedArchive struct {
	Schema   string           `json:"schema"`
	Archive  string           `json:"archive,omitempty"`
	Series   seriesName       `json:"series"`
	From     exchange.Time    `json:"from"`
	To       exchange.Time    `json:"to"`
	State    download.State   `json:"state"`
	REST     bool             `json:"rest,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Error    string           `json:"error,omitempty"`
	SHA256   string           `json:"sha256,omitempty"`
	Verified bool             `json:"verified"`
	Replaced string           `json:"replaced_sha256,omitempty"`
	Bytes    int64            `json:"bytes"`
	Fetched  int64            `json:"fetched_bytes"`
	Requests int              `json:"requests"`
	Rows     []importedSeries `json:"imported,omitempty"`
	Warnings []string         `json:"warnings,omitempty"`
}

func archiveOf(r *download.Result) downloadedArchive {
	a := downloadedArchive{
		Schema: "pmbot.download/1", Series: nameOf(r.Key), From: r.From, To: r.To, State: r.State, REST: r.OverREST, Reason: r.Reason, SHA256: r.SHA256,
		Verified: r.Verified, Replaced: r.Replaced, Bytes: r.Bytes, Fetched: r.Fetched, Requests: r.Requests, Warnings: r.Report.Warnings,
	}
	if !r.OverREST {
		a.Archive = r.Path()
	}
	if r.Err != nil {
		a.Error = r.Err.Error()
	}
	for _, s := range r.Report.Series {
		a.Rows = append(a.Rows, importedSeries{
			seriesName: nameOf(s.Key), Rows: s.Rows, New: s.New, Known: s.Known, From: s.From, To: s.To,
			Gaps: finding(s.Gaps), Duplicates: finding(s.Duplicates), Outside: finding(s.Outside), Skipped: finding(s.Skipped), Differ: finding(s.Differ), Beyond: finding(s.Beyond),
		})
	}
	return a
}

// downloadSum is the last line of "pmbot data download --json".
type downloadSum struct {
	Schema         string  `json:"schema"`
	Imported       int     `json:"imported"`
	Empty          int     `json:"empty"`
	Already        int     `json:"already"`
	Missing        int     `json:"missing"`
	Failed         int     `json:"failed"`
	Rows           int64   `json:"new_rows"`
	Bytes          int64   `json:"fetched_bytes"`
	Requests       int     `json:"requests"`
	Listed         bool    `json:"listed"`
	Seconds        float64 `json:"seconds"`
	BytesPerSecond int64   `json:"bytes_per_second"`
}

func sumOf(s *download.Summary) downloadSum {
	p := download.Progress{Bytes: s.Bytes, Elapsed: s.Elapsed}
	return downloadSum{"pmbot.download-sum/1", s.Imported, s.Empty, s.Already, s.Missing, s.Failed, s.Rows, s.Bytes, s.Requests, s.Listed, s.Elapsed.Seconds(), p.Rate()}
}

// printArchive tells a person what an archive gave.
func (run *downloading) printArchive(r *download.Result) {
	name, checksum := r.Name(), ""
	switch {
	case r.OverREST:
		name = "REST"
	case r.Verified:
		checksum = ", CHECKSUM agrees"
	default:
		checksum = ", no CHECKSUM file"
	}
	rows := &importing{console: run.console}
	for _, s := range r.Report.Series {
		fmt.Fprintf(run.out, "%s -> %s: %s, %s%s\n", name, s.Key, rows.rowsOf(s), bytesOf(r.Bytes), checksum)
		rows.printFindings("  ", s)
	}
	if r.Replaced != "" {
		fmt.Fprintf(run.out, "  replaced: there was another archive of this name, with the SHA-256 %s, and now it has %s\n", r.Replaced, r.SHA256)
	}
	rows.printFinding("  ", "bad rows set aside", r.Report.Skipped)
	for _, w := range r.Report.Warnings {
		fmt.Fprintf(run.out, "  warning: %s\n", w)
	}
}

// printAbsent tells of missing archives, those of one series and reason together.
func (run *downloading) printAbsent() {
	n := len(run.absent)
	if n == 0 {
		return
	}
	first, last := run.absent[0], run.absent[n-1]
	span := first.Date()
	if n > 1 {
		span += " .. " + last.Date()
	}
	run.bar.clear()
	fmt.Fprintf(run.out, "%s: no archive of %s (%s): %s\n", first.Key, span, counted(int64(n), "archive"), first.Reason)
	run.absent = nil
}

// printSum tells what all archives together were.
func (run *downloading) printSum(s *download.Summary) {
	parts := []string{counted(int64(s.Imported), "archive") + " imported with " + counted(s.Rows, "new row")}
	for _, p := range []struct {
		n    int
		text string
	}{{s.Empty, "without rows"}, {s.Already, "on the tape already"}, {s.Missing, "missing"}, {s.Failed, "failed"}} {
		if p.n > 0 {
			parts = append(parts, count(int64(p.n))+" "+p.text)
		}
	}
	p := download.Progress{Bytes: s.Bytes, Elapsed: s.Elapsed}
	fmt.Fprintf(run.out, "%s; %s in %s, %s/s, took %v\n", strings.Join(parts, ", "), bytesOf(s.Bytes), counted(int64(s.Requests), "request"), bytesOf(p.Rate()), s.Elapsed.Round(10*time.Millisecond))
}

// plannedArchive is a line of "pmbot data download --dry-run --json".
type plannedArchive struct {
	Schema  string     `json:"schema"`
	Archive string     `json:"archive"`
	Series  seriesName `json:"series"`
	Bytes   int64      `json:"bytes,omitempty"`
	Tape    bool       `json:"on_tape"`
	Cached  bool       `json:"cached"`
	Missing string     `json:"missing,omitempty"`
}

// printPlan lists what would be fetched.
func (run *downloading) printPlan(list []download.Planned) error {
	fetch, bytes := int64(0), int64(0)
	for _, p := range list {
		if run.flags.json {
			line := plannedArchive{"pmbot.download-plan/1", p.Path(), nameOf(p.Key), p.Bytes, p.Tape, p.Cached, p.Missing}
			if err := run.printLine(line); err != nil {
				return err
			}
		}
		if p.Missing == "" && !p.Tape && !p.Cached {
			fetch, bytes = fetch+1, bytes+p.Bytes
		}
	}
	if run.flags.json || run.flags.quiet {
		return nil
	}
	var rows [][]string
	for _, p := range list {
		what, size := "fetch", "-"
		switch {
		case p.Missing != "":
			what = p.Missing
		case p.Tape:
			what = "on the tape; only its CHECKSUM is looked at"
		case p.Cached:
			what = "in the cache; only its CHECKSUM is looked at"
		}
		if p.Bytes > 0 {
			size = bytesOf(p.Bytes)
		}
		rows = append(rows, []string{p.Path(), size, what})
	}
	if err := run.printTable([]string{"ARCHIVE", "SIZE", "WHAT"}, rows); err != nil {
		return err
	}
	size := ""
	if bytes > 0 {
		size = ", " + bytesOf(bytes)
	}
	fmt.Fprintf(run.out, "%s to fetch%s; nothing was fetched\n", counted(fetch, "archive"), size)
	return nil
}
