package loop

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// held is who holds the account.
func (f *fake) heldBy() string {
	var list []string
	for _, h := range f.config.Kernel.States() {
		list = append(list, fmt.Sprint(h.Cause))
	}
	return strings.Join(list, " ")
}

func (f *fake) truth() {
	f.put(0, func(e *exchange.Event) { e.SetTruth(&exchange.Truth{At: exchange.TimeOf(time.Now())}) })
}

func (f *fake) want(step, held string) {
	f.t.Helper()
	if got := f.heldBy(); got != held {
		f.t.Errorf("%s: held by %q, want %q", step, got, held)
	}
}

// TestStart walks the one path of start and recovery, where the process frees itself and
// where a person does.
func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, manual := range []bool{false, true} {
			f := newFake(t, watching, func(c *Config) { c.Manual = manual })
			f.Start(exchange.Start{Prefix: "pm-1", Mode: "dry"})
			f.want("started", "START STREAM")
			f.Stream(StreamGap, "no connection")
			f.Stream(StreamCatchingUp, "connected")
			f.want("connected", "START STREAM")
			f.truth()
			if f.Stream(StreamLive, "caught up"); !manual {
				f.want("live", "")
				continue
			}
			f.want("live, and nobody has come", "START")
			if err := f.Operate(t.Context(), operator(exchange.Active)); err != nil {
				t.Error(err)
			}
			f.want("resumed", "")
			f.Stream(StreamGap, "lost")
			f.want("lost", "STREAM")
			f.truth()
			f.Stream(StreamLive, "caught up")
			f.want("live again", "")
		}
	})
}

// TestResumedTooEarly has a person resume before the account was read: it is read, and then
// the start is over.
func TestResumedTooEarly(t *testing.T) {
	f := newFake(t, watching, func(c *Config) { c.Manual = true })
	f.Start(exchange.Start{Prefix: "pm-1"})
	if err := f.Operate(t.Context(), operator(exchange.Active)); err != nil {
		t.Error(err)
	}
	f.want("resumed", "START STREAM")
	if fmt.Sprint(f.broker.readings) != "[resumed by tester]" {
		t.Error(f.broker.readings)
	}
	f.truth()
	f.want("read", "STREAM")
}

// TestRereads asks for the account at an interval while the stream is live, and not in a gap.
func TestRereads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, watching)
		go func() { _ = f.Run(t.Context()) }()
		f.Start(exchange.Start{Prefix: "pm-1"})
		<-time.After(5*time.Minute + time.Second)
		if len(f.broker.readings) != 0 {
			t.Errorf("%d readings in a gap", len(f.broker.readings))
		}
		f.Stream(StreamLive, "caught up")
		<-time.After(5 * time.Minute)
		if len(f.broker.readings) != 5 {
			t.Errorf("%d readings in five minutes", len(f.broker.readings))
		}
	})
}

// TestMarketStops holds that an instrument that does not trade is held, and told of once.
func TestMarketStops(t *testing.T) {
	f := newFake(t, watching)
	f.open()
	before := f.config.Kernel.Seq()
	for range 3 {
		f.Market(um, exchange.Halted, "settling")
	}
	f.Market(cm, exchange.Active, "trading")
	f.want("settling", "MARKET")
	f.Market(um, exchange.Active, "trading")
	f.want("trading", "")
	if got := f.config.Kernel.Seq() - before; got != 3 {
		t.Errorf("%d events", got)
	}
}

// TestReadsAsAsked holds that a reading which the loop has asked for halts nobody, unless it
// takes too long or the stream is lost meanwhile; one of the broker's own does.
func TestReadsAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, watching, func(c *Config) { c.CatchUpEvery = 10 * time.Second })
		go func() { _ = f.Run(t.Context()) }()
		f.open()
		f.Stream(StreamLive, "caught up")
		wait := func(d time.Duration) { <-time.After(d); synctest.Wait() }
		wait(10 * time.Second)
		f.Stream(StreamCatchingUp, "it is time to compare")
		f.want("reading", "")
		wait(2 * time.Second)
		f.Stream(StreamLive, "caught up")
		wait(5 * time.Second)
		f.want("read", "")
		f.Stream(StreamCatchingUp, "an event could not be read")
		f.want("in doubt", "STREAM")
		f.Stream(StreamLive, "caught up")
		wait(10 * time.Second)
		f.Stream(StreamCatchingUp, "it is time to compare")
		f.Stream(StreamGap, "lost")
		f.want("lost", "STREAM")
		f.Stream(StreamCatchingUp, "connected")
		f.Stream(StreamLive, "caught up")
		f.want("back", "")
		wait(10 * time.Second)
		f.Stream(StreamCatchingUp, "it is time to compare")
		wait(4 * time.Second)
		f.want("too long", "STREAM")
		f.Stream(StreamLive, "caught up")
		f.want("live", "")
	})
}
