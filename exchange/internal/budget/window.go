package budget

import "time"

// pool counts what a limit of so much a UTC minute has left. Within slack of the turn of a
// minute nobody knows in which one the exchange counts, so both must have room.
type pool struct {
	slack time.Duration
	// now is the latest minute that a request can have reached, before the one that ended.
	now, before window
	// flying is what has been sent and not been answered. It may arrive in any minute until
	// then.
	flying int
}

// window is one minute since 1970.
type window struct {
	minute int64
	// own is what we sent; foreign is what the exchange counted beyond it, for it counts
	// other processes too.
	own, foreign int
}

func (w window) used() int { return w.own + w.foreign }

func (w window) end() time.Time { return time.Unix((w.minute+1)*60, 0) }

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// turn moves to the minute of an instant. What flies may arrive in it. It never turns back
// on its own: see setBack.
func (p *pool) turn(at time.Time) {
	m := minuteOf(at.Add(p.slack))
	if m <= p.now.minute {
		return
	}
	p.before = window{minute: m - 1, own: p.flying}
	if p.now.minute == m-1 {
		p.before = p.now
	}
	p.now = window{minute: m, own: p.flying}
}

// setBack puts the two minutes where the clock is that was wrong before. What they have
// counted was sent lately by any clock, and stays.
func (p *pool) setBack(at time.Time) {
	p.now.minute = minuteOf(at.Add(p.slack))
	p.before.minute = p.now.minute - 1
}

// free is when n more will keep the minutes that are in question under a limit, as things
// stand; now if it is not after now.
func (p *pool) free(n, limit int, now time.Time) time.Time {
	switch {
	case n == 0:
	case p.now.used()+n > limit:
		return p.now.end().Add(p.slack)
	case p.open(now) && p.before.used()+n > limit:
		return p.before.end().Add(p.slack)
	}
	return time.Time{}
}

// open says whether the minute before may still count what is sent at an instant.
func (p *pool) open(at time.Time) bool { return minuteOf(at.Add(-p.slack)) <= p.before.minute }

// take counts n as sent, and returns the first minute that may count it.
func (p *pool) take(n int, at time.Time) int64 {
	p.flying += n
	p.now.own += n
	if p.open(at) {
		p.before.own += n
		return p.before.minute
	}
	return p.now.minute
}

// land counts n as answered.
func (p *pool) land(n int) { p.flying -= n }

// undo takes back what was not sent after all, from every minute that counted it.
func (p *pool) undo(n int, first int64) {
	p.flying -= n
	p.now.own -= n
	if p.before.minute >= first {
		p.before.own -= n
	}
}

// heard takes the exchange's own count from the answer to a request that was sent in the
// minute first at the earliest. If that is not the minute of now, the count may be an older
// one's, and is believed of the one before: a full minute that has ended must not close the
// new one.
func (p *pool) heard(count int, first int64) {
	w := &p.now
	if first != p.now.minute {
		w = &p.before
	}
	w.foreign = max(w.foreign, count-w.own)
}
