package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// Description is what a strategy says about itself. It has the fields of
// backtest.Description, so that one converts to the other.
type Description struct {
	Manifest strategy.Manifest
	Params   []strategy.Param
	// Values are the effective parameters, defaults included, and Symbols the
	// instruments that they name.
	Values  map[string]string
	Symbols []strategy.Symbol
}

// List returns the names of the strategies in the program.
func (p *Plugin) List() []string { return slices.Clone(p.list.GetStrategies()) }

// SDKVersion is the version of the pmbot module that the program was built with.
func (p *Plugin) SDKVersion() string { return wire.Printable(p.list.GetSdkVersion(), 80) }

// CoreHash identifies the code with which the program would compute a backtest, or is ""
// if it cannot. Only with the host's own hash may [Plugin.Backtest] be used.
func (p *Plugin) CoreHash() string { return p.list.GetCoreHash() }

// Describe checks parameters and says what the strategy is; an empty name means the only
// strategy of the program. With bad parameters the error's Kind is BadParams, and
// manifest and parameters are described all the same.
func (p *Plugin) Describe(ctx context.Context, name string, params map[string]string) (Description, error) {
	doing := "describing itself"
	ctx, cancel := context.WithTimeout(ctx, p.spec.Timeout)
	defer cancel()
	r, err := p.service.Describe(ctx, &pb.DescribeRequest{Strategy: name, Params: params})
	if err != nil {
		return Description{}, p.lost(ctx, doing, err)
	}
	var d Description
	if r.Manifest != nil {
		if d, err = decodeDescription(r); err != nil {
			return Description{}, p.fail(Lied, fmt.Sprintf("broke the protocol %s: %v", doing, err), "", err)
		}
	}
	if r.Failure != nil {
		return d, p.failed(doing, r.Failure)
	}
	if r.Manifest == nil {
		return d, p.fail(Lied, "broke the protocol: described itself without a manifest", "", nil)
	}
	return d, nil
}

func decodeDescription(r *pb.DescribeResponse) (d Description, err error) {
	if d.Manifest, err = wire.DecodeManifest(r.Manifest); err != nil {
		return d, err
	}
	if d.Params, err = wire.DecodeParams(r.Params); err != nil {
		return d, err
	}
	if d.Values, err = wire.DecodeValues(r.Values); err != nil {
		return d, err
	}
	d.Symbols, err = wire.DecodeSymbols(r.Symbols)
	return d, err
}

// lost says why a call has ended without an answer. ctx is the call's.
func (p *Plugin) lost(ctx context.Context, doing string, err error) *Error {
	if what := p.greedy.Load(); what != nil {
		return p.fail(Greedy, *what+", "+doing, "keep less, or give it more with memory_max_mb", err)
	}
	switch {
	case p.ctx.Err() != nil:
		return p.fail(Failed, "stopped "+doing+": "+context.Cause(p.ctx).Error(), "", context.Cause(p.ctx))
	case errors.Is(context.Cause(ctx), errLate) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		return p.fail(Hung, fmt.Sprintf("no answer within %v %s", p.spec.Timeout, doing), blocked, err)
	case ctx.Err() != nil:
		return p.fail(Failed, "stopped "+doing+": "+context.Cause(ctx).Error(), "", context.Cause(ctx))
	}
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return p.fail(Lied, fmt.Sprintf("broke the protocol %s: an answer of more than %d MiB", doing, wire.AnswerBytesMax>>20), "", err)
	case codes.Internal:
		if exit := p.process.exit(0); exit == "" {
			return p.fail(Lied, fmt.Sprintf("broke the protocol %s: %s", doing, reason(err)), "", err)
		}
	case codes.Unimplemented:
		return p.fail(BadVersion, "does not know the call needed "+doing, "build it again with the pmbot module of this version", err)
	}
	exit := p.process.exit(2 * time.Second)
	switch {
	case exit != "":
		return p.fail(Crashed, fmt.Sprintf("crashed %s: %s%s", doing, exit, p.lastWords()), "", err)
	case errors.Is(err, io.EOF):
		return p.fail(Lied, "broke the protocol: hung up "+doing, "", err)
	default:
		return p.fail(Crashed, fmt.Sprintf("lost %s: %s", doing, reason(err)), "", err)
	}
}

// blocked is the cure for a strategy that does not answer.
const blocked = "a callback must return at once: it must not wait, or loop without end"

// errLate is the cause with which a call is cancelled that took too long.
var errLate = errors.New("no answer in time")

// reason is a gRPC error's own words, printable.
func reason(err error) string { return wire.Printable(status.Convert(err).Message(), 400) }
