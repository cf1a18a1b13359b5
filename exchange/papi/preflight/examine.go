package preflight

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange/papi"
)

// Level is how bad a verdict is.
type Level uint8

const (
	// OK needs nothing.
	OK Level = iota + 1
	// Warn can be traded with by somebody who knows of it.
	Warn
	// Fail must be cured before anything is traded.
	Fail
	// Skip could not be judged, because a question that comes before it has no answer.
	Skip
)

var levelNames = [...]string{OK: "ok", Warn: "warn", Fail: "fail", Skip: "skip"}

// String is "ok", "warn", "fail" or "skip".
func (l Level) String() string {
	if int(l) < len(levelNames) && levelNames[l] != "" {
		return levelNames[l]
	}
	return fmt.Sprintf("Level(%d)", uint8(l))
}

// MarshalText writes the name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Verdict is what one check has found.
type Verdict struct {
	// Check is the check's name and ID the verdict's own: a check has several.
	Check string `json:"check"`
	ID    string `json:"id"`
	Level Level  `json:"level"`
	// Found says what is so, and Cure what to do; "" where nothing is to be done.
	Found string `json:"found"`
	Cure  string `json:"cure,omitempty"`
}

// check is one question to the facts. Its verdict lacks the check's name.
type check struct {
	name  string
	judge func(*Facts, *Want) Verdict
}

// checks are in the order in which a person would cure what they find.
var checks = [...]check{
	{"clock", clock},
	{"key", key},
	{"reading", reading},
	{"trading right", tradingRight},
	{"futures right", futuresRight},
	{"withdrawals", withdrawals},
	{"transfers", transfers},
	{"addresses", addresses},
	{"account", accountKind},
	{"delta mode", deltaMode},
	{"position mode", positionMode},
	{"status", status},
	{"uniMMR", uniMMR},
	{"computed account", computed},
	{"tables", tables},
	{"orders", orders},
	{"positions", positions},
	{"BNB for fees", bnb},
	{"user stream", userStream},
}

// Examine judges the facts: one verdict a check, in a fixed order.
func Examine(f *Facts, w *Want) []Verdict {
	list := make([]Verdict, 0, len(checks))
	for _, c := range checks {
		v := c.judge(f, w)
		v.Check = c.name
		list = append(list, v)
	}
	return list
}

// Failed says whether any verdict forbids to trade: one that fails, or one that could not be
// found.
func Failed(list []Verdict) bool {
	for _, v := range list {
		if v.Level == Fail || v.Level == Skip {
			return true
		}
	}
	return false
}

func ok(id, found string, args ...any) Verdict {
	return Verdict{ID: id, Level: OK, Found: fmt.Sprintf(found, args...)}
}

func warn(id, cure, found string, args ...any) Verdict {
	return Verdict{ID: id, Level: Warn, Found: fmt.Sprintf(found, args...), Cure: cure}
}

func fail(id, cure, found string, args ...any) Verdict {
	return Verdict{ID: id, Level: Fail, Found: fmt.Sprintf(found, args...), Cure: cure}
}

// unknown is the verdict where a question has no answer. The error names endpoint and code;
// of several the first one says enough, and of a key that nobody accepts the code does.
func unknown(err error) Verdict {
	found, _, _ := strings.Cut(err.Error(), "\n")
	var e *papi.Error
	if errors.As(err, &e) && (errors.Is(e, papi.ErrKey) || e.Code == -1022) {
		found = fmt.Sprintf("the key is not accepted (%d)", e.Code)
	}
	return Verdict{ID: "unknown", Level: Skip, Found: "not known: " + found, Cure: "cure what stands above this line, then run the check again"}
}
