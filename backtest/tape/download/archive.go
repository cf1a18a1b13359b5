package download

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Archive names one file of the public archives.
type Archive struct {
	// Key is the series that the archive is of.
	Key row.Key
	// From and To bound the UTC day or month that it holds.
	From, To exchange.Time
	// Monthly says that it holds a month.
	Monthly bool
}

// published says in which forms Binance publishes a kind.
type published struct {
	kind row.Kind
	// daily and monthly say which files there are, spot whether spot has the kind, too.
	daily, monthly, spot bool
}

var publishedKinds = [...]published{
	{row.AggTrades, true, true, true},
	{row.Trades, true, true, true},
	{row.Klines, true, true, true},
	{row.MarkPriceKlines, true, true, false},
	{row.IndexPriceKlines, true, true, false},
	{row.PremiumIndexKlines, true, true, false},
	{row.FundingRate, false, true, false},
	{row.Metrics, true, false, false},
	{row.BookDepth, true, false, false},
	{row.BookTicker, true, true, false},
	{row.LiquidationSnapshot, true, false, false},
}

func publishedOf(k row.Kind) (published, bool) {
	i := slices.IndexFunc(publishedKinds[:], func(p published) bool { return p.kind == k })
	if i < 0 {
		return published{}, false
	}
	return publishedKinds[i], true
}

// Kinds are the kinds of data that archives have for a product, in the order of tables.
func Kinds(p exchange.Product) []row.Kind {
	var list []row.Kind
	for _, k := range publishedKinds {
		if p != exchange.Margin || k.spot {
			list = append(list, k.kind)
		}
	}
	return list
}

// Check says why no archive can hold a series: the key names none, the kind is not
// published, or a character of the symbol has no place in the name of an archive.
func Check(k row.Key) error {
	if err := k.Check(); err != nil {
		return err
	}
	if !slices.Contains(Kinds(k.Product), k.Kind) {
		return fmt.Errorf("Binance publishes no archives of %s for %s; there are %s", k.Kind, row.MarketOf(k.Product), joined(Kinds(k.Product)))
	}
	if strings.ContainsFunc(k.Symbol, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '-' || r == ':' }) {
		return fmt.Errorf("symbol %q has characters that no symbol has", k.Symbol)
	}
	return nil
}

func joined(kinds []row.Kind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// Name is the archive's base name, such as BTCUSDT-1m-2024-01-02.zip.
func (a Archive) Name() string { return a.stem() + a.Date() + ".zip" }

// Date is the day or month in the name: 2024-01-02 or 2024-01.
func (a Archive) Date() string {
	if a.Monthly {
		return row.Month.Name(a.From)
	}
	return row.Day.Name(a.From)
}

// stem is the name before the date.
func (a Archive) stem() string {
	what := string(a.Key.Kind)
	if a.Key.Kind.Bars() {
		what = row.IntervalName(a.Key.Interval)
	}
	return a.Key.Symbol + "-" + what + "-"
}

// Path is the archive's place below a base URL and below a cache, such as
// data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-02.zip.
func (a Archive) Path() string { return a.prefix() + a.Name() }

// prefix is the directory, with the slash at its end.
func (a Archive) prefix() string {
	market := "futures/" + row.MarketOf(a.Key.Product)
	if a.Key.Product == exchange.Margin {
		market = row.MarketOf(a.Key.Product)
	}
	span := "daily"
	if a.Monthly {
		span = "monthly"
	}
	parts := []string{"data", market, span, string(a.Key.Kind), a.Key.Symbol}
	if a.Key.Kind.Bars() {
		parts = append(parts, row.IntervalName(a.Key.Interval))
	}
	return path.Join(parts...) + "/"
}

// url is where the archive is below a base URL. Symbols may have letters of any alphabet.
func (a Archive) url(base string) string {
	parts := strings.Split(a.Path(), "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return base + "/" + strings.Join(parts, "/")
}

// days are the daily archives of a monthly one, none if the kind has no daily archives.
func (a Archive) days() []Archive {
	if p, _ := publishedOf(a.Key.Kind); !p.daily {
		return nil
	}
	var list []Archive
	for at := a.From; at < a.To; at = at.Add(day) {
		list = append(list, Archive{Key: a.Key, From: at, To: at.Add(day)})
	}
	return list
}

const day = 24 * time.Hour

// monthOf is the first instant of the month that holds t.
func monthOf(t exchange.Time) exchange.Time {
	u := t.UTC()
	return exchange.TimeOf(time.Date(u.Year(), u.Month(), 1, 0, 0, 0, 0, time.UTC))
}

// plan lists the archives that hold a series from one instant to another, oldest first:
// months where they are over and wanted whole, else days that are over. Of what is not over
// at now there are no archives. has says what the tape has by name: a month stays in the
// form in which it was begun, so that it is not fetched in the other form as well.
func plan(k row.Key, from, to, now exchange.Time, has func(Archive) bool) []Archive {
	kind, _ := publishedOf(k.Kind)
	var list []Archive
	from, over := from.Floor(day), now.Floor(day)
	for month := monthOf(from); month < to; month = row.Month.End(month) {
		whole := Archive{Key: k, From: month, To: row.Month.End(month), Monthly: true}
		days := whole.days()
		fits := from <= month && whole.To <= to && whole.To <= now && !slices.ContainsFunc(days, has)
		if kind.monthly && (!kind.daily || fits || has(whole)) {
			list = append(list, whole)
			continue
		}
		for _, d := range days {
			if d.From >= from && d.From < to && d.To <= over {
				list = append(list, d)
			}
		}
	}
	return list
}
