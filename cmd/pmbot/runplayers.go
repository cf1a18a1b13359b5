package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape/durable"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// player is one strategy of a bot, in a process of its own: what ends one leaves the others.
type player struct {
	id     exchange.StrategyID // see [bot.number]
	label  string
	config int    // its place in the configuration
	name   string // what its program calls itself
	// permit is what it may do.
	permit riskguard.Permit
	program
	live atomic.Pointer[host.Live]
	// gate is what events go through, from the moment on that the strategy goes on from.
	gate atomic.Pointer[host.Gate]
	// began, failures and session are of the restarts; the goroutine that runs bot.mind has
	// them. session counts the sessions, so that the end of one is not taken for that of the next.
	began    time.Time
	failures int
	session  int
	// sessions is the number of the newest, whether it came to trade or not.
	sessions int
	// before is what a swap has replaced, while the new program is on trial.
	before *replaced
	// saves are of its memory, which the minute, a swap and the bot's stop may want at one time.
	saves struct {
		sync.Mutex
		asked, kept uint64 // by number
	}
}

// livePlayers are all strategies: what the loop shows events to.
type livePlayers struct {
	list []*player
	// lost has the players whose sessions have ended by themselves, swaps what people wish to be
	// replaced, and stood the swaps whose trial is over.
	lost  chan lostPlayer
	swaps chan *swapWish
	stood chan *replaced
	// stopping says that the bot is being stopped, so that none is started again.
	stopping atomic.Bool
}

// lostMax is how many ends may wait to be seen: of every strategy one, and some of sessions that
// others have replaced.
const lostMax = 256

type lostPlayer struct {
	player  *player
	session int
	err     error
}

// Deliver gives an event to every strategy that wants it, and waits for none of them.
func (p *livePlayers) Deliver(e *exchange.Event, _ *engine.Wishes) error {
	for _, player := range p.list {
		if gate := player.gate.Load(); gate != nil {
			gate.Deliver(e)
		}
	}
	return nil
}

// subscriptions are those of all strategies.
func (p *livePlayers) subscriptions() []strategy.Subscription {
	var list []strategy.Subscription
	for _, player := range p.list {
		if live := player.live.Load(); live != nil {
			list = append(list, live.Subscriptions()...)
		}
	}
	return list
}

// close ends every process.
func (p *livePlayers) close() {
	for _, player := range p.list {
		if live := player.live.Swap(nil); live != nil {
			live.Close()
		}
		if player.before != nil {
			player.before.plugin.Close()
		}
		if player.plugin != nil {
			player.plugin.Close()
		}
	}
}

// openPrograms starts the strategies' processes and asks which instruments they need.
func (b *bot) openPrograms(ctx context.Context) error {
	test := &configuration{Config: b.cfg.backtest(), doc: b.doc}
	b.players = &livePlayers{
		lost: make(chan lostPlayer, lostMax), swaps: make(chan *swapWish), stood: make(chan *replaced),
	}
	named := b.cfg.Instruments
	for i, s := range b.cfg.Strategies {
		p := &player{label: s.Label, config: i, program: program{spec: s}}
		b.players.list = append(b.players.list, p)
		if err := b.openProgram(p); err != nil {
			return test.wrongAt([]string{"strategy", fmt.Sprint(i), "plugin"}, err)
		}
		if stale := staleWords(s.Plugin); stale != "" {
			b.warn(stale)
		}
		d, err := p.plugin.Describe(ctx, b.programName(p), s.Params)
		if err != nil {
			return fmt.Errorf("strategy %s: %w", s.Label, test.paramsWrong(i, err))
		}
		p.name, p.version, p.values = d.Manifest.Name, d.Manifest.Version, d.Values
		declared := backtest.Description(d)
		if p.permit, err = backtest.PermitOf(&declared, &s.Allow, named); err != nil {
			return test.wrongAt([]string{"strategy", fmt.Sprint(i), "allow"}, err)
		}
		if b.mode == modeLive {
			p.print = programPrint(p.sum, d.Values)
		}
		var names []string
		for _, symbol := range d.Symbols {
			names = append(names, symbol.String())
			if !slices.Contains(b.cfg.Instruments, symbol) {
				b.cfg.Instruments = append(b.cfg.Instruments, symbol)
			}
		}
		b.step("strategy", "%s: %s %s on %s", s.Label, d.Manifest.Name, d.Manifest.Version, strings.Join(names, ", "))
		grants, err := b.cfg.Risk.Grants(s.Label, p.permit.Asked)
		if err != nil {
			return fmt.Errorf("strategy %s: %w", s.Label, err)
		}
		if len(grants) > 0 {
			b.step("budget", "%s: %s", s.Label, grantWords(grants))
		}
	}
	if len(b.cfg.Instruments) == 0 {
		return &failure{exitConfig, errors.New("no strategy names an instrument in its parameters"), "name some with instruments"}
	}
	return nil
}

// openProgram starts the process of a strategy. It outlives a signal, so that the strategy can
// be stopped in order.
func (b *bot) openProgram(p *player) (err error) {
	s := &p.spec
	if p.plugin, err = openPlugin(context.Background(), s.Plugin, s.SHA256, b.log, processLimits(s)); err != nil {
		return err
	}
	sum, err := b.programSum(s.Plugin)
	if err == nil && b.mode == modeLive && p.sum != "" && p.sum != sum {
		err = fmt.Errorf("%s is another program than when the bot began; start the bot anew, so that it trades small at first", s.Plugin)
	}
	if err != nil {
		p.plugin.Close()
		return err
	}
	p.sum = sum
	return nil
}

// ownSum is the checksum of pmbot's own file, and the file that it is of.
type ownSum struct {
	file os.FileInfo
	sum  string
}

// programSum is the checksum of a strategy's program; of a bundled one it is that of pmbot, which
// is read once: while it runs its file can only be replaced by another one.
func (b *bot) programSum(plugin string) (string, error) {
	if _, isBundled := bundled()[plugin]; !isBundled {
		return host.Checksum(plugin)
	}
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	file, err := os.Stat(own)
	if err != nil {
		return "", err
	}
	if b.own.file == nil || !os.SameFile(b.own.file, file) {
		sum, err := host.Checksum(own)
		if err != nil {
			return "", err
		}
		b.own = ownSum{file, sum}
	}
	return b.own.sum, nil
}

// programPrint says in one word what a strategy is made of: its program and its parameters.
func programPrint(sum string, params map[string]string) string {
	text, err := json.Marshal(params) // by rising key
	if err != nil {
		panic("pmbot: " + err.Error()) // text always can be written
	}
	print := sha256.Sum256(append([]byte(sum+" "), text...))
	return hex.EncodeToString(print[:])
}

// programName is the strategy's name in its program.
func (b *bot) programName(p *player) string {
	return programName(p.spec.Plugin)
}

func programName(plugin string) string {
	if _, isBundled := bundled()[plugin]; isBundled {
		return plugin
	}
	return ""
}

// startedWhy is why a strategy runs of which there is no more to say.
const startedWhy = "the bot has started it"

// startStrategies starts every strategy's session, where it stopped, and gives it the past
// that it wants.
func (b *bot) startStrategies(ctx context.Context) error {
	for _, p := range b.players.list {
		if err := b.startStrategy(ctx, p); err != nil {
			return fmt.Errorf("strategy %s: %w", p.label, err)
		}
		// What the process before has noted of its strategies is over.
		b.releaseStrategy(p, startedWhy, "")
	}
	b.haltAbsent()
	return nil
}

func (b *bot) startStrategy(ctx context.Context, p *player) error {
	resume, err := b.resumeOf(ctx, p)
	if err != nil {
		return err
	}
	live, session, err := b.openSession(ctx, p, p.plugin, &p.spec, resume)
	p.session = session
	if err != nil {
		return err
	}
	if err := b.warmUp(ctx, live); err != nil {
		live.Close()
		return err
	}
	if err := p.gate.Load().Open(live); err != nil {
		live.Close()
		return err
	}
	p.began = time.Now()
	p.live.Store(live)
	return nil
}

// openSession starts a session of a strategy in a program, and gives it a number.
func (b *bot) openSession(ctx context.Context, p *player, plugin *host.Plugin, spec *backtest.StrategyConfig, resume *strategy.Resume) (*host.Live, int, error) {
	p.sessions++
	session := p.sessions
	live, err := plugin.Live(ctx, host.LiveConfig{
		Strategy: programName(spec.Plugin), Params: spec.Params, Instruments: b.ins, ID: p.id, Resume: resume,
		Wish:  func(w host.Wishes) { b.loop.Wish(dated(w)) },
		Ended: func(err error) { b.players.lost <- lostPlayer{p, session, err} },
	})
	return live, session, err
}

// dated are wishes that carry the time of the event that they answer: the guard refuses what was
// decided on a market that is gone.
func dated(w host.Wishes) engine.Wishes {
	for i := range w.Intents {
		w.Intents[i].Answers = w.At
	}
	return engine.Wishes{Intents: w.Intents, Timers: w.Timers}
}

// resumeOf is where a strategy goes on: what the kernel knows to be its own, and what it has
// saved. It is nil where nothing ever happened.
func (b *bot) resumeOf(ctx context.Context, p *player) (*strategy.Resume, error) {
	saved, err := b.readMemory(p)
	if err != nil {
		return nil, err
	}
	var r *strategy.Resume
	err = b.loop.Do(ctx, func(k *engine.Kernel) {
		p.gate.Store(host.NewGate(p.id))
		r = b.resumeAt(k, p)
	})
	if err != nil || b.past == nil && p.began.IsZero() {
		return nil, err
	}
	r.Saved = saved
	return r, nil
}

// resumeAt is where a strategy goes on from an event of the kernel, but for what it has saved.
func (b *bot) resumeAt(k *engine.Kernel, p *player) *strategy.Resume {
	r := &strategy.Resume{}
	// Every order was an event of its own, so no ref can be above the number of events, but
	// for what was refused before it got here.
	r.At, r.LastRef = k.Now(), k.Seq()
	known := k.Known()
	r.Balances, r.Account = known.Balances, b.guard.Account()
	for _, u := range k.Tasks() {
		if u.Strategy == p.id {
			r.LastRef = max(r.LastRef, u.Ref)
			r.Tasks = append(r.Tasks, u)
		}
	}
	for _, o := range k.Orders() {
		if o.Strategy == p.id && !slices.ContainsFunc(r.Tasks, func(u exchange.TaskUpdate) bool { return u.Ref == o.Ref }) {
			if o.Ref <= exchange.RefMax { // what people have sent in its place counts by itself
				r.LastRef = max(r.LastRef, o.Ref)
			}
			r.Orders = append(r.Orders, o)
		}
	}
	for _, h := range k.Holdings() {
		if h.Strategy == p.id {
			// What the strategy itself has paid is not kept: the account's average stands in.
			entry := b.guard.Position(h.Inst, h.Side).Entry
			r.Positions = append(r.Positions, exchange.Position{Inst: h.Inst, Side: h.Side, Qty: h.Qty, Entry: entry})
		}
	}
	for _, h := range k.States() {
		if h.Strategy == 0 || h.Strategy == p.id {
			r.States = append(r.States, exchange.StateChange{Inst: h.Inst, Strategy: h.Strategy, State: h.State, Effective: h.State, Cause: h.Cause, Reason: h.Reason, By: h.By})
		}
	}
	return r
}

// memory is a strategy's memory as a file.
type memory struct {
	Schema  string        `json:"schema"`
	At      exchange.Time `json:"at"`
	Label   string        `json:"label"`
	Version int           `json:"version"`
	State   []byte        `json:"state"`
}

const memorySchema = "pmbot.memory/1"

func (b *bot) memoryPath(p *player) string {
	return filepath.Join(b.dir, "memory", p.label+".json")
}

// readMemory is what a strategy has saved, nil without any.
func (b *bot) readMemory(p *player) (*strategy.Saved, error) {
	text, err := os.ReadFile(b.memoryPath(p))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var m memory
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err == nil && m.Schema != memorySchema {
		err = fmt.Errorf("schema %.40q", m.Schema)
	}
	if err != nil {
		return nil, &failure{exitCheck, fmt.Errorf("memory %s: %w", b.memoryPath(p), reason(err)), "put the file aside to start the strategy without its memory"}
	}
	return &strategy.Saved{Version: m.Version, State: m.State}, nil
}

// saveMemory asks a strategy for its memory and writes it down.
func (b *bot) saveMemory(ctx context.Context, p *player) error {
	live := p.live.Load()
	if live == nil {
		return nil
	}
	n := p.asks()
	saved, err := live.Save(ctx)
	if err != nil || saved == nil {
		return err
	}
	return b.keepMemory(p, n, saved)
}

// asks numbers the saves of a strategy's memory in the order in which they are asked for.
func (p *player) asks() uint64 {
	p.saves.Lock()
	defer p.saves.Unlock()
	p.saves.asked++
	return p.saves.asked
}

// keepMemory writes down what a strategy has saved, whole or not at all, and nothing older.
func (b *bot) keepMemory(p *player, n uint64, saved *strategy.Saved) error {
	p.saves.Lock()
	defer p.saves.Unlock()
	if n < p.saves.kept {
		return nil
	}
	text, err := json.Marshal(memory{memorySchema, b.clock.Now(), p.label, saved.Version, saved.State})
	if err != nil {
		return err
	}
	path := b.memoryPath(p)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := durable.Replace(path, text); err != nil {
		return err
	}
	p.saves.kept = n
	return nil
}
