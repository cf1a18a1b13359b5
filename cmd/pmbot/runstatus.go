package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// standing is how the bot stands at an instant.
type standing struct {
	at    exchange.Time
	state exchange.TradingState
	holds []riskguard.Held
	// orders are open; of unknown ones nobody knows what became of them.
	orders, unknown int
	// positions are what strategies hold of futures, and what is nobody's.
	positions int
	account   exchange.Account
	events    uint64
	ins       *exchange.Instruments
	labels    []string // of strategies, by number, from 1
}

// standing asks the kernel between two events.
func (b *bot) standing(ctx context.Context) (*standing, error) {
	s := &standing{at: b.clock.Now()}
	err := b.loop.Do(ctx, func(k *engine.Kernel) {
		s.read(k, b.ins, b.labels)
		s.account = b.guard.Account()
	})
	return s, err
}

func (s *standing) read(k *engine.Kernel, ins *exchange.Instruments, labels []string) {
	s.ins, s.labels = ins, labels
	s.events, s.holds, s.state = k.Seq(), k.States(), exchange.Active
	for _, h := range s.holds {
		if h.Inst == 0 && h.Strategy == 0 {
			s.state = min(s.state, h.State) // the strictest
		}
	}
	s.orders, s.unknown, s.positions = 0, 0, 0
	for _, h := range k.Holdings() {
		if ins.At(h.Inst).Product != exchange.Margin {
			s.positions++
		}
	}
	for _, o := range k.Orders() {
		s.orders++
		if uncertain(o.Status) {
			s.unknown++
		}
	}
}

// uncertain says whether an order's state at the exchange is not known.
func uncertain(s exchange.OrderStatus) bool {
	switch s {
	case exchange.StatusUnknown, exchange.StatusPendingNew, exchange.StatusPendingCancel, exchange.StatusPendingAmend:
		return true
	}
	return false
}

// why is what holds the bot, in the words of those who do, and whom, where it is not all of it.
func (s *standing) why() string {
	var reasons []string
	for _, h := range s.holds {
		reasons = append(reasons, s.whom(&h)+h.Cause.String()+": "+h.Reason)
	}
	return strings.Join(reasons, "; ")
}

// whom says what is held and how, and nothing of the account, whose state stands before it.
func (s *standing) whom(h *riskguard.Held) string {
	switch {
	case h.Inst != 0:
		return fmt.Sprintf("%s %v by ", s.ins.At(h.Inst).Name(), h.State)
	case h.Strategy != 0:
		return fmt.Sprintf("%s %v by ", labelOf(s.labels, h.Strategy), h.State)
	}
	return ""
}

// held is why with what it begins with, nothing where nothing holds the bot.
func (s *standing) held(begin string) string {
	if why := s.why(); why != "" {
		return begin + why
	}
	return ""
}

// line is the standing in one line.
func (s *standing) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, %s", s.state, counted(int64(s.orders), "order"))
	if s.unknown > 0 {
		fmt.Fprintf(&b, " (%d of unknown outcome)", s.unknown)
	}
	fmt.Fprintf(&b, ", %s, equity %v USD, uniMMR %s, %s", counted(int64(s.positions), "position"), grouped(s.account.ActualEquity.StringFixed(2)), uniMMRText(&s.account), counted(int64(s.events), "event"))
	return b.String() + s.held(", held: ")
}

// uniMMRText prints a uniMMR, which without a position has no end.
func uniMMRText(a *exchange.Account) string {
	if !a.UniMMR.LessThan(decimal.NewFromInt(exchange.UniMMRMax)) {
		return "-"
	}
	return a.UniMMR.StringFixed(2)
}

// holdsEvery is how often a change of the trading state is looked for.
const holdsEvery = 100 * time.Millisecond

// watch says what is logged, every change of the trading state, and how the bot stands: on a
// terminal in a line that is drawn again and again, elsewhere now and then.
func (b *bot) watch(ctx context.Context) error {
	tick, changes := time.NewTicker(b.printer.interval(b.cfg.Log.Status)), time.NewTicker(holdsEvery)
	defer tick.Stop()
	defer changes.Stop()
	var held []riskguard.Held
	first := true
	for {
		select {
		case <-ctx.Done():
			return nil
		case item := <-b.told.queue:
			b.printer.say("%v", item)
		case <-changes.C:
			s, err := b.standing(ctx)
			if err != nil {
				return nil // the loop has ended, which whoever runs it tells
			}
			// An alert says that a strategy is gone, and why.
			s.holds = slices.DeleteFunc(s.holds, func(h riskguard.Held) bool { return h.Cause == exchange.CauseStrategy })
			if first || !slices.Equal(held, s.holds) {
				first, held = false, s.holds
				b.step("trading", "%s", s.state.String()+s.held(" - held: "))
			}
		case <-tick.C:
			s, err := b.standing(ctx)
			if err != nil {
				return nil
			}
			b.show(s)
		}
	}
}

// show draws or prints a standing.
func (b *bot) show(s *standing) {
	switch {
	case b.flags.quiet:
	case b.printer.terminal:
		b.printer.draw(s.line())
	default:
		b.printer.say("%v %s", s.at.Floor(time.Second), s.line())
	}
}
