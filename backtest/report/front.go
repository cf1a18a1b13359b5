package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// figure is one of the four numbers that meet the eye first.
type figure struct{ Name, Value, Mark, Note, Tone string }

// afterMark marks what contains, or is of, the time after the first liquidation.
const afterMark = "\u2020"

// heroes are the four numbers: what the account gained, what trading did of it, how deep
// it fell, and how near it came to liquidation.
func heroes(r *backtest.Result, cut *cutoff) []figure {
	m, t := &r.Margin, &r.Total
	mmr := figure{Name: "Lowest uniMMR", Value: undefined, Note: "no position was held"}
	if m.UniMMRMinAt != 0 {
		mmr.Value, mmr.Note = page.UniMMR(m.UniMMRMin), readable.Minute(m.UniMMRMinAt)+" UTC"
		mmr.Tone = ladderTone(m.UniMMRMin, &m.Ladder).style()
	}
	fall := figure{Name: "Max drawdown", Value: page.Percent(m.DrawdownPct) + "%", Note: cmp.Or(dates(m.DrawdownFrom, m.DrawdownTo), "no fall")}
	if len(r.Equity) == 0 {
		fall.Value, fall.Note = undefined, "no samples of the account"
	}
	list := []figure{
		accountGain(r),
		{Name: "Net of trading", Value: page.Signed(t.Net), Note: page.Plus(t.NetPct) + "% of the start; without what collateral gained", Tone: signTone(t.Net).style()},
		fall, mmr,
	}
	if cut.ok {
		for i := range list {
			list[i].Mark = afterMark
		}
	}
	return list
}

// accountGain is the change of equity: what the account gained, its collateral included. A
// hedge loses in its trading what its coins gain, so neither figure tells the story alone.
func accountGain(r *backtest.Result) figure {
	m := &r.Margin
	if len(r.Equity) == 0 {
		return figure{Name: "Equity change", Value: undefined, Note: "no samples of the account"}
	}
	change := m.EquityEnd.Sub(m.EquityStart)
	f := figure{Name: "Equity change", Value: page.Signed(change), Note: "USD", Tone: signTone(change).style()}
	if m.EquityStart.IsPositive() {
		share := change.Shift(2).DivRound(m.EquityStart, 4)
		f.Note = page.Plus(share) + "% of " + page.Money(m.EquityStart) + " USD at the start"
	}
	return f
}

// ladderTone is how bad a uniMMR is by the account's own lines.
func ladderTone(mmr decimal.Decimal, l *backtest.Ladder) tone {
	at := func(line exchange.Fixed) bool { return line > 0 && mmr.LessThanOrEqual(line.Decimal()) }
	switch {
	case at(l.Liquidation), at(l.ReduceOnly):
		return toneBad
	case at(l.SupplyMargin), at(l.MarginCall):
		return toneWarn
	default:
		return toneText
	}
}

// kindName is the badge of a page: where the orders went.
func kindName(k backtest.Kind) string {
	switch k {
	case "", backtest.KindBacktest:
		return "Backtest"
	case backtest.KindDryRun:
		return "Dry run"
	case backtest.KindLive:
		return "Live"
	default:
		return readable.Clean(string(k))
	}
}

// titleNames and titleRunes are how much of the strategies' names a title has; the tables
// have them in full.
const (
	titleNames = 4
	titleRunes = 40
)

// title names the strategies.
func title(r *backtest.Result) string {
	names := r.StrategyNames()
	for i, name := range names {
		if i == titleNames {
			names = append(names[:i], fmt.Sprintf("%d more", len(names)-i))
			break
		}
		names[i] = shorten(readable.Clean(name), titleRunes)
	}
	return cmp.Or(strings.Join(names, ", "), "No strategy")
}

func periodText(r *backtest.Result) string {
	from, to := period(r)
	if from == 0 && to == 0 {
		return "No market data"
	}
	return readable.Minute(from) + " to " + readable.Minute(to) + " UTC"
}

func subtitle(r *backtest.Result) string {
	from, to := period(r)
	parts := []string{productNames(r), readable.Span(to.Sub(from)), page.Count(int64(r.Events)) + " events"}
	if parts[0] == "" {
		parts = parts[1:]
	}
	return strings.Join(parts, " \u00b7 ")
}

// notice is something about the run as a whole that must not be overlooked.
type notice struct {
	Text string
	Bad  bool
}

func notices(r *backtest.Result, cut *cutoff) []notice {
	var out []notice
	bad := func(format string, a ...any) { out = append(out, notice{fmt.Sprintf(format, a...), true}) }
	say := func(format string, a ...any) { out = append(out, notice{fmt.Sprintf(format, a...), false}) }
	if n := r.Margin.Liquidations; n > 0 {
		bad("The account was liquidated %s%s", times(n), cut.story(r))
	}
	for _, w := range r.Warnings {
		if w.Kind == "bankrupt" {
			bad("Bankrupt: %s.", readable.Clean(w.Text))
		}
	}
	if n := r.Margin.ADL; n > 0 {
		bad("Auto-deleveraging reduced positions %s%s", times(n), deleveraging(r))
	}
	switch len(r.Equity) {
	case 0:
		say("The run has no samples of the account: it ended before the first one. Charts and statistics over equity are empty.")
	case 1:
		say("The run has one sample of the account, so there is nothing to compare it with: returns and ratios are undefined.")
	}
	o := &r.Orders
	switch {
	case o.Fills > 0 || r.Fills.Len() > 0:
	case o.Intents > 0 && o.Refused == o.Intents && len(o.ByRule) > 0:
		say("No order was sent: the risk guard refused all %s intents, most by %s.", page.Count(int64(o.Intents)), readable.Clean(o.ByRule[0].Rule))
	case o.Intents == 0:
		say("No strategy asked for an order.")
	default:
		say("No order was filled: of %s intents %s were sent and %s refused.", page.Count(int64(o.Intents)), page.Count(int64(o.Sent)), page.Count(int64(o.Refused)))
	}
	return out
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return page.Count(int64(n)) + " times"
}

// deleveraging tells of the first fill that auto-deleveraging forced.
func deleveraging(r *backtest.Result) string {
	for _, f := range r.Fills.All() {
		if f.Forced == exchange.ForcedADL {
			return fmt.Sprintf(", first at %s UTC: it %s. A hedge without that leg is a position.", readable.Instant(f.At), forcedText(f))
		}
	}
	return "."
}

func forcedText(f *backtest.FillRow) string {
	verb := "bought"
	if f.Side == exchange.Sell {
		verb = "sold"
	}
	return fmt.Sprintf("%s %s %s at %s", verb, page.Fixed(f.Qty), readable.Leg(f.Product, f.Symbol), page.Fixed(f.Price))
}

// cutoff is the first liquidation of a run: what comes after it says little of the
// strategies.
type cutoff struct {
	at exchange.Time
	ok bool
}

// cutoffOf finds the first fill that a liquidation forced, or the first sample that was
// past saving.
func cutoffOf(r *backtest.Result) *cutoff {
	for _, f := range r.Fills.All() {
		if f.Forced == exchange.ForcedLiquidation {
			return cutoffFrom(f.At, r.Equity)
		}
	}
	return cutoffFrom(0, r.Equity)
}

// cutoffFrom takes the first fill that a liquidation forced, 0 if there was none.
func cutoffFrom(liquidated exchange.Time, samples []backtest.Sample) *cutoff {
	if liquidated != 0 {
		return &cutoff{liquidated, true}
	}
	for i := range samples {
		if s := &samples[i]; s.Account.Status >= exchange.StatusForceLiquidation {
			return &cutoff{s.At, true}
		}
	}
	return &cutoff{}
}

// passed says whether an instant is at the cutoff or after it.
func (c *cutoff) passed(at exchange.Time) bool { return c.ok && at >= c.at }

// month says whether a month, named as "2026-08", has time after the cutoff.
func (c *cutoff) month(name string) bool { return c.ok && name >= c.at.UTC().Format("2006-01") }

// story tells when, why and by what the account was first liquidated.
func (c *cutoff) story(r *backtest.Result) string {
	if !c.ok {
		return ". What follows a liquidation says little about the strategy."
	}
	text := fmt.Sprintf(", first at %s UTC", readable.Instant(c.at))
	if r.Margin.Liquidations == 1 {
		text = fmt.Sprintf(" at %s UTC", readable.Instant(c.at))
	}
	if last := sampleBefore(r.Equity, c.at); last != nil && last.Account.MaintMargin.IsPositive() {
		text += fmt.Sprintf(": uniMMR was %s at the last sample before, equity %s USD", page.UniMMR(last.Account.UniMMR), page.Money(last.Account.Equity))
	}
	if line := r.Margin.Ladder.Liquidation; line > 0 {
		text += fmt.Sprintf("; the exchange liquidates at %s and below", page.Fixed(line))
	}
	for _, f := range r.Fills.All() {
		if f.Forced == exchange.ForcedLiquidation {
			text += ". It " + forcedText(f)
			break
		}
	}
	return text + ". What follows says little about the strategy; figures that contain it carry a " + afterMark + "."
}

// sampleBefore is the last sample before an instant.
func sampleBefore(list []backtest.Sample, at exchange.Time) *backtest.Sample {
	var last *backtest.Sample
	for i := range list {
		if list[i].At >= at {
			break
		}
		last = &list[i]
	}
	return last
}

// warningGroup is the warnings of one kind.
type warningGroup struct {
	Kind  string
	First []string
	// Rest is folded away when there are many.
	Rest []string
}

// warningsFirst is how many warnings of a kind stand unfolded: on a phone, equity must not be
// a screen of warnings away. A single one more is not worth a fold.
const warningsFirst = 4

func warningGroups(list []backtest.Warning) []warningGroup {
	var out []warningGroup
	index := map[string]int{}
	for _, w := range list {
		kind := readable.Clean(w.Kind)
		i, known := index[kind]
		if !known {
			i = len(out)
			index[kind] = i
			out = append(out, warningGroup{Kind: kind})
		}
		if g := &out[i]; len(g.First) < warningsFirst {
			g.First = append(g.First, readable.Clean(w.Text))
		} else {
			g.Rest = append(g.Rest, readable.Clean(w.Text))
		}
	}
	for i := range out {
		if g := &out[i]; len(g.Rest) == 1 {
			g.First, g.Rest = append(g.First, g.Rest...), nil
		}
	}
	return out
}
