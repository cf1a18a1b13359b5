package socket

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// shell does what lanes decide. It calls nothing of them back.
type shell interface {
	// dial makes a connection; lane.opened or lane.lost tells what became of it.
	dial(*lane, *link)
	// send sends a command.
	send(*link, []byte)
	// close ends a connection, which the lane has forgotten already.
	close(*link)
	deliver(*track, *piece)
	notice(Notice)
}

// lane is a set of streams that one connection carries, and at times a second one, its
// successor. It is a state machine without clock, network or goroutine: lanes tells it the
// time, and it tells its shell what to do.
type lane struct {
	*lanes
	route  stream.Route
	tracks []*track
	byName map[string]*track
	// gone are removed streams, whose messages may still come, until when.
	gone map[string]time.Duration

	// links are the connections, nil where there is none, and main is the slot of the one
	// that has no successor yet.
	links [2]*link
	main  int

	// dialAt is when the next connection may be made, and pause what follows the next failure.
	dialAt, pause time.Duration
	// renew says why a successor is wanted before the main link is old; renewedAt is when
	// one was for the last time.
	renew     string
	renewedAt time.Duration
	// beganAt is when the successor was dialed.
	beganAt exchange.Time
	// held is how many bytes are held back.
	held int
	// split says that the exchange takes fewer streams on a connection.
	split bool
}

// link is a connection.
type link struct {
	slot, conn int
	open       bool
	// openedAt is when it was opened, lastAt when a message came last.
	openedAt time.Duration
	lastAt   exchange.Time
	commands commands
	noise    [2]noise
	stats    traffic
	// wire is the shell's end.
	wire *wire
}

// traffic counts what came.
type traffic struct {
	messages, bytes, commands, undecodable, unasked int64
}

// dial makes a connection in a slot.
func (l *lane) dial(slot int) {
	l.conns++
	k := &link{slot: slot, conn: l.conns, lastAt: l.at}
	l.links[slot] = k
	l.shell.dial(l, k)
}

// opened says that a connection is there.
func (l *lane) opened(k *link) {
	if l.links[k.slot] != k {
		l.shell.close(k)
		return
	}
	k.open, k.openedAt, k.lastAt = true, l.now, l.at
	l.tell(Notice{Kind: Connected, Conn: k.conn})
}

// lost says that a connection is over, or could not be made.
func (l *lane) lost(k *link, why string) {
	if l.links[k.slot] != k {
		return // it was closed on purpose
	}
	l.links[k.slot] = nil
	n := Notice{Kind: Lost, Conn: k.conn, Text: why}
	if k.open {
		n.From, n.To = k.lastAt, l.at
	}
	l.tell(n)
	l.backOff(k)
	other := l.links[1-k.slot]
	switch {
	case k.slot != l.main:
		l.forsake(k)
	case other == nil:
		l.renew = ""
		for _, t := range l.tracks {
			t.miss(k)
		}
	default:
		l.main, l.renew = other.slot, ""
		for _, t := range l.tracks {
			if t.owner == k.slot {
				l.inherit(t, k, other)
			}
		}
	}
	for _, t := range l.tracks {
		t.asks[k.slot] = ask{}
	}
}

// backOff sets when the next connection may be made: the pause doubles until one has lasted.
func (l *lane) backOff(k *link) {
	if k.open && l.now-k.openedAt >= steady {
		l.pause = pauseFirst
	}
	l.dialAt = l.now + l.pause/2 + time.Duration(l.random.Int64N(int64(l.pause)))
	l.pause = min(2*l.pause, pauseMost)
}

// miss notes that messages may be missing since a link was heard last. Of a stream that was
// never had nothing can be.
func (t *track) miss(k *link) {
	from := max(k.lastAt, t.lastAt)
	if t.watch.step != speaking {
		from = t.watch.from
	}
	if t.lastAt != 0 {
		t.gapSince(from)
	}
}

// settle tells what is to be known before the next message of a stream, or once it is
// subscribed again.
func (l *lane) settle(t *track) {
	if t.gap {
		t.gap = false
		t.watch.step = min(t.watch.step, told) // the ladder begins anew on another connection
		l.tell(Notice{Kind: Gap, Sub: t.Sub, Conn: l.links[t.owner].conn, From: min(t.gapFrom, l.at), To: l.at})
	}
}

// message takes one message of a stream from a link: from the owner to Deliver, from a
// successor behind those that wait, and from an owner of before nowhere.
func (l *lane) message(k *link, t *track, p *piece) {
	switch {
	case t.owner != k.slot:
		if k.slot != l.main {
			l.hold(k, t, p)
		}
	case !t.seam.filter || !l.repeated(t, p):
		l.deliver(t, p)
		if l.links[1-l.main] != nil {
			l.delivered(t, p)
		}
	}
}

// deliver passes a message of a stream on.
func (l *lane) deliver(t *track, p *piece) {
	if t.watch.step != speaking {
		l.heard(t)
	}
	if t.gap {
		l.settle(t)
	}
	t.note(p, l.at)
	if l.links[1-l.main] != nil && (t.order != unique || !p.keyed) {
		t.seam.window.add(p.printed())
	}
	l.shell.deliver(t, p)
}

// find returns the stream of a name; known is also true of one removed a while ago.
func (l *lane) find(name []byte) (t *track, known bool) {
	if t = l.byName[string(name)]; t != nil {
		return t, true
	}
	_, known = l.gone[string(name)]
	return nil, known
}

// tick lets time pass.
func (l *lane) tick() {
	for name, until := range l.gone {
		if l.now >= until {
			delete(l.gone, name)
		}
	}
	main, next := l.links[l.main], l.links[1-l.main]
	switch {
	case len(l.tracks) == 0:
		l.leave()
		return
	case main == nil:
		if l.now >= l.dialAt && l.mayDial() {
			l.dial(l.main)
		}
		return
	case next == nil && main.open && l.aged(main) && l.now >= l.dialAt && l.mayRotate() && l.mayDial():
		l.succeed()
	}
	for _, t := range l.tracks {
		if s := &t.seam; s.filter && l.now >= s.filterEnd {
			s.filter = false
		} else if !s.filter && next == nil {
			s.window = nil
		}
		l.look(t)
	}
	if next != nil && next.open {
		l.overlap(main, next)
	}
	for _, k := range l.links {
		if k != nil && k.open {
			l.command(k)
			l.reportNoise(k)
		}
	}
}

// aged says whether a link needs a successor.
func (l *lane) aged(k *link) bool {
	return l.renew != "" || l.rules.rotate > 0 && l.now-k.openedAt >= l.rules.rotate
}

// leave closes the links of a lane without streams.
func (l *lane) leave() {
	for slot, k := range l.links {
		if k != nil {
			l.drop(slot)
		}
	}
	l.renew = ""
}

// drop closes a link on purpose.
func (l *lane) drop(slot int) {
	k := l.links[slot]
	l.links[slot] = nil
	for _, t := range l.tracks {
		t.asks[slot] = ask{}
	}
	l.shell.close(k)
}

// fail closes a link that is of no use, as if it had been lost.
func (l *lane) fail(k *link, why string) {
	l.shell.close(k)
	l.lost(k, why)
}

// tell tells a notice about the lane.
func (l *lane) tell(n Notice) {
	n.At, n.Route = l.at, l.route
	l.shell.notice(n)
}
