package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// haltFile halts the bot whose state directory it is in, as long as it is there: its first line
// says why. Who made it takes it away again; a resume is refused until then.
const haltFile = "HALT"

// haltTextMax is how much of a reason is kept, in bytes.
const haltTextMax = 400

// readHalt reads the file of a state directory. A file that cannot be read halts, too.
func readHalt(dir string) (why string, there bool) {
	f, err := os.Open(filepath.Join(dir, haltFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	if err != nil {
		return reason(err).Error(), true
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, haltTextMax))
	if err != nil {
		return reason(err).Error(), true
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	line = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, line)
	if line == "" {
		line = "no reason is given"
	}
	return line, true
}

// writeHalt halts the bot of a state directory, whether it runs or comes back later. A file that
// is there stays: the first reason counts.
func writeHalt(dir, why, by string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("state directory %s: %w", dir, reason(err))
	}
	path := filepath.Join(dir, haltFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("file %s: %w", path, reason(err))
	}
	_, err = fmt.Fprintf(f, "%s\nby %s at %s\n", why, by, time.Now().UTC().Format(time.RFC3339))
	return errors.Join(err, f.Sync(), f.Close())
}
