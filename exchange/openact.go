package exchange

import "github.com/shopspring/decimal"

// The walk of one borrow. A strategy wishes 5,000 USDT; so it goes with every act that is
// followed to its end.
//
//  1. The wish is an [Intent] of IntentBorrow, an event like every other.
//  2. The kernel makes an [Act] of it with a number of its own and asks the guard, which has
//     controls for acts: trading state, one act for an asset at a time and one new loan in
//     the account, what there is to lend and at what rate, what the account may owe, uniMMR
//     with the loan.
//  3. Refused, the strategy is told by rule, value and limit, and that is all. Approved, event
//     and decision are in the journal before anything else happens; then the act is open and
//     Pending, the guard counts it, the strategy is told, and the broker is given the
//     approval.
//  4. The broker sends it, once. Its answer is an event of KindAct: Done, Rejected, or Unknown
//     where nobody can say. Bookings of the loan come on their own, as events of KindLedger,
//     before or after it.
//  5. Unknown is ended by the exchange's own records, never by sending again: Done with the
//     number of its record, or NotArrived when the request can no longer be accepted and the
//     records, read several times, have nothing of it.
//  6. A process that dies in between leaves the act Pending in its journal. The next one
//     makes it Unknown, tells its broker by [Known], and the broker reads the records.
//
// Until the end is known no second act for the asset is approved, and what is wished
// meanwhile is refused with words.

// ActID is our number of an act, rising by one within a journal; 0 is an act that nobody
// follows.
type ActID uint64

// ActStatus is how far an open act has come.
type ActStatus uint8

const (
	// ActPending: the guard has approved it, and no answer is known yet.
	ActPending ActStatus = iota + 1
	// ActUnknown: it may have been done, and the exchange's records must say.
	ActUnknown
	// ActDone: the exchange has done it.
	ActDone
	// ActRejected: the exchange, or our own broker before it sent anything, has said no.
	ActRejected
	// ActNotArrived: it was of unknown outcome, and provably was not done.
	ActNotArrived
)

var actStatusNames = enum{
	ActPending: "PENDING", ActUnknown: "UNKNOWN", ActDone: "DONE", ActRejected: "REJECTED", ActNotArrived: "NOT_ARRIVED",
}

func (s ActStatus) String() string { return actStatusNames.text("ActStatus", int(s)) }

// ParseActStatus reads a name such as "UNKNOWN".
func ParseActStatus(s string) (ActStatus, error) {
	v, err := actStatusNames.parse("act status", s)
	return ActStatus(v), err
}

// MarshalText writes the name.
func (s ActStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseActStatus] reads.
func (s *ActStatus) UnmarshalText(b []byte) (err error) {
	*s, err = ParseActStatus(string(b))
	return err
}

// Final says whether nothing more becomes of the act.
func (s ActStatus) Final() bool { return s >= ActDone }

// OpenAct is an act that the guard has approved and the kernel follows to its end.
type OpenAct struct {
	Act
	Ref    uint64
	Status ActStatus
	// By and Tag are the wish's: which operator or service, and why.
	By, Tag string
	// Transaction is the number of the exchange's record, 0 while none is known.
	Transaction int64
	// Booked says that since it was sent a booking of its kind came for its asset: of a loan or
	// a repayment in doubt, that it was done, unless somebody else did the same.
	Booked           bool
	Created, Updated Time
}

// ActUpdate is news of an open act.
type ActUpdate struct {
	ID ActID
	// Strategy, Ref, Kind, Asset and Amount are the act's; the kernel fills them in before a
	// strategy sees the event.
	Strategy StrategyID
	Ref      uint64
	Kind     ActKind
	Asset    string
	Amount   decimal.Decimal
	Status   ActStatus
	// Transaction is the number of the exchange's record, 0 where none is known.
	Transaction int64
	// Code and Reason are the exchange's where it says no, or why the outcome is unknown.
	// Retryable tells that the request provably did nothing and may be wished again.
	Code      int
	Reason    string
	Retryable bool
}

// Lending is what an asset can be borrowed for now, as the exchange tells when it is asked.
type Lending struct {
	Asset string
	// Available is what can be borrowed, in the asset, if Known: the least of what the pool
	// has and what the account may.
	Available decimal.Decimal
	Known     bool
	// Hourly is the interest of the next hour as a ratio of the principal, if Rated.
	Hourly decimal.Decimal
	Rated  bool
}
