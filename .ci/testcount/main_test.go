package main

import (
	"strings"
	"testing"
)

func count(t *testing.T, forbid bool, lines ...string) (string, bool) {
	t.Helper()
	var out strings.Builder
	c := newCounter(&out)
	if err := c.read(strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	ok := c.finish(forbid, forbid, forbid)
	return out.String(), ok
}

const (
	passed     = `{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}`
	passedSub  = `{"Action":"pass","Package":"p","Test":"TestA/x"}`
	failed     = `{"Action":"fail","Package":"p","Test":"TestB"}`
	skipText   = `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:12: shared data not at hand: set PMBOT_SHARED\n"}`
	skipBrowse = `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:12: browser not at hand: install chromium\n"}`
	skipPython = `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:12: python not at hand: install python3-grpcio\n"}`
	skipped    = `{"Action":"skip","Package":"p","Test":"TestC"}`
	slow       = `{"Action":"pass","Package":"p","Test":"TestD","Elapsed":7.5}`
	slower     = `{"Action":"pass","Package":"p","Test":"TestE","Elapsed":9}`
	packageOK  = `{"Action":"pass","Package":"p","Elapsed":0.2}`
	packageBad = `{"Action":"fail","Package":"q"}`
)

func TestCount(t *testing.T) {
	for _, test := range []struct {
		name   string
		forbid bool
		lines  []string
		ok     bool
		want   string
	}{
		{"all passed", true, []string{passed, passedSub, packageOK}, true, "2 passed, 0 failed, 0 skipped"},
		{"one failed", true, []string{passed, failed}, false, "1 passed, 1 failed, 0 skipped"},
		{"no test at all", true, []string{packageOK}, false, "0 passed, 0 failed, 0 skipped"},
		{"does not build", true, []string{passed, packageBad}, false, "packages failed: 1\n1 passed"},
		{"skip without data", false, []string{passed, skipText, skipped}, true, "skip  p TestC: shared data not at hand: set PMBOT_SHARED\n1 passed, 0 failed, 1 skipped"},
		{"skip in spite of data", true, []string{passed, skipText, skipped}, false, "but 1 tests were skipped"},
		{"skip without a browser", false, []string{passed, skipBrowse, skipped}, true, "skip  p TestC: browser not at hand: install chromium\n1 passed, 0 failed, 1 skipped"},
		{"skip in spite of a browser", true, []string{passed, skipBrowse, skipped}, false, "a browser is at hand, but 1 tests were skipped"},
		{"skip without Python", false, []string{passed, skipPython, skipped}, true, "skip  p TestC: python not at hand: install python3-grpcio\n1 passed, 0 failed, 1 skipped"},
		{"skip in spite of Python", true, []string{passed, skipPython, skipped}, false, "Python is at hand, but 1 tests were skipped"},
		{"slow ones", true, []string{slow, passed, slower, packageOK}, true, "slow  p TestE                                                        9.00 s\nslow  p TestD                                                        7.50 s\n3 passed"},
		{"not JSON", true, []string{"go: warning", passed}, true, "go: warning\n1 passed"},
	} {
		out, ok := count(t, test.forbid, test.lines...)
		if ok != test.ok || !strings.Contains(out, test.want) {
			t.Errorf("%s: ok is %v and the output\n%s\nwant %v and %s", test.name, ok, out, test.ok, test.want)
		}
	}
}
