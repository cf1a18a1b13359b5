package loop

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
)

// Recovered says what a kernel was brought back from.
type Recovered struct {
	// Segment is the file whose snapshot was read, "" if there was no journal, and Header what
	// its process said of itself.
	Segment string
	Header  journal.Header
	// Events are those behind the snapshot, and Decisions those of them that were decided.
	Events, Decisions int
	// Torn is how many octets at the end were no whole frame: the last write was cut off, and
	// nothing that was sent rests on it.
	Torn int64
	// Last is the number of the last event and At its time, 0 without one.
	Last uint64
	At   exchange.Time
	// Orders are those that are not over, counted by status.
	Orders []StatusCount
}

// StatusCount is how many orders have a status.
type StatusCount struct {
	Status exchange.OrderStatus
	Orders int
}

// String is one line for people.
func (r *Recovered) String() string {
	if r.Segment == "" {
		return "no journal: this is the first start"
	}
	text := fmt.Sprintf("event %d of %v, %d events behind the snapshot of %s", r.Last, r.At, r.Events, r.Segment)
	if r.Torn > 0 {
		text += fmt.Sprintf(", the last write was cut off (%d octets)", r.Torn)
	}
	var open []string
	for _, c := range r.Orders {
		open = append(open, fmt.Sprintf("%d %v", c.Orders, c.Status))
	}
	if len(open) == 0 {
		return text + ", no order open"
	}
	return text + ", orders: " + strings.Join(open, ", ")
}

// ErrUnfit is of a journal whose files are whole and whose snapshot or events no kernel can
// take, such as a decision on an order that there is not: it was damaged before it was
// written, or another program has made it, or it is of another table of instruments.
var ErrUnfit = errors.New("loop: the journal does not fit")

// unfit is an ErrUnfit in its own words.
type unfit struct{ error }

func (unfit) Is(target error) bool { return target == ErrUnfit }
func (u unfit) Unwrap() error      { return u.error }

// Recover brings the kernel of a journal back: the newest whole snapshot, and what happened
// behind it, with what was decided then. The guard is brought along and never asked, so that
// tighter limits forget no order. Without a journal the kernel is a new one. A journal that is
// damaged is an error, and ErrUnfit one that this configuration cannot go on from; it names
// segment and event.
//
// The process that goes on begins with [Loop.Start], which doubts what was pending.
func Recover(dir string, c engine.Config) (*engine.Kernel, Recovered, error) {
	s, err := journal.Newest(dir)
	if errors.Is(err, journal.ErrEmpty) {
		return engine.New(c), Recovered{}, nil
	}
	if err != nil {
		return nil, Recovered{}, err
	}
	defer s.Close()
	return bring(s, c)
}

// bring is the state behind the last record of a segment, as a process has it that begins with that.
func bring(s *journal.Segment, c engine.Config) (*engine.Kernel, Recovered, error) {
	text, err := s.Snapshot()
	if err != nil {
		return nil, Recovered{}, err
	}
	k, err := restore(c, text)
	if err != nil {
		return nil, Recovered{}, fmt.Errorf("%s: %w", s.Path, err)
	}
	r := Recovered{Segment: s.Path, Header: s.Header}
	var next journal.Record
	for {
		if err = s.Next(&next); err != nil {
			break
		}
		if err = apply(k, &next); err != nil {
			break
		}
		r.Events++
		if next.Decision != nil {
			r.Decisions++
		}
	}
	if err != io.EOF {
		return nil, Recovered{}, fmt.Errorf("%s: %w", s.Path, err)
	}
	r.Torn, r.Last, r.At = s.Torn(), k.Seq(), k.Now()
	r.Orders = countOrders(k)
	return k, r, nil
}

// restore makes the kernel of a snapshot.
func restore(c engine.Config, text []byte) (k *engine.Kernel, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = unfit{fmt.Errorf("its snapshot cannot be taken: %v", p)}
		}
	}()
	if k, err = engine.Restore(c, text); err != nil {
		err = unfit{err}
	}
	return k, err
}

// apply folds a record into a kernel. What the kernel cannot take makes it panic: that is a bug
// where events come from the process itself, and damage where they come from a file.
func apply(k *engine.Kernel, r *journal.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = unfit{fmt.Errorf("event %d %v at octet %d cannot be applied: %v", r.Event.Seq, r.Event.Kind, r.Offset, p)}
		}
	}()
	if decided := r.Decision != nil; decided != engine.Decides(r.Event.Kind) {
		return unfit{fmt.Errorf("event %d %v at octet %d: it has a decision is %v", r.Event.Seq, r.Event.Kind, r.Offset, decided)}
	}
	if r.Decision == nil {
		k.Apply(&r.Event, nil)
		return nil
	}
	k.Apply(&r.Event, &engine.Decision{Decision: *r.Decision})
	return nil
}

// countOrders counts the open orders by status.
func countOrders(k *engine.Kernel) []StatusCount {
	var list []StatusCount
	for _, o := range k.Orders() {
		i := slices.IndexFunc(list, func(c StatusCount) bool { return c.Status == o.Status })
		if i < 0 {
			i, list = len(list), append(list, StatusCount{Status: o.Status})
		}
		list[i].Orders++
	}
	slices.SortFunc(list, func(a, b StatusCount) int { return int(a.Status) - int(b.Status) })
	return list
}
