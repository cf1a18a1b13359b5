package loop

import (
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
)

// keeper is a journal of package journal as the loop's: it keeps the vocabulary's decision
// without the approval, which is worth nothing in another process.
type keeper struct{ w *journal.Writer }

// Keep makes a writer the journal of a loop.
func Keep(w *journal.Writer) Journal { return keeper{w} }

func (k keeper) Append(e *exchange.Event, d *engine.Decision) error {
	if d == nil {
		return k.w.Append(e, nil)
	}
	return k.w.Append(e, &d.Decision)
}

func (k keeper) Commit(u engine.Urgency) error { return k.w.Commit(level(u)) }

// level is the journal's word for an urgency. What is not known is the most urgent.
func level(u engine.Urgency) journal.Level {
	switch u {
	case engine.Later:
		return journal.Later
	case engine.BeforeSend:
		return journal.BeforeSend
	}
	return journal.BeforeRisk
}

func (k keeper) Flush() error { return k.w.Flush() }
func (k keeper) Full() bool   { return k.w.Full() }

func (k keeper) Snapshot(of *engine.Kernel) error { return k.w.Rotate(of.Snapshot()) }
