package export

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// microsSince is when Binance's archives of spot began to have microseconds: 2025-01-01.
// Those of futures have milliseconds.
const microsSince exchange.Time = 1735689600_000_000_000

// checkArchive refuses kinds that Binance has no archives of.
func (r *run) checkArchive() error {
	for _, key := range r.spec.Series {
		spot := key.Product == exchange.Margin
		switch k := key.Kind; {
		case k == row.Depth, k == row.PartialDepth, k == row.MarkPrice, spot && k != row.AggTrades && k != row.Trades && k != row.Klines:
			return fmt.Errorf("%v: %w: Binance has no archives of %s for %s; layout csv holds every kind", key, ErrLayout, k, row.MarketOf(key.Product))
		case r.spec.Monthly && (k == row.Metrics || k == row.BookDepth || k == row.LiquidationSnapshot):
			return fmt.Errorf("%v: %w: Binance has archives of %s by day only", key, ErrSpec, k)
		case key.Product == exchange.CM && k == row.Trades && r.spec.ContractSize <= 0:
			return fmt.Errorf("%v: %w: archives of COIN-M trades have quantities in coins, for which the contract size must be given: 100 USD for BTC, 10 for other coins", key, ErrSpec)
		}
	}
	return nil
}

// archive writes a series in the files that Binance would publish of it.
func (r *run) archive(ctx context.Context, s *SeriesReport) error {
	spot := s.Key.Product == exchange.Margin
	switch s.Kind {
	case row.AggTrades:
		layout := archive[row.Trade]{header: aggTradeHeader, line: aggTradeLine, lost: []string{"event", "local"}, has: isMarketTrade}
		if spot {
			layout.header, layout.line = "", spotAggTradeLine
		}
		return writeArchive(ctx, r, s, layout)
	case row.Trades:
		layout := archive[row.Trade]{header: tradeHeader, line: tradeLine, lost: []string{"event", "local", "first_id", "last_id"}, has: isMarketTrade}
		switch s.Key.Product {
		case exchange.CM:
			layout.header, layout.line = coinTradeHeader, coinTradeLine
		case exchange.Margin:
			layout.header, layout.line = "", spotTradeLine
		}
		return writeArchive(ctx, r, s, layout)
	case row.Klines, row.MarkPriceKlines, row.IndexPriceKlines, row.PremiumIndexKlines:
		layout := archive[row.Bar]{header: barHeader, line: barLine}
		if spot {
			layout.header = ""
		}
		return writeArchive(ctx, r, s, layout)
	case row.BookTicker:
		return writeArchive(ctx, r, s, archive[row.Ticker]{header: tickerHeader, line: tickerLine, lost: []string{"local"}})
	case row.BookDepth:
		return writeArchive(ctx, r, s, archive[row.Bucket]{header: bucketHeader, line: bucketLine})
	case row.FundingRate:
		return writeArchive(ctx, r, s, archive[row.Funding]{header: fundingHeader, line: fundingLine, lost: []string{"mark"}})
	case row.Metrics:
		return writeArchive(ctx, r, s, archive[row.Metric]{header: metricHeader, line: metricLine})
	}
	return writeArchive(ctx, r, s, archive[row.Liquidation]{header: liquidationHeader, line: liquidationLine, lost: []string{"event", "local"}})
}

// archive is what Binance's archives of a kind look like.
type archive[R any] struct {
	// header is the first line, empty for spot, whose archives have none.
	header string
	line   func(l *line, r *R)
	// lost are our columns that the archives lack, has says which rows they hold, nil for
	// all.
	lost []string
	has  func(r *R) bool
}

// writeArchive writes a file for each day or month.
func writeArchive[R any, P row.Row[R]](ctx context.Context, r *run, s *SeriesReport, layout archive[R]) error {
	span := row.Day
	if r.spec.Monthly || s.Kind == row.FundingRate {
		span = row.Month
	}
	lost := newLosses[R](s, layout.lost...)
	l := line{key: s.Key, contract: r.spec.ContractSize}
	var file *archiveFile
	var end exchange.Time
	err := rows[R, P](ctx, r, s.Key, func(block []R) error {
		for i := range block {
			p := P(&block[i])
			if layout.has != nil && !layout.has(&block[i]) {
				s.Omitted++
				continue
			}
			if at := p.When(); file == nil || at >= end {
				if err := file.finish(&l); err != nil {
					return err
				}
				var err error
				if file, err = r.beginArchive(s.Key, span, at, layout.header); err != nil {
					return err
				}
				end, l.unit = span.End(at), unitOf(s.Key.Product, at)
			}
			note(&lost, &block[i])
			s.Rows++
			if layout.line(&l, &block[i]); l.err != nil {
				return fmt.Errorf("row of %v: %w", p.When(), l.err)
			}
			l.b[len(l.b)-1] = '\n' // in place of the last comma
		}
		return file.write(&l)
	})
	if err != nil {
		return err
	}
	return file.finish(&l)
}

// unitOf is the unit of times in an archive that holds an instant.
func unitOf(p exchange.Product, at exchange.Time) row.Micros {
	if p == exchange.Margin && at >= microsSince {
		return 1
	}
	return 1000
}

// archiveFile is an archive under way.
type archiveFile struct {
	stage *stage
	out   *output
	zip   *zip.Writer
	entry io.Writer
}

// beginArchive makes the archive of a series for the day or month of an instant.
func (r *run) beginArchive(key row.Key, span row.Span, at exchange.Time, header string) (*archiveFile, error) {
	path := archivePath(key, span, at)
	out, err := r.stage.begin(filepath.Join(r.spec.Path, path))
	if err != nil {
		return nil, err
	}
	a := &archiveFile{stage: r.stage, out: out, zip: zip.NewWriter(out)}
	// The time in the archive is that of the data, so that the same rows give the same bytes.
	a.entry, err = a.zip.CreateHeader(&zip.FileHeader{
		Name: strings.TrimSuffix(filepath.Base(path), ".zip") + ".csv", Method: zip.Deflate, Modified: span.End(at).UTC(),
	})
	if err == nil && header != "" {
		_, err = a.entry.Write([]byte(header + "\n"))
	}
	return a, err
}

// archivePath is where an archive lies below the directory of all, such as
// um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-02.zip.
func archivePath(key row.Key, span row.Span, at exchange.Time) string {
	published, name := "daily", string(key.Kind)
	if span == row.Month {
		published = "monthly"
	}
	directory := filepath.Join(row.MarketOf(key.Product), published, string(key.Kind), key.Symbol)
	if key.Kind.Bars() {
		name = row.IntervalName(key.Interval)
		directory = filepath.Join(directory, name)
	}
	return filepath.Join(directory, fmt.Sprintf("%s-%s-%s.zip", key.Symbol, name, span.Name(at)))
}

// write takes the lines made so far. No archive takes none.
func (a *archiveFile) write(l *line) error {
	if a == nil {
		return nil
	}
	_, err := a.entry.Write(l.b)
	l.b = l.b[:0]
	return err
}

// finish takes the last lines, completes an archive, and writes its CHECKSUM file, which
// sha256sum -c reads. No archive is complete already.
func (a *archiveFile) finish(l *line) error {
	if a == nil {
		return nil
	}
	if err := a.write(l); err != nil {
		return err
	}
	if err := a.zip.Close(); err != nil {
		return err
	}
	if err := a.out.seal(); err != nil {
		return err
	}
	sum, err := a.stage.begin(a.out.target + ".CHECKSUM")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(sum, "%s  %s\n", a.out.hash(), filepath.Base(a.out.target)); err != nil {
		return err
	}
	return sum.seal()
}
