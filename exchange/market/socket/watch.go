package socket

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// patienceLeast and patienceMost bound how long a step of the ladder has to help, which
	// is else as long as the stream may be silent.
	patienceLeast, patienceMost = 5 * time.Second, 30 * time.Second
	// againMost is the longest time until a stream that stays silent is told again.
	againMost = time.Hour
	// renewEvery is how often a lane gets a new connection at most because a stream of it is
	// silent: its other streams are well.
	renewEvery = 10 * time.Minute
	// learnedLeast is the shortest silence that is learned, and learnedTimes how many times the
	// longest one of late a silence must be to be told. Trades come by chance: a silence of
	// eight times the longest of a quarter of an hour and more is none.
	learnedLeast = time.Minute
	learnedTimes = 8
	// noiseEvery is how often messages that nobody can use are told of.
	noiseEvery = time.Minute
)

// step is where on the ladder a silent stream stands.
type step uint8

const (
	speaking step = iota
	told
	resubscribed
	renewing
)

// watch watches one stream. It sees whether something came at each tick only, so that a
// message costs a single store.
type watch struct {
	fresh bool
	// heardAt is the tick after the last message, due when the next step of the ladder is.
	heardAt, due time.Duration
	step         step
	// longest are the longest silences of this span and of the one before, each as long as the
	// stream may be silent, and spanEnd is when this one ends. learned says that there is one
	// before.
	longest [2]time.Duration
	spanEnd time.Duration
	learned bool
	// rounds is how often the whole ladder has not helped, from since when it is silent.
	rounds int
	from   exchange.Time
}

// restart grants a stream its silence anew, for it was just subscribed.
func (w *watch) restart(now, silence time.Duration) {
	if w.step == speaking {
		w.due = now + silence
	} else {
		w.due = max(w.due, now+patience(silence))
	}
}

// learn notes that the stream was heard. Its declared silence is for the dullest of its kind;
// one that is busier is missed sooner.
func (w *watch) learn(now, silence time.Duration) {
	switch {
	case w.spanEnd == 0:
		w.spanEnd = now + silence
	case now >= w.spanEnd:
		w.longest, w.learned, w.spanEnd = [2]time.Duration{0, w.longest[0]}, true, now+silence
		fallthrough
	default:
		w.longest[0] = max(w.longest[0], now-w.heardAt)
	}
	w.heardAt = now
}

// limit is how long the stream may be silent, of what it may at most.
func (w *watch) limit(silence time.Duration) time.Duration {
	if !w.learned {
		return silence
	}
	return min(silence, max(learnedLeast, learnedTimes*max(w.longest[0], w.longest[1])))
}

func patience(silence time.Duration) time.Duration {
	return min(max(silence, patienceLeast), patienceMost)
}

// look climbs the ladder with a stream that is silent for too long.
func (l *lane) look(t *track) {
	w := &t.watch
	if w.fresh {
		w.learn(l.now, t.Silence)
		w.fresh, w.due = false, l.now+w.limit(t.Silence)
		return
	}
	k := l.links[t.owner]
	subscribed := t.asks[t.owner].state == acknowledged || w.step == resubscribed // no answer is no reason to wait
	if t.Silence == 0 || k == nil || !k.open || !subscribed || l.now < w.due {
		return
	}
	switch w.step {
	case speaking, renewing:
		switch {
		case w.step == speaking:
			w.from = t.lastAt
		case l.links[1-l.main] != nil:
			return // the new connection is still to show what it is worth
		}
		w.step, w.due = told, l.now+patience(t.Silence)
		l.tell(Notice{Kind: Silent, Sub: t.Sub, Conn: k.conn, From: w.from, To: l.at})
	case told:
		w.step, w.due = resubscribed, l.now+patience(t.Silence)
		l.askAgain(k, t)
		l.tell(Notice{Kind: Resubscribed, Sub: t.Sub, Conn: k.conn, From: w.from, To: l.at})
	case resubscribed:
		if !l.mayRenew() {
			return
		}
		if l.renew == "" {
			l.renew = "silence of " + t.Name
		}
		again := againMost
		if w.rounds < 16 {
			again = min(again, max(t.Silence, patienceMost)<<w.rounds)
		}
		w.step, w.due = renewing, l.now+again
		w.rounds++
		l.tell(Notice{Kind: Renewing, Sub: t.Sub, Conn: k.conn, From: w.from, To: l.at})
	}
}

// mayRenew says whether a new connection may be made for the sake of a silent stream.
func (l *lane) mayRenew() bool {
	if l.renew != "" {
		return true
	}
	return l.links[1-l.main] == nil && (l.renewedAt == 0 || l.now-l.renewedAt >= renewEvery)
}

// heard tells that a silent stream is back. What came of it while it was asked for again is
// lost.
func (l *lane) heard(t *track) {
	w := &t.watch
	if w.step >= resubscribed {
		t.gapSince(w.from)
	}
	l.tell(Notice{Kind: Heard, Sub: t.Sub, Conn: l.links[t.owner].conn, From: w.from, To: l.at})
	w.step, w.rounds, w.heardAt = speaking, 0, l.now // that silence was none to learn from
}

// noise counts messages of one kind that nobody can use.
type noise struct {
	count  int64
	sub    *Sub
	text   string
	told   bool
	toldAt time.Duration
}

// undecodable notes a message that is no frame; t is its stream, nil if that is not known.
// Of the stream it is a message like any other.
func (l *lane) undecodable(k *link, t *track, err error) {
	var sub *Sub
	if t != nil {
		sub = t.Sub
	}
	k.stats.undecodable++
	k.noise[0].add(sub, err.Error())
}

// unasked notes a message of a stream that nobody asked for.
func (l *lane) unasked(k *link, name []byte) {
	k.stats.unasked++
	k.noise[1].add(nil, clip(name))
}

func (n *noise) add(sub *Sub, text string) {
	n.count++
	n.sub, n.text = sub, text
}

// reportNoise tells what there was, now and then.
func (l *lane) reportNoise(k *link) {
	for i := range k.noise {
		n := &k.noise[i]
		if n.count == 0 || n.told && l.now-n.toldAt < noiseEvery {
			continue
		}
		l.tell(Notice{Kind: Undecodable + NoticeKind(i), Sub: n.sub, Conn: k.conn, Text: fmt.Sprintf("%d messages, the last: %s", n.count, n.text)})
		*n = noise{told: true, toldAt: l.now}
	}
}
