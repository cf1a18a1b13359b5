package backtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Options are what a run needs beside its configuration and what cannot change its
// result.
type Options struct {
	// Programs are the strategies' programs, in the order of Config.Strategies.
	Programs []Program
	// Progress is called some times a second with how far the run is; nil for never.
	Progress func(Progress)
	// Log gets the lines that strategies write for people; nil drops them.
	Log func(strategy, line string)
	// Handling is told what is given to a strategy before the strategy gets it: the
	// strategy's place in Config.Strategies and the event, nil for Stop. With -1 it is told
	// that all have been stopped. It must be quick; nil for never.
	Handling func(strategy int, e *exchange.Event)
	// Told returns what has happened to the strategies' processes since it was called last: that one
	// is gone, or is back, as the shell of a live bot tells it. It must be quick; nil for never.
	Told func() []exchange.Event
	// Mode is noted in the result: "inprocess", "plugin" or "lockstep".
	Mode string
}

// Progress tells how far a run is.
type Progress struct {
	// Events have been handled; Done is the share of the time span, 0 to 1.
	Events uint64
	Done   float64
}

// Errors of a run by which callers tell what kind of mistake it was.
var (
	// ErrConfig marks what the configuration or a parameter is to blame for.
	ErrConfig = errors.New("configuration")
	// ErrStrict says that Config.Strict does not accept the data as it is.
	ErrStrict = errors.New("strict")
)

// Run runs one backtest to the end of its data, to Config.To, or until ctx ends. A
// mistake in the configuration wraps ErrConfig, damage to the tape is ErrDamaged; with
// Config.Strict, data with holes or repairs is ErrStrict, with the finished result beside
// it.
func Run(ctx context.Context, cfg *Config, opt Options) (*Result, error) {
	list, of, err := describe(cfg, opt.Programs)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	ins, err := instruments(cfg, list)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	tab, err := Tables(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	var players []Player
	defer func() { closeAll(players) }()
	for i, s := range cfg.Strategies {
		p, err := opt.Programs[i].Start(s.Params, ins, exchange.StrategyID(i+1))
		if err != nil {
			return nil, fmt.Errorf("strategy %s: %w", of.labels[i], err)
		}
		players = append(players, p)
	}
	r, err := newRun(cfg, opt, ins, tab, players, of)
	if errors.Is(err, ErrDamaged) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if lends(ins, list) {
		r.loop.opening = append(r.loop.opening, derive.Lending(ins, cfg.held(), tab.Interest)...)
	}
	if err := errors.Join(r.loop.run(ctx), r.plan.close()); err != nil {
		return nil, err
	}
	res := r.result(cfg, opt, list, of.labels)
	if cfg.Strict {
		return res, res.CheckStrict()
	}
	return res, nil
}

// lends says whether anybody may borrow: a strategy, or an order on a margin pair. Then the rates
// of the simulated exchange are told, for the guard lets nobody borrow at one that it does not know.
func lends(ins *exchange.Instruments, list []Description) bool {
	return slices.ContainsFunc(list, func(d Description) bool { return d.Manifest.Borrow }) ||
		slices.ContainsFunc(ins.All(), func(in exchange.Instrument) bool { return in.Product == exchange.Margin })
}

// closeAll ends players that hold something, such as a process.
func closeAll(players []Player) {
	for _, p := range players {
		if c, ok := p.(interface{ Close() error }); ok {
			c.Close()
		}
	}
}

// run is one backtest put together.
type run struct {
	loop   *loop
	venue  *venue.Venue
	kernel *engine.Kernel
	guard  *riskguard.Guard
	plan   *plan
	ins    *exchange.Instruments
	tab    *margin.Tables
}

func newRun(cfg *Config, opt Options, ins *exchange.Instruments, tab *margin.Tables, list []Player, of cast) (r *run, err error) {
	record := newRecorder(ins, of.labels)
	record.queue = cfg.Venue.Queue.String()
	players := newPlayers(list, of.labels, ins.Len(), record)
	players.logf, players.handling = opt.Log, opt.Handling
	reads := players.reads(cfg.From)
	plan, err := makePlan(cfg, ins, tab, list, reads)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, plan.close())
		}
	}()
	exchangeOf, err := cfg.Exchange(ins, tab)
	if err != nil {
		return nil, err
	}
	sim, err := venue.New(exchangeOf)
	if err != nil {
		return nil, err
	}
	far, err := cfg.link(sim, ins)
	if err != nil {
		return nil, err
	}
	guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: tab, Limits: cfg.Risk, Strategies: len(list), Labels: of.labels, Permits: of.permits})
	if err != nil {
		return nil, err
	}
	if err := cfg.Services.Fit(ins); err != nil {
		return nil, fmt.Errorf("services.%w", err)
	}
	plan.build.from = max(plan.from, reads)
	kernel := engine.New(engine.Config{Instruments: ins, Guard: guard, Strategies: len(list), ClientPrefix: "bt", Services: cfg.Services})
	record.attribution.shares = kernel.LoanShares
	from, to := max(plan.from, cfg.From), plan.to
	if cfg.To != 0 {
		to = min(to, cfg.To)
	}
	l := &loop{
		feed: newFeed(plan.source, plan.derive, plan.build, to), venue: sim, players: players, record: record,
		opening: append(plan.opening, derive.Own()...), hidden: plan.hidden, from: cfg.From, told: opt.Told,
	}
	if far != nil {
		l.venue, l.far, l.late = far, far, far.Delays()
	}
	l.driver = engine.NewDriver(kernel, l.venue, players)
	l.sample = cfg.Sample
	if l.sample <= 0 {
		l.sample = sampleInterval(to.Sub(from))
	}
	samples, err := sampleCount(from, to, l.sample)
	if err != nil {
		return nil, err
	}
	record.samples = make([]Sample, 0, samples+2)
	l.seen = func(uint64, exchange.Time) {}
	if opt.Progress != nil {
		l.seen = func(events uint64, at exchange.Time) {
			opt.Progress(Progress{events, min(1, max(0, float64(at.Sub(from))/float64(max(1, to.Sub(from)))))})
		}
	}
	return &run{loop: l, venue: sim, kernel: kernel, guard: guard, plan: plan, ins: ins, tab: tab}, nil
}

// Exchange is what the simulated exchange of the configuration is made of, for a backtest and
// for a dry run.
func (c *Config) Exchange(ins *exchange.Instruments, tab *margin.Tables) (venue.Config, error) {
	money, err := c.Venue.money()
	if err != nil {
		return venue.Config{}, err
	}
	return venue.Config{
		Instruments: ins, Tables: tab, UM: venue.Fees(c.Venue.UM), CM: venue.Fees(c.Venue.CM),
		Margin: venue.Fees(c.Venue.Margin), Slippage: c.Venue.Slippage, Seed: c.Seed,
		Matching: venue.Matching{Queue: c.Venue.Queue}, Money: money,
		Balances: c.balances(), Leverage: max(c.Account.Leverage, 1),
		Orders:      venue.Orders{Hedge: c.Account.HedgeMode, PerMinuteMax: c.Venue.OrdersPerMinute},
		Liquidation: venue.LiquidationTerms(c.Venue.Liquidation),
	}, nil
}

// sampleInterval is the shortest round interval that gives at most 2,000 samples, and at
// most a day.
func sampleInterval(span time.Duration) time.Duration {
	for _, d := range [...]time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
	} {
		if span/d <= 2000 {
			return d
		}
	}
	return 24 * time.Hour
}

// result completes what was recorded with what the run was made of.
func (r *run) result(cfg *Config, opt Options, list []Description, labels []string) *Result {
	res := r.loop.record.result(r.loop.end())
	res.Kind = KindBacktest
	res.Events, res.Mode, res.Seed, res.Data = r.loop.driver.Seq(), opt.Mode, cfg.Seed, r.plan.data
	res.Orders.OpenAtEnd = len(r.kernel.Orders())
	res.Limits = r.loop.record.limits(r.guard.Uses())
	res.Budgets = r.loop.record.budgets(r.guard.Budgets(res.To))
	res.Warnings = append(slices.Clone(r.plan.warnings), res.Warnings...)
	if cfg.Risk.RefuseAll {
		res.Warnings = append(res.Warnings, Warning{"limits", RefusesAll})
	}
	res.Warnings = append(res.Warnings, cfg.Venue.Latency.warnings(r.plan.data)...)
	if far := r.loop.far; far != nil {
		res.Warnings = append(res.Warnings, cfg.Data.recordedWarnings(far)...)
		for _, missed := range far.Missed() {
			res.Warnings = append(res.Warnings, Warning{"fault", missed})
		}
	}
	for _, w := range r.venue.Warnings() {
		res.Warnings = append(res.Warnings, Warning{"model", w})
	}
	res.Warnings = append(res.Warnings, owedWarnings(&cfg.Venue.Money, r.tab, &r.loop.record.balances)...)
	var assets []string
	for _, b := range res.Balances {
		if !slices.Contains(assets, b.Asset) {
			assets = append(assets, b.Asset)
		}
	}
	for _, w := range r.tab.Warnings(r.ins, assets) {
		res.Warnings = append(res.Warnings, Warning{"assumed", w})
	}
	res.Margin.Floors = []UniMMRFloor{
		{"unimmr_min", cfg.Risk.UniMMRMin}, {"unimmr_shock_min", cfg.Risk.UniMMRShockMin},
	}
	l := &r.tab.Ladder
	res.Margin.Ladder = Ladder{MarginCall: l.MarginCall, SupplyMargin: l.SupplyMargin, ReduceOnly: l.ReduceOnly, Liquidation: l.Liquidation}
	for i, d := range list {
		res.Strategies = append(res.Strategies, StrategyInfo{
			ID: exchange.StrategyID(i + 1), Label: labels[i], Name: d.Manifest.Name, Version: d.Manifest.Version, Params: d.Values,
		})
	}
	res.ConfigHash, res.DataHash, res.StrategyHash = hashOf(cfg), hashOf(res.Data), hashOf(res.Strategies)
	return res
}

// RefusesAll is told of limits that refuse all.
const RefusesAll = "every order is refused: the configuration has no [risk], or refuse_all in it; an empty [risk] has the default limits"

// hashOf is SHA-256 over the JSON of a value, whose maps JSON sorts.
func hashOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("backtest: " + err.Error()) // our own types marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// balances lists the start balances in a fixed order: wallet, then asset.
func (c *Config) balances() []venue.Balance {
	var list []venue.Balance
	add := func(w exchange.Wallet, m map[string]decimal.Decimal) {
		for _, asset := range slices.Sorted(maps.Keys(m)) {
			list = append(list, venue.Balance{Wallet: w, Asset: asset, Amount: m[asset]})
		}
	}
	add(exchange.WalletMargin, c.Account.Margin)
	add(exchange.WalletUM, c.Account.UM)
	add(exchange.WalletCM, c.Account.CM)
	return list
}

// held are the assets of the start balances.
func (c *Config) held() []string {
	var list []string
	for _, b := range c.balances() {
		list = append(list, b.Asset)
	}
	return list
}
