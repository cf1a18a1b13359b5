package host

import (
	"fmt"

	"github.com/pmbot/pmbot/strategy"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// Kind says what sort of trouble a plugin is.
type Kind uint8

const (
	// NotFound: there is no such file, or no such strategy in it.
	NotFound Kind = iota + 1
	// NotPlugin: the file is something else: a directory, not executable, a program that
	// does not shake hands.
	NotPlugin
	// BadChecksum: the file is not the one that was pinned.
	BadChecksum
	// BadVersion: the program speaks another version of the protocol.
	BadVersion
	// BadParams: the configuration is wrong; where single parameters are, Err is
	// strategy.ParamErrors.
	BadParams
	// BadData: a file of the recorded data is damaged.
	BadData
	// Crashed: the process ended, or a callback of the strategy panicked.
	Crashed
	// Hung: the program did not answer in time.
	Hung
	// Lied: the program broke the protocol and was dropped.
	Lied
	// Failed: the strategy or the run ended with an error of its own.
	Failed
	// Misused: our own code called a session out of turn.
	Misused
	// Flooded: the strategy asked for more than a session may.
	Flooded
	// Greedy: the process had more of the machine than it may.
	Greedy
)

var kindNames = [...]string{
	NotFound: "not found", NotPlugin: "not a plugin", BadChecksum: "bad checksum", BadVersion: "bad version",
	BadParams: "bad parameters", BadData: "bad data", Crashed: "crashed", Hung: "hung", Lied: "lied", Failed: "failed", Misused: "misused", Flooded: "flooded", Greedy: "greedy",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) && k > 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Configured says whether the configuration is to be changed, rather than the program:
// the exit code is that of an invalid configuration.
func (k Kind) Configured() bool { return k >= NotPlugin && k <= BadParams }

// Error is trouble with a plugin, on one line: which plugin, what happened, what to do.
type Error struct {
	Kind Kind
	// Plugin is the name in the configuration.
	Plugin string
	// What happened, and the Cure; Cure may be empty.
	What, Cure string
	// Stderr are the last lines that the program wrote to standard error.
	Stderr []string
	// Err is the cause, or nil.
	Err error
}

func (e *Error) Error() string {
	s := "plugin " + e.Plugin + ": " + e.What
	if e.Cure != "" {
		s += "; " + e.Cure
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// failed makes an error of a plugin's own report. doing says what it was asked to do.
func (p *Plugin) failed(doing string, f *pb.Failure) *Error {
	e := &Error{
		Kind: Failed, Plugin: p.spec.Name, Cure: wire.Printable(f.GetCure(), 400), Stderr: p.output.tail(),
		What: wire.Printable(f.GetWhat(), 1000),
	}
	switch f.GetFault() {
	case pb.Fault_FAULT_CONFIG:
		e.Kind = BadParams
		var params strategy.ParamErrors
		for _, problem := range f.GetParams() {
			params = append(params, strategy.ParamError{
				Name: wire.Printable(problem.GetName(), 80), Problem: wire.Printable(problem.GetProblem(), 400),
			})
		}
		if len(params) > 0 {
			e.Err, e.What = params, params.Error()
		}
		return e
	case pb.Fault_FAULT_NOT_FOUND:
		e.Kind = NotFound
		return e
	case pb.Fault_FAULT_DATA:
		e.Kind = BadData
		return e
	}
	if f.GetCallback() != "" {
		e.Kind = Crashed
		place := ""
		if f.GetPlace() != "" {
			place = " at " + wire.Printable(f.GetPlace(), 200)
		}
		e.What = fmt.Sprintf("%s crashed%s %s: %s", wire.Printable(f.GetCallback(), 80), place, doing, e.What)
		return e
	}
	e.What = doing + ": " + e.What
	return e
}
