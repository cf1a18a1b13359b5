package export

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newTape(t testing.TB) *tape.Tape {
	t.Helper()
	made, err := tape.Create(t.TempDir())
	must(t, err)
	return made
}

// imported puts files into a new tape. An empty key is taken from the path.
func imported(t testing.TB, key row.Key, paths ...string) *tape.Tape {
	t.Helper()
	made := newTape(t)
	for _, path := range paths {
		_, err := tape.Import(t.Context(), made, tape.ImportSpec{Path: path, Spec: source.Spec{Key: key}}, nil)
		must(t, err)
	}
	return made
}

func exported(t testing.TB, from *tape.Tape, spec Spec) Report {
	t.Helper()
	r, err := Series(t.Context(), from, spec, nil)
	must(t, err)
	return r
}

// same compares the rows of two tapes, those of which a file made the second.
func same(t testing.TB, was, is *tape.Tape) {
	t.Helper()
	must(t, is.Verify(t.Context()))
	before, after := was.Series(), is.Series()
	if len(before) != len(after) {
		t.Fatalf("%d series became %d", len(before), len(after))
	}
	for i := range before {
		if b, a := before[i], after[i]; b.Key != a.Key || b.Rows != a.Rows || b.Hash != a.Hash {
			t.Errorf("%v: %d rows, hash %.12s; before the export %v: %d rows, hash %.12s", a.Key, a.Rows, a.Hash, b.Key, b.Rows, b.Hash)
		}
	}
}

// keys are those of all series of a tape.
func keys(of *tape.Tape) (list []row.Key) {
	for _, s := range of.Series() {
		list = append(list, s.Key)
	}
	return list
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// files lists the files below a directory, with slashes.
func files(t testing.TB, dir string) (list []string) {
	t.Helper()
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	}))
	return list
}

// TestCSV imports files that hold every column of every kind, exports them, and wants the
// same text. Then it imports what it has exported.
func TestCSV(t *testing.T) {
	kinds := map[row.Kind]bool{}
	for _, path := range files(t, "testdata/csv") {
		name := strings.Split(strings.TrimSuffix(path, ".csv"), "/")
		key, err := row.ParseKey(name[0], name[1], name[2])
		must(t, err)
		kinds[key.Kind] = true
		t.Run(key.String(), func(t *testing.T) {
			was := imported(t, key, filepath.Join("testdata/csv", path))
			out := t.TempDir()
			plain, packed := filepath.Join(out, "a.csv"), filepath.Join(out, "b.csv.gz")
			report := exported(t, was, Spec{Layout: CSV, Path: plain, Series: keys(was)})
			text := read(t, plain)
			if want := read(t, filepath.Join("testdata/csv", path)); string(text) != string(want) {
				t.Errorf("exported\n%s\nfrom\n%s", text, want)
			}
			if s := report.Series[0]; s.Omitted != 0 || len(s.Lost) != 0 || s.Rows != was.Series()[0].Rows {
				t.Errorf("report %+v", s)
			}
			exported(t, was, Spec{Layout: CSV, Path: packed, Series: keys(was)})
			z, err := gzip.NewReader(bytes.NewReader(read(t, packed)))
			must(t, err)
			if unpacked, err := io.ReadAll(z); err != nil || string(unpacked) != string(text) {
				t.Errorf("the packed file is another: %v", err)
			}
			same(t, was, imported(t, key, plain))
			same(t, was, imported(t, key, packed))
		})
	}
	for _, k := range row.Kinds {
		if !kinds[k] {
			t.Errorf("kind %s is not tested", k)
		}
	}
}

// TestArchive imports files with the columns of Binance's archives, exports them, and wants
// the same names and texts. Then it imports the archives, whose checksums must agree.
func TestArchive(t *testing.T) {
	groups := map[string][]string{}
	kinds := map[row.Kind]bool{row.Depth: true, row.PartialDepth: true, row.MarkPrice: true}
	for _, path := range files(t, "testdata/archive") {
		dir := filepath.Dir(path)
		groups[dir] = append(groups[dir], path)
	}
	for dir, paths := range groups {
		t.Run(strings.ReplaceAll(dir, "/", " "), func(t *testing.T) {
			was := newTape(t)
			for _, path := range paths {
				_, err := tape.Import(t.Context(), was, tape.ImportSpec{Path: filepath.Join("testdata/archive", path)}, nil)
				must(t, err)
			}
			kinds[was.Series()[0].Kind] = true
			out := t.TempDir()
			spec := Spec{Layout: Archive, Path: out, Series: keys(was), ContractSize: 100_00000000}
			report := exported(t, was, spec)
			if s := report.Series[0]; s.Omitted != 0 || len(s.Lost) != 0 || s.Rows != was.Series()[0].Rows {
				t.Errorf("report %+v", s)
			}
			var want []string
			for _, path := range paths {
				archive := strings.TrimSuffix(path, ".csv") + ".zip"
				want = append(want, archive, archive+".CHECKSUM")
				sum := fmt.Sprintf("%x  %s\n", sha256.Sum256(read(t, filepath.Join(out, archive))), filepath.Base(archive))
				if got := read(t, filepath.Join(out, archive+".CHECKSUM")); string(got) != sum {
					t.Errorf("%s: CHECKSUM file is %q, want %q", path, got, sum)
				}
				if got, want := unzip(t, filepath.Join(out, archive)), read(t, filepath.Join("testdata/archive", path)); got != string(want) {
					t.Errorf("%s: exported\n%s\nfrom\n%s", path, got, want)
				}
			}
			if got := files(t, out); !slices.Equal(got, want) {
				t.Errorf("wrote %q, want %q", got, want)
			}
			is := newTape(t)
			for _, f := range report.Files {
				if strings.HasSuffix(f.Path, ".CHECKSUM") {
					continue
				}
				r, err := tape.Import(t.Context(), is, tape.ImportSpec{Path: f.Path}, nil)
				must(t, err)
				if !r.Verified || r.SHA256 != f.SHA256 {
					t.Errorf("%s: verified %v, SHA-256 %s, reported %s", f.Path, r.Verified, r.SHA256, f.SHA256)
				}
			}
			same(t, was, is)
		})
	}
	for _, k := range row.Kinds {
		if !kinds[k] {
			t.Errorf("kind %s is not tested", k)
		}
	}
}

// unzip is the text in an archive that must hold one file of its own name.
func unzip(t testing.TB, path string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	must(t, err)
	defer z.Close()
	if len(z.File) != 1 || z.File[0].Name != strings.TrimSuffix(filepath.Base(path), ".zip")+".csv" {
		t.Fatalf("%s holds %d files, the first is %s", path, len(z.File), z.File[0].Name)
	}
	f, err := z.File[0].Open()
	must(t, err)
	text, err := io.ReadAll(f)
	must(t, err)
	return string(text)
}

func TestArchiveMonthly(t *testing.T) {
	paths := []string{}
	for _, path := range files(t, "testdata/archive/um/daily/aggTrades") {
		paths = append(paths, filepath.Join("testdata/archive/um/daily/aggTrades", path))
	}
	was := imported(t, row.Key{}, paths...)
	out := t.TempDir()
	exported(t, was, Spec{Layout: Archive, Path: out, Series: keys(was), Monthly: true})
	name := "um/monthly/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-01.zip"
	if got := files(t, out); !slices.Equal(got, []string{name, name + ".CHECKSUM"}) {
		t.Errorf("wrote %q", got)
	}
	same(t, was, imported(t, row.Key{}, filepath.Join(out, name)))
}

// TestHeaders wants a value for each name of a header.
func TestHeaders(t *testing.T) {
	for header, write := range map[string]func(*line){
		aggTradeHeader:    func(l *line) { aggTradeLine(l, &row.Trade{}) },
		tradeHeader:       func(l *line) { tradeLine(l, &row.Trade{}) },
		coinTradeHeader:   func(l *line) { coinTradeLine(l, &row.Trade{Price: 1}) },
		barHeader:         func(l *line) { barLine(l, &row.Bar{}) },
		tickerHeader:      func(l *line) { tickerLine(l, &row.Ticker{}) },
		bucketHeader:      func(l *line) { bucketLine(l, &row.Bucket{}) },
		fundingHeader:     func(l *line) { fundingLine(l, &row.Funding{}) },
		metricHeader:      func(l *line) { metricLine(l, &row.Metric{}) },
		liquidationHeader: func(l *line) { liquidationLine(l, &row.Liquidation{Side: 1, Type: 1, TimeInForce: 1}) },
	} {
		l := line{unit: 1000}
		write(&l)
		if got, want := bytes.Count(l.b, []byte{','}), strings.Count(header, ",")+1; got != want || l.err != nil {
			t.Errorf("%d fields, %v, for the header %s", got, l.err, header)
		}
	}
}

// TestBlocks exports more rows than a block of the tape has, with pieces of a book across
// the ends of blocks, in several days and files, in every layout, and imports them again.
func TestBlocks(t *testing.T) {
	dir := t.TempDir()
	trades, depth := filepath.Join(dir, "t.csv"), filepath.Join(dir, "d.csv")
	var a, b strings.Builder
	fmt.Fprintln(&a, "time,id,price,qty,buyer_maker")
	fmt.Fprintln(&b, "time,first_id,last_id,prev_id,snapshot,side,price,qty")
	for i := range 7000 {
		at := int64(1704239998000 + i) // two seconds before midnight
		fmt.Fprintf(&a, "%d,%d,%d.5,%d.25,%v\n", at, 100+i, 40000+i%17, 1+i%5, i%3 == 0)
		for side := 1; side <= 2; side++ {
			for level := range 1 + (i+side)%3 {
				fmt.Fprintf(&b, "%d,%d,%d,%d,%v,%d,%d,%d\n", at, i+1, i+1, i, i == 0, side, 40000+level+10*side, level)
			}
		}
	}
	must(t, os.WriteFile(trades, []byte(a.String()), 0o644))
	must(t, os.WriteFile(depth, []byte(strings.Replace(b.String(), ",1,1,0,true", ",0,1,0,true", -1)), 0o644))
	key := row.Key{Product: 1, Symbol: "BTCUSDT", Kind: row.Trades}
	was := imported(t, key, trades)

	csv := filepath.Join(dir, "out.csv")
	exported(t, was, Spec{Layout: CSV, Path: csv, Series: keys(was)})
	same(t, was, imported(t, key, csv))
	var zips []string
	for _, f := range exported(t, was, Spec{Layout: Archive, Path: dir, Series: keys(was)}).Files {
		if strings.HasSuffix(f.Path, ".zip") {
			zips = append(zips, f.Path)
		}
	}
	if len(zips) != 2 {
		t.Errorf("archives %q, want two days", zips)
	}
	same(t, was, imported(t, row.Key{}, zips...))

	book := row.Key{Product: 1, Symbol: "BTCUSDT", Kind: row.Depth}
	_, err := tape.Import(t.Context(), was, tape.ImportSpec{Path: depth, Spec: source.Spec{Key: book}}, nil)
	must(t, err)
	first, second := filepath.Join(dir, "um-1.npz"), filepath.Join(dir, "um-2.npz")
	symbol := row.Key{Product: 1, Symbol: "BTCUSDT"}
	exported(t, was, Spec{Layout: HftBacktest, Path: first, Series: keys(was)})
	is := imported(t, symbol, first)
	for i, s := range is.Series() {
		if want := was.Series()[i]; s.Rows != want.Rows || s.Kind != want.Kind {
			t.Errorf("%v has %d rows, %v had %d", s.Key, s.Rows, want.Key, want.Rows)
		}
	}
	exported(t, is, Spec{Layout: HftBacktest, Path: second, Series: keys(is)})
	same(t, is, imported(t, symbol, second))
	if !bytes.Equal(read(t, first), read(t, second)) {
		t.Error("the same events make two files")
	}
}

// TestBounds cuts a series in its middle.
func TestBounds(t *testing.T) {
	key := row.Key{Product: 1, Symbol: "BTCUSDT", Kind: row.BookTicker}
	was := imported(t, key, "testdata/csv/um/BTCUSDT/bookTicker.csv")
	path := filepath.Join(t.TempDir(), "a.csv")
	spec := Spec{Layout: CSV, Path: path, Series: keys(was)}
	must(t, spec.From.UnmarshalText([]byte("2024-01-02T12:00:00.1Z")))
	must(t, spec.To.UnmarshalText([]byte("2024-01-02T12:00:00.99Z")))
	var done, total int64
	_, err := Series(t.Context(), was, spec, func(d, all int64) { done, total = d, all })
	must(t, err)
	if lines := bytes.Count(read(t, path), []byte{'\n'}); lines != 3 || done != 2 || total != 2 {
		t.Errorf("%d lines, progress %d of %d, want 3, 2 of 2", lines, done, total)
	}
}

// TestReport wants to know what the archives have no place for.
func TestReport(t *testing.T) {
	key := row.Key{Product: 1, Symbol: "BTCUSDT", Kind: row.Trades}
	was := imported(t, key, "testdata/csv/um/BTCUSDT/trades.csv")
	r := exported(t, was, Spec{Layout: Archive, Path: t.TempDir(), Series: keys(was)})
	if s := r.Series[0]; s.Rows != 2 || s.Omitted != 3 || strings.Join(s.Lost, " ") != "event local" {
		t.Errorf("report %+v, want 2 rows, 3 omitted, event and local lost", s)
	}
	key.Kind = row.FundingRate
	was = imported(t, key, "testdata/csv/um/BTCUSDT/fundingRate.csv")
	r = exported(t, was, Spec{Layout: Archive, Path: t.TempDir(), Series: keys(was)})
	if s := r.Series[0]; strings.Join(s.Lost, " ") != "mark" || len(r.Files) != 4 {
		t.Errorf("report %+v, want the mark lost in two months", r)
	}
}

// TestRefusals lists what cannot be exported. Nothing is left of such an export.
func TestRefusals(t *testing.T) {
	was := newTape(t)
	for _, path := range files(t, "testdata/csv") {
		name := strings.Split(strings.TrimSuffix(path, ".csv"), "/")
		key, err := row.ParseKey(name[0], name[1], name[2])
		must(t, err)
		_, err = tape.Import(t.Context(), was, tape.ImportSpec{Path: filepath.Join("testdata/csv", path), Spec: source.Spec{Key: key}}, nil)
		must(t, err)
	}
	um := func(kind row.Kind) row.Key { return row.Key{Product: 1, Symbol: "BTCUSDT", Kind: kind} }
	coin := row.Key{Product: 2, Symbol: "BTCUSD_PERP", Kind: row.Trades}
	for _, c := range []struct {
		spec Spec
		is   error
		want string
	}{
		{Spec{Layout: CSV, Path: "a.csv"}, ErrSpec, "no series"},
		{Spec{Layout: "tsv", Path: "a", Series: []row.Key{um(row.Trades)}}, nil, `unknown layout "tsv"; known are csv, archive, hftbacktest`},
		{Spec{Layout: CSV, Path: "a.csv", Series: []row.Key{um(row.Trades), um(row.Depth)}}, ErrSpec, "2 series for one file"},
		{Spec{Layout: CSV, Path: "a.parquet", Series: []row.Key{um(row.Trades)}}, ErrSpec, "whose name ends in .csv or .csv.gz"},
		{Spec{Layout: CSV, Path: "none/a.csv", Series: []row.Key{um(row.Trades)}}, fs.ErrNotExist, "none"},
		{Spec{Layout: CSV, Path: "a.csv", Series: []row.Key{{Product: 1, Symbol: "ETHUSDT", Kind: row.Trades}}}, ErrNoRows, "um/ETHUSDT/trades is not on this tape"},
		{Spec{Layout: CSV, Path: "a.csv", Series: []row.Key{um(row.Trades)}, From: 2e18}, ErrNoRows, "the tape has 2024-01-02T12:00:00Z to 2024-01-02T12:00:00.25Z"},
		{Spec{Layout: CSV, Path: "a.csv", Series: []row.Key{um(row.Trades)}, From: 2e18, To: 1e18}, ErrSpec, "bounds"},
		{Spec{Layout: Archive, Path: "new", Series: []row.Key{um(row.Trades), um(row.Trades)}}, ErrSpec, "um/BTCUSDT/trades twice"},
		{Spec{Layout: Archive, Path: "new", Series: []row.Key{um(row.Depth)}}, ErrLayout, "Binance has no archives of depth for um; layout csv holds every kind"},
		{Spec{Layout: Archive, Path: "new", Series: []row.Key{um(row.MarkPrice)}}, ErrLayout, "markPrice"},
		{Spec{Layout: Archive, Path: "new", Series: []row.Key{um(row.Metrics)}, Monthly: true}, ErrSpec, "by day only"},
		{Spec{Layout: Archive, Path: "new", Series: []row.Key{um(row.Trades), coin}}, ErrSpec, "contract size"},
		{Spec{Layout: HftBacktest, Path: "a.npz", Series: []row.Key{um(row.Metrics)}}, ErrLayout, "hftbacktest has no events of metrics"},
		{Spec{Layout: HftBacktest, Path: "a.npz", Series: []row.Key{um(row.Depth), coin}}, ErrSpec, "one symbol"},
		{Spec{Layout: HftBacktest, Path: "a.npz", Series: []row.Key{um(row.Trades), um(row.AggTrades)}}, ErrSpec, "the same trades"},
		{Spec{Layout: HftBacktest, Path: "a.npy", Series: []row.Key{um(row.Trades)}}, ErrSpec, "ends in .npz"},
		{Spec{Layout: HftBacktest, Path: "a.npz", Series: []row.Key{um(row.Trades)}, Latency: -1}, ErrSpec, "latency"},
		{Spec{Layout: HftBacktest, Path: "a.npz", Series: []row.Key{um(row.AggTrades)}}, ErrLayout, "9999999999.99999999 has more digits than a float64 keeps"},
	} {
		dir := t.TempDir()
		c.spec.Path = filepath.Join(dir, c.spec.Path)
		_, err := Series(t.Context(), was, c.spec, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%+v: %v, want %v and %q", c.spec, err, c.is, c.want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%+v left %v, %v", c.spec, left, err)
		}
	}
}

// TestFinerThanTheLayout wants a refusal, not a rounded time.
func TestFinerThanTheLayout(t *testing.T) {
	for _, c := range []struct {
		kind       row.Kind
		text, want string
	}{
		{row.Trades, "time,id,price,qty,buyer_maker\n1704239998000001,1,1,1,true\n", "2024-01-02T23:59:58.000001Z has microseconds, and this archive counts milliseconds"},
		{row.Metrics, "time,open_interest,open_interest_value\n1704239998001,1,1\n", "2024-01-02T23:59:58.001Z has a fraction of a second, and this archive counts seconds"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.csv")
		must(t, os.WriteFile(path, []byte(c.text), 0o644))
		was := imported(t, row.Key{Product: 1, Symbol: "BTCUSDT", Kind: c.kind}, path)
		_, err := Series(t.Context(), was, Spec{Layout: Archive, Path: dir, Series: keys(was)}, nil)
		if err == nil || !errors.Is(err, ErrLayout) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		if got := files(t, dir); len(got) != 1 {
			t.Errorf("left %q", got)
		}
	}
}

// TestOverwrite wants a file that is there to stay, unless told otherwise, and what is no
// file to stay in any case.
func TestOverwrite(t *testing.T) {
	was := imported(t, row.Key{}, "testdata/archive/um/daily/trades/BTCUSDT/BTCUSDT-trades-2024-04-20.csv")
	dir := t.TempDir()
	for _, spec := range []Spec{
		{Layout: CSV, Path: filepath.Join(dir, "a.csv")}, {Layout: Archive, Path: filepath.Join(dir, "b")},
		{Layout: HftBacktest, Path: filepath.Join(dir, "c.npz")},
	} {
		spec.Series = keys(was)
		first := exported(t, was, spec)
		target := first.Files[0].Path
		must(t, os.WriteFile(target, []byte("mine"), 0o644))
		if _, err := Series(t.Context(), was, spec, nil); !errors.Is(err, fs.ErrExist) || string(read(t, target)) != "mine" {
			t.Errorf("%s: %v, and the file is %q", spec.Layout, err, read(t, target))
		}
		spec.Overwrite = true
		if again := exported(t, was, spec); !slices.Equal(first.Files, again.Files) {
			t.Errorf("%s: %+v, the first time %+v", spec.Layout, again.Files, first.Files)
		}
		must(t, os.Remove(target))
		must(t, os.Mkdir(target, 0o755))
		if _, err := Series(t.Context(), was, spec, nil); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: %v over a directory", spec.Layout, err)
		}
	}
	if left := slices.DeleteFunc(files(t, dir), func(name string) bool { return !strings.Contains(name, ".export-") }); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
