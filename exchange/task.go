package exchange

import (
	"time"

	"github.com/shopspring/decimal"
)

// The walk of one task, a pair. A strategy wishes to be short of 0.3 coins by a perpetual and to
// own as many, 0.1 at a time.
//
//  1. The wish is an [Intent] of IntentPair, an event like every other. The kernel looks whether
//     the legs belong together and asks the guard about the first slice of both legs, the hedge
//     behind the lead. What it refuses is told as a refusal, and that is all.
//  2. The task is open. After every event the kernel says what its next order is, as a finding
//     of its watch: an [Intent] of IntentNew in the strategy's name and with the task's ref, which
//     the guard answers like any other. One order is at work at a time.
//  3. Fills carry the ref. What the lead has moved in coins and the hedge has not is open, and
//     the next order closes it: before another slice of the lead, and as often as it takes.
//  4. A hedge that is refused or rejected Tries times running, or of which nothing comes within
//     Timeout, ends the pair: what is open is traded back on the lead, or, where the lead is halted or
//     fails as often, taken by the hedge after all.
//  5. Every change is told by an event of KindTask, the last one with a status that is final.
//
// A task is part of the kernel's snapshot and follows from events, so it goes on where a process
// was killed, and while a strategy's process is gone its hedges come and nothing is opened. A
// person who trades or cancels in the strategy's place ends it.

// TaskKind says what a task does.
type TaskKind uint8

const (
	// TaskPair trades two legs against each other.
	TaskPair TaskKind = iota + 1
	// TaskStop keeps one stop order for all that the strategy holds of an instrument.
	TaskStop
)

var taskKindNames = enum{TaskPair: "PAIR", TaskStop: "STOP"}

func (k TaskKind) String() string { return taskKindNames.text("TaskKind", int(k)) }

// ParseTaskKind reads a name such as "PAIR".
func ParseTaskKind(s string) (TaskKind, error) {
	v, err := taskKindNames.parse("task kind", s)
	return TaskKind(v), err
}

// MarshalText writes the name.
func (k TaskKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what [ParseTaskKind] reads.
func (k *TaskKind) UnmarshalText(b []byte) (err error) {
	*k, err = ParseTaskKind(string(b))
	return err
}

// TaskStatus is how far a task has come.
type TaskStatus uint8

const (
	// TaskWorking: it goes on.
	TaskWorking TaskStatus = iota + 1
	// TaskUnwinding: the hedge of a pair has failed, and what is open is traded back.
	TaskUnwinding
	// From here on the task is over.

	// TaskDone: all of it was traded.
	TaskDone
	// TaskCanceled: the strategy or a person wished it gone; a pair is hedged, or would be
	// below the smallest order.
	TaskCanceled
	// TaskFailed: the lead could not be traded any more; what was traded is hedged.
	TaskFailed
	// TaskUnwound: what the hedge did not take was traded back.
	TaskUnwound
)

var taskStatusNames = enum{
	TaskWorking: "WORKING", TaskUnwinding: "UNWINDING", TaskDone: "DONE", TaskCanceled: "CANCELED", TaskFailed: "FAILED", TaskUnwound: "UNWOUND",
}

func (s TaskStatus) String() string { return taskStatusNames.text("TaskStatus", int(s)) }

// ParseTaskStatus reads a name such as "WORKING".
func ParseTaskStatus(s string) (TaskStatus, error) {
	v, err := taskStatusNames.parse("task status", s)
	return TaskStatus(v), err
}

// MarshalText writes the name.
func (s TaskStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseTaskStatus] reads.
func (s *TaskStatus) UnmarshalText(b []byte) (err error) {
	*s, err = ParseTaskStatus(string(b))
	return err
}

// Final says whether nothing more becomes of the task.
func (s TaskStatus) Final() bool { return s >= TaskDone }

// Pair is what IntentPair says beyond its Request, whose Inst, Side and PositionSide are the
// lead's and whose Qty is in coins, for CM, too.
type Pair struct {
	// Hedge is the other leg, traded the other way, and HedgeSide its position of hedge mode.
	Hedge     InstrumentID
	HedgeSide PositionSide
	// Slice is the most that one order of the lead trades, in coins; 0 is all.
	Slice Fixed
	// Timeout is how long something may stand open, 1s to 1h; 0 is 30s.
	Timeout time.Duration
	// Tries is how many refusals and rejections running end the pair, 1 to 20; 0 is 3.
	Tries int
}

// TaskUpdate is news of a task.
type TaskUpdate struct {
	Strategy StrategyID
	Ref      uint64
	Kind     TaskKind
	Status   TaskStatus
	// Inst is the instrument, of a pair the lead, and Hedge a pair's other leg.
	Inst, Hedge InstrumentID
	// Coins is what a pair is to move the lead by, signed, and Lead and Hedged are what its fills
	// have moved the legs by so far. A coin-margined leg counts by the price of its entry, fees
	// that were paid in the coin are subtracted. Lead is also what a stop's fills have closed, signed
	// as they traded: a stop that was hit has one that is not 0, until it is over.
	Coins, Lead, Hedged decimal.Decimal
	// Trigger and Qty are those of a stop: Qty is what its order closes now, 0 without one.
	Trigger, Qty Fixed
	// Reason says why it is where it is, where that is not plain.
	Reason string
}
