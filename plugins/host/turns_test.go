package host_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
)

// TestTurnLies holds that a program which takes the socket of a play in lockstep and lies there
// is dropped, as on gRPC.
func TestTurnLies(t *testing.T) {
	for _, c := range []struct {
		mode string
		kind host.Kind
		want string
	}{
		{"lie-unconnected", host.Lied, `broke the protocol in Start of strategy liar: it says that it is connected to the socket, but: it is not`},
		{"lie-token", host.Lied, `broke the protocol in Start of strategy liar: it says that it is connected to the socket, but: it is not`},
		{"lie-long", host.Lied, `broke the protocol in strategy liar handling one of 20 events *: a message of 2147483648 bytes, more than 8388608`},
		{"lie-garbage", host.Lied, `broke the protocol in strategy liar handling one of 20 events *: proto:*`},
		{"lie-half", host.Lied, `broke the protocol: hung up in strategy liar handling one of 20 events *`},
		{"lie-saved", host.Lied, `broke the protocol in strategy liar handling one of 20 events *: *proto.PlayResponse_Saved in place of an answer`},
		{"lie-unread", host.Hung, `no answer within 2s in strategy liar handling one of 20 events *; a callback must return at once*`},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			spec := plugintest.Spec(c.mode)
			spec.Timeout = 2 * time.Second
			p, err := host.Open(t.Context(), spec)
			check(t, err)
			defer p.Close()
			err = playTrades(t, p, nil)
			expect(t, err, c.kind, fmt.Sprint(err), "plugin "+c.mode+": "+c.want)
		})
	}
}

// TestTurnsEnd holds that the end of a plugin ends a turn that is under way, and a session that
// has none.
func TestTurnsEnd(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	idle, err := p.Start("", nil, plugintest.Instruments(t), 1)
	check(t, err)
	busy, err := p.Start("", map[string]string{"do": "hang", "at": "1"}, plugintest.Instruments(t), 2)
	check(t, err)
	ended := make(chan error)
	go func() { ended <- busy.Ahead(trades(1)) }()
	p.Close()
	if err := <-ended; err == nil {
		t.Error("a hung strategy answers")
	}
	if err := idle.Ahead(trades(1)); err == nil {
		t.Error("a closed plugin answers")
	}
}
