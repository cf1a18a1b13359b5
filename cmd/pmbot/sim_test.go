package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

// TestSimStops stops an exchange while a websocket is open and a request hangs: both end,
// and so does everything that was started.
func TestSimStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	var stderr strings.Builder
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"sim", "--json", "--listen", "127.0.0.1:0", "--set", "market.warmup=0s"}, strings.NewReader(""), stdout, &stderr, os.Getenv)
		stdout.Close()
	}()
	var at simAddresses
	if err := json.NewDecoder(out).Decode(&at); err != nil {
		t.Fatal(err)
	}
	drained := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, out)
		drained <- err
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	post := func(url, body string) {
		w, err := client.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		w.Body.Close()
		if w.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %s", url, body, w.Status)
		}
	}
	conn, answer, err := websocket.DefaultDialer.Dial(at.FStream+"/market/ws/btcusdt@markPrice@1s", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	defer conn.Close()
	if _, data, err := conn.ReadMessage(); err != nil || !strings.Contains(string(data), `"e":"markPriceUpdate"`) {
		t.Errorf("the stream says %s, %v", data, err)
	}

	post(at.Admin+"/faults", `{"kind":"lost_request"}`)
	hanging := make(chan error, 1)
	go func() {
		w, err := client.Get(at.URL + "/papi/v1/ping")
		if err == nil {
			w.Body.Close()
		}
		hanging <- err
	}()
	for hit := false; !hit; { // the request is there
		w, err := client.Get(at.Admin + "/faults")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(w.Body)
		w.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		hit = strings.Contains(string(body), `"hit": 1`)
	}
	stop()
	if code := <-ended; code != 0 || stderr.String() != "" {
		t.Errorf("ended with %d and %q", code, stderr.String())
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if <-hanging == nil {
		t.Error("a request that was lost is answered")
	}
	for err := error(nil); err == nil; {
		_, _, err = conn.ReadMessage()
	}
}

// TestLoggedPaths logs no listen key.
func TestLoggedPaths(t *testing.T) {
	key := strings.Repeat("secret00", 8)
	for path, want := range map[string]string{
		"/pm/ws/" + key: "/pm/ws/…", "/ws/" + key: "/ws/…", "/private/ws/" + key + "/": "/private/ws/…",
		"/market/ws/btcusdt@trade": "/market/ws/btcusdt@trade", "/papi/v1/ping": "/papi/v1/ping",
	} {
		if got := withoutKey(path); got != want {
			t.Errorf("%s is logged as %s", path, got)
		}
	}
}
