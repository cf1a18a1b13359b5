package riskguard

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// snapshot is the state of a guard, but for the open orders, which are the kernel's. Keys
// rise, so that equal states are equal bytes.
type snapshot struct {
	// Acted are the acts of late.
	Acted  []sentSnapshot  `json:"acted,omitzero"`
	Alerts []alertSnapshot `json:"alerts,omitzero"`
	Assets []assetSnapshot `json:"assets"`
	// Contact is when the exchange was heard of last, if it was.
	Contact *contactSnapshot `json:"contact,omitzero"`
	// Copy is how the account compares with what a second key reads.
	Copy    *copySnapshot     `json:"copy,omitzero"`
	Doubted []doubtedSnapshot `json:"doubted,omitzero"`
	// Drift is how the model compares with what is reported.
	Drift *driftSnapshot `json:"drift,omitzero"`
	Epoch uint64         `json:"epoch"`
	// Executed are the executions of late.
	Executed []executedSnapshot  `json:"executed,omitzero"`
	Fares    []fareSnapshot      `json:"fares,omitzero"`
	Fault    string              `json:"fault,omitzero"`
	Happened []happeningSnapshot `json:"happened,omitzero"`
	Held     []heldSnapshot      `json:"held"`
	Income   *incomeSnapshot     `json:"income,omitzero"`
	Ladder   *ladderSnapshot     `json:"ladder,omitzero"`
	Legs     []legSnapshot       `json:"legs,omitzero"`
	Lending  []lendingSnapshot   `json:"lending,omitzero"`
	Limits   json.RawMessage     `json:"limits,omitzero"`
	Lives    []lifeSnapshot      `json:"lives,omitzero"`
	Loss     *lossSnapshot       `json:"loss,omitzero"`
	Markets  []marketSnapshot    `json:"markets"`
	Messages []exchange.Time     `json:"messages,omitzero"`
	Model    json.RawMessage     `json:"model"`
	Moved    []movedSnapshot     `json:"moved,omitzero"`
	Pulse    *pulseSnapshot      `json:"pulse,omitzero"`
	Queue    []placeSnapshot     `json:"queue,omitzero"`
	// Ramps say since when strategies are what they are.
	Ramps []rampSnapshot `json:"ramps,omitzero"`
	// Rates of collateral are those that the exchange has told since the process began.
	Rates []rateSnapshot `json:"rates,omitzero"`
	// Reported is what the exchange has said of the account, if it has.
	Reported  *reportedSnapshot  `json:"reported,omitzero"`
	Sent      []sentSnapshot     `json:"sent"`
	Strangers []strangerSnapshot `json:"strangers,omitzero"`
	Traffic   []trafficSnapshot  `json:"traffic,omitzero"`
	Ventures  []ventureSnapshot  `json:"ventures,omitzero"`
	Weighed   exchange.Time      `json:"weighed,omitzero"`
}

type alertSnapshot struct {
	Asset    string                `json:"asset,omitzero"`
	Control  string                `json:"control"`
	Inst     exchange.InstrumentID `json:"inst,omitzero"`
	Limit    string                `json:"limit"`
	Severity exchange.Severity     `json:"severity"`
	Since    exchange.Time         `json:"since"`
	Strategy exchange.StrategyID   `json:"strategy,omitzero"`
	Value    string                `json:"value"`
}

// ladderSnapshot is where uniMMR stands, if it is on the ladder.
type ladderSnapshot struct {
	Better exchange.Time   `json:"better,omitzero"`
	Rung   rung            `json:"rung"`
	UniMMR decimal.Decimal `json:"unimmr"`
}

// lossSnapshot are the marks that losses are held against, and what was passed.
type lossSnapshot struct {
	Base  decimal.Decimal `json:"base"`
	Daily string          `json:"daily,omitzero"`
	Day   exchange.Time   `json:"day"`
	Drawn string          `json:"drawn,omitzero"`
	Hour  exchange.Time   `json:"hour"`
	Peak  decimal.Decimal `json:"peak"`
}

// pulseSnapshot is when the account was read last and is read next.
type pulseSnapshot struct {
	Fill exchange.Time `json:"fill,omitzero"`
	Last exchange.Time `json:"last"`
	Next exchange.Time `json:"next"`
}

type reportedSnapshot struct {
	Account exchange.Account `json:"account"`
	At      exchange.Time    `json:"at"`
}

type assetSnapshot struct {
	Asset string         `json:"asset"`
	At    exchange.Time  `json:"at,omitzero"`
	Every duration       `json:"every,omitzero"`
	Price exchange.Fixed `json:"price,omitzero"`
}

type heldSnapshot struct {
	By       string                `json:"by,omitzero"`
	Cause    string                `json:"cause"`
	Inst     exchange.InstrumentID `json:"inst,omitzero"`
	Reason   string                `json:"reason,omitzero"`
	Since    exchange.Time         `json:"since,omitzero"`
	State    string                `json:"state"`
	Strategy exchange.StrategyID   `json:"strategy,omitzero"`
}

type marketSnapshot struct {
	Ask       exchange.Fixed        `json:"ask,omitzero"`
	Bid       exchange.Fixed        `json:"bid,omitzero"`
	BookAt    exchange.Time         `json:"book_at,omitzero"`
	EveryBook duration              `json:"every_book,omitzero"`
	EveryLast duration              `json:"every_last,omitzero"`
	EveryMark duration              `json:"every_mark,omitzero"`
	Index     exchange.Fixed        `json:"index,omitzero"`
	Inst      exchange.InstrumentID `json:"inst"`
	Last      exchange.Fixed        `json:"last,omitzero"`
	LastAt    exchange.Time         `json:"last_at,omitzero"`
	Mark      exchange.Fixed        `json:"mark,omitzero"`
	MarkAt    exchange.Time         `json:"mark_at,omitzero"`
}

// duration is written as text such as "1m0s".
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	*d = duration(read)
	return err
}

// Snapshot writes everything that a later answer depends on as a JSON object, for
// [Guard.Restore]: prices and since when they are known, cadences, when the account was read and
// the clock measured, messages sent and executions of late, who holds which trading state and why,
// since when strategies are what they are, what they have made of their fills, how they fare and
// whether their processes are there and in time, alerts that stand, what has happened that a
// person may have to look at, hedges and since when they do not match, what the exchange has
// said of the account, the halt epoch, the fault, limits if a reload has set them, what can be
// borrowed, and the margin model. Open orders and acts are not in it: whoever calls [Guard.Hold]
// and [Guard.HoldAct] knows them. Nor are the notes of [Guard.Uses], which decide nothing.
func (g *Guard) Snapshot() []byte {
	s := snapshot{
		Assets: make([]assetSnapshot, len(g.assets)), Epoch: g.epoch, Held: []heldSnapshot{},
		Lending: g.lendingSnapshot(), Markets: []marketSnapshot{}, Model: g.model.Snapshot(), Sent: []sentSnapshot{},
	}
	if g.fault != nil {
		s.Fault = g.fault.Error()
	}
	if now := g.limits.JSON(); !bytes.Equal(now, g.config.Limits.JSON()) {
		s.Limits = now
	}
	for _, a := range g.alerts {
		s.Alerts = append(s.Alerts, alertSnapshot{a.Asset, a.Control, a.inst, a.Limit, a.Severity, a.since, a.Strategy, a.Value})
	}
	if g.pulse.last != 0 {
		s.Pulse = &pulseSnapshot{g.pulse.fill, g.pulse.last, g.pulse.next}
	}
	if l := &g.loss; *l != (loss{}) {
		s.Loss = &lossSnapshot{l.base, l.daily, l.day, l.drawn, l.hour, l.peak}
	}
	if g.ladder.rung != rungFine {
		s.Ladder = &ladderSnapshot{g.ladder.better, g.ladder.rung, g.ladder.uniMMR}
	}
	s.Income, s.Queue = g.snapshotIncome(), g.snapshotQueue()
	s.Rates = g.snapshotRates()
	s.Drift, s.Doubted, s.Moved, s.Strangers = g.drift.snapshot(), g.snapshotDoubted(), g.snapshotMoved(), g.snapshotStrangers()
	s.Contact, s.Copy = g.contact.snapshot(), g.copied.snapshot()
	s.Ramps, s.Lives = g.snapshotRamps(), g.snapshotLives()
	s.Happened, s.Legs, s.Weighed = g.snapshotHappened(), g.snapshotLegs(), g.weighed
	if g.reported.at != 0 {
		s.Reported = &reportedSnapshot{g.reported.account, g.reported.at}
	}
	for i, a := range g.assets {
		s.Assets[i] = assetSnapshot{a.name, a.at, duration(a.every), a.price}
	}
	for _, h := range g.States() {
		s.Held = append(s.Held, heldSnapshot{h.By, h.Cause.String(), h.Inst, h.Reason, h.Since, h.State.String(), h.Strategy})
	}
	for i, m := range g.markets {
		if m != (market{}) {
			s.Markets = append(s.Markets, marketSnapshot{
				m.ask, m.bid, m.bookAt, duration(m.everyBook), duration(m.everyLast), duration(m.everyMark), m.index,
				exchange.InstrumentID(i), m.last, m.lastAt, m.mark, m.markAt,
			})
		}
	}
	g.writePace(&s)
	s.Ventures, s.Fares = g.snapshotVentures(), g.snapshotFares()
	text, err := json.Marshal(&s)
	if err != nil {
		panic(fmt.Sprintf("riskguard: snapshot: %v", err)) // numbers and names always can be written
	}
	return text
}

// Restore puts the guard into the state that another one has written by [Guard.Snapshot];
// the caller tells the open orders by [Guard.Hold] then. The other guard's table may have
// fewer instruments, and its tables, limits and number of strategies may be others: limits
// of a reload hold on, all else is as this guard was made. What cannot be is an error that
// names it, and the guard is as it was.
func (g *Guard) Restore(text []byte) error {
	var s snapshot
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return fmt.Errorf("risk guard: %w", err)
	}
	made, err := New(g.config)
	if err != nil {
		return err
	}
	if err := made.restore(&s); err != nil {
		return fmt.Errorf("risk guard: %w", err)
	}
	*g = *made
	return nil
}

// restore brings a new guard into a state.
func (g *Guard) restore(s *snapshot) error {
	g.epoch = s.Epoch
	if s.Fault != "" {
		g.fault = errors.New(s.Fault)
	}
	if s.Limits != nil {
		limits, err := ParseLimits(s.Limits)
		if err != nil {
			return err
		}
		if err := g.setLimits(limits); err != nil {
			return err
		}
	}
	for _, a := range s.Assets {
		*g.asset(a.Asset) = asset{a.Asset, a.Price, a.At, time.Duration(a.Every)}
	}
	if err := g.restoreAlerts(s.Alerts); err != nil {
		return err
	}
	if s.Pulse != nil {
		g.pulse = pulse{fill: s.Pulse.Fill, next: s.Pulse.Next, last: s.Pulse.Last}
	}
	if l := s.Loss; l != nil {
		g.loss = loss{day: l.Day, base: l.Base, peak: l.Peak, hour: l.Hour, daily: l.Daily, drawn: l.Drawn}
	}
	if l := s.Ladder; l != nil {
		if l.Rung > rungHalt {
			return fmt.Errorf("the ladder has no rung %d", l.Rung)
		}
		g.ladder = ladder{l.Rung, l.UniMMR, l.Better}
	}
	if s.Drift != nil {
		d, err := s.Drift.drift()
		if err != nil {
			return err
		}
		g.drift = d
	}
	if err := cmp.Or(g.restoreHappened(s.Happened), g.restoreMoved(s.Moved), g.restoreDoubted(s.Doubted), g.restoreStrangers(s.Strangers),
		g.restoreQueue(s.Queue), g.restoreIncome(s.Income), g.restoreCopy(s.Copy), g.restoreLives(s.Lives)); err != nil {
		return err
	}
	g.restoreLegs(s.Legs)
	g.contact.restore(s.Contact)
	g.restoreRamps(s.Ramps)
	g.weighed = s.Weighed
	if s.Reported != nil {
		g.reported = reported{s.Reported.Account, s.Reported.At}
	}
	if err := cmp.Or(g.restoreMarkets(s.Markets), g.restorePace(s)); err != nil {
		return err
	}
	if err := errors.Join(g.restoreVentures(s.Ventures), g.restoreFares(s.Fares), g.restoreLending(s.Lending)); err != nil {
		return err
	}
	if err := g.states.restore(s.Held); err != nil {
		return err
	}
	if err := g.model.Restore(s.Model); err != nil {
		return err
	}
	if err := g.restoreRates(s.Rates); err != nil {
		return err
	}
	for id := range g.occupied {
		g.occupy(exchange.InstrumentID(id))
	}
	return nil
}

// restoreMarkets takes the prices that were known.
func (g *Guard) restoreMarkets(list []marketSnapshot) error {
	for _, m := range list {
		if !g.ins.Has(m.Inst) && m.Inst != 0 {
			return fmt.Errorf("market of instrument %d: there is no such instrument", m.Inst)
		}
		g.markets[m.Inst] = market{
			last: m.Last, mark: m.Mark, index: m.Index, lastAt: m.LastAt, markAt: m.MarkAt, bid: m.Bid, ask: m.Ask, bookAt: m.BookAt,
			everyLast: time.Duration(m.EveryLast), everyMark: time.Duration(m.EveryMark), everyBook: time.Duration(m.EveryBook),
		}
	}
	return nil
}

// restoreAlerts takes the alerts that stand.
func (g *Guard) restoreAlerts(list []alertSnapshot) error {
	for _, a := range list {
		if a.Severity < exchange.SeverityInfo || a.Severity > exchange.SeverityCritical {
			return fmt.Errorf("an alert of %.40q has severity %d, which is none", a.Control, a.Severity)
		}
		g.alerts = append(g.alerts, alert{inst: a.Inst, since: a.Since, Alert: exchange.Alert{
			Control: a.Control, Strategy: a.Strategy, Asset: a.Asset, Severity: a.Severity, Value: a.Value, Limit: a.Limit,
		}})
	}
	return nil
}

// restore sets what is held in place of what a new guard holds. Of a strategy that is not
// configured any more it is remembered, too: it may come back.
func (s *states) restore(list []heldSnapshot) error {
	s.account = newScope()
	for _, h := range list {
		cause, err := exchange.ParseCause(h.Cause)
		if err != nil {
			return err
		}
		state := exchange.Halted
		for state < exchange.Active && state.String() != h.State {
			state++
		}
		if state == exchange.Active {
			return fmt.Errorf("%v holds %.20q, which is no state that can be held", cause, h.State)
		}
		for len(s.strategy) <= int(h.Strategy) {
			s.strategy = append(s.strategy, newScope())
		}
		scope := s.of(h.Inst, h.Strategy)
		if scope == nil {
			return fmt.Errorf("%v holds instrument %d, and there is no such instrument", cause, h.Inst)
		}
		scope.set(cause, hold{state, h.Since, h.Reason, h.By})
	}
	return nil
}
