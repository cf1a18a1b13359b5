package rundir

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// fillColumns are the columns of fills.csv and fills.parquet.
func fillColumns() []column[backtest.FillRow] {
	type row = backtest.FillRow
	return []column[row]{
		timeColumn("at", func(r *row) *exchange.Time { return &r.At }),
		textColumn("strategy", func(r *row) *string { return &r.Strategy }),
		nameColumn("product", exchange.ParseProduct, func(r *row) *exchange.Product { return &r.Product }),
		textColumn("symbol", func(r *row) *string { return &r.Symbol }),
		nameColumn("side", exchange.ParseSide, func(r *row) *exchange.Side { return &r.Side }),
		nameColumn("position_side", exchange.ParsePositionSide, func(r *row) *exchange.PositionSide { return &r.PositionSide }),
		liquidityColumn(),
		fixedColumn("price", func(r *row) *exchange.Fixed { return &r.Price }),
		fixedColumn("qty", func(r *row) *exchange.Fixed { return &r.Qty }),
		decimalColumn("fee", amountPlaces, func(r *row) *decimal.Decimal { return &r.Fee }),
		textColumn("fee_asset", func(r *row) *string { return &r.FeeAsset }),
		decimalColumn("realized", amountPlaces, func(r *row) *decimal.Decimal { return &r.Realized }),
		decimalColumn("position", amountPlaces, func(r *row) *decimal.Decimal { return &r.Position }),
		nameColumn("forced", exchange.ParseForcedKind, func(r *row) *exchange.ForcedKind { return &r.Forced }),
		textColumn("tag", func(r *row) *string { return &r.Tag }),
		uintColumn("strategy_id", 8, func(r *row) *exchange.StrategyID { return &r.Fill.Strategy }),
		uintColumn("order", 64, func(r *row) *exchange.OrderID { return &r.Order }),
		uintColumn("ref", 64, func(r *row) *uint64 { return &r.Ref }),
		idColumn("client_id", func(r *row) *string { return &r.ClientID }),
		intColumn("venue_id", func(r *row) *int64 { return &r.VenueID }),
		intColumn("trade_id", func(r *row) *int64 { return &r.TradeID }),
	}
}

func liquidityColumn() column[backtest.FillRow] {
	type row = backtest.FillRow
	word := func(r *row) string {
		if r.Maker {
			return "maker"
		}
		return "taker"
	}
	return column[row]{
		name: "liquidity",
		text: func(b []byte, r *row) []byte { return append(b, word(r)...) },
		parse: func(r *row, s string) error {
			if r.Maker = s == "maker"; !r.Maker && s != "taker" {
				return fmt.Errorf("%.40q is neither maker nor taker", s)
			}
			return nil
		},
		node:  wordNode(),
		value: func(r *row, room *wide) parquet.Value { return textValue(word(r), room) },
	}
}

// tradeColumns are the columns of trades.csv and trades.parquet.
func tradeColumns() []column[backtest.TradeRow] {
	type row = backtest.TradeRow
	return []column[row]{
		textColumn("strategy", func(r *row) *string { return &r.Strategy }),
		nameColumn("product", exchange.ParseProduct, func(r *row) *exchange.Product { return &r.Product }),
		textColumn("symbol", func(r *row) *string { return &r.Symbol }),
		nameColumn("position_side", exchange.ParsePositionSide, func(r *row) *exchange.PositionSide { return &r.PositionSide }),
		nameColumn("side", exchange.ParseSide, func(r *row) *exchange.Side { return &r.Side }),
		timeColumn("from", func(r *row) *exchange.Time { return &r.From }),
		timeColumn("to", func(r *row) *exchange.Time { return &r.To }),
		boolColumn("open", func(r *row) *bool { return &r.Open }),
		decimalColumn("qty", amountPlaces, func(r *row) *decimal.Decimal { return &r.Qty }),
		decimalColumn("entry", amountPlaces, func(r *row) *decimal.Decimal { return &r.Entry }),
		decimalColumn("exit", amountPlaces, func(r *row) *decimal.Decimal { return &r.Exit }),
		intColumn("fills", func(r *row) *int { return &r.Fills }),
		decimalColumn("volume", worthPlaces, func(r *row) *decimal.Decimal { return &r.Volume }),
		decimalColumn("price", worthPlaces, func(r *row) *decimal.Decimal { return &r.Price }),
		decimalColumn("fees", worthPlaces, func(r *row) *decimal.Decimal { return &r.Fees }),
		decimalColumn("funding", worthPlaces, func(r *row) *decimal.Decimal { return &r.Funding }),
		decimalColumn("slippage", worthPlaces, func(r *row) *decimal.Decimal { return &r.Slippage }),
		decimalColumn("net", worthPlaces, func(r *row) *decimal.Decimal { return &r.Net }),
		textColumn("entry_tag", func(r *row) *string { return &r.EntryTag }),
		textColumn("exit_tag", func(r *row) *string { return &r.ExitTag }),
		nameColumn("forced", exchange.ParseForcedKind, func(r *row) *exchange.ForcedKind { return &r.Forced }),
	}
}

// ledgerColumns are the columns of ledger.csv and ledger.parquet.
func ledgerColumns() []column[backtest.LedgerRow] {
	type row = backtest.LedgerRow
	return []column[row]{
		timeColumn("at", func(r *row) *exchange.Time { return &r.At }),
		textColumn("strategy", func(r *row) *string { return &r.Strategy }),
		nameColumn("product", exchange.ParseProduct, func(r *row) *exchange.Product { return &r.Product }),
		textColumn("symbol", func(r *row) *string { return &r.Symbol }),
		textColumn("asset", func(r *row) *string { return &r.Asset }),
		nameColumn("wallet", exchange.ParseWallet, func(r *row) *exchange.Wallet { return &r.Wallet }),
		nameColumn("reason", exchange.ParseReason, func(r *row) *exchange.Reason { return &r.Reason }),
		decimalColumn("delta", amountPlaces, func(r *row) *decimal.Decimal { return &r.Delta }),
		decimalColumn("balance", amountPlaces, func(r *row) *decimal.Decimal { return &r.Balance }),
		decimalColumn("usd", worthPlaces, func(r *row) *decimal.Decimal { return &r.USD }),
	}
}
