package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRotatingFile: a full file gets a number, the last few are kept, and no line is torn.
func TestRotatingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log", "x.jsonl")
	var lines []string
	write := func(r *rotatingFile, n int) {
		line := fmt.Sprintf("line %02d %s\n", n, strings.Repeat("x", 20))
		if _, err := r.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	r, err := openRotating(path, 100, 3)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 7 {
		write(r, n)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = openRotating(path, 100, 3); err != nil { // a restart goes on with the newest
		t.Fatal(err)
	}
	for n := 7; n < 12; n++ {
		write(r, n)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var got string
	for _, name := range []string{path + ".2", path + ".1", path} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 100 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		got += string(text)
	}
	if want := strings.Join(lines[len(lines)-9:], ""); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 3 {
		t.Errorf("files %v", files)
	}
}
