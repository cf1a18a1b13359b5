package download

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

// fillSpan is how much is filled at a time: what a kill costs of it is asked for again.
const fillSpan = 30 * day

// fillable says whether REST has the whole history of a kind.
func fillable(k row.Kind) bool { return k.Bars() || k == row.FundingRate }

// fill asks over REST for what no archive had.
func (r *run) fill(ctx context.Context) {
	if r.c.REST == nil || r.stopped != nil || ctx.Err() != nil {
		return
	}
	for _, k := range r.c.Want {
		if !fillable(k.Kind) {
			continue
		}
		if _, err := r.c.REST.MeasureClock(ctx); err != nil {
			r.failures = append(r.failures, fmt.Errorf("the exchange's time over REST: %w", err))
			return
		}
		for _, s := range uncovered(r.c.Tape.Coverage(k), k, r.c.From, min(r.c.To, r.c.REST.ServerTime())) {
			if ctx.Err() != nil {
				return
			}
			result, err := r.fillStretch(ctx, k, s)
			if errors.Is(err, rest.ErrNoSymbol) {
				r.unknown(result, err)
				break // the other stretches would hear the same
			}
			switch {
			case err != nil && ctx.Err() == nil:
				r.fail(result, err)
				if hopeless(err) {
					return
				}
			case err == nil && len(result.Report.Series) > 0:
				result.State = Imported
				r.end(result)
			}
		}
	}
}

// unknown takes note of a symbol that the exchange does not know. Of one that was delisted
// the archives are all there is; one that nobody has anything of is a failure.
func (r *run) unknown(result Result, err error) {
	if len(r.c.Tape.Coverage(result.Key)) == 0 {
		r.fail(result, err)
		return
	}
	r.c.Notice(fmt.Sprintf("%s: the exchange does not know the symbol any more, so that nothing is filled over REST", result.Key))
}

// hopeless says that the next series will fare no better.
func hopeless(err error) bool {
	for _, e := range []error{rest.ErrBanned, rest.ErrLimited, rest.ErrFirewall, rest.ErrRegion, rest.ErrUnavailable} {
		if errors.Is(err, e) {
			return true
		}
	}
	return isDisk(err) || errors.Is(err, syscall.EWOULDBLOCK)
}

// uncovered lists the stretches between two instants that a tape has nothing of, cut into
// pieces of fillSpan. A stretch of bars holds at least one; one of settlements begins late
// enough not to hold the settlement before.
func uncovered(have []tape.Stretch, k row.Key, from, to exchange.Time) (list []tape.Stretch) {
	slack := time.Duration(0)
	if k.Kind == row.FundingRate {
		slack = fundingLate
	}
	add := func(from, to exchange.Time) {
		for ; to.Sub(from) >= max(k.Interval, slack) && to > from; from = from.Add(fillSpan) {
			list = append(list, tape.Stretch{From: from, To: min(to, from.Add(fillSpan))})
		}
	}
	for _, h := range have {
		if h.To < from {
			continue
		}
		if h.From > to {
			break
		}
		add(from, h.From)
		from = max(from, h.To.Add(slack))
	}
	add(from, to)
	return list
}

// fillStretch asks for one stretch, writes its rows as an archive has them, and imports
// that file. A stretch without rows leaves the tape as it is.
func (r *run) fillStretch(ctx context.Context, k row.Key, s tape.Stretch) (Result, error) {
	result := Result{Archive: Archive{Key: k, From: s.From, To: s.To}, OverREST: true}
	name := fmt.Sprintf("%srest-%s.csv", result.stem(), s.From.UTC().Format("20060102T150405Z"))
	path := filepath.Join(r.c.Cache, "rest", filepath.FromSlash(k.String()), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return result, err
	}
	r.dirs[filepath.Dir(path)] = true
	file, err := os.Create(path)
	if err != nil {
		return result, err
	}
	out := bufio.NewWriter(file) // keeps its first error until Flush
	var n int
	if k.Kind == row.FundingRate {
		n, err = r.writeFunding(ctx, out, k, s)
	} else {
		n, err = r.writeBars(ctx, out, k, s)
	}
	if err = errors.Join(err, out.Flush(), file.Close()); err == nil && n > 0 {
		result.Report, err = importFile(ctx, &r.c, path, k)
		result.SHA256 = result.Report.SHA256
		result.Bytes = sizeOf(path)
	}
	if err != nil || n == 0 || !r.c.Keep {
		err = errors.Join(err, removeAll(path))
	}
	return result, err
}

func klineKind(k row.Kind) rest.KlineKind {
	switch k {
	case row.MarkPriceKlines:
		return rest.KlineMark
	case row.IndexPriceKlines:
		return rest.KlineIndex
	case row.PremiumIndexKlines:
		return rest.KlinePremium
	}
	return rest.KlineTraded
}

// writeBars writes the closed bars that open within a stretch.
func (r *run) writeBars(ctx context.Context, out *bufio.Writer, k row.Key, s tape.Stretch) (n int, err error) {
	_, _ = out.WriteString("open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n")
	query := rest.KlinesQuery{Kind: klineKind(k.Kind), Symbol: k.Symbol, Interval: row.IntervalName(k.Interval), From: s.From, To: s.To - 1}
	var line []byte
	for b, err := range r.c.REST.EachKline(ctx, k.Product, query) {
		if err != nil {
			return n, err
		}
		line = strconv.AppendInt(line[:0], b.Start.Millis(), 10)
		for _, v := range []exchange.Fixed{b.Open, b.High, b.Low, b.Close} {
			line = v.Append(append(line, ','))
		}
		line = b.Volume.Append(append(line, ','))
		line = strconv.AppendInt(append(line, ','), b.End.Millis(), 10)
		line = b.QuoteVolume.Append(append(line, ','))
		line = strconv.AppendInt(append(line, ','), b.Trades, 10)
		line = b.TakerBuy.Append(append(line, ','))
		line = b.TakerQuote.Append(append(line, ','))
		_, _ = out.Write(append(line, ",0\n"...))
		n++
	}
	return n, nil
}

const (
	// fundingLate is how long after its hour a settlement may be published.
	fundingLate = time.Minute
	// fundingBefore reaches the settlement before any other.
	fundingBefore = 8*time.Hour + 2*fundingLate
)

// writeFunding writes the settlements of a stretch. An archive names the interval of each,
// which is the distance from the one before, so that this one is asked for, too; the first
// of all has that of the second.
func (r *run) writeFunding(ctx context.Context, out *bufio.Writer, k row.Key, s tape.Stretch) (n int, err error) {
	_, _ = out.WriteString("calc_time,funding_interval_hours,last_funding_rate\n")
	odd, waiting := 0, rest.FundingRate{}
	write := func(f rest.FundingRate, every time.Duration) {
		if f.At >= s.From && every > 0 {
			fmt.Fprintf(out, "%d,%d,%v\n", f.Published.Millis(), every/time.Hour, f.Rate)
			n++
		}
	}
	for f, err := range r.c.REST.EachFundingRate(ctx, k.Product, k.Symbol, s.From.Add(-fundingBefore), s.To-1, 0) {
		switch {
		case err != nil:
			return n, err
		case f.At != f.Published.Floor(time.Hour) || f.Published.Sub(f.At) > fundingLate:
			odd++ // a tape knows settlements at whole hours only
			continue
		case f.Interval == 0:
			waiting = f
			continue
		}
		if waiting.At != 0 {
			write(waiting, f.Interval)
			waiting = rest.FundingRate{}
		}
		write(f, f.Interval)
	}
	if odd > 0 {
		r.c.Notice(fmt.Sprintf("%s: %d settlements that are not at a whole hour are left out", k, odd))
	}
	return n, nil
}

// filled says whether REST has brought all that an archive would hold so far, so that
// nobody needs to hear that it is missing.
func (r *run) filled(a Archive) bool {
	if r.c.REST == nil || !fillable(a.Key.Kind) {
		return false
	}
	to := min(a.To, r.c.Now())
	if a.Key.Kind == row.FundingRate {
		to = to.Add(-fundingBefore) // the last settlement, not the end of the time, ends what is covered
	}
	return slices.ContainsFunc(r.c.Tape.Coverage(a.Key), func(h tape.Stretch) bool { return h.From <= a.From && to <= h.To })
}

// restName is how a stretch that was filled over REST is called in messages.
func restName(a Archive) string {
	return strings.TrimSuffix(a.stem(), "-") + " over REST from " + a.From.String()
}
