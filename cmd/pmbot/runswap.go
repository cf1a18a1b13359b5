package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// A swap puts another program, or other parameters, in the place of a strategy's while the bot
// runs: what the configuration says of it by now. The new process is started and examined first.
// Then a host.Gate hands the strategy over between two events, with its memory, timers, orders and
// positions, so nothing is lost and nothing is sent twice. The old process waits for a minute: if
// the new one fails in it, the old program goes on with what it had saved.

const (
	// swapTrial is how long the old program is kept.
	swapTrial = time.Minute
	// swapRest is how long the old session may take to come to rest.
	swapRest = 5 * time.Second
)

// swapWish is a person's wish; done gets the answer.
type swapWish struct {
	strategy, by, reason string
	apply                bool
	done                 chan swapAnswer
}

type swapAnswer struct {
	swapped *monitor.Swapped
	err     error
}

// replaced is what a swap has replaced.
type replaced struct {
	player *player
	program
}

// program is a process of a strategy's program and what it is made of.
type program struct {
	plugin *host.Plugin
	spec   backtest.StrategyConfig
	// sum is the checksum of its file, and print says what it is made of, empty where nothing is
	// deployed.
	sum, print string
	// version and values are what it has said of itself.
	version string
	values  map[string]string
}

// askSwap has the goroutine that keeps the strategies alive make a swap.
func (b *bot) askSwap(ctx context.Context, label string, apply bool, by, reason string) (*monitor.Swapped, error) {
	w := &swapWish{label, by, reason, apply, make(chan swapAnswer, 1)}
	select {
	case b.players.swaps <- w:
	case <-ctx.Done():
		return nil, errors.New("the bot is busy with another strategy, or stops; ask again")
	}
	a := <-w.done
	return a.swapped, a.err
}

func (b *bot) swap(ctx context.Context, w *swapWish, again chan *player) swapAnswer {
	at := slices.IndexFunc(b.players.list, func(p *player) bool { return p.label == w.strategy })
	if at < 0 {
		return swapAnswer{err: fmt.Errorf("no strategy of this bot is called %.40q", w.strategy)}
	}
	p := b.players.list[at]
	if p.before != nil {
		return swapAnswer{err: fmt.Errorf("%s was swapped less than %v ago: its last program is kept until then", p.label, swapTrial)}
	}
	next, flat, err := b.candidate(ctx, p)
	if err != nil {
		return swapAnswer{err: err}
	}
	a := &monitor.Swapped{Schema: "pmbot.swap/1", Strategy: p.label, Changes: swapChanges(p, next)}
	live := p.live.Load()
	a.Stopped = live == nil
	if !w.apply || len(a.Changes) == 0 && live != nil {
		a.Note = staleWords(next.spec.Plugin)
		next.plugin.Close()
		return swapAnswer{swapped: a}
	}
	why := fmt.Sprintf("swapped by %s: %s", w.by, w.reason)
	if live == nil {
		err = b.swapDead(ctx, p, next, why)
		a.Note = "it had stopped, and goes on from what it had saved"
	} else {
		err = b.handOver(ctx, p, live, next, why, again)
		a.Note = fmt.Sprintf("if the new program fails within %v the old one goes on", swapTrial)
	}
	if err != nil {
		next.plugin.Close()
		return swapAnswer{err: fmt.Errorf("strategy %s goes on with its old program: %w", p.label, err)}
	}
	b.taken.add("strategy."+p.label+".", flat)
	a.Applied, a.At = true, b.clock.Now()
	b.log.Info("swapped", "strategy", p.label, "version", next.version, "by", w.by, "reason", w.reason)
	return swapAnswer{swapped: a}
}

// candidate starts the program that the configuration names by now and examines it: it must be the
// same strategy and may want nothing that only a new start can give.
func (b *bot) candidate(ctx context.Context, p *player) (g program, flat map[string]string, err error) {
	if b.flags.config == "-" {
		return g, nil, errors.New("the configuration came by standard input, which cannot be read again; start anew with a file")
	}
	cfg, doc, err := b.botConfig(b.flags)
	if err != nil {
		return g, nil, err
	}
	if p.config >= len(cfg.Strategies) || cfg.Strategies[p.config].Label != p.label {
		return g, nil, fmt.Errorf("the configuration has %s at another place, or not any more: that needs a new start", p.label)
	}
	g.spec = cfg.Strategies[p.config]
	if g.plugin, err = openPlugin(context.Background(), g.spec.Plugin, g.spec.SHA256, b.log, processLimits(&g.spec)); err != nil {
		return g, nil, err
	}
	if err := b.examine(ctx, p, &g, cfg.Instruments); err != nil {
		g.plugin.Close()
		return g, nil, err
	}
	return g, doc.flat(), nil
}

func (b *bot) examine(ctx context.Context, p *player, g *program, named []strategy.Symbol) error {
	d, err := g.plugin.Describe(ctx, programName(g.spec.Plugin), g.spec.Params)
	if err != nil {
		return err
	}
	if g.sum, err = b.programSum(g.spec.Plugin); err != nil {
		return err
	}
	g.version, g.values = d.Manifest.Version, d.Values
	if b.mode == modeLive {
		g.print = programPrint(g.sum, d.Values)
	}
	if d.Manifest.Name != p.name {
		return fmt.Errorf("%s is strategy %s, and %s runs %s: that needs a new start", g.spec.Plugin, d.Manifest.Name, p.label, p.name)
	}
	declared := backtest.Description(d)
	permit, err := backtest.PermitOf(&declared, &g.spec.Allow, named)
	if err != nil {
		return err
	}
	if more := permit.Beyond(&p.permit); more != "" {
		return fmt.Errorf("it may trade what the bot has not allowed it when it began: %s; that needs a new start", more)
	}
	for _, s := range d.Symbols {
		if !slices.Contains(b.cfg.Instruments, s) {
			return fmt.Errorf("it needs %v, which the bot does not follow; that needs a new start", s)
		}
	}
	return nil
}

// swapChanges lists what differs.
func swapChanges(p *player, g program) []monitor.Change {
	list := []monitor.Change{}
	add := func(key, old, now string) {
		if old != now {
			list = append(list, monitor.Change{Key: key, Old: old, New: now})
		}
	}
	add("plugin", p.spec.Plugin, g.spec.Plugin)
	add("program", p.sum, g.sum)
	add("version", p.version, g.version)
	add("on_death", fmt.Sprint(p.spec.OnDeath), fmt.Sprint(g.spec.OnDeath))
	add("allow", fmt.Sprint(p.spec.Allow), fmt.Sprint(g.spec.Allow))
	both := maps.Clone(p.values)
	maps.Copy(both, g.values)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		add("params."+key, p.values[key], g.values[key])
	}
	return list
}

// handOver has the new program go on where the old one rests.
func (b *bot) handOver(ctx context.Context, p *player, live *host.Live, next program, why string, again chan *player) error {
	gate := host.NewHandover(live)
	p.gate.Store(gate)
	session, fresh, err := b.follow(ctx, p, live, gate, &next, why)
	if err != nil {
		return b.goBack(ctx, p, live, gate, err, again)
	}
	old := &replaced{p, p.program}
	p.program = next
	p.session, p.began, p.failures, p.before = session, time.Now(), 0, old
	p.live.Store(fresh)
	live.Close()
	time.AfterFunc(swapTrial, func() {
		select {
		case b.players.stood <- old:
		case <-ctx.Done():
		}
	})
	return nil
}

// goBack has the old program go on when a swap has come to nothing. One that has missed too much
// meanwhile would hear of nothing any more: it is lost, like one that has ended.
func (b *bot) goBack(ctx context.Context, p *player, live *host.Live, gate *host.Gate, why error, again chan *player) error {
	back := gate.Open(live)
	if back == nil {
		return why
	}
	if live.Err() == nil { // it lives, so nobody else tells
		live.Close()
		b.strategyLost(ctx, lostPlayer{p, p.session, back}, again)
	}
	return fmt.Errorf("%w; and the old one has ended: %w", why, back)
}

// follow starts the new session behind the gate and opens it.
func (b *bot) follow(ctx context.Context, p *player, live *host.Live, gate *host.Gate, next *program, why string) (session int, fresh *host.Live, err error) {
	resume, err := b.comeToRest(ctx, p, live, gate)
	if err != nil {
		return 0, nil, err
	}
	fresh, session, err = b.openSession(ctx, p, next.plugin, &next.spec, resume)
	if err != nil {
		return 0, nil, err
	}
	if err = b.followed(live, fresh); err == nil && resume.Saved == nil {
		err = b.warmUp(ctx, fresh)
	}
	if err == nil {
		b.tellStrategy(p, true, why, next.print)
		err = gate.Open(fresh)
	}
	if err != nil {
		fresh.Close()
		return 0, nil, err
	}
	return session, fresh, nil
}

// followed says whether the feed brings all that the new program wants: it was made for the old.
func (b *bot) followed(live, fresh *host.Live) error {
	var more []string
	for _, s := range fresh.Subscriptions() {
		old := live.Subscriptions()
		if !slices.ContainsFunc(old, func(o strategy.Subscription) bool {
			return o.Inst == s.Inst && o.Kind == s.Kind && o.Interval == s.Interval
		}) {
			more = append(more, fmt.Sprintf("%v of %s", s.Kind, b.ins.At(s.Inst).Name()))
		}
	}
	if len(more) > 0 {
		return fmt.Errorf("it wants to see %s, which the old one did not; that needs a new start", strings.Join(more, ", "))
	}
	return nil
}

// comeToRest waits until the old session rests, cuts it off and has it save, on the disk, too.
func (b *bot) comeToRest(ctx context.Context, p *player, live *host.Live, gate *host.Gate) (*strategy.Resume, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, swapRest, fmt.Errorf("it did not come to rest within %v", swapRest))
	defer cancel()
	var resume *strategy.Resume
	for resume == nil {
		if err := live.Settle(ctx); err != nil {
			return nil, err
		}
		err := b.loop.Do(ctx, func(k *engine.Kernel) {
			if gate.Cut() {
				resume = b.resumeAt(k, p)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	n := p.asks()
	saved, err := live.Save(ctx)
	if err != nil {
		return nil, err
	}
	if saved == nil {
		if err := os.Remove(b.memoryPath(p)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		return resume, nil
	}
	resume.Saved = saved
	return resume, b.keepMemory(p, n, saved)
}

// swapDead starts the new program of a strategy that has stopped.
func (b *bot) swapDead(ctx context.Context, p *player, next program, why string) error {
	old := p.program
	p.program = next
	if err := b.startStrategy(ctx, p); err != nil {
		p.disown()
		p.program = old
		return err
	}
	if old.plugin != nil {
		old.plugin.Close()
	}
	p.failures = 0
	b.releaseStrategy(p, why, next.print)
	return nil
}

// swapStands ends the trial of a new program.
func (b *bot) swapStands(r *replaced) {
	if r.player.before != r {
		return // it has failed
	}
	r.player.before = nil
	r.plugin.Close()
	b.log.Info("the new program stands, and the old one is let go", "strategy", r.player.label)
}

// swapBack has the program before the swap go on with what it had saved.
func (b *bot) swapBack(ctx context.Context, p *player, again chan *player) {
	failed, old := p.plugin, p.before
	p.before = nil
	p.program = old.program
	failed.Close()
	b.taken.drop("strategy." + p.label + ".")
	if b.players.stopping.Load() {
		return
	}
	why := fmt.Sprintf("the new program has failed within %v, so the old one, version %s, goes on with what it had saved", swapTrial, old.version)
	b.log.Error(why, "strategy", p.label)
	if err := b.startStrategy(ctx, p); err != nil {
		b.strategyLost(ctx, lostPlayer{p, p.disown(), err}, again)
		return
	}
	b.releaseStrategy(p, why, old.print)
}
