package stats

import (
	"math/big"
	"slices"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// again has every statistic once more.
var again = map[string]func(*second) *big.Rat{
	"net_usd": func(s *second) *big.Rat {
		return add(add(total(nets(s.trades())), s.booked(exchange.ReasonInterest)), s.house())
	},
	"net_pct":           funds(func(s *second) *big.Rat { return times(over(rat(s.r.Total.Net), s.equity[0]), whole(100)) }),
	"equity_start":      has(func(s *second) *big.Rat { return s.equity[0] }),
	"equity_end":        has(func(s *second) *big.Rat { return s.equity[len(s.equity)-1] }),
	"equity_change_usd": has((*second).gain),
	"equity_change_pct": funds(func(s *second) *big.Rat { return times(over(s.gain(), s.equity[0]), whole(100)) }),
	"held_change_usd":   holds((*second).heldGain),
	"over_held_usd":     holds(func(s *second) *big.Rat { return sub(s.gain(), s.heldGain()) }),
	"cagr":              (*second).cagr,
	"volatility":        many(func(s *second) *big.Rat { return times(root(times(s.variance(), whole(365))), whole(100)) }),
	"best_day":          func(s *second) *big.Rat { return hundred(largest(s.r1)) },
	"worst_day":         func(s *second) *big.Rat { return hundred(smallest(s.r1)) },
	"days":              func(s *second) *big.Rat { return whole(int64(max(len(s.midnights), 1) - 1)) },
	"days_won":          func(s *second) *big.Rat { return count(s.changes, 1) },
	"best_month":        func(s *second) *big.Rat { list, _, _ := s.months(); return hundred(largest(list)) },
	"worst_month":       func(s *second) *big.Rat { list, _, _ := s.months(); return hundred(smallest(list)) },
	"months":            func(s *second) *big.Rat { _, n, _ := s.months(); return whole(int64(n)) },
	"months_won":        func(s *second) *big.Rat { _, _, n := s.months(); return whole(int64(n)) },

	"sharpe":          varied(func(s *second) *big.Rat { return times(s.daily(), root(whole(365))) }),
	"sharpe_stderr":   varied(func(s *second) *big.Rat { return times(s.error(), root(whole(365))) }),
	"psr":             varied(func(s *second) *big.Rat { return times(normal(over(s.daily(), s.error())), whole(100)) }),
	"sortino":         lost((*second).sortino),
	"calmar":          (*second).calmar,
	"omega":           lost(func(s *second) *big.Rat { return add(over(total(s.r1), s.losses(s.r1)), whole(1)) }),
	"recovery_factor": fell(func(s *second) *big.Rat { return over(s.gain(), s.dollars()) }),
	"profit_factor_days": func(s *second) *big.Rat {
		return ratioOrNone(add(total(s.changes), s.losses(s.changes)), s.losses(s.changes))
	},
	"skewness":        varied((*second).skewness),
	"excess_kurtosis": varied(func(s *second) *big.Rat { return sub(s.kurtosis(), whole(3)) }),
	"var_95":          many((*second).valueAtRisk),
	"cvar_95":         many((*second).shortfall),
	"ulcer_index":     (*second).ulcer,

	"max_drawdown_pct":  has(func(s *second) *big.Rat { share, _, _, _, _ := s.deepest(); return hundred(share) }),
	"max_drawdown_usd":  has((*second).dollars),
	"max_drawdown_from": fell(func(s *second) *big.Rat { _, from, _, _, _ := s.deepest(); return whole(int64(s.at[from])) }),
	"max_drawdown_to":   fell(func(s *second) *big.Rat { _, _, to, _, _ := s.deepest(); return whole(int64(s.at[to])) }),
	"drawdown_recovery": fell(func(s *second) *big.Rat {
		_, _, to, back, _ := s.deepest()
		if back < 0 {
			return nil
		}
		return whole(int64(s.at[back] - s.at[to]))
	}),
	"longest_drawdown": has((*second).longest),
	"underwater_pct": spans(func(s *second) *big.Rat {
		return hundred(over(s.during(func(i int) bool { return s.falls[i] != nil && s.falls[i].Sign() > 0 }), s.span()))
	}),

	"trades":       func(s *second) *big.Rat { return whole(int64(len(s.closed(anyTrade)))) },
	"trades_open":  func(s *second) *big.Rat { return whole(int64(s.r.Trades.Len() - len(s.closed(anyTrade)))) },
	"win_rate":     func(s *second) *big.Rat { return hundred(s.part(wonTrade)) },
	"average_win":  func(s *second) *big.Rat { return meanOf(nets(s.closed(wonTrade))) },
	"average_loss": func(s *second) *big.Rat { return meanOf(nets(s.closed(lostTrade))) },
	"payoff_ratio": func(s *second) *big.Rat {
		return negative(ratioOrNone(meanOf(nets(s.closed(wonTrade))), meanOf(nets(s.closed(lostTrade)))))
	},
	"trades_per_day": spans(func(s *second) *big.Rat { return over(whole(int64(len(s.closed(anyTrade)))), s.runDays()) }),
	"expectancy":     func(s *second) *big.Rat { return meanOf(nets(s.closed(anyTrade))) },
	"profit_factor": func(s *second) *big.Rat {
		return negative(ratioOrNone(total(nets(s.closed(wonTrade))), total(nets(s.closed(lostTrade)))))
	},
	"best_trade":             func(s *second) *big.Rat { return largest(nets(s.closed(anyTrade))) },
	"worst_trade":            func(s *second) *big.Rat { return smallest(nets(s.closed(anyTrade))) },
	"average_duration":       func(s *second) *big.Rat { return meanOf(durations(s.closed(anyTrade))) },
	"average_duration_won":   func(s *second) *big.Rat { return meanOf(durations(s.closed(wonTrade))) },
	"average_duration_lost":  func(s *second) *big.Rat { return meanOf(durations(s.closed(lostTrade))) },
	"longest_winning_streak": func(s *second) *big.Rat { return whole(s.streak(wonTrade)) },
	"longest_losing_streak":  func(s *second) *big.Rat { return whole(s.streak(lostTrade)) },
	"long_share": func(s *second) *big.Rat {
		return hundred(s.part(func(row *backtest.TradeRow) bool { return row.Side == exchange.Buy }))
	},

	"turnover":         (*second).volume,
	"turnover_per_day": spans(func(s *second) *big.Rat { return over(s.volume(), s.runDays()) }),
	"turnover_ratio": spans(func(s *second) *big.Rat {
		mean := s.overTime(func(i int) *big.Rat { return s.equity[i] })
		if mean.Sign() <= 0 {
			return nil
		}
		return over(over(s.volume(), s.runDays()), mean)
	}),
	"fees_usd":     func(s *second) *big.Rat { return s.booked(exchange.ReasonCommission) },
	"fees_bp":      func(s *second) *big.Rat { return points(ratioOrNone(s.booked(exchange.ReasonCommission), s.volume())) },
	"slippage_usd": (*second).slippage,
	"slippage_bp":  func(s *second) *big.Rat { return points(ratioOrNone(s.slippage(), s.volume())) },
	"funding_usd":  (*second).funding,
	"funding_pct_notional": spans(func(s *second) *big.Rat {
		if s.runDays().Cmp(whole(1)) < 0 {
			return nil
		}
		return hundred(ratioOrNone(times(over(s.funding(), s.runDays()), whole(365)), s.overTime(s.gross)))
	}),
	"interest_usd": func(s *second) *big.Rat { return s.booked(exchange.ReasonInterest) },
	"maker_share":  (*second).makers,

	"time_in_market": spans(func(s *second) *big.Rat {
		return hundred(over(s.during(func(i int) bool { return len(s.r.Equity[i].Exposure) > 0 }), s.span()))
	}),
	"average_gross_exposure": spans(func(s *second) *big.Rat { return s.overTime(s.gross) }),
	"max_gross_exposure":     has(func(s *second) *big.Rat { return largest(s.each(s.gross)) }),
	"average_leverage":       spans(func(s *second) *big.Rat { return s.overTime(s.lever) }),
	"max_leverage":           func(s *second) *big.Rat { return largest(s.each(s.lever)) },
	"average_net_delta":      spans(func(s *second) *big.Rat { return s.overTime(s.delta) }),

	"unimmr_min":        func(s *second) *big.Rat { v, _ := s.lowestMargin(); return v },
	"unimmr_min_at":     func(s *second) *big.Rat { _, at := s.lowestMargin(); return at },
	"below_2_0":         has(func(s *second) *big.Rat { return s.marginUnder("1.99999999999999999999") }),
	"below_1_5":         has(func(s *second) *big.Rat { return s.marginUnder("1.49999999999999999999") }),
	"below_reduce_only": has(func(s *second) *big.Rat { return s.marginUnder(s.r.Margin.Ladder.ReduceOnly.String()) }),
	"liquidations":      tallied(func(r *backtest.Result) int { return r.Margin.Liquidations }),
	"adl":               tallied(func(r *backtest.Result) int { return r.Margin.ADL }),
	"haircut_worst": has(func(s *second) *big.Rat {
		return largest(s.each(func(i int) *big.Rat { return sub(rat(s.r.Equity[i].Account.ActualEquity), s.equity[i]) }))
	}),

	"intents":         tallied(func(r *backtest.Result) int { return r.Orders.Intents }),
	"sent":            tallied(func(r *backtest.Result) int { return r.Orders.Sent }),
	"fills":           tallied(func(r *backtest.Result) int { return r.Fills.Len() }),
	"orders_per_fill": func(s *second) *big.Rat { return quotientOf(s.r.Orders.Sent, s.r.Fills.Len()) },
	"canceled":        tallied(func(r *backtest.Result) int { return r.Orders.Canceled }),
	"expired":         tallied(func(r *backtest.Result) int { return r.Orders.Expired }),
	"rejected":        tallied(rejections),
	"rejected_share":  func(s *second) *big.Rat { return hundred(quotientOf(rejections(s.r), s.r.Orders.Sent)) },
	"refused":         tallied(refusals),
	"refused_share":   func(s *second) *big.Rat { return hundred(quotientOf(refusals(s.r), s.r.Orders.Intents)) },
	"unknown":         tallied(func(r *backtest.Result) int { return r.Orders.Unknown }),
	"open_at_end":     tallied(func(r *backtest.Result) int { return r.Orders.OpenAtEnd }),
}

// What a statistic needs to have a value.

func has(of func(*second) *big.Rat) func(*second) *big.Rat {
	return when(of, func(s *second) bool { return len(s.equity) > 0 })
}

func holds(of func(*second) *big.Rat) func(*second) *big.Rat {
	return has(when(of, func(s *second) bool {
		return slices.ContainsFunc(s.r.Equity, func(x backtest.Sample) bool { return !x.Held.IsZero() })
	}))
}

func spans(of func(*second) *big.Rat) func(*second) *big.Rat {
	return when(of, func(s *second) bool { return len(s.equity) > 1 })
}

func funds(of func(*second) *big.Rat) func(*second) *big.Rat {
	return when(of, func(s *second) bool { return len(s.equity) > 0 && s.equity[0].Sign() > 0 })
}

func fell(of func(*second) *big.Rat) func(*second) *big.Rat {
	return when(of, func(s *second) bool { return len(s.equity) > 0 && s.dollars().Sign() > 0 })
}

func many(of func(*second) *big.Rat) func(*second) *big.Rat {
	return when(of, func(s *second) bool { return len(s.r1) >= 30 })
}

func varied(of func(*second) *big.Rat) func(*second) *big.Rat {
	return many(when(of, func(s *second) bool { return s.variance().Sign() > 0 }))
}

func lost(of func(*second) *big.Rat) func(*second) *big.Rat {
	return many(when(of, func(s *second) bool { return s.losses(s.r1).Sign() > 0 }))
}

func when(of func(*second) *big.Rat, is func(*second) bool) func(*second) *big.Rat {
	return func(s *second) *big.Rat {
		if !is(s) {
			return nil
		}
		return of(s)
	}
}

func tallied(of func(*backtest.Result) int) func(*second) *big.Rat {
	return func(s *second) *big.Rat { return whole(int64(of(s.r))) }
}
