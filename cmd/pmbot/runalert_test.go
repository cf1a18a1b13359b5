package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// startHook serves a webhook at $HOOK, whose path is a secret, which writes what it is told into
// a file, a line each: "hook told.jsonl".
func startHook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hook file")
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(f, "%s %v\n", body, err)
	}))
	ts.Defer(func() {
		server.Close()
		f.Close()
	})
	ts.Setenv("HOOK", server.URL+"/very-secret-path")
}

// TestAddressIsNotTold: of an address in a configuration it is told only that it has changed, and
// a reference is told as it is.
func TestAddressIsNotTold(t *testing.T) {
	flat := func(address string) string {
		doc, err := parseDocument("x.toml", "[alert]\nwebhook = \""+address+"\"")
		if err != nil {
			t.Fatal(err)
		}
		return doc.flat()["alert.webhook"]
	}
	one, other := flat("https://x.example/very-secret"), flat("https://x.example/very-other")
	if strings.Contains(one, "secret") || one == other || one != flat("https://x.example/very-secret") || !strings.HasPrefix(one, "an address (") {
		t.Errorf("told as %q and %q", one, other)
	}
	if told := flat("env:HOOK"); told != "env:HOOK" {
		t.Errorf("a reference is told as %q", told)
	}
	for _, key := range []string{"alert.webhook", "alert.heartbeat", "alert.token", "account.key", "account.secret"} {
		o, err := parseOverride(key + "=topsecret")
		if err != nil || strings.Contains(o.flag, "topsecret") {
			t.Errorf("%+v, %v", o, err)
		}
	}
}
