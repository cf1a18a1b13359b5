package riskguard

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// limitEntry is one of the limits: its key in the configuration, where it stands, its default,
// its bounds, and which way it becomes stricter.
type limitEntry struct {
	key         string
	value       any // *decimal.Decimal, *time.Duration, *int, *bool or *SelfTrade
	usual       string
	least, most string
	strict      strictness
}

// strictness says which of two values of a limit is the stricter.
type strictness uint8

const (
	whole  strictness = iota // a limit of the whole account, the same for all its parts
	lower                    // the lower one
	higher                   // the higher one
)

// entries are all limits by rising key, but for the overrides.
func (l *Limits) entries() []limitEntry {
	return []limitEntry{
		{"account_messages_per_minute_max", &l.AccountMessagesPerMinuteMax, "480", "0", "1200", whole},
		{"account_open_orders_max", &l.AccountOpenOrdersMax, "150", "0", "1000", whole},
		{"ack_latency_max", &l.AckLatencyMax, "1s", "1ms", "1m", whole},
		{"acts_per_minute_max", &l.ActsPerMinuteMax, "6", "0", "30", whole},
		{"approval_ttl", &l.ApprovalTTL, "500ms", "1ms", "1h", whole},
		{"borrow_max_usd", &l.BorrowMaxUSD, "0", "0", "1000000000", whole},
		{"clock_offset_max", &l.ClockOffsetMax, "250ms", "1ms", "24h", lower},
		{"coin_exposure_max_ratio", &l.CoinExposureMaxRatio, "3", "0", "50", lower},
		{"collateral_asset_max_ratio", &l.CollateralAssetMaxRatio, "0.40", "0", "2", lower},
		{"daily_loss_max_ratio", &l.DailyLossMaxRatio, "0.02", "0", "1", whole},
		{"drawdown_max_ratio", &l.DrawdownMaxRatio, "0.05", "0", "1", whole},
		{"depeg_reduce", &l.DepegReduce, "0.95", "0", "1", whole},
		{"depeg_warn", &l.DepegWarn, "0.98", "0", "1", whole},
		{"drift_equity_max", &l.DriftEquityMax, "0.01", "0", "1", whole},
		{"drift_maint_max", &l.DriftMaintMax, "0.05", "0", "1", whole},
		{"drift_readings", &l.DriftReadings, "3", "1", "100", whole},
		{"drop_copy_silent", &l.DropCopySilent, "5m", "10s", "24h", whole},
		{"duplicate_window", &l.DuplicateWindow, "1s", "1ms", "1m", higher},
		{"executions_per_minute_max", &l.ExecutionsPerMinuteMax, "50", "1", "10000", lower},
		{"forced_fills_max", &l.ForcedFillsMax, "0", "0", "1000000", whole},
		{"fresh_account", &l.FreshAccount, "10s", "1ms", "1h", lower},
		{"fresh_index", &l.FreshIndex, "10s", "1ms", "1h", lower},
		{"fresh_mark", &l.FreshMark, "3s", "1ms", "1h", lower},
		{"fresh_price", &l.FreshPrice, "1s", "1ms", "1h", lower},
		{"gross_exposure_max_ratio", &l.GrossExposureMaxRatio, "3", "0", "50", lower},
		{"income_gap_max_ratio", &l.IncomeGapMaxRatio, "0.0001", "0", "1", whole},
		{"leg_gap_for", &l.LegGapFor, "30s", "0s", "24h", whole},
		{"leg_gap_max_ratio", &l.LegGapMaxRatio, "0.02", "0", "1", whole},
		{"leg_gap_min_usd", &l.LegGapMinUSD, "100", "0", "1000000000", whole},
		{"loan_rate_max", &l.LoanRateMax, "0.20", "0", "10", whole},
		{"loss_streak_for", &l.LossStreakFor, "1h", "1s", "168h", whole},
		{"loss_streak_max", &l.LossStreakMax, "5", "1", "1000000", lower},
		{"messages_per_second_max", &l.MessagesPerSecondMax, "10", "0", "20", lower},
		{"negative_stable_max_ratio", &l.NegativeStableMaxRatio, "0.05", "0", "2", lower},
		{"net_exposure_max_ratio", &l.NetExposureMaxRatio, "3", "0", "50", lower},
		{"open_orders_max", &l.OpenOrdersMax, "20", "0", "200", lower},
		{"open_orders_notional_max_ratio", &l.OpenOrdersNotionalMaxRatio, "0.40", "0", "40", lower},
		{"order_notional_max_ratio", &l.OrderNotionalMaxRatio, "0.02", "0", "10", lower},
		{"order_to_trade_max", &l.OrderToTradeMax, "500", "1", "100000", lower},
		{"plugin_answer_max", &l.PluginAnswerMax, "500ms", "1ms", "1h", lower},
		{"position_max_ratio", &l.PositionMaxRatio, "0.20", "0", "20", lower},
		{"price_collar_limit", &l.PriceCollarLimit, "0.01", "0", "0.5", lower},
		{"price_collar_market", &l.PriceCollarMarket, "0.005", "0", "0.5", lower},
		{"refuse_all", &l.RefuseAll, "false", "false", "true", higher},
		{"reject_ratio_max", &l.RejectRatioMax, "0.20", "0", "1", lower},
		{"ramp_for", &l.RampFor, "24h", "0s", "720h", higher},
		{"ramp_ratio", &l.RampRatio, "0.10", "0", "1", lower},
		{"self_trade", &l.SelfTrade, "refuse", "refuse", "allow", lower},
		{"shock_coin", &l.ShockCoin, "0.20", "0", "0.95", whole},
		{"shock_haircut", &l.ShockHaircut, "0.10", "0", "1", whole},
		{"shock_stable", &l.ShockStable, "0.10", "0", "0.95", whole},
		{"slippage_max", &l.SlippageMax, "0.005", "0", "1", lower},
		{"strangers_max", &l.StrangersMax, "0", "0", "1000000", whole},
		{"strategy_daily_loss_max_ratio", &l.StrategyDailyLossMaxRatio, "0.02", "0", "1", lower},
		{"strategy_drawdown_max_ratio", &l.StrategyDrawdownMaxRatio, "0.05", "0", "1", lower},
		{"strategy_position_max_ratio", &l.StrategyPositionMaxRatio, "20", "0", "20", lower},
		{"unimmr_halt", &l.UniMMRHalt, "1.3", "1.05", "1000", whole},
		{"unimmr_min", &l.UniMMRMin, "2.0", "1.2", "1000", higher},
		{"unimmr_reduce", &l.UniMMRReduce, "2.0", "1.05", "1000", whole},
		{"unimmr_resume", &l.UniMMRResume, "2.2", "1.05", "1000", whole},
		{"unimmr_resume_after", &l.UniMMRResumeAfter, "1m", "1s", "24h", whole},
		{"unimmr_shock_min", &l.UniMMRShockMin, "1.5", "1.05", "1000", higher},
		{"unimmr_warn", &l.UniMMRWarn, "3.0", "1.05", "1000", whole},
		{"unknown_orders_max", &l.UnknownOrdersMax, "0", "0", "10", lower},
		{"unknown_ratio_max", &l.UnknownRatioMax, "0.10", "0", "1", lower},
	}
}

// LimitKeys are the keys of all limits, but for the lists.
func LimitKeys() []string {
	var keys []string
	for _, e := range new(Limits).entries() {
		keys = append(keys, e.key)
	}
	return keys
}

// Validate names every limit outside its bounds, with the key of the configuration, and every
// override that makes no sense or is not stricter. Whether instruments and strategies of
// overrides are there [New] finds out.
func (l *Limits) Validate() error {
	var errs []error
	for _, e := range l.entries() {
		if err := e.validate(); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		errs = l.contradictions()
	}
	if l.DepegReduce.GreaterThan(l.DepegWarn) {
		errs = append(errs, fmt.Errorf("depeg_reduce is %v; it must not be above depeg_warn, %v", l.DepegReduce, l.DepegWarn))
	}
	errs = append(errs, l.checkHedged()...)
	errs = append(errs, l.checkBudgets()...)
	if len(l.Overrides) > overridesMax {
		errs = append(errs, fmt.Errorf("override is given %d times; it must be at most %d", len(l.Overrides), overridesMax))
	}
	for i := range l.Overrides {
		errs = append(errs, l.Overrides[i].validate(l, i)...)
	}
	return errors.Join(errs...)
}

// contradictions names limits that cannot hold together.
func (l *Limits) contradictions() (errs []error) {
	for _, c := range [...]struct {
		low, high   string
		has, had    decimal.Decimal
		equalIsFine bool
	}{
		{"unimmr_halt", "unimmr_reduce", l.UniMMRHalt, l.UniMMRReduce, false},
		{"unimmr_reduce", "unimmr_resume", l.UniMMRReduce, l.UniMMRResume, true},
		{"unimmr_reduce", "unimmr_warn", l.UniMMRReduce, l.UniMMRWarn, true},
	} {
		if c.has.LessThan(c.had) || c.equalIsFine && c.has.Equal(c.had) {
			continue
		}
		must := "below"
		if c.equalIsFine {
			must = "at most"
		}
		errs = append(errs, fmt.Errorf("%s is %v; it must be %s %s, which is %v", c.low, c.has, must, c.high, c.had))
	}
	return errs
}

// validate holds the value against its bounds.
func (e *limitEntry) validate() error {
	if e.compareTo(e.least) >= 0 && e.compareTo(e.most) <= 0 {
		return nil
	}
	return fmt.Errorf("%s is %s; it must be %s to %s", e.key, e.text(), e.least, e.most)
}

// compareTo compares the value with one that is written down.
func (e *limitEntry) compareTo(text string) int {
	switch v := e.value.(type) {
	case *time.Duration:
		d, err := time.ParseDuration(text)
		must(err)
		return int(min(max(*v-d, -1), 1))
	case *bool:
		return strings.Compare(e.text(), text) // false comes before true
	case *SelfTrade:
		var other SelfTrade
		must(other.UnmarshalText([]byte(text)))
		return int(*v) - int(other)
	case *int:
		return decimal.NewFromInt(int64(*v)).Cmp(decimal.RequireFromString(text))
	default:
		return v.(*decimal.Decimal).Cmp(decimal.RequireFromString(text))
	}
}

// must panics on an error of the table above.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// text is the value as it is written.
func (e *limitEntry) text() string {
	switch v := e.value.(type) {
	case *time.Duration:
		return v.String()
	case *bool:
		return strconv.FormatBool(*v)
	case *SelfTrade:
		return v.String()
	case *int:
		return fmt.Sprint(*v)
	default:
		return v.(*decimal.Decimal).String()
	}
}
