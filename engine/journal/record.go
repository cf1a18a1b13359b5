package journal

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// Record is an event, and the decision on it where there is one.
type Record struct {
	// Event and what it points to are the caller's. Of KindDepth there are no levels.
	Event    exchange.Event
	Decision *exchange.Decision
	// Offset is where the frame of the record begins in its segment's file.
	Offset int64
}

// The first two octets of a record: the event's kind, and with it whether a decision
// follows; the event's flags, and with them what the record leaves out.
const (
	withDecision = 0x80

	eventFlags   = 0x0f
	seqJumps     = 0x10 // the number is not the one after the last
	sameInst     = 0x20 // the instrument is that of the record before
	noTime       = 0x40 // the exchange has no time of it
	unknownFlags = 0x80
)

// record is one event and its decision.
func (c *codec) record(e *exchange.Event, d **exchange.Decision) {
	m := &c.memory
	kind, flags := byte(e.Kind), byte(e.Flags)
	if c.writing {
		if kind >= withDecision || flags > eventFlags {
			c.fail(fmt.Errorf("no journal takes an event of kind %d with flags %#x", kind, flags))
			return
		}
		kind, flags = c.heads(e, *d != nil)
	}
	c.octet(&kind)
	c.octet(&flags)
	if flags&unknownFlags != 0 {
		c.fail(fmt.Errorf("a record has the unknown flags %#x", flags))
	}
	if !c.writing {
		*e = exchange.Event{Kind: exchange.Kind(kind &^ withDecision), Seq: m.seq + 1, Inst: m.inst}
	}
	if flags&seqJumps != 0 {
		skipped := e.Seq - m.seq - 1
		c.uvarint(&skipped)
		e.Seq = m.seq + 1 + skipped
	}
	passed := uint64(e.At - m.at)
	c.uvarint(&passed)
	e.At = m.at + exchange.Time(passed)
	if flags&sameInst == 0 {
		unsigned(c, &e.Inst)
	}
	if flags&noTime == 0 {
		scaled(c, &e.Exchange, millisecond, m.exchange)
		m.exchange = e.Exchange
	}
	m.seq, m.at, m.inst = e.Seq, e.At, e.Inst
	c.payload(e)
	e.Flags = exchange.Flags(flags & eventFlags)
	if kind&withDecision != 0 {
		c.decisionOn(e, d)
	}
}

// heads are the first two octets of a record.
func (c *codec) heads(e *exchange.Event, decided bool) (kind, flags byte) {
	kind, flags = byte(e.Kind), byte(e.Flags)
	if decided {
		kind |= withDecision
	}
	if e.Seq != c.memory.seq+1 {
		flags |= seqJumps
	}
	if e.Inst == c.memory.inst {
		flags |= sameInst
	}
	if e.Exchange == 0 {
		flags |= noTime
	}
	return kind, flags
}

// body is a payload behind a pointer. What is read is the caller's.
func body[T any](c *codec, e *exchange.Event, get func(*exchange.Event) *T, set func(*exchange.Event, *T), both func(*codec, *T)) {
	if c.writing {
		both(c, get(e))
		return
	}
	v := new(T)
	both(c, v)
	set(e, v)
}

// payload is what an event carries, by its kind.
func (c *codec) payload(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindTrade:
		c.trade(e)
	case exchange.KindBookTicker:
		c.bookTicker(e)
	case exchange.KindMark:
		c.mark(e)
	case exchange.KindFunding:
		c.funding(e)
	case exchange.KindBarOpen:
		c.barOpen(e)
	case exchange.KindLiquidation:
		c.liquidation(e)
	case exchange.KindBar:
		c.bar(e)
	case exchange.KindDepth: // the kernel does not read levels, and recorders keep them
		if !c.writing {
			e.SetDepth(&exchange.Depth{})
		}
	case exchange.KindAssetIndex:
		body(c, e, (*exchange.Event).AssetIndex, (*exchange.Event).SetAssetIndex, (*codec).assetIndex)
	case exchange.KindCadence:
		body(c, e, (*exchange.Event).Cadence, (*exchange.Event).SetCadence, (*codec).cadence)
	case exchange.KindGap:
		body(c, e, (*exchange.Event).Gap, (*exchange.Event).SetGap, (*codec).gap)
	case exchange.KindClock:
		c.clock(e)
	case exchange.KindOrderUpdate:
		body(c, e, (*exchange.Event).OrderUpdate, (*exchange.Event).SetOrderUpdate, (*codec).orderUpdate)
	case exchange.KindFill:
		body(c, e, (*exchange.Event).Fill, (*exchange.Event).SetFill, (*codec).fill)
	case exchange.KindLedger:
		body(c, e, (*exchange.Event).Ledger, (*exchange.Event).SetLedger, (*codec).ledger)
	case exchange.KindAccount:
		body(c, e, (*exchange.Event).Account, (*exchange.Event).SetAccount, (*codec).account)
	case exchange.KindRiskLevel:
		body(c, e, (*exchange.Event).Account, (*exchange.Event).SetRiskLevel, (*codec).account)
	case exchange.KindAct:
		body(c, e, (*exchange.Event).Act, (*exchange.Event).SetAct, (*codec).actUpdate)
	case exchange.KindLending:
		body(c, e, (*exchange.Event).Lending, (*exchange.Event).SetLending, (*codec).lending)
	case exchange.KindSurvey:
		body(c, e, (*exchange.Event).Survey, (*exchange.Event).SetSurvey, (*codec).survey)
	case exchange.KindTask:
		body(c, e, (*exchange.Event).Task, (*exchange.Event).SetTask, (*codec).taskUpdate)
	case exchange.KindIntent:
		body(c, e, (*exchange.Event).Intent, (*exchange.Event).SetIntent, (*codec).intent)
	case exchange.KindRefusal:
		body(c, e, (*exchange.Event).Refusal, (*exchange.Event).SetRefusal, (*codec).refusal)
	case exchange.KindTimer:
		body(c, e, (*exchange.Event).Timer, (*exchange.Event).SetTimer, (*codec).timer)
	case exchange.KindState:
		body(c, e, (*exchange.Event).State, (*exchange.Event).SetState, (*codec).state)
	case exchange.KindStrategy:
		body(c, e, (*exchange.Event).Strategy, (*exchange.Event).SetStrategy, (*codec).strategy)
	case exchange.KindStart:
		body(c, e, (*exchange.Event).Start, (*exchange.Event).SetStart, (*codec).start)
	case exchange.KindTruth:
		body(c, e, (*exchange.Event).Truth, (*exchange.Event).SetTruth, (*codec).truth)
	case exchange.KindReload:
		body(c, e, (*exchange.Event).Reload, (*exchange.Event).SetReload, (*codec).reload)
	case exchange.KindAlert:
		body(c, e, (*exchange.Event).Alert, (*exchange.Event).SetAlert, (*codec).alert)
	default:
		c.fail(fmt.Errorf("no journal has events of %v", e.Kind))
	}
}

// What a decision has.
const (
	decidedOrder = 1 << iota
	decidedAmend
	decidedRefusal
	decidedCancel
	decidedHalt
	decidedTruth
	decidedAct
	decidedUnknown // and above
)

// decisionOn is the decision on an event. The order of an intent repeats its request, and a
// refusal the intent, so that they are written once.
func (c *codec) decisionOn(e *exchange.Event, to **exchange.Decision) {
	if !c.writing {
		*to = new(exchange.Decision)
	}
	d := *to
	var has byte
	if c.writing {
		has = bit(d.Order != exchange.Order{}, decidedOrder) | bit(d.Amend, decidedAmend) | bit(d.Refusal != nil, decidedRefusal) |
			bit(len(d.Cancel) > 0, decidedCancel) | bit(d.Halt != "", decidedHalt) | bit(d.Truth != nil, decidedTruth) | bit(d.Act != nil, decidedAct)
	}
	c.octet(&has)
	if has >= decidedUnknown {
		c.fail(fmt.Errorf("a decision has the unknown parts %#x", has))
	}
	var wish exchange.Intent
	if e.Kind == exchange.KindIntent {
		wish = *e.Intent()
	}
	d.Amend = has&decidedAmend != 0
	if has&decidedOrder != 0 {
		c.orderLike(&d.Order, &wish.Request)
	}
	if has&decidedRefusal != 0 {
		if !c.writing {
			d.Refusal = new(exchange.Refusal)
		}
		c.refusalLike(d.Refusal, &wish)
	}
	if has&decidedCancel != 0 {
		list(c, &d.Cancel, unsigned[exchange.OrderID])
	}
	if has&decidedHalt != 0 {
		c.text(&d.Halt)
	}
	if has&decidedTruth != 0 {
		if !c.writing {
			d.Truth = new(exchange.TruthDecision)
		}
		c.truthDecision(d.Truth)
	}
	if has&decidedAct != 0 {
		if !c.writing {
			d.Act = new(exchange.OpenAct)
		}
		c.openAct(d.Act)
	}
}

func bit(yes bool, b byte) byte {
	if yes {
		return b
	}
	return 0
}

// Encode writes an event and the decision on it as a segment would in which they stood alone,
// so that what is equal is equal bytes. A nil decision is none.
func (h *Header) Encode(e *exchange.Event, d *exchange.Decision) ([]byte, error) {
	c := codec{writing: true, memory: newMemory(h)}
	c.record(e, &d)
	return c.buf, c.err
}
