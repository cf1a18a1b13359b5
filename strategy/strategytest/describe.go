package strategytest

import (
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// describe writes what a strategy asked for, a line for each wish.
func describe(ins *exchange.Instruments, out *strategy.Output, now exchange.Time) (lines []string) {
	for _, s := range out.Subscriptions {
		lines = append(lines, describeSubscription(ins, s))
	}
	for i := range out.Intents {
		lines = append(lines, describeIntent(ins, &out.Intents[i]))
	}
	for _, t := range out.Timers {
		if t.Due < opening {
			lines = append(lines, fmt.Sprintf("timer %d at once", t.ID))
		} else {
			lines = append(lines, fmt.Sprintf("timer %d in %s", t.ID, duration(t.Due.Sub(now))))
		}
	}
	for _, l := range out.Logs {
		lines = append(lines, "log: "+strings.TrimSpace(strings.ReplaceAll(l, "\n", `\n`)))
	}
	return lines
}

func describeSubscription(ins *exchange.Instruments, s strategy.Subscription) string {
	name := symbolOf(ins.At(s.Inst))
	line := fmt.Sprintf("watch %ss of %s", strings.ToLower(strings.ReplaceAll(s.Kind.String(), "_", " ")), name)
	if s.Kind == exchange.KindBar {
		line += " every " + duration(s.Interval)
	}
	if s.Warmup > 0 {
		line += fmt.Sprintf(", %d before the start", s.Warmup)
	}
	return line
}

// describeIntent writes a wish, such as: #1 buy 0.01 UM:BTCUSDT limit 60000 post-only "quote".
func describeIntent(ins *exchange.Instruments, i *exchange.Intent) string {
	switch i.Kind {
	case exchange.IntentNew:
		return fmt.Sprintf("#%d %s", i.Ref, describeOrder(ins, i))
	case exchange.IntentCancel:
		return fmt.Sprintf("cancel #%d", i.Ref)
	case exchange.IntentCancelAll:
		if ins.Has(i.Request.Inst) {
			return "cancel all of " + symbolOf(ins.At(i.Request.Inst))
		}
		return "cancel all"
	case exchange.IntentAmend:
		return fmt.Sprintf("amend #%d to %v at %v", i.Ref, i.Request.Qty, i.Request.Price)
	case exchange.IntentPair, exchange.IntentProtect:
		return describeTask(ins, i)
	default:
		return fmt.Sprintf("#%d %s %v %s", i.Ref, strings.ToLower(i.Kind.String()), i.Amount, i.Asset)
	}
}

func describeOrder(ins *exchange.Instruments, i *exchange.Intent) string {
	r := &i.Request
	name := "no instrument"
	if ins.Has(r.Inst) {
		name = symbolOf(ins.At(r.Inst))
	}
	words := []string{strings.ToLower(r.Side.String()), r.Qty.String(), name, kindWord(r.Type)}
	add := func(is bool, format string, args ...any) {
		if is {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(r.Price != 0, "%v", r.Price)
	add(r.Trigger != 0, "trigger %v", r.Trigger)
	add(r.StopPrice != 0, "stop %v", r.StopPrice)
	add(r.Callback != 0, "callback %v", r.Callback)
	add(r.Activation != 0, "from %v", r.Activation)
	add(r.QuoteQty != 0, "for %v", r.QuoteQty)
	add(r.WorkingType == exchange.MarkPrice, "on mark")
	add(r.TimeInForce == exchange.GTX, "post-only")
	add(r.TimeInForce != 0 && r.TimeInForce != exchange.GTX, "%v", r.TimeInForce)
	add(r.GoodTill != 0, "till %v", r.GoodTill)
	add(r.PositionSide != exchange.Both, "%v", strings.ToLower(r.PositionSide.String()))
	add(r.ReduceOnly, "reduce-only")
	add(r.ClosePosition, "close-position")
	add(r.SideEffect != 0, "%v", r.SideEffect)
	add(i.Tag != "", "%q", i.Tag)
	return strings.Join(words, " ")
}

func kindWord(t exchange.OrderType) string {
	return strings.ToLower(strings.ReplaceAll(t.String(), "_", "-"))
}

// symbolOf names an instrument as parameters do.
func symbolOf(in *exchange.Instrument) string {
	return strategy.Symbol{Product: in.Product, Name: in.Symbol}.String()
}

// duration writes 1m and 1h30m, without zeros that tell nothing.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
