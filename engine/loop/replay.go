package loop

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// ReplayOptions are how a journal is replayed. All may be left out.
type ReplayOptions struct {
	// Version and Config are the program's and the hash of its configuration: processes of
	// the journal that had others are named in the report.
	Version, Config string
	// From is from when on decisions are made again; 0 is the beginning. It begins with the
	// segment that holds it.
	From exchange.Time
	// Most is how many differences are told with their place, 20 by default; all are counted.
	Most int
	// Progress hears the number of the last event, now and then; nil is nobody.
	Progress func(events uint64, at exchange.Time)
}

// Difference is a place where the journal is not what the kernel decides now, or was in.
type Difference struct {
	// Segment is the file, Seq the event, At its time.
	Segment string        `json:"segment"`
	Seq     uint64        `json:"seq"`
	At      exchange.Time `json:"at"`
	// Field is what differs, such as "Order.Request.Price" of a decision or "snapshot" for the
	// state at the beginning of a segment.
	Field string `json:"field"`
	// Journalled is what the file has, Ours what was found now.
	Journalled string `json:"journalled"`
	Ours       string `json:"ours"`
}

// Process is one that has written the journal.
type Process struct {
	Prefix  string        `json:"prefix"`
	Version string        `json:"version"`
	Config  string        `json:"config"`
	Created exchange.Time `json:"created"`
	// Other says that version or configuration are not this program's.
	Other bool `json:"other"`
}

// Report is what a replay has found.
type Report struct {
	// Segments were replayed, and Compacted were not, for their market data is gone.
	Segments  int `json:"segments"`
	Compacted int `json:"compacted"`
	// Events were applied, Decisions made again, and Snapshots compared with the state.
	Events    uint64 `json:"events"`
	Decisions uint64 `json:"decisions"`
	Snapshots int    `json:"snapshots"`
	// First and Last are the numbers of the first and last event, From and To their times.
	First uint64        `json:"first"`
	Last  uint64        `json:"last"`
	From  exchange.Time `json:"from"`
	To    exchange.Time `json:"to"`
	// Torn is how many octets at the end are no whole frame.
	Torn      int64     `json:"torn"`
	Processes []Process `json:"processes"`
	// Different is how many decisions and snapshots differ; Differences are the first of them.
	Different   int          `json:"different"`
	Differences []Difference `json:"differences"`
}

// replay is one under way.
type replay struct {
	options ReplayOptions
	config  func(*journal.Header) (engine.Config, error)
	report  Report
	kernel  *engine.Kernel
	// prefix and path are of the segment that the kernel is in.
	prefix, path string
	// found is what the guard's watch has found and the journal has yet to tell.
	found []exchange.Event
}

// progressEvery is after how many events Progress hears of them.
const progressEvery = 1 << 14

// Replay decides again on every event of a journal that has not been compacted, and compares
// each decision with the journalled one, byte for byte, and the state with each segment's
// snapshot. It applies what was decided then, so that one difference does not make others.
// config makes what a process was configured with of what its segments say. Differences are
// no error; a journal that is damaged is.
func Replay(ctx context.Context, dir string, config func(*journal.Header) (engine.Config, error), o ReplayOptions) (Report, error) {
	if o.Most == 0 {
		o.Most = 20
	}
	if o.Progress == nil {
		o.Progress = func(uint64, exchange.Time) {}
	}
	r := &replay{options: o, config: config}
	reader, err := journal.Read(dir, o.From)
	if err != nil {
		return Report{}, err
	}
	defer reader.Close()
	var next journal.Record
	var segment *journal.Segment
	for {
		err := reader.Next(&next)
		if now := reader.Segment(); now != segment && (err == nil || err == io.EOF) {
			segment = now
			if begin := r.begin(segment); begin != nil {
				return r.report, begin
			}
		}
		if err == io.EOF {
			r.report.Torn = segment.Torn()
			return r.report, nil
		}
		if err == nil {
			err = r.record(segment, &next)
		}
		if err != nil {
			return r.report, err
		}
		if r.report.Events%progressEvery == 1 {
			if err := ctx.Err(); err != nil {
				return r.report, err
			}
			o.Progress(r.report.Last, r.report.To)
		}
	}
}

// begin holds the state against the snapshot of a segment, and goes on from that.
func (r *replay) begin(s *journal.Segment) error {
	if s.Compacted != 0 {
		r.report.Compacted++
		r.kernel = nil
		return nil
	}
	r.report.Segments++
	text, err := s.Snapshot()
	if err != nil {
		return err
	}
	same, another := false, r.kernel == nil || s.Prefix != r.prefix
	c, err := r.config(&s.Header)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	if r.kernel != nil {
		r.report.Snapshots++
		ours, err := r.carried(c, another)
		if err != nil {
			return err
		}
		if same = bytes.Equal(ours, text); !same {
			theirs, mine := firstLines(text, ours)
			r.differs(Difference{Segment: s.Path, Seq: s.First, At: s.Created, Field: "snapshot", Journalled: theirs, Ours: mine})
		}
	}
	if r.path = s.Path; another {
		r.process(s)
	}
	if !another && same {
		return nil
	}
	if r.kernel, err = restore(c, text); err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	return nil
}

// carried is the state as a segment must begin with it. Another process has read the segment before
// with what it was configured with itself, such as other limits, as [Recover] does.
func (r *replay) carried(c engine.Config, another bool) ([]byte, error) {
	if !another {
		return r.kernel.Snapshot(), nil
	}
	s, err := journal.OpenSegment(r.path)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	k, _, err := bring(s, c)
	if err != nil {
		return nil, err
	}
	return k.Snapshot(), nil
}

// process notes who has written a segment.
func (r *replay) process(s *journal.Segment) {
	r.prefix = s.Prefix
	o := &r.options
	r.report.Processes = append(r.report.Processes, Process{
		Prefix: s.Prefix, Version: s.Version, Config: s.Config, Created: s.Created,
		Other: o.Version != "" && s.Version != o.Version || o.Config != "" && s.Config != o.Config,
	})
}

// record decides on an event again, and applies it as it was.
func (r *replay) record(s *journal.Segment, next *journal.Record) error {
	if r.kernel == nil { // of a compacted segment
		return nil
	}
	if r.report.Events == 0 {
		r.report.First, r.report.From = next.Event.Seq, next.Event.At
	}
	r.report.Events++
	r.report.Last, r.report.To = next.Event.Seq, next.Event.At
	if next.Decision != nil && engine.Decides(next.Event.Kind) {
		if err := r.decide(s, next); err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
	}
	if err := r.watched(s, next); err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	if err := apply(r.kernel, next); err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	if len(r.found) == 0 {
		r.found = r.kernel.Watch()
	}
	return nil
}

// watched compares what the guard's watch has found with what the journal says that it has. A
// process that was killed in between tells no more of it; the next one looks for itself.
func (r *replay) watched(s *journal.Segment, next *journal.Record) error {
	e := &next.Event
	if e.Kind == exchange.KindStart {
		r.found = nil
	}
	told := e.Kind == exchange.KindAlert || e.Kind == exchange.KindState && e.State().By == riskguard.Watcher ||
		e.Kind == exchange.KindIntent && (engine.Own(e.Intent()) || r.kernel.Pursues(e.Intent()))
	if !told && len(r.found) == 0 {
		return nil
	}
	r.report.Decisions++
	what := Difference{Segment: s.Path, Seq: e.Seq, At: e.At, Field: "watch", Journalled: e.Kind.String(), Ours: "nothing"}
	if len(r.found) > 0 {
		ours := r.found[0]
		r.found = r.found[1:]
		ours.Seq, ours.At = e.Seq, e.At
		then, err := s.Encode(e, nil)
		if err != nil {
			return err
		}
		now, err := s.Encode(&ours, nil)
		if err != nil {
			return err
		}
		if bytes.Equal(then, now) {
			return nil
		}
		what.Ours = ours.Kind.String()
		if what.Ours == what.Journalled {
			what.Journalled, what.Ours = spelled(e), spelled(&ours)
		}
	}
	r.found = nil
	r.differs(what)
	return nil
}

// spelled is a finding of the watch in words.
func spelled(e *exchange.Event) string {
	switch e.Kind {
	case exchange.KindAlert:
		return fmt.Sprintf("%+v", *e.Alert())
	case exchange.KindIntent:
		return fmt.Sprintf("%+v", *e.Intent())
	}
	return fmt.Sprintf("%+v", *e.State())
}

// decide compares the decision of now with the one of then.
func (r *replay) decide(s *journal.Segment, next *journal.Record) error {
	r.report.Decisions++
	ours := r.kernel.Decide(&next.Event)
	then, err := s.Encode(&next.Event, next.Decision)
	if err != nil {
		return err
	}
	now, err := s.Encode(&next.Event, &ours.Decision)
	if err != nil {
		return err
	}
	if bytes.Equal(then, now) {
		return nil
	}
	field, journalled, found := firstField(next.Decision, &ours.Decision)
	r.differs(Difference{
		Segment: s.Path, Seq: next.Event.Seq, At: next.Event.At, Field: field, Journalled: journalled, Ours: found,
	})
	return nil
}

func (r *replay) differs(d Difference) {
	r.report.Different++
	if len(r.report.Differences) < r.options.Most {
		r.report.Differences = append(r.report.Differences, d)
	}
}
