package host

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// handshake starts the process and asks for its list, in all within the timeout.
func (p *Plugin) handshake() error {
	var cancel func()
	p.opening, cancel = context.WithTimeoutCause(p.ctx, p.spec.Timeout, errLate)
	defer cancel()
	err := p.connect()
	if err == nil && p.process.opened() {
		return nil
	}
	if errors.Is(context.Cause(p.opening), errLate) {
		return p.fail(Hung, fmt.Sprintf("no handshake within %v", p.spec.Timeout), "a plugin's main function calls sdk.Serve at once", err)
	}
	return p.explain(err)
}

func (p *Plugin) connect() error {
	client, err := p.client.Client()
	if err != nil {
		return err
	}
	raw, err := client.Dispense(wire.ServiceName)
	if err != nil {
		return err
	}
	p.service = raw.(pb.StrategyServiceClient)
	if p.list, err = p.service.List(p.opening, &pb.ListRequest{}); err != nil {
		return err
	}
	return checkList(p.list)
}

// explain says why a handshake has failed.
func (p *Plugin) explain(err error) error {
	if p.ctx.Err() != nil {
		return p.fail(Failed, "stopped while it started: "+context.Cause(p.ctx).Error(), "", context.Cause(p.ctx))
	}
	if p.process == nil || p.process.ID() == "" {
		what, cure := p.cannotStart(err)
		return p.fail(NotPlugin, what, cure, err)
	}
	line := p.process.stdout.text()
	parts := strings.Split(line, "|")
	version := -1
	if len(parts) >= 4 {
		if v, err := strconv.Atoi(parts[1]); err == nil {
			version = v
		}
	}
	exit := p.process.exit(time.Second)
	switch {
	case line != "" && version < 0:
		return p.fail(NotPlugin, fmt.Sprintf("it prints %q where the handshake is expected", wire.Printable(line, 80)),
			"if it is a plugin, it must print nothing before sdk.Serve", err)
	case line != "" && version != wire.ProtocolVersion:
		return p.fail(BadVersion, fmt.Sprintf("it speaks version %d of the plugin protocol and this pmbot version %d", version, wire.ProtocolVersion),
			"build it again with the pmbot module of this version", err)
	case exit == "exit status 0":
		return p.fail(NotPlugin, "it ended at once without a handshake", "a plugin's main function calls sdk.Serve, a script pmbot.serve", err)
	case exit != "":
		return p.fail(Crashed, "crashed at start: "+exit+p.lastWords(), cureForWords(p.output.tail()), err)
	default:
		return p.fail(NotPlugin, fmt.Sprintf("it shook hands but cannot be spoken to: %v", reason(err)), "", err)
	}
}

func checkList(list *pb.ListResponse) error {
	if len(list.GetStrategies()) == 0 {
		return errors.New("it has no strategies")
	}
	if len(list.GetStrategies()) > 1000 {
		return fmt.Errorf("it has %d strategies", len(list.GetStrategies()))
	}
	for _, name := range list.GetStrategies() {
		if name != wire.Printable(name, 64) || name == "" {
			return fmt.Errorf("strategy name %.80q", name)
		}
	}
	return nil
}

// dispenser is the service as go-plugin wants it.
type dispenser struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer is the plugin's half, which this side never is.
func (*dispenser) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host calls strategies and serves none")
}

// GRPCClient makes the caller's half.
func (*dispenser) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return pb.NewStrategyServiceClient(conn), nil
}
