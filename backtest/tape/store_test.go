package tape

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

var tradeKey = series(exchange.UM, "A", row.AggTrades, 0)

// tradesFrom are trades a second apart, the first n seconds after eve.
func tradesFrom(n, count int) []row.Trade {
	list := make([]row.Trade, count)
	for i := range list {
		at := eve.Add(time.Duration(n+i) * time.Second)
		list[i] = row.Trade{Time: row.MicrosOf(at), ID: int64(1000 + n + i), Price: 100_000_000, Qty: 100_000_000}
	}
	return list
}

// received are the same as a recorder got them.
func received(rows []row.Trade) []row.Trade {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Event = rows[i].Time + 2000
		rows[i].Local = rows[i].Event.Time().Add(3 * time.Millisecond)
	}
	return rows
}

// TestArchiveBesideRecording holds that an archive, which has neither the time of sending
// nor that of receipt, agrees with a recording of the same trades, and that these times
// are on the tape whatever came first.
func TestArchiveBesideRecording(t *testing.T) {
	archive, recording := tradesFrom(0, 200), received(tradesFrom(50, 100))
	first, second := newTape(t), newTape(t)
	for _, c := range []struct {
		tape      *Tape
		rows      []row.Trade
		recording bool
		new       int64
	}{{first, archive, false, 200}, {first, recording, true, 0}, {second, recording, true, 100}, {second, archive, false, 100}} {
		report, err := bring(t, c.tape, fmt.Sprint("recording ", c.recording), c.recording, ImportSpec{}, batchesOf(tradeKey, c.rows, 30))
		if err != nil || report.Series[0].New != c.new || report.Series[0].Known != int64(len(c.rows))-c.new {
			t.Fatalf("recording %v: %d new, %d known, %v", c.recording, report.Series[0].New, report.Series[0].Known, err)
		}
		sound(t, c.tape)
	}
	if a, b := Hash(first.Series()...), Hash(second.Series()...); a != b || first.Series()[0].Rows != 200 {
		t.Errorf("hash %s with the archive first, %s with it last; %d rows", a, b, first.Series()[0].Rows)
	}
	for i, r := range rowsOf[row.Trade](t, first, tradeKey) {
		if has := r.Local != 0; has != (i >= 50 && i < 150) {
			t.Fatalf("row %d has a local time: %v", i, has)
		}
	}
	if n := len(first.Series()[0].Origins); n != 2 {
		t.Errorf("%d sources are named, want 2", n)
	}
	// A repair with the archive differs in nothing.
	report, err := bring(t, second, "again", false, ImportSpec{Repair: true}, batchesOf(tradeKey, archive, 30))
	if s := report.Series[0]; err != nil || s.Differ.Count != 0 || s.Known != 200 {
		t.Errorf("repair: %d differ, %d known, %v", s.Differ.Count, s.Known, err)
	}
}

var depthKey = series(exchange.UM, "A", row.Depth, 0)

// change is a message of a book with n levels.
func change(at exchange.Time, first, last, prev int64, n int) (rows []row.Level) {
	head := row.Level{Time: row.MicrosOf(at), Event: row.MicrosOf(at) + 1000, Local: at.Add(4 * time.Millisecond), First: first, Last: last, Prev: prev}
	for k := range n {
		rows = append(rows, side(head, row.Bid, 500-k, exchange.Fixed(k+1), k == 0))
	}
	return rows
}

// state is a snapshot of a book with n levels.
func state(at exchange.Time, last int64, n int) (rows []row.Level) {
	rows = change(at, 0, last, 0, n)
	for i := range rows {
		rows[i].Snapshot = true
	}
	return rows
}

// TestSnapshotsOfOneID polls a quiet book again and again: each answer has another time of
// sending, and may be deeper or not so deep.
func TestSnapshotsOfOneID(t *testing.T) {
	at := func(s int) exchange.Time { return eve.Add(time.Duration(s) * time.Second) }
	quiet := slices.Concat(change(at(0), 1, 5, 0, 2), state(at(1), 5, 10), state(at(3), 5, 20), state(at(5), 5, 10), change(at(9), 6, 9, 5, 1))
	tape := newTape(t)
	report, err := bring(t, tape, "quiet", true, ImportSpec{}, batchesOf(depthKey, quiet, 7))
	if s := report.Series[0]; err != nil || s.New != 23 || s.Duplicates.Count != 20 || s.Skipped.Count != 0 {
		t.Errorf("%d new, %d duplicates, skipped %v, %v", s.New, s.Duplicates.Count, s.Skipped, err)
	}
	for _, c := range []struct{ levels, new, known int }{{5, 0, 5}, {20, 0, 20}, {50, 30, 20}, {40, 0, 40}} {
		report, err := bring(t, tape, fmt.Sprint(c.levels), true, ImportSpec{}, batchesOf(depthKey, state(at(4), 5, c.levels), 100))
		if s := report.Series[0]; err != nil || s.New != int64(c.new) || s.Known != int64(c.known) {
			t.Errorf("%d levels: %d new, %d known, %v", c.levels, s.New, s.Known, err)
		}
	}
	sound(t, tape)
	// A snapshot with other quantities is another book.
	other := state(at(4), 5, 5)
	other[4].Qty++
	if _, err := bring(t, tape, "other", true, ImportSpec{}, batchesOf(depthKey, other, 100)); !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "qty is 0.00000006, on the tape it is 0.00000005 from quiet") {
		t.Errorf("another book of the same id: %v", err)
	}
	// A message that lacks a level is not the same message.
	if _, err := bring(t, tape, "cut", true, ImportSpec{}, batchesOf(depthKey, change(at(0), 1, 5, 0, 1), 100)); !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "number of levels is 1, on the tape it is 2") {
		t.Errorf("a message cut short: %v", err)
	}
}

// TestPiecesOverBatches has a snapshot that comes so late that it may go at once, while
// the batch ends within it, and pieces that are not whole.
func TestPiecesOverBatches(t *testing.T) {
	at := func(s int) exchange.Time { return eve.Add(time.Duration(s) * time.Second) }
	rows := slices.Concat(change(at(0), 1, 5, 0, 2), change(at(30), 6, 9, 5, 1), state(at(2), 7, 12), change(at(31), 10, 12, 9, 1))
	for size := range len(rows) {
		tape := newTape(t)
		report, err := bring(t, tape, "late", true, ImportSpec{}, batchesOf(depthKey, rows, size+1))
		if s := report.Series[0]; err != nil || s.New != 16 {
			t.Errorf("batches of %d: %d new, skipped %v, %v", size+1, s.New, s.Skipped, err)
		}
	}
	torn := change(at(60), 13, 15, 12, 3)
	torn[1].Prev = 11
	headless := change(at(61), 16, 18, 15, 3)[1:]
	tape := newTape(t)
	report, err := bring(t, tape, "torn", true, ImportSpec{}, batchesOf(depthKey, slices.Concat(rows, torn, headless, change(at(62), 19, 20, 18, 1)), 100))
	if s := report.Series[0]; err != nil || s.New != 17 || s.Skipped.Count != 5 ||
		!strings.Contains(s.Skipped.Examples[0], "line 18 has the id of the piece, but other times or ids") ||
		!strings.Contains(s.Skipped.Examples[3], "the first row of the piece is missing") {
		t.Errorf("%d new, skipped %q, %v", s.New, s.Skipped.Examples, err)
	}
}

// TestWrongTimes has a message whose time is a day ahead, and one a day back: it is set
// aside, and not what follows.
func TestWrongTimes(t *testing.T) {
	for _, wrong := range []row.Micros{86_400_000_000, -86_400_000_000} {
		rows := received(tradesFrom(0, 400))
		rows[200].Time += wrong
		tape := newTape(t)
		report, err := bring(t, tape, "clock", true, ImportSpec{}, batchesOf(tradeKey, rows, 20))
		if s := report.Series[0]; err != nil || s.New != 399 || s.Skipped.Count != 1 || !strings.Contains(s.Skipped.Examples[0], "line 201") || s.Gaps.Count != 1 {
			t.Errorf("%d new, skipped %v, gaps %v, %v", s.New, s.Skipped, s.Gaps, err)
		}
	}
}

// TestLate has a row that comes just in time to be put in order, and one just too late.
func TestLate(t *testing.T) {
	for _, c := range []struct {
		late    time.Duration
		skipped int64
	}{{holdTime - time.Second, 0}, {holdTime + 2*time.Second, 1}} {
		rows := received(tradesFrom(0, 100))
		seconds := int(c.late / time.Second)
		late := rows[50]
		rows = slices.Insert(slices.Delete(rows, 50, 51), 50+seconds, late)
		report, err := bring(t, newTape(t), "late", true, ImportSpec{}, batchesOf(tradeKey, rows, 1))
		if s := report.Series[0]; err != nil || s.Skipped.Count != c.skipped || s.New != 100-c.skipped || s.Gaps.Count != c.skipped {
			t.Errorf("late by %v: %d new, skipped %v, gaps %v, %v", c.late, s.New, s.Skipped, s.Gaps, err)
		}
	}
}

// TestNoID refuses a column that is no id in bounded memory and time.
func TestNoID(t *testing.T) {
	rows := make([]row.Ticker, groupMax+2)
	for i := range rows {
		rows[i] = row.Ticker{Time: row.MicrosOf(eve) + row.Micros(i), ID: 7, Bid: exchange.Fixed(i + 1), BidQty: 1}
	}
	key := series(exchange.UM, "A", row.BookTicker, 0)
	for _, recording := range []bool{true, false} {
		_, err := bring(t, newTape(t), "same", recording, ImportSpec{}, batchesOf(key, rows, 5000))
		if err == nil || !strings.Contains(err.Error(), "same:1: more than 131072 rows of um/A/bookTicker have the id 7: that is no id of market data") {
			t.Errorf("recording %v: %v", recording, err)
		}
		report, err := bring(t, newTape(t), "many", recording, ImportSpec{}, batchesOf(key, rows[:20_000], 5000))
		if err != nil || report.Series[0].New != 20_000 {
			t.Errorf("recording %v: %v", recording, err)
		}
	}
}

// TestMadeIDs says why ids of two sorts do not go together.
func TestMadeIDs(t *testing.T) {
	tape := newTape(t)
	_, err := bring(t, tape, "real", true, ImportSpec{}, batchesOf(tradeKey, received(tradesFrom(0, 50)), 20))
	must(t, err)
	made := received(tradesFrom(10, 5))
	for i := range made {
		made[i].ID = row.MakeID(made[i].Time, 0)
	}
	if _, err := bring(t, tape, "made", true, ImportSpec{}, batchesOf(tradeKey, made, 20)); !errors.Is(err, ErrConflict) ||
		!strings.Contains(err.Error(), "ids of two sorts do not go together in one file") || !strings.Contains(err.Error(), "from real") {
		t.Errorf("made ids among the exchange's: %v", err)
	}
	report, err := bring(t, tape, "made", true, ImportSpec{Repair: true}, batchesOf(tradeKey, made, 20))
	if err != nil || report.Series[0].Beyond.Count+report.Series[0].Differ.Count != 5 {
		t.Errorf("as a repair: %+v, %v", report.Series[0], err)
	}
	// A day of one and a day of the other are no conflict, nor a gap.
	next := tradesFrom(24*60*60, 5)
	for i := range next {
		next[i].ID = row.MakeID(next[i].Time, 0)
	}
	if _, err := bring(t, tape, "next", true, ImportSpec{}, batchesOf(tradeKey, next, 20)); err != nil || len(tape.Holes(tradeKey)) != 0 {
		t.Errorf("made ids on the next day: %v, holes %v", err, tape.Holes(tradeKey))
	}
	// The ids beyond are compared again.
	third := tradesFrom(48*60*60, 5)
	if _, err := bring(t, tape, "third", true, ImportSpec{}, batchesOf(tradeKey, third, 20)); err != nil || len(tape.Holes(tradeKey)) != 1 {
		t.Errorf("%v, holes %v", err, tape.Holes(tradeKey))
	}
}

// TestRejected counts lines: a snapshot of 1,500 levels that is set aside is one line of a
// recording. Bad lines that come before the first row of their series are counted, too.
func TestRejected(t *testing.T) {
	other := state(eve.Add(time.Second), 5, 1500)
	other[1400].Qty++
	rows := slices.Concat(state(eve, 5, 1500), other, change(eve.Add(2*time.Second), 6, 9, 5, 1))
	b := batchesOf(depthKey, rows, len(rows))
	for i := range b.list[0].Lines {
		b.list[0].Lines[i] = int64(2 + i/1500)
	}
	b.list = slices.Insert(b.list, 0, source.Batch{Bad: []source.Bad{{Line: 1, Key: depthKey, Reason: errors.New("bad"), Text: "text"}}})
	tape := newTape(t)
	report, err := bring(t, tape, "levels", true, ImportSpec{}, b)
	if s := report.Series[0]; err != nil || s.Skipped.Count != 1501 || report.Skipped.Count != 1501 || tape.Series()[0].Skipped != 1501 {
		t.Errorf("skipped %d, %d in all, %d on the tape, %v", s.Skipped.Count, report.Skipped.Count, tape.Series()[0].Skipped, err)
	}
	text := string(readFile(t, report.Written[0]))
	if lines := strings.Split(text, "\n"); len(lines) != 3 || lines[0] != "1\tbad\ttext" || !strings.HasPrefix(lines[1], "3\trows contradict each other: another piece") {
		t.Errorf("rejected:\n%s", text)
	}
}

// TestDamagedRows holds that an import does not give rows that were changed on disk a
// good hash.
func TestDamagedRows(t *testing.T) {
	tape := newTape(t)
	_, err := bring(t, tape, "a", false, ImportSpec{}, batchesOf(tradeKey, tradesFrom(0, 50), 20))
	must(t, err)
	path := tape.path(tradeKey, "2024-02-29")
	p, err := tape.find(tradeKey, "2024-02-29")
	must(t, err)
	rows := rowsOf[row.Trade](t, tape, tradeKey)
	rows[7].Price++ // the rest of the file stays as it is
	var b strings.Builder
	out := newPacker[row.Trade](&zstd.Codec{Level: zstd.SpeedFastest})
	out.begin(&b)
	err = out.pack(rows)
	must(t, errors.Join(err, out.end(&p.meta), os.WriteFile(path, []byte(b.String()), 0o644)))
	before := snapshot(t, tape.dir)
	_, err = bring(t, tape, "b", false, ImportSpec{}, batchesOf(tradeKey, tradesFrom(50, 50), 20))
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) || snapshot(t, tape.dir) != before {
		t.Errorf("changed rows: %v", err)
	}
}

// TestForeignFiles opens tapes with files that are none of theirs.
func TestForeignFiles(t *testing.T) {
	fill := func() (*Tape, string, []byte) {
		tape := newTape(t)
		_, err := bring(t, tape, "a", false, ImportSpec{}, batchesOf(tradeKey, tradesFrom(0, 300), 20))
		must(t, err)
		path := tape.path(tradeKey, "2024-02-29")
		return tape, path, readFile(t, path)
	}
	tape, path, whole := fill()
	dir := filepath.Dir(path)
	for _, name := range []string{"2024-02-28.parquet", "2024-02-29 (copy).parquet"} {
		must(t, os.WriteFile(filepath.Join(dir, name), whole, 0o644))
		if _, err := Open(tape.dir); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "copied or renamed") {
			t.Errorf("%s beside the original: %v", name, err)
		}
		must(t, os.Remove(filepath.Join(dir, name)))
	}
	must(t, os.WriteFile(filepath.Join(dir, "._2024-02-29.parquet"), []byte("not ours"), 0o644))
	must(t, os.MkdirAll(filepath.Join(tape.dir, "um", ".Trash"), 0o755))
	must(t, os.WriteFile(filepath.Join(tape.dir, "um", ".Trash", "x.parquet"), whole, 0o644))
	_, err := Open(tape.dir)
	must(t, err)

	tape, _, _ = fill()
	rewriteMeta(t, tape, "2024-02-29", func(m *meta) { m.schema = "trade/1" })
	if _, err := Open(tape.dir); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "has the schema trade/1, this version reads trade/2: import its sources again") {
		t.Errorf("an older schema: %v", err)
	}
	if _, err := bring(t, tape, "b", false, ImportSpec{}, batchesOf(tradeKey, tradesFrom(0, 3), 20)); !errors.Is(err, ErrDamaged) {
		t.Errorf("an import onto an older schema: %v", err)
	}

	type wider struct {
		row.Trade
		Note int64 `parquet:"note"`
	}
	tape, path, _ = fill()
	p, err := tape.find(tradeKey, "2024-02-29")
	must(t, err)
	f, err := os.Create(path)
	must(t, err)
	out := parquet.NewGenericWriter[wider](f)
	_, err = out.Write(make([]wider, p.meta.rows))
	must(t, errors.Join(err, p.meta.write(out.SetKeyValueMetadata), out.Close(), f.Close()))
	again, err := Open(tape.dir)
	if err == nil {
		err = again.Verify(t.Context())
	}
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "columns are not those of the schema") {
		t.Errorf("a column more: %v", err)
	}
	must(t, os.WriteFile(path, nil, 0o644))
	if _, err := Open(tape.dir); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("an empty file: %v", err)
	}
}

// rewriteMeta changes the metadata of a file of trades.
func rewriteMeta(t *testing.T, tape *Tape, name string, edit func(*meta)) {
	t.Helper()
	rows := rowsOf[row.Trade](t, tape, tradeKey)
	p, err := tape.find(tradeKey, name)
	must(t, err)
	edit(&p.meta)
	f, err := os.Create(p.path)
	must(t, err)
	out := newPacker[row.Trade](&zstd.Codec{Level: zstd.SpeedFastest})
	out.begin(f)
	err = out.pack(rows[:p.meta.rows])
	must(t, errors.Join(err, out.end(&p.meta), f.Close()))
}

// TestKilledInCommit leaves only some of the new files of an import on the tape, and wants
// the next import to finish the work.
func TestKilledInCommit(t *testing.T) {
	rows := tradesFrom(0, 300) // over midnight
	whole, tape := newTape(t), newTape(t)
	_, err := bring(t, whole, "a", false, ImportSpec{}, batchesOf(tradeKey, rows, 50))
	must(t, err)
	for _, part := range whole.shelf[tradeKey][1:] { // the second file was renamed, the first not
		must(t, os.MkdirAll(filepath.Dir(tape.path(tradeKey, "x")), 0o755))
		must(t, os.WriteFile(tape.path(tradeKey, part.name), readFile(t, part.path), 0o644))
	}
	tape, err = Open(tape.dir)
	must(t, err)
	report, err := bring(t, tape, "a", false, ImportSpec{}, batchesOf(tradeKey, rows, 50))
	if err != nil || report.Series[0].New+report.Series[0].Known != 300 || Hash(tape.Series()...) != Hash(whole.Series()...) {
		t.Errorf("%d new, %d known, %v", report.Series[0].New, report.Series[0].Known, err)
	}
}

// TestStaleCompact compacts a tape that another process has added to since it was opened.
func TestStaleCompact(t *testing.T) {
	tape := newTape(t)
	_, err := bring(t, tape, "a", false, ImportSpec{}, batchesOf(tradeKey, tradesFrom(0, 20), 50))
	must(t, err)
	other, err := Open(tape.dir)
	must(t, err)
	_, err = bring(t, other, "b", false, ImportSpec{}, batchesOf(tradeKey, tradesFrom(20, 20), 50))
	must(t, err)
	if _, err := tape.Compact(t.Context(), nil); err != nil {
		t.Error(err)
	}
	again, err := Open(tape.dir)
	must(t, err)
	sound(t, again)
	if again.Series()[0].Rows != 40 {
		t.Errorf("%d rows", again.Series()[0].Rows)
	}
}

// TestYears crosses the ends of years and of a February that has 29 days, and looks at
// holes between files of a year.
func TestYears(t *testing.T) {
	key := series(exchange.UM, "A", row.FundingRate, 0)
	var rows []row.Funding
	at := exchange.TimeOf(time.Date(2022, 12, 30, 0, 0, 0, 0, time.UTC))
	for range 3 * 1200 {
		rows = append(rows, row.Funding{Time: row.MicrosOf(at), Rate: 1})
		at = at.Add(8 * time.Hour)
	}
	hole := slices.IndexFunc(rows, func(r row.Funding) bool { return r.When().UTC().Year() == 2024 })
	rows[hole].Time -= row.Micros(4 * time.Hour / time.Microsecond) // 12 hours before the next
	tape := newTape(t)
	_, err := bring(t, tape, "a", false, ImportSpec{}, batchesOf(key, rows, 50))
	must(t, err)
	sound(t, tape)
	if names := len(tape.shelf[key]); names != 5 || tape.Series()[0].Rows != 3600 {
		t.Errorf("%d files", names)
	}
	for _, h := range tape.Holes(key) {
		if h.Missing < 1 || h.To <= h.From {
			t.Errorf("hole %+v", h)
		}
	}
	leap := series(exchange.UM, "A", row.Klines, 24*time.Hour)
	var days []row.Bar
	for at := exchange.TimeOf(time.Date(2024, 2, 27, 0, 0, 0, 0, time.UTC)); len(days) < 5; at = at.Add(24 * time.Hour) {
		days = append(days, row.Bar{Start: row.MicrosOf(at), Open: 1, High: 1, Low: 1, Close: 1})
	}
	_, err = bring(t, tape, "b", false, ImportSpec{}, batchesOf(leap, days, 50))
	must(t, err)
	if holes := tape.Holes(leap); len(holes) != 0 {
		t.Errorf("holes about the 29th of February: %v", holes)
	}
}

// TestUnnoted holds that an import whose note cannot be written has happened all the same.
func TestUnnoted(t *testing.T) {
	tape := newTape(t)
	must(t, os.Mkdir(filepath.Join(tape.dir, importsName), 0o755))
	report, err := bring(t, tape, "a", false, ImportSpec{}, batchesOf(tradeKey, tradesFrom(0, 20), 50))
	if err != nil || len(report.Written) != 1 || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "will be read again") {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := os.Stat(tape.path(tradeKey, "2024-02-29")); errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
