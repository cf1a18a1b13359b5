package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNumbersForPeople(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(1000), "1,000"}, {count(-43199), "-43,199"}, {count(1234567), "1,234,567"},
		{counted(0, "row"), "0 rows"}, {counted(1, "row"), "1 row"}, {counted(1000, "row"), "1,000 rows"},
		{bytesOf(96), "96 B"}, {bytesOf(999), "999 B"}, {bytesOf(1000), "1 kB"}, {bytesOf(999_999), "1 MB"}, {bytesOf(12_340_000_000), "12.3 GB"},
		{short(999.4), "999"}, {short(999_400), "999 k"}, {short(999_900), "1 M"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

// TestTableAligns has a picture of many bytes and few columns among the cells: widths are
// those that are seen.
func TestTableAligns(t *testing.T) {
	var out bytes.Buffer
	c := &console{out: &out}
	if err := c.printTable([]string{"NAME", "ROWS", "PICTURE", "END"}, [][]string{{"a", "1,234", "█▒", "x"}, {"long", "7", "····", "y"}}); err != nil {
		t.Fatal(err)
	}
	const want = "NAME   ROWS  PICTURE  END\na     1,234  █▒       x\nlong      7  ····     y\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// TestListingFits takes columns away in their order, and never the name.
func TestListingFits(t *testing.T) {
	headings := []string{"SERIES", "ROWS", "COVERAGE", "SIZE", "HASH", "SOURCE"}
	row := []string{"um/BTCUSDT/trades", "100", "████████", "1 kB", "abcdef", "a file of a long name"}
	for _, test := range []struct {
		width int
		want  []string
	}{
		{0, headings}, {200, headings}, {60, headings[:5]}, {46, headings[:4]}, {33, headings[:3]}, {5, headings[:2]},
	} {
		got, rows := fitting(test.width, leftOut(), slices.Clone(headings), [][]string{slices.Clone(row)})
		if !slices.Equal(got, test.want) || !slices.Equal(rows[0], row[:len(test.want)]) {
			t.Errorf("width %d: %v, %v", test.width, got, rows)
		}
	}
}

// TestInterruptedImport says what is on the tape, and that it can go on.
func TestInterruptedImport(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rates.csv")
	if err := os.WriteFile(file, []byte("time,rate\n1704153600000,0.0001\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, files := range [][]string{{file}, {file, file}} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"data", "import", "--tape", filepath.Join(dir, "tape"), "--product", "UM", "--symbol", "BTCUSDT", "--kind", "fundingRate"}, files...)
		code := run(ctx, args, strings.NewReader(""), &stdout, &stderr, os.Getenv)
		if code != int(exitFailed) || stderr.String() != "pmbot: interrupted; the tape is as it was\n" || stdout.Len() > 0 {
			t.Errorf("ended with %d: %s%s", code, stdout.String(), stderr.String())
		}
	}
}

// TestGraver holds the order of codes, whichever comes first.
func TestGraver(t *testing.T) {
	order := []exitCode{exitFailed, exitCheck, exitUsage, exitNotFound, exitOK}
	for i, a := range order {
		for _, b := range order[i:] {
			if graver(a, b) != a || graver(b, a) != a {
				t.Errorf("%d and %d: %d, %d", a, b, graver(a, b), graver(b, a))
			}
		}
	}
}
