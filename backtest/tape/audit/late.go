package audit

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// receipt is a message as far as its times go.
type receipt struct {
	// event is when the exchange sent it, local when it came.
	event, local exchange.Time
	// lag is local less event, or how far event and the instant of the change are apart if
	// that is beyond all measure.
	lag time.Duration
	at  place
}

// lags judges the times of the messages of a series in a file by those around them, and
// tells the file's wire what is odd.
type lags struct {
	window []receipt
	// next is the one to be judged.
	next int
	// least is the smallest lag of all.
	least time.Duration
	seen  bool
	// last is the last message whose time was not found wrong.
	last receipt
}

// lagSide is how many messages before and after one tell what lag is usual.
const lagSide = 16

// hear takes the next message.
func (t *track) hear(event, local exchange.Time, p place) {
	l := &t.lags
	r := receipt{event: event, local: local, lag: local.Sub(event), at: p}
	if apart := event.Sub(p.at).Abs(); p.at != 0 && apart > t.a.opt.SendMax {
		r.lag = max(r.lag, apart)
	}
	if !l.seen || r.lag < l.least {
		l.least, l.seen = r.lag, true
	}
	if len(l.window) == 2*lagSide+1 {
		copy(l.window, l.window[1:])
		l.window[2*lagSide] = r
		l.next--
	} else {
		l.window = append(l.window, r)
	}
	if len(l.window)-l.next > lagSide {
		t.judgeLag()
	}
}

// silence ends the messages of a file.
func (t *track) silence() {
	for t.lags.next < len(t.lags.window) {
		t.judgeLag()
	}
	t.lags = lags{window: t.lags.window[:0]}
}

// judgeLag looks at the next message. The time of one that alone is late says nothing
// about the clock.
func (t *track) judgeLag() {
	l := &t.lags
	r := l.window[l.next]
	usual, late := t.late()
	alone := late && !t.neighbourLate(usual)
	if late {
		t.wire.late(spell{from: r.local, to: r.local, one: r, series: t.series, usual: usual, alone: alone})
	}
	if !alone {
		if back := l.last.local.Sub(r.local); t.a.inFiles && back > t.a.opt.BackMax {
			t.wire.back(setback{series: t.series, after: l.last.at.line, at: r.at, by: back, to: r.local})
		}
		l.last = r
	}
	l.next++
}

// late says whether the next message is late, and what lag is usual: the smallest but one
// of those around it, so that one wrong time does not make all others late.
func (t *track) late() (usual time.Duration, late bool) {
	l, most := &t.lags, t.a.opt.LateMax
	r := &l.window[l.next]
	if r.lag <= l.least+most {
		return 0, false
	}
	const none = time.Duration(1<<63 - 1)
	one, two, n := none, none, 0
	for i := range l.window {
		if lag := l.window[i].lag; i != l.next {
			one, two = min(one, lag), min(two, max(one, lag))
			n++
		}
	}
	if usual = two; n < 4 {
		usual = one
	}
	return usual, n > 0 && r.lag > usual+most
}

// neighbourLate says whether the message before or after the next one is late as well.
func (t *track) neighbourLate(usual time.Duration) bool {
	l := &t.lags
	late := func(i int) bool {
		return i >= 0 && i < len(l.window) && l.window[i].lag > usual+t.a.opt.LateMax
	}
	return late(l.next-1) || late(l.next+1)
}
