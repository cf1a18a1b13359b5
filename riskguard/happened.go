package riskguard

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Some things are no state that lasts but happen at once: an exchange that closes a position of
// ours, somebody else's fill, money that leaves. What has happened is remembered, so that it can
// be told as an alert that stands for a while, or until a person has looked.

// happening is what has happened, the same for one control, instrument and asset counted
// together.
type happening struct {
	control  string
	inst     exchange.InstrumentID
	strategy exchange.StrategyID
	asset    string
	severity exchange.Severity
	value    string // of the last one
	count    int
	at       exchange.Time // of the last one
	// holds says that the instrument only reduces until a person resumes it.
	holds bool
}

// happenedFor is how long an alert stands after what nobody has to resume, and happenedMax how
// much is remembered.
const (
	happenedFor = time.Hour
	happenedMax = 64
)

// happen remembers what has happened.
func (g *Guard) happen(h happening) {
	at := slices.IndexFunc(g.happened, func(o happening) bool {
		return o.control == h.control && o.inst == h.inst && o.strategy == h.strategy && o.asset == h.asset
	})
	if at >= 0 {
		was := g.happened[at]
		if was.holds || h.at.Sub(was.at) < happenedFor {
			h.count, h.severity, h.holds = was.count, max(h.severity, was.severity), h.holds || was.holds
		}
		g.happened = slices.Delete(g.happened, at, at+1)
	}
	h.count++
	if len(g.happened) == happenedMax {
		// What a person must resume is forgotten last.
		g.happened = slices.Delete(g.happened, g.leastHappened(), g.leastHappened()+1)
	}
	g.happened = append(g.happened, h)
}

func (g *Guard) leastHappened() int {
	return max(0, slices.IndexFunc(g.happened, func(h happening) bool { return !h.holds }))
}

// noteFill remembers executions that no order of ours has asked for.
func (g *Guard) noteFill(e *exchange.Event) {
	f := e.Fill()
	if f.Forced == exchange.NotForced && f.Order != 0 {
		return
	}
	h := happening{inst: e.Inst, strategy: f.Strategy, at: e.At, severity: exchange.SeverityCritical}
	what := fmt.Sprintf("%v %v at %v", f.Side, f.Qty, f.Price)
	switch f.Forced {
	case exchange.NotForced:
		g.doubtFill(f.ClientID, strangersFill(e.Inst, e.At, fmt.Sprintf("a fill of order %.40s, which is not known here: %s", f.ClientID, what)))
		return
	case exchange.ForcedDelivery:
		h.control, h.severity, h.value = "delivery", exchange.SeverityWarning, "the exchange has settled: "+what
	default:
		h.control, h.holds, h.value = "forced", true, fmt.Sprintf("%v by the exchange: %s", f.Forced, what)
	}
	g.happen(h)
}

// noteLedger remembers what the exchange does with money by itself.
func (g *Guard) noteLedger(e *exchange.Event) {
	l := e.Ledger()
	h := happening{control: "money", asset: l.Asset, at: e.At, severity: exchange.SeverityWarning}
	switch {
	case l.Reason == exchange.ReasonAutoExchange:
		h.control, h.value = "auto-exchange", fmt.Sprintf("the exchange has converted collateral: %v", l.Delta)
	case l.Reason == exchange.ReasonLiquidation:
		h.control, h.severity, h.value = "liquidation", exchange.SeverityCritical, fmt.Sprintf("a liquidation has booked %v", l.Delta)
	default:
		return
	}
	g.happen(h)
}

// seen forgets what a person has looked at, who resumes its instrument.
func (g *Guard) seen(s *exchange.StateChange) {
	if s.Cause != exchange.CauseOperator || s.State != exchange.Active || s.Inst == 0 {
		return
	}
	g.happened = slices.DeleteFunc(g.happened, func(h happening) bool { return h.inst == s.Inst })
}

// hasHappened tells what has happened, and keeps instruments to reducing on which the exchange
// itself has traded for us, or somebody else: a hedge may have lost a leg, and whoever deleverages
// once comes again.
func (w *watch) hasHappened() {
	for i := range w.g.happened {
		h := &w.g.happened[i]
		most := w.g.limits.ForcedFillsMax
		if h.control == strangersControl {
			most = w.g.limits.StrangersMax
		}
		holds := h.holds && h.count > most
		if !holds && w.at.Sub(h.at) >= happenedFor {
			continue
		}
		value := h.value
		if h.count > 1 {
			value = fmt.Sprintf("%s, the last of %d", value, h.count)
		}
		w.name = h.control
		w.news(h.inst, exchange.Alert{Strategy: h.strategy, Asset: h.asset, Severity: h.severity, Value: value, Limit: "none"})
		if holds {
			w.hold(exchange.StateChange{Inst: h.inst, State: exchange.ReduceOnly, Cause: exchange.CauseWatch, Reason: h.value})
		}
	}
}

// happeningSnapshot is a happening as a snapshot has it.
type happeningSnapshot struct {
	Asset    string                `json:"asset,omitzero"`
	At       exchange.Time         `json:"at"`
	Control  string                `json:"control"`
	Count    int                   `json:"count"`
	Holds    bool                  `json:"holds,omitzero"`
	Inst     exchange.InstrumentID `json:"inst,omitzero"`
	Severity exchange.Severity     `json:"severity"`
	Strategy exchange.StrategyID   `json:"strategy,omitzero"`
	Value    string                `json:"value"`
}

func (g *Guard) snapshotHappened() (list []happeningSnapshot) {
	for _, h := range g.happened {
		list = append(list, happeningSnapshot{h.asset, h.at, h.control, h.count, h.holds, h.inst, h.severity, h.strategy, h.value})
	}
	return list
}

func (g *Guard) restoreHappened(list []happeningSnapshot) error {
	if len(list) > happenedMax {
		return fmt.Errorf("%d things have happened, more than the %d that are remembered", len(list), happenedMax)
	}
	for _, h := range list {
		if h.Severity < exchange.SeverityInfo || h.Severity > exchange.SeverityCritical {
			return fmt.Errorf("what has happened by %.40q has severity %d, which is none", h.Control, h.Severity)
		}
		g.happened = append(g.happened, happening{h.Control, h.Inst, h.Strategy, h.Asset, h.Severity, h.Value, h.Count, h.At, h.Holds})
	}
	return nil
}
