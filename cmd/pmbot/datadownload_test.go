package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pmbot/pmbot/configs"
)

// bucket serves a directory as Binance serves its archives, and tells the script where, in
// $BUCKET: "bucket archives". What was asked for is in the file "asked". A file that ends in
// .once-503 or .once-403 makes the file without that end fail once.
func bucket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bucket directory")
	}
	dir, asked := ts.MkAbs(args[0]), ts.MkAbs("asked")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log, err := os.OpenFile(asked, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			fmt.Fprintln(log, r.URL.Path)
			log.Close()
		}
		path := filepath.Join(dir, filepath.FromSlash(r.URL.Path))
		for _, code := range []int{http.StatusServiceUnavailable, http.StatusForbidden} {
			if os.Remove(fmt.Sprintf("%s.once-%d", path, code)) == nil {
				w.Header().Set("Retry-After", "0")
				http.Error(w, "go away", code)
				return
			}
		}
		http.ServeFile(w, r, path)
	}))
	ts.Defer(s.Close)
	ts.Setenv("BUCKET", s.URL)
}

// TestDownloadConfig loads configs/download.toml and holds it to its promise that it shows
// every key with its default.
func TestDownloadConfig(t *testing.T) {
	text, err := configs.FS.ReadFile("download.toml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parseDocument("download.toml", string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keysOf(reflect.TypeFor[downloadConfig](), "") {
		if _, ok := doc.at[key]; !ok {
			t.Errorf("download.toml does not show %s", key)
		}
	}
	told := defaultDownload()
	if m := append(doc.decode(&told), told.check(doc)...); len(m) > 0 {
		t.Fatal(m)
	}
	names := mustKeys(t, &told)
	want := []string{
		"um/BTCUSDT/klines-1m", "um/BTCUSDT/markPriceKlines-1m", "um/BTCUSDT/fundingRate",
		"cm/BTCUSD_PERP/klines-1m", "cm/BTCUSD_PERP/markPriceKlines-1m", "cm/BTCUSD_PERP/fundingRate", "spot/BTCUSDT/klines-1m",
	}
	if !slices.Equal(names, want) {
		t.Errorf("it wants %v", names)
	}
	told.Series = nil
	if plain := defaultDownload(); !reflect.DeepEqual(told, plain) {
		t.Errorf("download.toml tells\n%+v\nthe defaults are\n%+v", told, plain)
	}
}

func mustKeys(t *testing.T, c *downloadConfig) (names []string) {
	t.Helper()
	list, err := c.keys(func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		names = append(names, k.String())
	}
	return names
}

func TestBadDownloadConfigs(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"jbos = 2", "-: x.toml:1: jbos: unknown key; did you mean jobs?"},
		{"jobs = 0", "x.toml:1: jobs: 0 is not within 1 to 32"},
		{"from = \"yesterday\"", `x.toml:1: from: "yesterday" is neither a day`},
		{"base = \"ftp://x\"", `x.toml:1: base: "ftp://x" is no http or https URL`},
		{"list = \"https://a:b@x\"", "x.toml:1: list: URL https://a:xxxxx@x has a user name or password"},
		{"kinds = [\"kline\"]", `x.toml:1: kinds: no kind of data "kline"; did you mean klines?`},
		{"kinds = [\"depth\"]", "x.toml:1: kinds: Binance publishes no archives of depth"},
		{"intervals = [\"7m\"]", "x.toml:1: intervals: unknown interval \"7m\""},
		{"[[series]]\nkinds = [\"klines\"]", "x.toml:1: series.0: symbols are missing"},
		{"[[series]]\nsymbols = [\"BTCUSDT\"]", "x.toml:2: series.0.symbols: "},
	} {
		c := &console{in: strings.NewReader(test.text)}
		_, err := c.downloadConfig(&downloadFlags{config: "-"}, nil)
		var f *failure
		want := strings.Replace(strings.TrimPrefix(test.want, "-: "), "x.toml", "-", 1)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !errors.As(err, &f) || f.code != exitConfig {
			t.Errorf("%q: got %v, want %s", test.text, err, want)
		}
	}
}
