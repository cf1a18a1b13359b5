package export

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Forms of times: all of a column have the same number of digits, which pandas wants.
const (
	microsForm = "2006-01-02T15:04:05.000000Z"
	nanosForm  = "2006-01-02T15:04:05.000000000Z"
)

func (r *run) checkCSV() error {
	if n := len(r.spec.Series); n != 1 {
		return fmt.Errorf("%w: %d series for one file; a file of layout csv has one", ErrSpec, n)
	}
	return r.checkPath(".csv", ".csv.gz")
}

// csv writes a series of any kind.
func (r *run) csv(ctx context.Context, s *SeriesReport) error {
	switch s.Kind {
	case row.AggTrades, row.Trades:
		return writeCSV[row.Trade](ctx, r, s)
	case row.Klines, row.MarkPriceKlines, row.IndexPriceKlines, row.PremiumIndexKlines:
		return writeCSV[row.Bar](ctx, r, s)
	case row.BookTicker:
		return writeCSV[row.Ticker](ctx, r, s)
	case row.Depth, row.PartialDepth:
		return writeCSV[row.Level](ctx, r, s)
	case row.BookDepth:
		return writeCSV[row.Bucket](ctx, r, s)
	case row.MarkPrice:
		return writeCSV[row.Mark](ctx, r, s)
	case row.FundingRate:
		return writeCSV[row.Funding](ctx, r, s)
	case row.Metrics:
		return writeCSV[row.Metric](ctx, r, s)
	case row.LiquidationSnapshot:
		return writeCSV[row.Liquidation](ctx, r, s)
	}
	return fmt.Errorf("%w: %s has no columns", ErrLayout, s.Kind)
}

// writeCSV writes the tape's own columns.
func writeCSV[R any, P row.Row[R]](ctx context.Context, r *run, s *SeriesReport) error {
	out, err := r.stage.begin(r.spec.Path)
	if err != nil {
		return err
	}
	var text io.Writer = out
	var packed *gzip.Writer
	if strings.HasSuffix(r.spec.Path, ".gz") {
		packed = gzip.NewWriter(out)
		text = packed
	}
	columns := row.Columns[R]()
	b := appendHeader(nil, columns)
	err = rows[R, P](ctx, r, s.Key, func(block []R) error {
		s.Rows += int64(len(block))
		for i := range block {
			b = appendCSV(b, columns, &block[i])
		}
		_, err := text.Write(b)
		b = b[:0]
		return err
	})
	if err != nil {
		return err
	}
	if packed != nil {
		if err := packed.Close(); err != nil {
			return err
		}
	}
	return out.seal()
}

func appendHeader(b []byte, columns []row.Column) []byte {
	for i, c := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, c.Name...)
	}
	return append(b, '\n')
}

func appendCSV[R any](b []byte, columns []row.Column, r *R) []byte {
	for i := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		switch c := &columns[i]; c.Type {
		case row.Time:
			b = appendTime(b, row.Micros(*row.IntAt(c, r)).Time(), microsForm)
		case row.Nanos:
			b = appendTime(b, exchange.Time(*row.IntAt(c, r)), nanosForm)
		case row.Integer:
			b = strconv.AppendInt(b, *row.IntAt(c, r), 10)
		case row.Boolean:
			b = strconv.AppendBool(b, *row.BoolAt(c, r))
		default:
			b = row.Text(b, c, r)
		}
	}
	return append(b, '\n')
}

// appendTime leaves a time that is not known empty: a text in its place would make pandas
// read the whole column as text.
func appendTime(b []byte, t exchange.Time, form string) []byte {
	if t == 0 {
		return b
	}
	return t.UTC().AppendFormat(b, form)
}
