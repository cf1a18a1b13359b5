package market

import (
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// When a snapshot is asked for again. A snapshot of 1000 levels weighs 20, of the 2400 a
// minute that all requests of an address share.
const (
	// snapshotRetry is the pause after the first snapshot that did not do; it doubles up to
	// snapshotRetryMax.
	snapshotRetry    = 250 * time.Millisecond
	snapshotRetryMax = 30 * time.Second
	// heldLong is how long a book must hold for its next loss to count as a first one.
	heldLong = 10 * time.Second
	// renewEvery is how often the snapshot of a drained book is renewed at most. The book can
	// be read meanwhile.
	renewEvery = 10 * time.Second
)

// Resync is what it took to bring a book back, or to begin it.
type Resync struct {
	// Reason is why there was no book: "start", "resumed", "drained", or an outcome of package
	// book.
	Reason string
	// From is when the book was lost, To when it was there again, by the local clock. A
	// drained book could be read in between.
	From, To exchange.Time
	// Asked is how many snapshots were asked for, Weight what they cost of the minute's
	// request weight, Waited how long their answers took together.
	Asked, Weight int
	Waited        time.Duration
	// Pieces is how many pieces waited for the snapshot.
	Pieces int
}

// Took is how long there was no book.
func (r *Resync) Took() time.Duration { return r.To.Sub(r.From) }

// bookKeeper keeps one book in sync: it takes pieces and snapshots and says which of them
// are to be told, and when it wants another snapshot. It is a value without clock or network;
// the feed owns it.
//
// A book in sync has no wish. A lost one, and one that begins, collects pieces and wants a
// snapshot, again and again with growing pauses until one joins the pieces. A drained book
// stays in use while spare, a second book, is begun beside it, and takes its place.
type bookKeeper struct {
	main, spare *book.Book
	renewing    bool // spare collects pieces
	// needs says that a snapshot is needed, asked that one is on its way. due is when one is
	// asked for, not before.
	needs, asked bool
	due          exchange.Time
	tries        int
	// since is when the book came into sync the last time, sent the exchange's time of the
	// last piece that was applied.
	since, sent exchange.Time
	now         Resync // the one under way
	// stamps are when the pieces that wait were sent, the oldest first.
	stamps []stamp
}

// stamp is when the piece that ends with an id was sent.
type stamp struct {
	last int64
	sent exchange.Time
}

// stampsMax is as many as the pieces that a book keeps.
const stampsMax = 1024

func newBookKeeper(p exchange.Product) *bookKeeper {
	rule := book.RuleOf(p)
	return &bookKeeper{main: book.New(rule), spare: book.New(rule), now: Resync{Reason: "start"}}
}

// wants says that a snapshot is to be asked for, at due.
func (k *bookKeeper) wants() bool { return k.needs && !k.asked }

// pieceNews says what has become of a piece.
type pieceNews struct {
	outcome book.Outcome
	// lost says that the book has just gone; the pieces between the exchange's times from and
	// the piece's own are missing, or what they said cannot be true.
	lost bool
	from exchange.Time
	// renewed says that the whole book is to be told, too: it was drained and is no more.
	renewed bool
}

// piece takes the next difference, which came at an instant and was sent at another. Only
// what is Applied is to be told.
func (k *bookKeeper) piece(at, sent exchange.Time, d *exchange.Depth) pieceNews {
	news := pieceNews{outcome: k.main.Apply(d), from: k.sent}
	if k.renewing && k.spare.Apply(d).Resync() {
		k.want(at)
	}
	if k.renewing || news.outcome != book.Applied {
		k.stamp(d.Last, sent)
	}
	switch {
	case news.outcome.Resync():
		news.lost = true
		k.lose(at, reasonOf(news.outcome))
	case news.outcome == book.Waiting:
		k.now.Pieces++
		if !k.needs {
			k.now.From = at
			k.want(at)
		}
	case news.outcome == book.Applied:
		k.sent = sent
		if k.main.Drained() && !k.renewing && at.Sub(k.since) >= renewEvery {
			k.now, k.tries, k.renewing = Resync{Reason: "drained", From: at}, 0, true
			k.spare.Reset()
			k.spare.Apply(d)
			k.want(at)
		}
		news.renewed = k.renewing && k.renewed(at)
	}
	return news
}

// stamp notes when a piece was sent that may wait.
func (k *bookKeeper) stamp(last int64, sent exchange.Time) {
	if len(k.stamps) == stampsMax {
		k.stamps = slices.Delete(k.stamps, 0, 1)
	}
	k.stamps = append(k.stamps, stamp{last, sent})
}

// sentAt is when a piece that waited was sent.
func (k *bookKeeper) sentAt(last int64) exchange.Time {
	for i := len(k.stamps) - 1; i >= 0; i-- {
		if k.stamps[i].last == last {
			return k.stamps[i].sent
		}
	}
	return k.sent
}

// renewed puts the spare book in the place of the drained one, once it stands where that does.
func (k *bookKeeper) renewed(at exchange.Time) bool {
	if !k.spare.Ready() || k.spare.UpdateID() != k.main.UpdateID() {
		return false
	}
	k.main, k.spare, k.renewing, k.needs = k.spare, k.main, false, false
	k.since, k.now.To = at, at
	k.stamps = k.stamps[:0]
	return true
}

// lose begins a resync.
func (k *bookKeeper) lose(at exchange.Time, reason string) {
	if k.since != 0 && at.Sub(k.since) >= heldLong {
		k.tries = 0
	}
	k.renewing = false
	k.now = Resync{Reason: reason, From: at}
	if k.asked {
		k.now.Asked = 1 // what comes may do
	}
	k.want(at)
}

// reasonOf is an outcome in a word.
func reasonOf(o book.Outcome) string { return strings.TrimPrefix(o.String(), "resync: ") }

// want wishes for a snapshot, not before as many pauses as there were tries of late.
func (k *bookKeeper) want(at exchange.Time) {
	k.needs, k.due = true, at
	if k.tries > 0 {
		k.due = at.Add(min(snapshotRetry<<min(k.tries-1, 20), snapshotRetryMax))
	}
}

// reset forgets the book, as when its symbol has ended; pieces begin another.
func (k *bookKeeper) reset(reason string) {
	k.main.Reset()
	k.spare.Reset()
	k.renewing, k.needs = false, false
	k.tries, k.sent, k.since, k.stamps = 0, 0, 0, k.stamps[:0]
	k.now = Resync{Reason: reason}
}

// ask notes that a snapshot is on its way.
func (k *bookKeeper) ask() {
	k.asked = true
	k.tries++
	k.now.Asked++
}

// failed notes that none came, after a time and for a weight.
func (k *bookKeeper) failed(at exchange.Time, took time.Duration, weight int) {
	k.asked = false
	k.now.Waited += took
	k.now.Weight += weight
	if k.needs {
		k.want(at)
	}
}

// toldPiece is a piece that is to be told, with when it was sent.
type toldPiece struct {
	exchange.Depth
	sent exchange.Time
}

// snapshot takes the answer to the last wish and says what is to be told of it: nothing if it
// did not do, and then it is wanted again; else a snapshot and the pieces that follow it. They
// hold until the next call. Of a drained book the answer may be ahead of the stream; then a
// piece will say that it is renewed.
func (k *bookKeeper) snapshot(at, sent exchange.Time, d *exchange.Depth, took time.Duration, weight int) (tell []toldPiece) {
	k.asked = false
	k.now.Waited += took
	k.now.Weight += weight
	if !k.needs {
		return nil // the book that it was for has been forgotten since
	}
	b := k.main
	if k.renewing {
		b = k.spare
	}
	waiting := b.Waiting()
	k.now.Pieces = max(k.now.Pieces, len(waiting))
	if b.Apply(d) != book.Applied {
		k.want(at)
		return nil
	}
	k.needs = false
	if !k.renewing {
		k.since, k.now.To = at, at
		return k.joined(d, sent, waiting)
	}
	if k.renewed(at) {
		return []toldPiece{{whole(k.main), sent}}
	}
	return nil
}

// joined is the snapshot and what of the waiting pieces goes beyond it: a reader's book then
// knows as much as ours, and no more.
func (k *bookKeeper) joined(d *exchange.Depth, sent exchange.Time, waiting []exchange.Depth) []toldPiece {
	tell := []toldPiece{{*d, sent}}
	for i := range waiting {
		if w := &waiting[i]; w.Last >= d.Last {
			k.sent = k.sentAt(w.Last)
			tell = append(tell, toldPiece{*w, k.sent})
		}
	}
	k.stamps = k.stamps[:0]
	return tell
}

// whole is a snapshot of a book as it stands, as far as it is known without holes.
func whole(b *book.Book) exchange.Depth {
	return exchange.Depth{
		Last: b.UpdateID(), Snapshot: true, Bids: b.Append(nil, exchange.Buy, b.Known(exchange.Buy)),
		Asks: b.Append(nil, exchange.Sell, b.Known(exchange.Sell)),
	}
}
