package link

import (
	"math/rand/v2"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// verb is what a fault does.
type verb uint8

// Faults of the way.
const (
	loseRequest verb = iota + 1
	loseAck
	duplicateFault
	delayFault
	reorderFault
	rejectFault
	outageFault
)

// Faults of the exchange.
const (
	adlFault verb = iota + 32
	collateralFault
	bracketsFault
	statusFault
	filterFault
	leverageFault
	feesFault
	interestFault
	borrowableFault
)

// exchange says whether the fault happens at the exchange, not on the way.
func (v verb) exchange() bool { return v >= adlFault }

// Fault is one line of the fault language; [ParseFault] makes it.
type Fault struct {
	text string
	verb verb
	// chance is the share of messages that it hits. Where it is 0 it happens once, at the
	// instant at or after the time since the run proper began.
	chance exchange.Fixed
	after  time.Duration
	at     exchange.Time

	length  time.Duration
	market  bool
	code    int
	product exchange.Product
	symbol  string
	inst    exchange.InstrumentID
	word    string // an asset, a filter or a status
	leg     exchange.PositionSide
	number  exchange.Fixed // a share, rate, factor, price or amount; the maker's fee
	taker   exchange.Fixed
}

// String is the line as it was written, with single blanks.
func (f Fault) String() string { return f.text }

// resolve finds the instrument that the fault names.
func (f *Fault) resolve(ins *exchange.Instruments) error {
	if f.symbol == "" {
		return nil
	}
	in, err := ins.Find(f.product, f.symbol)
	if err != nil {
		return err
	}
	f.inst = in.ID
	return nil
}

// fault is a fault in a run, with a stream of random numbers of its own.
type fault struct {
	Fault
	rng  *rand.Rand
	zero exchange.Time // when the run proper began
	live bool          // it has
	used bool          // it happened, and does so only once
}

// begin sets the time of a fault from that of the run.
func (f *fault) begin(zero exchange.Time) {
	f.live, f.zero = true, zero
	if f.at == 0 {
		f.at = zero.Add(f.after)
	}
}

// hits says whether the fault happens to a message of now.
func (f *fault) hits(now exchange.Time) bool { return f.hitsBeside(now, false) }

// hitsBeside is hits for a message that a fault which leaves room for no other may have
// taken already: then a fault that happens once waits for the next message.
func (f *fault) hitsBeside(now exchange.Time, taken bool) bool {
	if !f.live {
		return false
	}
	if f.chance > 0 {
		return exchange.Fixed(f.rng.Int64N(int64(exchange.FixedOne))) < f.chance
	}
	if taken || f.used || now < f.at {
		return false
	}
	f.used = true
	return true
}
