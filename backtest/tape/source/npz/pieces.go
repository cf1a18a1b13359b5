package npz

import (
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// pieces is where the making of depth rows stands.
type pieces struct {
	ids ids
	// prev is the id of the last piece of changes.
	prev int64
	// broken says that an event is missing before the next piece of changes.
	broken bool

	// The piece under way: its times in the file, its row but for the level, the line of
	// its first event, and how many levels it has.
	open        bool
	exch, local int64
	row         row.Level
	line        int64
	levels      int
	// sides has what a snapshot has cleared or filled so far.
	sides uint64
	// spoiled says that an event of it was bad.
	spoiled bool
}

// depth adds to the piece under way, or begins the next.
func (a *assembler) depth(e *record) error {
	p := &a.pieces
	clears, snapshot := e.ev&kindMask == DepthClearEvent, e.ev&kindMask != DepthEvent
	sides := e.ev & bothSides
	if clears && sides == 0 {
		sides = bothSides
	}
	if !p.open || p.exch != e.exch || p.local != e.local || p.row.Snapshot != snapshot || clears && p.sides&sides != 0 {
		a.endPiece()
		a.beginPiece(e, snapshot)
	}
	p.sides |= sides
	if clears {
		return nil
	}
	level := p.row
	var err error
	if level.Price, level.Qty, err = a.numbers(e); err != nil {
		return err
	}
	if level.Side = e.side(); level.Side == row.NoSide {
		return errSide
	}
	level.Begins = p.levels == 0
	key := a.keyOf(row.Depth)
	if err := level.Check(&key); err != nil {
		return err
	}
	p.levels++
	a.levels.add(level, e.nth)
	return nil
}

// beginPiece gives a piece its ids. A piece of changes names the one before and begins
// with the id after, so that the ids of snapshots, which lie between, are covered as those
// of real ones are. After a missing event it names one that is not there.
func (a *assembler) beginPiece(e *record, snapshot bool) {
	p := &a.pieces
	p.open, p.exch, p.local, p.line, p.levels, p.sides, p.spoiled = true, e.exch, e.local, e.nth, 0, 0, false
	p.row = row.Level{Snapshot: snapshot}
	p.row.Time, p.row.Local = e.clocks()
	if p.broken && !snapshot {
		p.prev = p.ids.next(p.row.Time)
	}
	p.broken = false
	p.row.Last = p.ids.next(p.row.Time)
	if snapshot {
		return
	}
	p.row.First = p.prev + 1
	if a.key.Product != exchange.Margin { // messages of spot do not name the one before
		p.row.Prev = p.prev
	}
	p.prev = p.row.Last
}

// endPiece makes the row of a book that was cleared and not filled.
func (a *assembler) endPiece() {
	p := &a.pieces
	if p.open && p.row.Snapshot && p.levels == 0 && !p.spoiled {
		empty := p.row
		empty.Begins = true
		a.levels.add(empty, p.line)
	}
	p.open = false
}
