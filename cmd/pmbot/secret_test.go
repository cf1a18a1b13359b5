package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestSecretPlaces: a secret is read from a plain file of its owner, and nothing that is
// printed about another place contains what was given.
func TestSecretPlaces(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const given = "topsecrettext0123"
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	key := write("key", strings.Repeat("K", 64), 0o600)
	for _, c := range []struct{ set, want string }{
		{"account.secret=file:" + write("good", given, 0o600), "clock"},
		{"account.secret=file:" + write("open", given, 0o644), "has mode 0644: others may read it"},
		{"account.secret=file:" + write("empty", "\n", 0o600), "there is nothing in file:"},
		{"account.secret=file:" + pipe, "is no regular file"},
		{"account.secret=file:" + dir, "is no regular file"},
		{"account.secret=file:" + filepath.Join(dir, "none"), "no such file or directory; name a file that is there"},
		{"account.secret=" + given, "--set account.secret=…: account.secret: it must say where"},
		{"account.key=" + given, "--set account.key=…: account.key: it must say where"},
		{"account.secret:" + given, "--set …: not key=value"},
	} {
		var out, errors bytes.Buffer
		args := []string{"doctor", "--at", "http://127.0.0.1:1", "--set", "account.key=file:" + key, "--set", c.set}
		run(context.Background(), args, strings.NewReader(""), &out, &errors, func(string) string { return "" })
		text := out.String() + errors.String()
		if !strings.Contains(text, c.want) {
			t.Errorf("--set %s: no %q in\n%s", c.set, c.want, text)
		}
		if strings.Contains(text, given) {
			t.Errorf("--set %s: the secret is in what was printed:\n%s", c.set, text)
		}
	}
}

// TestDoctorAt: an address that is none is told with the flag that has it.
func TestDoctorAt(t *testing.T) {
	for _, at := range []string{"foo", "127.0.0.1:9000", "ftp://127.0.0.1:9000"} {
		var errors bytes.Buffer
		code := run(context.Background(), []string{"doctor", "--at", at}, strings.NewReader(""), &errors, &errors, func(string) string { return "" })
		if want := "--at " + at + " is not the address"; code != int(exitUsage) || !strings.Contains(errors.String(), want) {
			t.Errorf("exit %d, %s", code, errors.String())
		}
	}
}
