package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A program that was built before its source was changed is told of; a test, and a program
// without source beside it, are not.
func TestChangedSince(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	write := func(name string, after time.Duration) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("module mine\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at.Add(after), at.Add(after)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program := write("mine", 0)
	expect := func(want string) {
		t.Helper()
		if got := changedSince(program); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if words := staleWords(program); words != "" {
		t.Error(words)
	}
	newer := write("strategy.go", time.Second)
	expect("") // no module: nobody knows that this is its source
	write("go.mod", time.Hour)
	expect(newer)
	write("strategy.go", 0)
	write("strategy_test.go", time.Hour)
	expect("")
	write("strategy.go", time.Nanosecond*1000)
	expect(newer)
	if words, want := staleWords(program), program+" is older than "+newer+": it runs as it was built; pmbot strategy build builds it anew"; words != want {
		t.Errorf("got %q, want %q", words, want)
	}
}
