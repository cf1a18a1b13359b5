package main

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"
	"testing"
)

// TestNewsLog says what packages log in the recorder's own form, leaves out what nobody asked
// for, and never waits for whoever prints.
func TestNewsLog(t *testing.T) {
	told := newNews()
	log := told.logger(false)
	log.Debug("market connection")
	log.With("path", "um/a.zst").Error("conversion failed", "err", errors.New("no room"), slog.String("text", ""))
	log.Info("segment converted")
	var out bytes.Buffer
	printer := &statusPrinter{console: &console{err: &out}}
	told.rest(printer)
	want := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ conversion failed: path um/a.zst, err no room\n[^ ]+Z segment converted\n$`)
	if !want.MatchString(out.String()) {
		t.Errorf("got\n%s", out.String())
	}
	for range newsMax + 7 {
		log.Info("again")
	}
	if got := told.unsaid.Load(); got != 7 {
		t.Errorf("%d are left out, want 7", got)
	}
	told.logger(true).Debug("market connection") // with room for none
	if got := told.unsaid.Load(); got != 8 {
		t.Errorf("%d are left out, want 8", got)
	}
}
