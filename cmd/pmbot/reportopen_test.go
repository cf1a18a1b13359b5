package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBrowser holds which command shows a page, by system and environment.
func TestBrowser(t *testing.T) {
	const path = "/runs/a b/report.html"
	for _, test := range []struct {
		system, environment string
		want                []string
	}{
		{"linux", "DISPLAY=:0", []string{"xdg-open", path}},
		{"freebsd", "WAYLAND_DISPLAY=wayland-0", []string{"xdg-open", path}},
		{"linux", "", nil},
		{"linux", "DISPLAY=:10;SSH_CONNECTION=x", nil},
		{"darwin", "", []string{"open", path}},
		{"darwin", "SSH_TTY=/dev/pts/1", nil},
		{"windows", "", []string{"rundll32", "url.dll,FileProtocolHandler", path}},
		{"linux", "BROWSER=firefox", []string{"firefox", path}},
		{"linux", "BROWSER=w3m -T %s -x;SSH_TTY=1", []string{"w3m", "-T", path, "-x"}},
		{"linux", "BROWSER=one" + string(filepath.ListSeparator) + "two", []string{"one", path}},
		{"linux", "BROWSER= ;DISPLAY=:0", []string{"xdg-open", path}},
	} {
		getenv := func(name string) string {
			for _, pair := range strings.Split(test.environment, ";") {
				if k, v, _ := strings.Cut(pair, "="); k == name {
					return v
				}
			}
			return ""
		}
		if got := browser(test.system, getenv, path); !slices.Equal(got, test.want) {
			t.Errorf("%s with %q: %q, want %q", test.system, test.environment, got, test.want)
		}
	}
}

// TestBrowse starts no browser where there is no screen, and tells of one that fails.
func TestBrowse(t *testing.T) {
	var started []string
	start := func(command []string) error {
		started = command
		if command[0] == "broken" {
			return errors.New("exit status 3")
		}
		return nil
	}
	for _, test := range []struct{ browser, says, fails string }{
		{"good", "", ""},
		{"broken", "", "broken: exit status 3; open report.html in a browser, or name one in $BROWSER"},
		{"", "there is no screen here", ""},
	} {
		started = nil
		var stderr bytes.Buffer
		c := &console{err: &stderr, getenv: func(name string) string { return map[string]string{"BROWSER": test.browser}[name] }}
		err := c.browse("report.html", "linux", start)
		if (err == nil) != (test.fails == "") || err != nil && err.Error() != test.fails {
			t.Errorf("%q: %v", test.browser, err)
		}
		if !strings.Contains(stderr.String(), test.says) || (stderr.Len() > 0) != (test.says != "") || (started != nil) != (test.browser != "") {
			t.Errorf("%q: started %q, said %q", test.browser, started, stderr.String())
		}
	}
}
