package alarm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Config is what a post is made of. Log, Symbol and Strategy have no default.
type Config struct {
	// Webhook is where messages go, "" if they are only logged. Token, if there is one, is sent
	// as "Authorization: Bearer". Both are secrets.
	Webhook, Token string
	// Severity is the least that is sent. What is below is logged.
	Severity exchange.Severity
	// Repeat is how often a CRITICAL alert that stands is sent again; 0 is never.
	Repeat time.Duration
	// Every is how often a heartbeat is sent to Heartbeat, or to Webhook if that is "";
	// 0 is never.
	Every     time.Duration
	Heartbeat string
	// Account and Mode are in every message.
	Account, Mode string
	// Symbol and Strategy name what events have as numbers.
	Symbol   func(exchange.InstrumentID) string
	Strategy func(exchange.StrategyID) string
	// State says in one line how the bot is, for heartbeats.
	State func(context.Context) string
	// Clock is the bot's.
	Clock func() exchange.Time
	Log   *slog.Logger
	// Transport is nil for the system's.
	Transport http.RoundTripper
}

// The bounds of a post.
const (
	noticesMax = 1024             // events that wait for the goroutine
	pendingMax = 256              // messages that wait for the webhook
	sendWithin = 4 * time.Second  // for an answer, so that the next try begins within 5 s
	pauseFirst = time.Second      // before the second try; it doubles
	pauseMost  = time.Minute      //
	tellAfter  = 3                // failures in a row, then nobody hears
	tellAgain  = 10 * time.Minute // while nobody does
	standMax   = 1024             // alerts that are told again
	partWithin = 5 * time.Second  // at the end
)

// Post brings messages to a person. Make one by [New].
type Post struct {
	config  Config
	notices chan notice
	// lost counts notices for which there was no room.
	lost atomic.Int64
	// summary is one line of how it goes, for [Post.Summary].
	summary atomic.Pointer[string]

	// What follows belongs to Run's goroutine.
	hook, beat line
	pending    []Message
	dropped    int
	sent       int
	standing   []standing
	toldOff    time.Time // when the log was told last that nobody hears
}

// standing is a CRITICAL alert that has not ended, and when it is told again.
type standing struct {
	message Message
	next    time.Time
}

// notice is what is kept of an event.
type notice struct {
	at    exchange.Time
	seq   uint64
	inst  exchange.InstrumentID
	alert exchange.Alert
	state exchange.StateChange
	kind  exchange.Kind // 0 for said
	said  Message
	// recalled says that the alert stood when the process began.
	recalled bool
}

// New makes a post. It starts nothing; what is observed waits for Run.
func New(c Config) (*Post, error) {
	p := &Post{config: c, notices: make(chan notice, noticesMax)}
	client := &http.Client{
		Transport: c.Transport, Timeout: sendWithin,
		// Another host has no right to see what is told to this one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p.hook = line{client: client, address: c.Webhook, token: c.Token, answer: make(chan error, 1)}
	p.beat = line{client: client, address: c.Heartbeat, answer: make(chan error, 1)}
	if c.Heartbeat == "" {
		p.beat.address, p.beat.token = c.Webhook, c.Token
	}
	for _, l := range []*line{&p.hook, &p.beat} {
		if l.address == "" {
			continue
		}
		if err := CheckAddress(l.address); err != nil {
			return nil, err
		}
	}
	if c.Every > 0 && p.beat.address == "" {
		return nil, errors.New("heartbeats have no address")
	}
	p.summarize()
	return p, nil
}

// CheckAddress says what is wrong with the address of a webhook, without saying the address.
func CheckAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("it is not an address such as https://hooks.example.com/bot")
	}
	if host := u.Hostname(); u.Scheme == "http" && host != "127.0.0.1" && host != "::1" && host != "localhost" {
		return errors.New("it must begin with https://: what is told of the account goes through a network; http:// is for this machine")
	}
	return nil
}

// Observe takes note of alerts and of changes of trading states. It never blocks.
func (p *Post) Observe(e *exchange.Event) {
	if e.Kind != exchange.KindAlert && e.Kind != exchange.KindState {
		return
	}
	n := notice{at: e.At, seq: e.Seq, inst: e.Inst, kind: e.Kind}
	if e.Kind == exchange.KindAlert {
		n.alert = *e.Alert()
	} else {
		n.state = *e.State()
	}
	p.put(n)
}

// Say tells something of the process itself.
func (p *Post) Say(s exchange.Severity, text string) {
	p.put(notice{said: Message{Kind: kindBot, Severity: s, At: p.config.Clock(), Value: text}})
}

func (p *Post) put(n notice) {
	select {
	case p.notices <- n:
	default:
		p.lost.Add(1)
	}
}

// Recall has an alert that stood when the process began be told again in its time, and once at
// once: the person who was told may have waited for this start.
func (p *Post) Recall(inst exchange.InstrumentID, since exchange.Time, a exchange.Alert) {
	p.put(notice{at: since, inst: inst, alert: a, kind: exchange.KindAlert, recalled: true})
}

// Run logs and sends until the context ends; then it tries once more to deliver what waits.
func (p *Post) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	beats := time.Now().Add(p.config.Every)
	for {
		select {
		case <-ctx.Done():
			p.part(context.WithoutCancel(ctx))
			return nil
		case n := <-p.notices:
			p.take(&n)
		case err := <-p.hook.answer:
			p.answered(err)
		case err := <-p.beat.answer:
			p.beat.busy = false
			if err != nil {
				p.config.Log.Warn("a heartbeat was not delivered", "part", "alerts", "err", err)
			}
		case now := <-tick.C:
			p.repeat(now)
			if p.config.Every > 0 && !now.Before(beats) && !p.beat.busy {
				beats = now.Add(p.config.Every)
				p.beat.send(ctx, p.heartbeat(ctx))
			}
		}
		p.next(ctx)
		p.summarize()
	}
}

// take logs a notice and has it sent.
func (p *Post) take(n *notice) {
	m := p.message(n)
	if n.recalled {
		m.Kind, m.Since = kindRepeat, n.at
		p.stand(&m, time.Time{})
		return
	}
	if n.kind == exchange.KindAlert {
		p.log(&m)
		p.stand(&m, time.Now().Add(p.config.Repeat))
	}
	p.enqueue(m)
}

// message is what a notice says.
func (p *Post) message(n *notice) Message {
	m := n.said
	switch n.kind {
	case exchange.KindAlert:
		a := &n.alert
		m = Message{Kind: kindAlert, Severity: a.Severity, At: n.at, Control: a.Control, Value: a.Value, Limit: a.Limit, Asset: a.Asset}
		if a.Over {
			m.Kind = kindOver
		}
		m.Symbol, m.Strategy = p.names(n.inst, a.Strategy)
	case exchange.KindState:
		s := &n.state
		m = Message{Kind: kindState, Severity: stateSeverity(s.Cause), At: n.at, State: s.State.String(), Cause: s.Cause.String(), By: s.By, Reason: s.Reason}
		m.Symbol, m.Strategy = p.names(s.Inst, s.Strategy)
	}
	m.Seq = n.seq
	return m
}

func (p *Post) names(inst exchange.InstrumentID, strategy exchange.StrategyID) (symbol, label string) {
	if inst != 0 {
		symbol = p.config.Symbol(inst)
	}
	if strategy != 0 {
		label = p.config.Strategy(strategy)
	}
	return symbol, label
}

// log writes an alert into the log.
func (p *Post) log(m *Message) {
	level := slog.LevelInfo
	switch {
	case m.Kind == kindOver:
	case m.Severity == exchange.SeverityCritical:
		level = slog.LevelError
	case m.Severity == exchange.SeverityWarning:
		level = slog.LevelWarn
	}
	attrs := []any{"part", "alerts", "control", m.Control, "severity", m.Severity.String(), "seq", m.Seq}
	for _, a := range [...]struct{ key, value string }{{"symbol", m.Symbol}, {"strategy", m.Strategy}, {"asset", m.Asset}, {"limit", m.Limit}} {
		if a.value != "" {
			attrs = append(attrs, a.key, a.value)
		}
	}
	text := m.Value
	if m.Kind == kindOver {
		begin, _, _ := strings.Cut(text, ": ") // why was said when it came
		text = "over: " + begin
	}
	p.config.Log.Log(context.Background(), level, text, attrs...)
}

// stand remembers CRITICAL alerts until they are over or less.
func (p *Post) stand(m *Message, next time.Time) {
	at := slices.IndexFunc(p.standing, func(s standing) bool {
		return s.message.Control == m.Control && s.message.Symbol == m.Symbol && s.message.Strategy == m.Strategy && s.message.Asset == m.Asset
	})
	if at >= 0 {
		if m.Kind == kindOver {
			m.Since = p.standing[at].message.Since
		}
		p.standing = slices.Delete(p.standing, at, at+1)
	}
	if m.Kind == kindOver || m.Severity != exchange.SeverityCritical || p.config.Repeat == 0 || len(p.standing) == standMax {
		return
	}
	again := *m
	again.Kind = kindRepeat
	if again.Since == 0 {
		again.Since = m.At
	}
	p.standing = append(p.standing, standing{again, next})
}

// repeat tells again what is due.
func (p *Post) repeat(now time.Time) {
	for i := range p.standing {
		if s := &p.standing[i]; !now.Before(s.next) {
			s.next = now.Add(p.config.Repeat)
			m := s.message
			m.At = p.config.Clock()
			p.enqueue(m)
		}
	}
}

// heartbeat is a sign of life.
func (p *Post) heartbeat(ctx context.Context) Message {
	m := Message{Kind: kindHeartbeat, Severity: exchange.SeverityInfo, At: p.config.Clock()}
	if p.config.State != nil {
		m.Value = p.config.State(ctx)
	}
	return p.addressed(m)
}

func (p *Post) addressed(m Message) Message {
	m.Schema, m.Account, m.Mode = "pmbot.alert/1", p.config.Account, p.config.Mode
	m.Text = m.line()
	return m
}

// Summary says in one line how it goes.
func (p *Post) Summary() string { return *p.summary.Load() }

func (p *Post) summarize() {
	text := "log only: no webhook is configured"
	if p.hook.address != "" {
		text = fmt.Sprintf("%d sent to the webhook, %d waiting", p.sent, len(p.pending))
		if p.dropped > 0 {
			text += fmt.Sprintf(", %d dropped", p.dropped)
		}
		if p.hook.failed > 0 {
			text += fmt.Sprintf(", failed %d times in a row", p.hook.failed)
		}
	}
	p.summary.Store(&text)
}
