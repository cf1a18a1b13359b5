package exchange

// Cause says what holds a trading state. Each cause sets a state of its own on a scope, and
// the strictest of all holds; whoever lifts one leaves the others as they are.
type Cause uint8

const (
	// CauseStart: the process has not been found fit to trade yet. Every account begins so,
	// and it is the zero value.
	CauseStart Cause = iota
	// CauseStream: the user stream does not tell what happens to the account.
	CauseStream
	// CauseTruth: the exchange's account is not ours; reconciliation has found a difference.
	CauseTruth
	// CauseRisk: a control failed or a limit of the account was passed. Only a person lifts it.
	CauseRisk
	// CauseOperator: a person said so, and only a person lifts it.
	CauseOperator
	// CauseStrategy: a strategy's process is gone or was stopped.
	CauseStrategy
	// CauseMarket: an instrument does not trade, or its feed is gone.
	CauseMarket
	// CauseShell: the process itself cannot keep up, such as with a full inbox.
	CauseShell
	// CauseMargin: uniMMR is too low, or the exchange itself has limited the account.
	CauseMargin
	// CauseLoss: a day's loss, a drawdown or a streak of losses was too much.
	CauseLoss
	// CausePace: too much went by itself, such as fills or rejections without a pause.
	CausePace
	// CauseWatch: something about the account is not as it should be, such as a hedge that has
	// lost a leg, or profits that the exchange does not know.
	CauseWatch
)

// Causes is the number of causes.
const Causes = 12

var causeNames = enum{
	CauseStart: "START", CauseStream: "STREAM", CauseTruth: "TRUTH", CauseRisk: "RISK", CauseOperator: "OPERATOR",
	CauseStrategy: "STRATEGY", CauseMarket: "MARKET", CauseShell: "SHELL",
	CauseMargin: "MARGIN", CauseLoss: "LOSS", CausePace: "PACE", CauseWatch: "WATCH",
}

func (c Cause) String() string { return causeNames.text("Cause", int(c)) }

// ParseCause reads a name such as "STREAM".
func ParseCause(s string) (Cause, error) {
	v, err := causeNames.parse("cause", s)
	return Cause(v), err
}

// MarshalText writes the name.
func (c Cause) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what [ParseCause] reads.
func (c *Cause) UnmarshalText(b []byte) (err error) {
	*c, err = ParseCause(string(b))
	return err
}

// Start is the beginning of a process. What was pending in the process before is of unknown
// outcome from here on, and the account is halted by CauseStart and CauseStream.
type Start struct {
	// Prefix begins the client ids of the orders of this process; no other process has it.
	Prefix string
	// Version and Config are the program and the hash of its configuration, for people.
	Version, Config string
	// Mode is "live", "dry" or "shadow".
	Mode string
}

// Reload replaces the guard's limits in a running process.
type Reload struct {
	// Limits are all of them, as JSON with the keys of the configuration.
	Limits []byte
	// By and Reason say who did it and why.
	By, Reason string
}

// Decision is what the kernel has decided on an event. With the events, decisions are what a
// journal holds: applying both again rebuilds the state without asking the guard again.
type Decision struct {
	// Order is the approved order, or how an open order shall be where Amend is set; its ID is
	// 0 if nothing is to be sent.
	Order Order
	Amend bool
	// Refusal is the guard's no, or nil.
	Refusal *Refusal
	// Cancel are the orders to end.
	Cancel []OrderID
	// Halt is set when a control itself failed: the account must stop.
	Halt string
	// Act is the approved act on the account, nil where none was wished or it was refused.
	Act *OpenAct
	// Truth is what was made of a reading of the account, nil for other events.
	Truth *TruthDecision
}
