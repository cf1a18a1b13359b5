package host_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

func TestMain(m *testing.M) {
	plugintest.Main(nil)
	actAsHost()
	actAsBare()
	goleak.VerifyTestMain(m)
}

// TestOpen starts what is no good plugin, in every way that we know.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	writeFile(t, text, "buy low\n", 0o644)
	script := filepath.Join(dir, "broken")
	writeFile(t, script, "buy low\n", 0o755)
	python := func(name, text string) host.Spec {
		path := filepath.Join(dir, name+".py")
		writeFile(t, path, text, 0o755)
		return host.Spec{Path: path, Name: name}
	}
	source := filepath.Join(dir, "main.go")
	writeFile(t, source, "package main\n", 0o644)
	self := plugintest.Spec(plugintest.Serve).Path
	pinned := plugintest.Spec(plugintest.Serve)
	pinned.SHA256 = strings.Repeat("0", 64)
	for _, c := range []struct {
		name string
		spec host.Spec
		kind host.Kind
		want string
	}{
		{"missing", host.Spec{Path: dir + "/gone"}, host.NotFound, `plugin DIR/gone: there is no file DIR/gone; build it with: go build -o DIR/gone`},
		{"directory", host.Spec{Path: dir}, host.NotPlugin, `plugin DIR: DIR is a directory; build the program in it, with go build, and name that`},
		{"not executable", host.Spec{Path: text, Name: "notes"}, host.NotPlugin, `plugin notes: DIR/notes.txt is not executable; if it is a plugin: chmod +x DIR/notes.txt`},
		{"not a program", host.Spec{Path: script, Name: "notes"}, host.NotPlugin,
			`plugin notes: DIR/broken cannot be started: fork/exec DIR/broken: exec format error; is it built for this machine?`},
		{"no interpreter", python("bare", "print(1)\n"), host.NotPlugin,
			`plugin bare: DIR/bare.py cannot be started: its first line names no interpreter; begin it with #!/usr/bin/env python3`},
		{"wrong interpreter", python("nine", "#!/usr/bin/python9 -B\n"), host.NotPlugin,
			`plugin nine: DIR/nine.py cannot be started: its first line names /usr/bin/python9, which is not there; begin it with an interpreter that is, such as #!/usr/bin/env python3`},
		{"missing script", host.Spec{Path: dir + "/gone.py"}, host.NotFound,
			`plugin DIR/gone.py: there is no file DIR/gone.py; name a script that is there; a path is relative to the working directory`},
		{"source", host.Spec{Path: source}, host.NotPlugin,
			`plugin DIR/main.go: DIR/main.go is source of Go; build the program in DIR, with pmbot strategy build, and name that`},
		{"checksum", pinned, host.BadChecksum,
			`plugin serve: SELF has checksum SUM, but ` + pinned.SHA256 + ` is pinned; if you trust the file as it is, pin its checksum`},
		{plugintest.Garbage, host.Spec{}, host.NotPlugin,
			`plugin garbage: it prints "hello, I am a strategy [31m" where the handshake is expected; if it is a plugin, it must print nothing before sdk.Serve`},
		{plugintest.Exit, host.Spec{}, host.NotPlugin, `plugin exit: it ended at once without a handshake; a plugin's main function calls sdk.Serve, a script pmbot.serve`},
		{plugintest.CrashStart, host.Spec{}, host.Crashed, `plugin crash-start: crashed at start: exit status 2: panic: no configuration`},
		{plugintest.HangStart, host.Spec{Timeout: 300 * time.Millisecond}, host.Hung,
			`plugin hang-start: no handshake within 300ms; a plugin's main function calls sdk.Serve at once`},
		{plugintest.FloodStart, host.Spec{}, host.NotPlugin,
			`plugin flood-start: it prints "` + strings.Repeat("x", 80) + `" where the handshake is expected; if it is a plugin, it must print nothing before sdk.Serve`},
		{plugintest.OldProtocol, host.Spec{}, host.BadVersion,
			`plugin old-protocol: it speaks version 7 of the plugin protocol and this pmbot version 1; build it again with the pmbot module of this version`},
		{plugintest.NoServer, host.Spec{}, host.NotPlugin, `plugin no-server: it shook hands but cannot be spoken to: *`},
		{"lie-list", host.Spec{}, host.NotPlugin, `plugin lie-list: it shook hands but cannot be spoken to: it has no strategies`},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := c.spec
			if spec.Path == "" {
				timeout := spec.Timeout
				spec = plugintest.Spec(c.name)
				spec.Timeout = timeout
			}
			p, err := host.Open(t.Context(), spec)
			if err == nil {
				p.Close()
			}
			sum := regexp.MustCompile(`checksum [0-9a-f]{64},`)
			got := strings.NewReplacer(dir, "DIR", self, "SELF").Replace(fmt.Sprint(err))
			got = sum.ReplaceAllString(got, "checksum SUM,")
			expect(t, err, c.kind, got, c.want)
		})
	}
}

// TestChecksum holds that the right checksum opens, in either case of letters.
func TestChecksum(t *testing.T) {
	spec := plugintest.Spec(plugintest.Serve)
	sum, err := host.Checksum(spec.Path)
	if err != nil {
		t.Fatal(err)
	}
	spec.SHA256 = strings.ToUpper(sum)
	p, err := host.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
}

// TestCertificate holds that a process is shown a certificate made for it alone, on a curve
// that TLS libraries of all languages know, and no other part of our environment.
func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "plugin")
	writeFile(t, script, "#!/bin/sh\nenv -0 >"+dir+"/env; echo \"$PLUGIN_CLIENT_CERT\" >>"+dir+"/certificates\n", 0o755)
	t.Setenv("PMBOT_SECRET", "not to be seen")
	for range 2 {
		if _, err := host.Open(t.Context(), host.Spec{Path: script}); err == nil {
			t.Fatal("a script that ends at once is a plugin")
		}
	}
	rest, err := os.ReadFile(dir + "/certificates")
	check(t, err)
	var serials []string
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		check(t, err)
		if key, ok := c.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() || c.VerifyHostname("localhost") != nil {
			t.Errorf("a certificate of %v with key %T", c.DNSNames, c.PublicKey)
		}
		serials = append(serials, c.SerialNumber.String())
	}
	if len(serials) != 2 || serials[0] == serials[1] {
		t.Errorf("certificates %v", serials)
	}
	if env, err := os.ReadFile(dir + "/env"); err != nil || strings.Contains(string(env), "not to be seen") {
		t.Errorf("it sees %q (%v)", env, err)
	}
}

func TestDescribe(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	if got := p.List(); !cmp.Equal(got, []string{"probe"}) || p.SDKVersion() == "" || len(p.CoreHash()) != 64 {
		t.Errorf("list %v, version %q, core %q", got, p.SDKVersion(), p.CoreHash())
	}
	params := map[string]string{"every": "7", "other": "CM:BTCUSD_PERP"}
	got, err := p.Describe(t.Context(), "", params)
	if err != nil {
		t.Fatal(err)
	}
	probe := &plugintest.Probe{}
	bound := probe.Params()
	if err := strategy.Bind(bound, params); err != nil {
		t.Fatal(err)
	}
	list, err := strategy.ParamsOf(bound)
	if err != nil {
		t.Fatal(err)
	}
	want := host.Description{Manifest: probe.Manifest(), Params: list, Values: strategy.ValuesOf(bound), Symbols: strategy.SymbolsOf(bound)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the description changed on the way (-there +here):\n%s", diff)
	}

	d, err := p.Describe(t.Context(), "probe", map[string]string{"evry": "7", "at": "-1"})
	expect(t, err, host.BadParams, fmt.Sprint(err), `plugin serve: at: -1 is below the least, 0; evry: no such parameter; did you mean every?`)
	var params2 strategy.ParamErrors
	if !errors.As(err, &params2) || len(params2) != 2 || d.Manifest.Name != "probe" {
		t.Errorf("%d mistakes, manifest %+v", len(params2), d.Manifest)
	}
	_, err = p.Describe(t.Context(), "prob", nil)
	expect(t, err, host.NotFound, fmt.Sprint(err), `plugin serve: no strategy "prob" in this program; name one of probe`)
}

// TestCrash lets the strategy's code crash in every place, on either way that events take.
func TestCrash(t *testing.T) {
	for way, noSocket := range ways {
		t.Run(way, func(t *testing.T) { crashes(t, noSocket) })
	}
}

func crashes(t *testing.T, noSocket bool) {
	for _, c := range []struct {
		do, at string
		kind   host.Kind
		want   string
	}{
		{"fail-start", "0", host.Failed, `plugin serve: in Start of strategy probe: strategy probe: start: no luck today`},
		{"panic-start", "0", host.Crashed, `plugin serve: Start crashed at probe.go:* in Start of strategy probe: panic: not today`},
		{"panic", "7", host.Crashed, `plugin serve: OnTrade crashed at probe.go:* in strategy probe handling TRADE seq 107 at 2026-01-01T00:00:07Z: panic: event 7 is too much`},
		{"nil", "1", host.Crashed, `plugin serve: OnTrade crashed at probe.go:* in strategy probe handling TRADE seq 101 at 2026-01-01T00:00:01Z: panic: runtime error: invalid memory address or nil pointer dereference`},
		{"exit", "7", host.Crashed, `plugin serve: crashed in strategy probe handling one of 20 events from TRADE seq 101 at 2026-01-01T00:00:01Z to TRADE seq 120 at 2026-01-01T00:00:20Z: exit status 3: I quit`},
		{"hang", "3", host.Hung, `plugin serve: no answer within 2s in strategy probe handling one of 20 events from *; a callback must return at once: it must not wait, or loop without end`},
		{"intents", "3", host.Lied, `plugin serve: broke the protocol in strategy probe handling TRADE seq 103 at 2026-01-01T00:00:03Z: 5000 intents for one event, more than 4096`},
		{"panic-stop", "0", host.Crashed, `plugin serve: Stop crashed at probe.go:* in Stop of strategy probe: panic: not like this`},
		{"exit-stop", "0", host.Crashed, `plugin serve: crashed in Stop of strategy probe: exit status 4`},
	} {
		t.Run(c.do, func(t *testing.T) {
			spec := plugintest.Spec(plugintest.Serve)
			spec.NoSocket = noSocket
			if spec.Timeout = 30 * time.Second; c.do == "hang" {
				spec.Timeout = 2 * time.Second
			}
			p, err := host.Open(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			err = playTrades(t, p, map[string]string{"do": c.do, "at": c.at})
			expect(t, err, c.kind, fmt.Sprint(err), c.want)
		})
	}
}

// playTrades starts the probe, announces twenty trades, delivers them and stops.
func playTrades(t *testing.T, p *host.Plugin, params map[string]string) error {
	session, err := p.Start("", params, plugintest.Instruments(t), 1)
	if err != nil {
		return err
	}
	events := trades(20)
	if err := session.Ahead(events); err != nil {
		if _, again := session.Deliver(&events[0]); again != err {
			t.Errorf("after %v a lost session answers %v", err, again)
		}
		return err
	}
	for i := range events {
		if _, err := session.Deliver(&events[i]); err != nil {
			return err
		}
	}
	_, err = session.Stop(events[19].At)
	return err
}

// TestLies holds that a liar is dropped, and its process ended, whatever the lie.
func TestLies(t *testing.T) {
	wants := map[string]string{
		"lie-manifest":     `describing itself: manifest: "\x1b[2J" has control characters`,
		"lie-budget":       `describing itself: manifest: budget: loss_usd is -5; it must be 0, which asks for nothing, to 1000000000000`,
		"lie-started":      `in Start of strategy liar: *proto.PlayResponse_Answer in place of started`,
		"lie-subscription": `in Start of strategy liar: subscription: instrument 500 is not one of 2`,
		"lie-kind":         `in Start of strategy liar: subscription: unknown event kind 5`,
		"lie-upto":         `in strategy liar handling one of *: it answered for 2147483648 of 20 events`,
		"lie-zero":         `in strategy liar handling one of *: it answered for 0 of 20 events`,
		"lie-ref":          `in strategy liar handling TRADE seq 101 at *: intent 2 of 2: ref 1 after 1; refs rise`,
		"lie-instrument":   `in strategy liar handling TRADE seq 101 at *: intent 1 of 1: instrument 77 is not one of 2`,
		"lie-enum":         `in strategy liar handling TRADE seq 101 at *: intent 1 of 1: unknown time in force 200`,
		"lie-flood":        `in strategy liar handling TRADE seq 101 at *: 4097 timers for one event, more than 4096`,
		"lie-log":          `in strategy liar handling TRADE seq 101 at *: log line of event 3 after 0 of 1`,
		"lie-huge":         `in strategy liar handling one of *: an answer of more than 8 MiB`,
		"lie-empty":        `in strategy liar handling one of *: <nil> in place of an answer`,
		"lie-hangup":       `hung up in strategy liar handling one of *`,
	}
	for _, mode := range plugintest.Lies() {
		if mode == "lie-list" {
			continue // in TestOpen
		}
		t.Run(mode, func(t *testing.T) {
			p := plugintest.Open(t, mode)
			_, err := p.Describe(t.Context(), "", nil)
			if mode != "lie-manifest" && mode != "lie-budget" && err == nil {
				err = playTrades(t, p, nil)
			}
			want := "plugin " + mode + ": broke the protocol " + wants[mode]
			if mode == "lie-hangup" {
				want = strings.Replace(want, "protocol hung", "protocol: hung", 1)
			}
			expect(t, err, host.Lied, fmt.Sprint(err), want)
		})
	}
}

// TestSilence holds that a backtest that stands still ends.
func TestSilence(t *testing.T) {
	spec := plugintest.Spec("lie-upto")
	spec.Silence = 200 * time.Millisecond
	p, err := host.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	seen := 0.0
	_, err = p.Backtest(t.Context(), nil, func(_ uint64, done float64) { seen = done }, nil)
	expect(t, err, host.Hung, fmt.Sprint(err),
		"plugin lie-upto: no progress for 200ms in a backtest after 5 events")
	if seen != 0.5 {
		t.Errorf("progress %v, want 0.5", seen)
	}
}

// TestTurn holds that a session notices when it is called out of turn, because a strategy
// cannot unsee what it has handled.
func TestTurn(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	for name, mistake := range map[string]func(*host.Session, []exchange.Event) error{
		"another event":  func(s *host.Session, e []exchange.Event) error { _, err := s.Deliver(&e[3]); return err },
		"announced anew": func(s *host.Session, e []exchange.Event) error { return s.Ahead(e) },
		"warming":        func(s *host.Session, _ []exchange.Event) error { return s.SetWarming(true) },
		"a timer": func(s *host.Session, e []exchange.Event) error {
			timer := exchange.Event{At: e[1].At}
			timer.SetTimer(&exchange.Timer{Strategy: 1})
			_, err := s.Deliver(&timer)
			return err
		},
		"an intent": func(s *host.Session, e []exchange.Event) error {
			for i := range e {
				if _, err := s.Deliver(&e[i]); err != nil {
					return err
				}
			}
			var wish exchange.Event
			wish.SetIntent(&exchange.Intent{})
			_, err := s.Deliver(&wish)
			return err
		},
	} {
		session, err := p.Start("", nil, plugintest.Instruments(t), 1)
		if err != nil {
			t.Fatal(err)
		}
		events := trades(5)
		if err := session.Ahead(events); err != nil {
			t.Fatal(err)
		}
		err = mistake(session, events)
		if trouble := (*host.Error)(nil); !errors.As(err, &trouble) || trouble.Kind != host.Misused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOutput holds that what authors print reaches the log and harms nothing, not even
// in floods.
func TestOutput(t *testing.T) {
	for _, do := range []string{"print", "flood"} {
		var log lockedBuffer
		spec := plugintest.Spec(plugintest.Serve)
		spec.Log = slog.New(slog.NewTextHandler(&log, nil))
		p, err := host.Open(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := playTrades(t, p, map[string]string{"do": do, "at": "5"}); err != nil {
			t.Error(err)
		}
		if do == "print" {
			// Output comes beside the answers, on a stream of its own that ends with Close.
			late := time.Now().Add(20 * time.Second)
			for _, want := range []string{`stream=stdout line="printed by the author"`, `stream=stderr line="and to standard error"`} {
				for !strings.Contains(log.String(), want) && time.Now().Before(late) {
					runtime.Gosched()
				}
				if !strings.Contains(log.String(), want) {
					t.Errorf("no %s in the log:\n%s", want, log.String())
				}
			}
		}
		p.Close()
		if n := strings.Count(log.String(), "\n"); n > 2000 {
			t.Errorf("%s: %d lines in the log", do, n)
		}
	}
}

// TestCancel holds that the end of the context ends the plugin and whoever waits for it.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	p, err := host.Open(ctx, plugintest.Spec(plugintest.Serve))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	session, err := p.Start("", map[string]string{"do": "hang", "at": "1"}, plugintest.Instruments(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	go cancel(stop)
	err = session.Ahead(trades(20))
	if !errors.Is(err, stop) {
		t.Errorf("%v, want an error that is %v", err, stop)
	}
}

func expect(t *testing.T, err error, kind host.Kind, got, want string) {
	t.Helper()
	var e *host.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of kind %v", err, kind)
	}
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(want), `\*`, ".*") + "$"
	if e.Kind != kind || !regexp.MustCompile(pattern).MatchString(got) {
		t.Errorf("got  %v: %s\nwant %v: %s\nstderr %q", e.Kind, got, kind, want, e.Stderr)
	}
}

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// lockedBuffer takes the log from several goroutines.
type lockedBuffer struct {
	mutex sync.Mutex
	b     bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.b.String()
}
