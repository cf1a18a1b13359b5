package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// recordSummary is what a recording has done when it ends, and its JSON.
type recordSummary struct {
	Schema   string            `json:"schema"`
	From     exchange.Time     `json:"from"`
	To       exchange.Time     `json:"to"`
	Dir      string            `json:"dir"`
	Tape     string            `json:"tape,omitempty"`
	Status   *recordStatus     `json:"status"`
	Products []recordedProduct `json:"products"`
	Series   []recordedSeries  `json:"series"`
	Tables   int64             `json:"tables_kept"`
}

// recordedProduct is what was kept of a product.
type recordedProduct struct {
	Product   string        `json:"product"`
	Messages  int64         `json:"messages"`
	Answers   int64         `json:"answers"`
	Notes     int64         `json:"notes"`
	Bytes     int64         `json:"bytes"`
	DiskBytes int64         `json:"disk_bytes"`
	Dropped   int64         `json:"dropped"`
	Last      exchange.Time `json:"last"`
}

// printRecorded tells what was recorded.
func (c *console) printRecorded(f *recordFlags, r *recording) error {
	status, stats := r.status(), r.rec.Stats()
	s := recordSummary{
		Schema: "pmbot.record/1", From: r.started, To: status.At, Dir: r.cfg.Dir, Tape: r.cfg.Tape, Status: status,
		Products: []recordedProduct{}, Series: append([]recordedSeries{}, r.tap.series()...), Tables: stats.Tables,
	}
	for _, p := range stats.Products {
		if p.Product == 0 && p.Messages == 0 {
			continue
		}
		s.Products = append(s.Products, recordedProduct{
			tableFolder(p.Product), p.Messages, p.Answers, p.Notes, p.Bytes, p.DiskBytes, p.Dropped, p.Last,
		})
	}
	switch {
	case f.json:
		return json.NewEncoder(c.out).Encode(s) // a line, as the documents before it
	case f.quiet:
		return nil
	}
	var rows [][]string
	for _, p := range s.Products {
		rows = append(rows, []string{p.Product, count(p.Messages), count(p.Answers), count(p.Notes), bytesOf(p.Bytes), bytesOf(p.DiskBytes), count(p.Dropped)})
	}
	fmt.Fprintf(c.out, "recorded %v in %s: %s of %s heard\n\n", s.To.Sub(s.From).Round(time.Second), s.Dir, count(int64(status.Heard)), counted(int64(status.Streams), "stream"))
	if err := c.printTable([]string{"product", "messages", "answers", "notes", "bytes", "on disk", "dropped"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(c.out)
	rows = nil
	for _, k := range s.Series {
		rows = append(rows, []string{k.Product, k.Kind, count(k.Streams), count(k.Messages), count(k.Gaps)})
	}
	if err := c.printTable([]string{"product", "kind", "streams heard", "messages", "gaps"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "\n%s, %s lost, %s, %s undecoded, %s dropped\n", counted(status.Gaps, "gap"), counted(status.Lost, "connection"),
		counted(status.Resyncs, "resync"), count(status.Undecoded), count(status.Dropped))
	fmt.Fprintf(c.out, "%s kept as changed\n", counted(s.Tables, "table"))
	if s.Tape == "" {
		return nil
	}
	_, err := fmt.Fprintf(c.out, "tape %s: %s from %s; pmbot data ls --tape %s\n", s.Tape, counted(status.Rows, "new row"), counted(status.Converted, "segment"), s.Tape)
	return err
}
