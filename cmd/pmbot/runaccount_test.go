package main

import (
	"io"
	"testing"
	"time"

	"github.com/pmbot/pmbot/engine/loop"
)

// TestOneClock has the client of a running bot go by the loop's clock, and by no other:
// approvals are made by the one and expire by the other. The loop's clock stands still here, as
// it does for a while behind a journal whose last event is of a little later.
func TestOneClock(t *testing.T) {
	c := &console{out: io.Discard, err: io.Discard, getenv: func(string) string { return "0123456789abcdef" }}
	b := &bot{console: c}
	live := defaultLive()
	live.Account.Key, live.Account.Secret = "env:KEY", "env:SECRET"
	client, err := b.accountClient(&live)
	if err != nil {
		t.Fatal(err)
	}
	if off := client.ServerTime().Sub(wallClock()); off.Abs() > time.Second {
		t.Errorf("before there is a loop the client is %v off", off)
	}
	last := wallClock().Add(9 * time.Second)
	if b.clock, err = loop.NewClock(last); err != nil {
		t.Fatal(err)
	}
	if at := client.ServerTime(); at != last || b.clock.Now() != last {
		t.Errorf("the client says %v, and the loop %v", at, b.clock.Now())
	}
}
