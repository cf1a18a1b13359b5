package rundir

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// fillFields are the columns of fills.csv.
func fillFields() []field[backtest.FillRow] {
	type row = backtest.FillRow
	return []field[row]{
		timeField("at", func(r *row) *exchange.Time { return &r.At }),
		textField("strategy", func(r *row) *string { return &r.Strategy }),
		nameField("product", exchange.ParseProduct, func(r *row) *exchange.Product { return &r.Product }),
		textField("symbol", func(r *row) *string { return &r.Symbol }),
		nameField("side", exchange.ParseSide, func(r *row) *exchange.Side { return &r.Side }),
		nameField("position_side", exchange.ParsePositionSide, func(r *row) *exchange.PositionSide { return &r.PositionSide }),
		{"liquidity", func(r *row) string {
			if r.Maker {
				return "maker"
			}
			return "taker"
		}, func(r *row, s string) error {
			if s != "maker" && s != "taker" {
				return fmt.Errorf("%q is neither maker nor taker", s)
			}
			r.Maker = s == "maker"
			return nil
		}},
		fixedField("price", func(r *row) *exchange.Fixed { return &r.Price }),
		fixedField("qty", func(r *row) *exchange.Fixed { return &r.Qty }),
		decimalField("fee", func(r *row) *decimal.Decimal { return &r.Fee }),
		textField("fee_asset", func(r *row) *string { return &r.FeeAsset }),
		decimalField("realized", func(r *row) *decimal.Decimal { return &r.Realized }),
		decimalField("position", func(r *row) *decimal.Decimal { return &r.Position }),
		nameField("forced", exchange.ParseForcedKind, func(r *row) *exchange.ForcedKind { return &r.Forced }),
		textField("tag", func(r *row) *string { return &r.Tag }),
		uintField("strategy_id", 8, func(r *row) *exchange.StrategyID { return &r.Fill.Strategy }),
		uintField("order", 64, func(r *row) *exchange.OrderID { return &r.Order }),
		uintField("ref", 64, func(r *row) *uint64 { return &r.Ref }),
		textField("client_id", func(r *row) *string { return &r.ClientID }),
		intField("venue_id", func(r *row) *int64 { return &r.VenueID }),
		intField("trade_id", func(r *row) *int64 { return &r.TradeID }),
	}
}

// sampleFields are the columns of equity.csv: the account, and the exposure of each leg.
func sampleFields(legs []backtest.Leg) []field[backtest.Sample] {
	type row = backtest.Sample
	fields := []field[row]{
		timeField("at", func(r *row) *exchange.Time { return &r.At }),
		decimalField("equity", func(r *row) *decimal.Decimal { return &r.Account.Equity }),
		decimalField("actual_equity", func(r *row) *decimal.Decimal { return &r.Account.ActualEquity }),
		decimalField("open_loss", func(r *row) *decimal.Decimal { return &r.Account.OpenLoss }),
		decimalField("maint_margin", func(r *row) *decimal.Decimal { return &r.Account.MaintMargin }),
		decimalField("initial_margin", func(r *row) *decimal.Decimal { return &r.Account.InitialMargin }),
		decimalField("available", func(r *row) *decimal.Decimal { return &r.Account.Available }),
		decimalField("unimmr", func(r *row) *decimal.Decimal { return &r.Account.UniMMR }),
		nameField("status", exchange.ParseAccountStatus, func(r *row) *exchange.AccountStatus { return &r.Account.Status }),
		decimalField("held", func(r *row) *decimal.Decimal { return &r.Held }),
	}
	for _, l := range legs {
		fields = append(fields, exposureField(l))
	}
	return fields
}

// exposureField is a leg's notional in USD, empty where the leg holds nothing.
func exposureField(l backtest.Leg) field[backtest.Sample] {
	return field[backtest.Sample]{"usd " + escape(l.Product.String()+" "+l.Symbol), func(s *backtest.Sample) string {
		for _, e := range s.Exposure {
			if e.Inst == l.Inst {
				return e.USD.String()
			}
		}
		return ""
	}, func(s *backtest.Sample, text string) error {
		if text == "" {
			return nil
		}
		usd, err := parseDecimal(text)
		s.Exposure = append(s.Exposure, backtest.Exposure{Inst: l.Inst, USD: usd})
		return err
	}}
}
