package rundir

import (
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// sampleColumns are the columns of equity.csv and equity.parquet for a run with these legs
// and collateral assets: the account, the exposure of each leg, and each asset.
func sampleColumns(legs []backtest.Leg, assets []string) []column[backtest.Sample] {
	type row = backtest.Sample
	list := []column[row]{
		timeColumn("at", func(r *row) *exchange.Time { return &r.At }),
		decimalColumn("equity", worthPlaces, func(r *row) *decimal.Decimal { return &r.Account.Equity }),
		decimalColumn("actual_equity", worthPlaces, func(r *row) *decimal.Decimal { return &r.Account.ActualEquity }),
		decimalColumn("open_loss", worthPlaces, func(r *row) *decimal.Decimal { return &r.Account.OpenLoss }),
		decimalColumn("maint_margin", worthPlaces, func(r *row) *decimal.Decimal { return &r.Account.MaintMargin }),
		decimalColumn("initial_margin", worthPlaces, func(r *row) *decimal.Decimal { return &r.Account.InitialMargin }),
		decimalColumn("available", worthPlaces, func(r *row) *decimal.Decimal { return &r.Account.Available }),
		decimalColumn("unimmr", worthPlaces, func(r *row) *decimal.Decimal { return &r.Account.UniMMR }),
		nameColumn("status", exchange.ParseAccountStatus, func(r *row) *exchange.AccountStatus { return &r.Account.Status }),
		decimalColumn("held", worthPlaces, func(r *row) *decimal.Decimal { return &r.Held }),
	}
	list[len(list)-1].added = true
	for _, l := range legs {
		list = append(list, sparseColumn("usd "+l.Product.String()+" "+l.Symbol, func(s *row, add bool) *decimal.Decimal {
			return exposureOf(s, l.Inst, add)
		}))
	}
	for _, asset := range assets {
		of := func(name string, at func(*backtest.AssetValue) *decimal.Decimal) column[row] {
			c := sparseColumn(name+" "+asset, func(s *row, add bool) *decimal.Decimal {
				if v := assetOf(s, asset, add); v != nil {
					return at(v)
				}
				return nil
			})
			c.added = true
			return c
		}
		list = append(list,
			of("net", func(v *backtest.AssetValue) *decimal.Decimal { return &v.Net }),
			of("actual", func(v *backtest.AssetValue) *decimal.Decimal { return &v.Actual }),
			of("equity", func(v *backtest.AssetValue) *decimal.Decimal { return &v.Equity }))
	}
	return list
}

// sparseColumn is for numbers that a sample may be without; at returns nil then, unless it
// is to add the number.
func sparseColumn(name string, at func(s *backtest.Sample, add bool) *decimal.Decimal) column[backtest.Sample] {
	c := decimalColumn(string(appendText(nil, name)), worthPlaces, func(s *backtest.Sample) *decimal.Decimal { return at(s, true) })
	text, parse, value := c.text, c.parse, c.value
	c.text = func(b []byte, s *backtest.Sample) []byte {
		if at(s, false) == nil {
			return b
		}
		return text(b, s)
	}
	c.parse = func(s *backtest.Sample, field string) error {
		if field == "" {
			return nil
		}
		return parse(s, field)
	}
	c.value = func(s *backtest.Sample, room *wide) parquet.Value {
		if at(s, false) == nil {
			return parquet.NullValue()
		}
		return value(s, room)
	}
	return c
}

func exposureOf(s *backtest.Sample, inst exchange.InstrumentID, add bool) *decimal.Decimal {
	i := slices.IndexFunc(s.Exposure, func(e backtest.Exposure) bool { return e.Inst == inst })
	if i < 0 && add {
		i = len(s.Exposure)
		s.Exposure = append(s.Exposure, backtest.Exposure{Inst: inst})
	}
	if i < 0 {
		return nil
	}
	return &s.Exposure[i].USD
}

func assetOf(s *backtest.Sample, asset string, add bool) *backtest.AssetValue {
	i := slices.IndexFunc(s.Assets, func(v backtest.AssetValue) bool { return v.Asset == asset })
	if i < 0 && add {
		i = len(s.Assets)
		s.Assets = append(s.Assets, backtest.AssetValue{Asset: asset})
	}
	if i < 0 {
		return nil
	}
	return &s.Assets[i]
}
