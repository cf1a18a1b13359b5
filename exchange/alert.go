package exchange

// Severity says how soon a person should look.
type Severity uint8

const (
	// SeverityInfo is worth knowing later.
	SeverityInfo Severity = iota + 1
	// SeverityWarning wants a look today: a limit is near, or something is not as it should be.
	SeverityWarning
	// SeverityCritical wants somebody now: the account may lose money while nobody acts.
	SeverityCritical
)

var severityNames = enum{SeverityInfo: "INFO", SeverityWarning: "WARNING", SeverityCritical: "CRITICAL"}

func (s Severity) String() string { return severityNames.text("Severity", int(s)) }

// ParseSeverity reads a name such as "WARNING".
func ParseSeverity(s string) (Severity, error) {
	v, err := severityNames.parse("severity", s)
	return Severity(v), err
}

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSeverity] reads.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// Alert is what the guard's watch over the account tells a person. One stands for a control,
// an instrument (of the event), a strategy and an asset; a later one for the same replaces it,
// and one that is Over ends it.
type Alert struct {
	// Control is the control's name, such as "account-status".
	Control string
	// Strategy and Asset say of whom and of what, 0 and "" where it is of the account.
	Strategy StrategyID
	Asset    string
	Severity Severity
	// Over says that what was told before has ended.
	Over bool
	// Value is what was found, Limit what it was held against, both for people.
	Value, Limit string
}
