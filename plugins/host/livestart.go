package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/socket"
	"github.com/pmbot/pmbot/plugins/wire"
)

// Live starts an instance of a strategy and plays it live. ctx bounds the start alone; the
// session lasts until Stop or Close, the plugin's end, or a mistake of the program.
//
// A program that does not know how to resume is refused where it would have to: it would
// give refs again that orders carry, and not know of its positions.
func (p *Plugin) Live(ctx context.Context, c LiveConfig) (*Live, error) {
	if c.Instruments == nil || c.Wish == nil || c.Ended == nil {
		return nil, p.fail(Misused, "a live play needs instruments, Wish and Ended", "this is a mistake of pmbot; please report it", nil)
	}
	c.setDefaults()
	l := &Live{
		plugin: p, config: c, name: c.Strategy, done: make(chan struct{}), asked: newQuotas(c.IntentsMax),
		decoder: wire.Decoder{Instruments: c.Instruments, Strategy: c.ID}, timers: map[exchange.Timer]int{},
		handing: true, // what was asked for in Start
	}
	l.queue.tradesMax = c.TradesMax
	if c.Resume != nil {
		l.decoder.LastRef = c.Resume.LastRef
	}
	if l.name == "" {
		l.name = p.list.GetStrategies()[0]
	}
	l.log = p.output.log.With("strategy", l.name)
	l.ctx, l.cancel = context.WithCancelCause(p.ctx)
	if err := l.start(ctx); err != nil {
		l.cancel(err)
		return nil, err
	}
	l.play()
	return l, nil
}

// play begins to read and to watch.
func (l *Live) play() {
	l.mutex.Lock() // until watch is set, which its own function reads
	l.watch = time.AfterFunc(l.config.Timeout/watchesPerTimeout, l.look)
	l.mutex.Unlock()
	go l.read()
}

func (c *LiveConfig) setDefaults() {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.WaitingMax, 1 << 14}, {&c.TradesMax, 1 << 12}, {&c.IntentsMax, 1000}, {&c.TimersMax, 10_000}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
}

// start has the strategy started, and agrees with the plugin on the way that events take.
func (l *Live) start(ctx context.Context) error {
	late := time.AfterFunc(l.plugin.spec.Timeout, func() { l.cancel(errLate) })
	defer late.Stop()
	defer context.AfterFunc(ctx, func() { l.cancel(context.Cause(ctx)) })()
	doing := "in Start of strategy " + l.name
	stream, err := l.plugin.service.Play(l.ctx, grpc.ForceCodecV2(bytesCodec{}))
	if err != nil {
		return l.plugin.lost(l.ctx, doing, err)
	}
	offer := l.plugin.offer(l.config.NoSocket)
	defer offer.withdraw()
	err = stream.Send(&pb.PlayRequest{Request: &pb.PlayRequest_Start{Start: &pb.Start{
		Strategy: l.config.Strategy, Params: l.config.Params, Instruments: wire.EncodeInstruments(l.config.Instruments),
		StrategyId: uint32(l.config.ID),
		Live:       &pb.Live{Socket: offer.path(), Token: offer.token, Resume: wire.EncodeResume(l.config.Resume)},
	}}})
	var r *pb.PlayResponse
	if err == nil || errors.Is(err, io.EOF) { // EOF: the reason is to be received
		r, err = stream.Recv()
	}
	if err != nil {
		return l.plugin.lost(l.ctx, doing, err)
	}
	if f := r.GetFailure(); f != nil {
		return l.plugin.failed(doing, f)
	}
	if r.GetStarted() == nil {
		return l.brokeStart(fmt.Errorf("%T in place of started", r.Response))
	}
	if err := l.begun(r.GetStarted()); err != nil {
		return err
	}
	if !l.told.GetSocket() {
		l.link = newStreamLink(stream, func() { l.cancel(nil) })
		return nil
	}
	conn, err := offer.taken()
	if err != nil {
		return l.brokeStart(fmt.Errorf("it says that it is connected to the socket, but: %w", err))
	}
	l.link, l.stats.Socket = newSocketLink(conn), true
	return nil
}

// begun reads what the strategy wants, and refuses one that would forget what it must know.
func (l *Live) begun(s *pb.Started) (err error) {
	l.told = s.GetLive()
	if l.config.Resume.Bound() && !l.told.GetResumes() {
		return l.plugin.fail(BadVersion, fmt.Sprintf("cannot go on where strategy %s stopped: it has %d positions, %d orders and refs up to %d, "+
			"and the program would not know of them", l.name, len(l.config.Resume.Positions), len(l.config.Resume.Orders), l.config.Resume.LastRef),
			"build it again with the pmbot module of this version, or flatten the strategy first", nil)
	}
	if l.wants, err = wire.DecodeSubscriptions(s.GetSubscriptions(), l.config.Instruments); err != nil {
		return l.brokeStart(err)
	}
	if err := l.decoder.Output(s.GetOutput(), &l.started); err != nil {
		return l.brokeStart(err)
	}
	if err := checkLogs(s.GetOutput().GetLogs(), 1); err != nil {
		return l.brokeStart(err)
	}
	l.started.Logs = logTexts(s.GetOutput().GetLogs())
	return nil
}

func (l *Live) brokeStart(err error) error {
	return l.plugin.fail(Lied, "broke the protocol in Start of strategy "+l.name+": "+err.Error(), "", err)
}

// offer is a socket that the plugin may take. Without one it is nil.
type offer struct {
	listener *socket.Listener
	token    []byte
	accepted chan accepted
}

type accepted struct {
	conn *socket.Conn
	err  error
}

// offer opens a socket, or says why there is none: the play goes over gRPC then.
func (p *Plugin) offer(none bool) *offer {
	o := &offer{}
	if none {
		return o
	}
	listener, err := socket.Listen()
	if err != nil {
		p.output.log.Debug("no fast socket for the plugin", "error", err)
		return o
	}
	o.listener, o.token, o.accepted = listener, make([]byte, wire.TokenBytes), make(chan accepted, 1)
	_, _ = rand.Read(o.token) // it never fails
	pid := p.Pid()
	go func() {
		conn, err := listener.Accept(pid, o.token)
		o.accepted <- accepted{conn, err}
	}()
	return o
}

func (o *offer) path() string {
	if o.listener == nil {
		return ""
	}
	return o.listener.Path()
}

// taken is the connection of a plugin that has been let in, which it has before it answers.
func (o *offer) taken() (*socket.Conn, error) {
	if o.listener == nil {
		return nil, errors.New("none was offered")
	}
	select {
	case a := <-o.accepted:
		o.accepted = nil
		return a.conn, a.err
	case <-time.After(time.Second):
		return nil, errors.New("it is not")
	}
}

// withdraw closes what was not taken.
func (o *offer) withdraw() {
	if o.listener == nil {
		return
	}
	o.listener.Close()
	if o.accepted == nil {
		return
	}
	if a := <-o.accepted; a.conn != nil {
		a.conn.Close()
	}
}
