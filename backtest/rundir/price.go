package rundir

import (
	"fmt"
	"iter"
	"slices"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// priceRow is a line of prices.csv: a step of one of the series.
type priceRow struct {
	product exchange.Product
	symbol  string
	backtest.PricePoint
}

// priceColumns are the columns of prices.csv and prices.parquet.
func priceColumns() []column[priceRow] {
	type row = priceRow
	return []column[row]{
		nameColumn("product", exchange.ParseProduct, func(r *row) *exchange.Product { return &r.product }),
		textColumn("symbol", func(r *row) *string { return &r.symbol }),
		timeColumn("at", func(r *row) *exchange.Time { return &r.At }),
		fixedColumn("open", func(r *row) *exchange.Fixed { return &r.Open }),
		fixedColumn("high", func(r *row) *exchange.Fixed { return &r.High }),
		fixedColumn("low", func(r *row) *exchange.Fixed { return &r.Low }),
		fixedColumn("close", func(r *row) *exchange.Fixed { return &r.Close }),
	}
}

// priceRows goes through the steps of all series, one series after the other.
func priceRows(list []backtest.PriceSeries) iter.Seq2[int, *priceRow] {
	return func(yield func(int, *priceRow) bool) {
		n := 0
		for _, s := range list {
			for _, p := range s.Points {
				if !yield(n, &priceRow{s.Product, s.Symbol, p}) {
					return
				}
				n++
			}
		}
	}
}

// pointCount is the number of steps of all series.
func pointCount(list []backtest.PriceSeries) (n int) {
	for _, s := range list {
		n += len(s.Points)
	}
	return n
}

// withoutPoints names the series only.
func withoutPoints(list []backtest.PriceSeries) []backtest.PriceSeries {
	list = slices.Clone(list)
	for i := range list {
		list[i].Points = nil
	}
	return list
}

// prices reads the steps of the series that result.json names.
func (l *loading) prices() error {
	if !slices.ContainsFunc(l.Files, func(f File) bool { return f.Name == "prices.csv" }) {
		return nil // an older directory has them in result.json
	}
	var stray error
	err := read(l, "prices.csv", priceColumns(), func(r *priceRow) {
		i := slices.IndexFunc(l.Prices, func(s backtest.PriceSeries) bool { return s.Product == r.product && s.Symbol == r.symbol })
		if i < 0 {
			stray = damaged{fmt.Errorf("prices.csv has prices of %v %q, which %s does not name", r.product, r.symbol, resultFile)}
			return
		}
		l.Prices[i].Points = append(l.Prices[i].Points, r.PricePoint)
	}, false)
	if err != nil {
		return err
	}
	return stray
}
