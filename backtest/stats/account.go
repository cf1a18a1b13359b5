package stats

import (
	"time"

	"github.com/shopspring/decimal"
)

func marginMeasures() []measure {
	const unheld = "when no position was held"
	held := func(v func(*run) Value) func(*run) Value {
		return func(n *run) Value {
			if n.Margin.UniMMRMinAt == 0 {
				return none("no position was held")
			}
			return v(n)
		}
	}
	return []measure{
		{"unimmr_min", "Lowest uniMMR", Ratio, 1, "lowest uniMMR while there was maintenance margin, alarms of the exchange between samples included", "-", unheld,
			held(func(n *run) Value { return exactly(n.Margin.UniMMRMin) })},
		{"unimmr_min_at", "Time of the lowest uniMMR", Time, 0, "the first instant of unimmr_min", "-", unheld,
			held(func(n *run) Value { return happened(n.Margin.UniMMRMinAt) })},
		{"below_2_0", "Time below uniMMR 2.0", Duration, -1, "time with uniMMR < 2.0; a sample counts until the next one", "-", withoutSamples,
			sampled(func(n *run) Value { return lasted(n.Margin.Below20) })},
		{"below_1_5", "Time below uniMMR 1.5", Duration, -1, "time with uniMMR < 1.5; a sample counts until the next one", "-", withoutSamples,
			sampled(func(n *run) Value { return lasted(n.Margin.Below15) })},
		{"below_reduce_only", "Time in reduce only", Duration, -1, "time with uniMMR at or below the line at which the exchange only lets positions be reduced (margin.ladder.reduce_only, 1.2 on plain Portfolio Margin); a sample counts until the next one", "-",
			withoutSamples + "; where the exchange has no such line", sampled((*run).belowReduceOnly)},
		{"liquidations", "Liquidations", Count, -1, "how often the account came into liquidation", "-", always,
			func(n *run) Value { return counted(n.Margin.Liquidations) }},
		{"adl", "Auto-deleveragings", Count, -1, "how often a position was reduced by auto-deleveraging", "-", always,
			func(n *run) Value { return counted(n.Margin.ADL) }},
		{"haircut_worst", "Largest haircut", USD, -1, "largest actual equity - equity of a sample: collateral that does not count", "-", withoutSamples,
			sampled(func(n *run) Value { return exactly(n.Margin.HaircutWorst) })},
	}
}

func (n *run) belowReduceOnly() Value {
	line := n.Margin.Ladder.ReduceOnly.Decimal()
	if line.IsZero() {
		return none("the exchange has no such line")
	}
	var under time.Duration
	for i := 1; i < len(n.samples); i++ {
		if a := &n.samples[i-1].Account; a.MaintMargin.IsPositive() && a.UniMMR.LessThanOrEqual(line) {
			under += n.samples[i].At.Sub(n.samples[i-1].At)
		}
	}
	return lasted(under)
}

func orderMeasures() []measure {
	count := func(key, name string, better int, formula string, of func(*run) int) measure {
		return measure{key, name, Count, better, formula, "-", always, func(n *run) Value { return counted(of(n)) }}
	}
	part := func(a, b int, missing string) Value {
		if b <= 0 {
			return none("%s", missing)
		}
		return share(a, b)
	}
	return []measure{
		count("intents", "Intents", 0, "wishes of the strategies: orders, changes and cancels", func(n *run) int { return n.Orders.Intents }),
		count("sent", "Orders sent", 0, "orders that the guard approved", func(n *run) int { return n.Orders.Sent }),
		count("fills", "Fills", 0, "executions, forced ones included", func(n *run) int { return n.Orders.Fills }),
		{"orders_per_fill", "Orders sent for a fill", Ratio, -1, "sent / fills", "-", "without fills", func(n *run) Value {
			if n.Orders.Fills <= 0 {
				return none("no order was filled")
			}
			return quotient(decimal.NewFromInt(int64(n.Orders.Sent)), decimal.NewFromInt(int64(n.Orders.Fills)))
		}},
		count("canceled", "Orders cancelled", 0, "orders that ended by a cancel", func(n *run) int { return n.Orders.Canceled }),
		count("expired", "Orders expired", 0, "orders that the exchange let expire", func(n *run) int { return n.Orders.Expired }),
		count("rejected", "Orders rejected", -1, "orders that the exchange rejected", func(n *run) int { return n.Orders.Rejected }),
		{"rejected_share", "Share rejected", Percent, -1, "rejected / sent, in percent", "-", "when no order was sent",
			func(n *run) Value { return part(n.Orders.Rejected, n.Orders.Sent, "no order was sent") }},
		count("refused", "Intents refused", -1, "intents that the guard refused", func(n *run) int { return n.Orders.Refused }),
		{"refused_share", "Share refused", Percent, -1, "refused / intents, in percent", "-", "without intents",
			func(n *run) Value { return part(n.Orders.Refused, n.Orders.Intents, "no strategy wished anything") }},
		count("unknown", "Outcomes unknown for a time", -1, "requests whose outcome was unknown for a time", func(n *run) int { return n.Orders.Unknown }),
		count("open_at_end", "Orders open at the end", 0, "orders that the run ended with", func(n *run) int { return n.Orders.OpenAtEnd }),
	}
}
