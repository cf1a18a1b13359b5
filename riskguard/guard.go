package riskguard

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Config is what a guard is made of.
type Config struct {
	Instruments *exchange.Instruments
	// Tables are Binance's rates and brackets; Limits our own bounds.
	Tables *margin.Tables
	Limits Limits
	// Strategies is how many the configuration has, and Labels what they are called by their
	// numbers, from 1; without them no override may name a strategy.
	Strategies int
	Labels     []string
	// Permits are what the strategies may do, by their numbers, from 1. One without a permit may
	// do nothing.
	Permits []Permit
	// Prints say by their numbers, from 1, what the strategies are made of, program and
	// parameters; one that is another when a process begins trades small for a while. An empty
	// one, or none, is of what is not deployed, such as in a dry run.
	Prints []string
}

// Guard is the account's risk in one place. One owner calls Apply with every event, in
// order, and Check in between.
type Guard struct {
	// config is what the guard was made of. Its limits hold again when a process begins.
	config Config
	ins    *exchange.Instruments
	limits Limits
	model  *margin.Portfolio
	rules  []rule
	sets   limitSets
	// owned is what each strategy itself holds, by strategy and instrument.
	owned [][]owned
	// ramps say since when each strategy is what it is.
	ramps []ramp
	// lives are what is known of the strategies' processes.
	lives []life
	// permitted are the instruments that each strategy may trade.
	permitted [][]bool
	// nearest has readings of the order under examination, where check.noted says so.
	nearest [boundCount]reading
	// examined is the order under examination; kept here, it need not be allocated.
	examined check
	markets  []market
	assets   []asset
	occupied []bool             // by instrument: whether there is a futures position
	open     []exchange.Order   // by rising id
	acts     []exchange.OpenAct // by rising id
	lending  []lending          // by rising name
	sent     []sent
	executed []executed
	traffic  []traffic
	acted    []sent
	ventures []venture
	budgets  []*budget // by strategy, nil for one without
	fares    []fare
	// messages are those of the account.
	messages sent
	states   states
	epoch    uint64
	// watchers look around when something is due; alerts are what was told and stands.
	watchers []watcher
	due      bool
	// rates of collateral are those that the exchange has told since the process began.
	rates []exchange.CollateralRate
	// drift is how the model compares with what the exchange reports.
	drift    drift
	alerts   []alert
	reported reported
	// pulse says when the account is read; ladder is what was found.
	pulse  pulse
	ladder ladder
	loss   loss
	// happened is what has happened by itself, oldest first; legs are the hedged coins, in the
	// order in which they became known, and weighed is when they were weighed last.
	happened []happening
	// doubted are fills of which it is not known yet whose they are, strangers orders of others,
	// and moved is what moves of assets at the moment.
	doubted   []doubtedFill
	strangers []stranger
	moved     []moved
	legs      []leg
	contact   contact
	weighed   exchange.Time
	// queue is where positions stand in the queue of deleveraging, and income what was booked.
	queue  []exchange.Place
	income income
	// copied is how the account compares with what a second key reads.
	copied dropCopy
	// pegLine is the first line of a stable coin's price, or a little above it.
	pegLine exchange.Fixed
	// fault is the first input that the model could not take. From then on its picture
	// may be wrong, so nothing more is approved.
	fault error
}

// New makes a guard. The account starts Halted by CauseStart; instruments and strategies
// start Active, so freeing the account frees all.
func New(c Config) (*Guard, error) {
	if err := c.Limits.Validate(); err != nil {
		return nil, fmt.Errorf("risk limits: %w", err)
	}
	model, err := margin.New(c.Instruments, c.Tables)
	if err != nil {
		return nil, err
	}
	g := &Guard{
		config: c, ins: c.Instruments, model: model, rules: rules(), watchers: watchers(), epoch: 1,
		markets:  make([]market, c.Instruments.Len()+1),
		occupied: make([]bool, c.Instruments.Len()+1),
		sent:     make([]sent, c.Strategies+1),
		executed: make([]executed, c.Strategies+1),
		traffic:  make([]traffic, c.Strategies+1),
		acted:    make([]sent, c.Strategies+1),
		ventures: make([]venture, c.Strategies+1),
		fares:    make([]fare, c.Strategies+1),
		states:   newStates(c.Instruments.Len(), c.Strategies), permitted: permitted(&c),
		owned: newOwned(c.Instruments.Len(), c.Strategies), ramps: make([]ramp, c.Strategies+1),
		lives: make([]life, c.Strategies+1),
	}
	return g, g.setLimits(c.Limits)
}

// setLimits holds everything against other limits from now on. They must be valid. How
// near orders came is forgotten, for it was to the limits before; how often they refused
// is not.
func (g *Guard) setLimits(l Limits) error {
	if err := g.model.SetShockSizes(l.shockSizes()); err != nil {
		return err
	}
	sets, err := newLimitSets(l, g.ins, len(g.sent)-1, append([]string{""}, g.config.Labels...))
	if err != nil {
		return fmt.Errorf("risk limits: %w", err)
	}
	if err := l.hedgedFit(g.ins); err != nil {
		return fmt.Errorf("risk limits: %w", err)
	}
	budgets, err := l.budgetsOf(append([]string{""}, g.config.Labels...), len(g.sent)-1)
	if err != nil {
		return fmt.Errorf("risk limits: %w", err)
	}
	if err := g.config.grant(budgets); err != nil {
		return fmt.Errorf("risk limits: %w", err)
	}
	sets.keep(&g.sets)
	g.budgets = budgets
	sets.bounded = sets.bounded || slices.ContainsFunc(budgets, func(b *budget) bool { return b != nil && b.bounds.loss })
	g.limits, g.sets, g.pegLine = l, sets, ratioOf(l.DepegWarn).fixed+1
	g.pulse.calm = false
	g.messages.resize(l.AccountMessagesPerMinuteMax)
	for i := range g.sent {
		g.sent[i].resize(l.MessagesPerSecondMax)
		g.executed[i].resize(l.ExecutionsPerMinuteMax)
		g.acted[i].resize(l.ActsPerMinuteMax)
	}
	return nil
}

// Verdict is the answer of [Guard.Check]: a valid Approved, or a Refusal.
type Verdict struct {
	Approved Approved
	Refusal  *exchange.Refusal
	// Halt is set with a refusal when a control itself failed; the account must stop.
	Halt string
}

// Check answers whether an order may be sent, or an open order be amended to what o
// says. It changes nothing that an answer depends on: the caller reports what it did with
// this one by [Guard.Count] and [Guard.Hold]. It notes for [Guard.Uses] how near the order
// came to the limits, or which refused. A panic in a control is a refusal and asks for a
// halt.
func (g *Guard) Check(in exchange.Intent, o exchange.Order, amend bool, at exchange.Time) (v Verdict) {
	r := &g.rules[0]
	defer func() {
		if p := recover(); p != nil {
			r.refused++
			why := fmt.Sprintf("control %s failed on %v: %v", r.name, o.Request.Type, p)
			v = Verdict{Refusal: &exchange.Refusal{Intent: in, Rule: r.name, Value: "the control failed", Limit: "it must run"}, Halt: why}
		}
	}()
	c := g.examine(&in, o, amend, at)
	for i := range g.rules {
		r = &g.rules[i]
		c.refusals = &r.refused
		no := r.check(c)
		if no == nil || c.excused(r) {
			continue
		}
		*c.refusals++
		no.Intent, no.Rule = in, r.name
		return Verdict{Refusal: no}
	}
	c.note()
	return Verdict{Approved: Approved{order: o, amend: amend, epoch: g.epoch, expires: at.Add(g.limits.ApprovalTTL)}}
}

// Apply folds an event into the guard's picture: prices, cadences, money, fills, what the
// exchange says of the account, trading states, alerts, starts, limits, and what can be borrowed.
// Orders come by [Guard.Hold]. Prices of instruments that are not in the table are nobody's here.
func (g *Guard) Apply(e *exchange.Event) {
	if e.At >= g.pulse.next {
		g.beat(e.At)
	}
	g.recall(e.At)
	g.judgeMoves(e.At)
	g.judgeFills(e.At)
	g.due = g.due || stirs(e.Kind)
	switch e.Kind {
	case exchange.KindState:
		g.applyState(e)
		g.seen(e.State())
		g.seenStrangers(e.State())
		g.lookedAt(e.State())
	case exchange.KindStrategy:
		g.applyStrategy(e)
	case exchange.KindStart:
		g.applyStart(e)
	case exchange.KindReload:
		g.applyReload(e)
	case exchange.KindLending:
		g.applyLending(e)
	case exchange.KindSurvey:
		g.applySurvey(e.Survey(), e.At)
	case exchange.KindFill, exchange.KindLedger:
		g.booked(e)
	case exchange.KindAccount, exchange.KindRiskLevel:
		g.reported = reported{*e.Account(), e.At}
		g.pulse.calm = g.pulse.calm && !g.reportedLow()
		if e.Kind == exchange.KindAccount {
			g.contact.account.at = e.At
			g.compare(e.Account(), e.At)
		}
	case exchange.KindOrderUpdate:
		g.answered(e)
	case exchange.KindAlert:
		g.applyAlert(e)
	default:
		if !e.Kind.Market() {
			break
		}
		if int(e.Inst) < len(g.markets) {
			g.applyMarket(e)
		}
		if e.At.Sub(g.weighed) >= legsEvery {
			g.weighLegs(e.At)
		}
	}
	if len(g.drift.notes) > 0 {
		g.observe(e.At)
	}
}

// stirs says whether the watchers look around after an event of that kind, whatever it tells.
func stirs(k exchange.Kind) bool {
	switch k {
	case exchange.KindState, exchange.KindStart, exchange.KindReload, exchange.KindLending, exchange.KindSurvey,
		exchange.KindFill, exchange.KindLedger, exchange.KindAccount, exchange.KindRiskLevel:
		return true
	}
	return false
}

// booked takes what has changed balances and positions: a fill or a line of the ledger. A share of
// a fill that the account has already had changes only what strategies have made.
func (g *Guard) booked(e *exchange.Event) {
	if e.Kind == exchange.KindFill && e.Share() {
		g.trade(e)
		return
	}
	g.fold(e)
	if e.Kind == exchange.KindFill {
		g.pulse.settle(e.At)
		g.countFill(e)
		g.noteFill(e)
		g.tradeCopy(e.Inst)
		g.trade(e)
		g.slipped(e)
	} else {
		g.noteLedger(e)
		g.noteMove(e.Ledger(), e.At)
		g.noteIncome(e)
		g.flow(e.Ledger())
	}
	g.weighLegs(e.At)
}

// fold gives the model an event and remembers if it could not take it.
func (g *Guard) fold(e *exchange.Event) {
	if err := g.model.Apply(e); err != nil && g.fault == nil {
		g.fault = fmt.Errorf("event %d %v: %w", e.Seq, e.Kind, err)
	}
	g.occupy(e.Inst)
}

// Limits are those that hold now.
func (g *Guard) Limits() Limits { return g.limits }

// Epoch is the current halt epoch, for [Approved.Valid].
func (g *Guard) Epoch() uint64 { return g.epoch }

// Account is the model's view of the account now.
func (g *Guard) Account() exchange.Account { return g.model.Account() }

// examine begins the examination of an order.
func (g *Guard) examine(in *exchange.Intent, o exchange.Order, amend bool, at exchange.Time) *check {
	c := &g.examined
	*c = check{g: g, set: &g.sets.all[0], order: o, amend: amend, at: at}
	if g.ins.Has(o.Request.Inst) {
		c.in, c.market = g.ins.At(o.Request.Inst), &g.markets[o.Request.Inst]
		if int(o.Strategy) < len(g.sets.of) {
			c.set = &g.sets.all[g.sets.of[o.Strategy][o.Request.Inst]]
		}
	}
	c.person, c.plan, c.answers = in.By != "", c.closing(in), in.Answers
	return c
}
