package rundir

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// readParquet reads a file by what its own schema says and nothing else: the header and the
// rows as text, and the file itself.
func readParquet(t *testing.T, b []byte) (table [][]string, file *parquet.File) {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var header []string
	for _, f := range file.Schema().Fields() {
		header = append(header, f.Name())
	}
	table = append(table, header)
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buf := make([]parquet.Row, 100)
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				var line []string
				for i, v := range row {
					line = append(line, cellText(t, file.Schema().Fields()[i], v))
				}
				table = append(table, line)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		rows.Close()
	}
	return table, file
}

// cellText is a value as CSV has it, by the column's logical type.
func cellText(t *testing.T, f parquet.Field, v parquet.Value) string {
	logical := f.Type().LogicalType()
	switch {
	case v.IsNull():
		return ""
	case logical == nil:
		return fmt.Sprint(v.Boolean())
	}
	switch l := logical.Value.(type) {
	case *format.StringType:
		return v.String()
	case *format.TimestampType:
		if _, nanos := l.Unit.Value.(*format.NanoSeconds); !nanos || !l.IsAdjustedToUTC {
			t.Fatalf("%s is %v", f.Name(), f)
		}
		return exchange.Time(v.Int64()).String()
	case *format.DecimalType:
		n := new(big.Int).SetBytes(v.ByteArray())
		if v.ByteArray()[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		return decimal.NewFromBigInt(n, -l.Scale).String()
	case *format.IntType:
		if !l.IsSigned {
			return fmt.Sprint(v.Uint64())
		}
		return fmt.Sprint(v.Int64())
	}
	t.Fatalf("column %s has type %v", f.Name(), f)
	return ""
}

// Both files of one kind of rows say the same, but for digits that Parquet has no room for.
func TestParquetIsCSV(t *testing.T) {
	for run, r := range map[string]int{"none": 0, "few": 50, "batches": 2*batchRows + 7} {
		dir, err := Write(t.TempDir(), fakeResult(r))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"fills", "trades", "ledger", "equity"} {
			text, err := os.Open(filepath.Join(dir, name+".csv"))
			if err != nil {
				t.Fatal(err)
			}
			defer text.Close()
			want, err := csv.NewReader(text).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(filepath.Join(dir, name+".parquet"))
			if err != nil {
				t.Fatal(err)
			}
			got, file := readParquet(t, b)
			if len(got) != len(want) {
				t.Errorf("%s: %s has %d rows, want %d", run, name, len(got), len(want))
				continue
			}
			for i := range want {
				for k := range want[i] {
					if w := want[i][k]; got[i][k] != w && got[i][k] != rounded(w) {
						t.Fatalf("%s: %s row %d, column %s is %q, want %q", run, name, i, want[0][k], got[i][k], w)
					}
				}
			}
			if schema, _ := file.Lookup("pmbot.schema"); schema != name+"/1" {
				t.Errorf("%s: schema %q", name, schema)
			}
			if id, _ := file.Lookup("pmbot.run"); id != filepath.Base(dir) {
				t.Errorf("%s: run %q", name, id)
			}
			if by := file.Metadata().CreatedBy; !strings.HasPrefix(by, "pmbot version 1") {
				t.Errorf("%s: created by %q, which another version of the library would change", name, by)
			}
		}
	}
}

// rounded is a number with as many decimals as a worth in USD has.
func rounded(s string) string {
	if _, frac, _ := strings.Cut(s, "."); len(frac) > worthPlaces {
		return decimal.RequireFromString(s).Round(worthPlaces).String()
	}
	return s
}

// The types are a promise to notebooks.
func TestParquetSchemas(t *testing.T) {
	var out strings.Builder
	r := fakeResult(1)
	for _, f := range rowsFiles(r) {
		var b bytes.Buffer
		if err := f.write(io.Discard, &b); err != nil {
			t.Fatal(err)
		}
		_, file := readParquet(t, b.Bytes())
		fmt.Fprintf(&out, "%s.parquet\n%v\n\n", f.name, file.Schema())
	}
	golden(t, "schemas.txt", []byte(out.String()))
}

// What is wider than its column is null, and never another number.
func TestWide(t *testing.T) {
	for _, s := range []string{"0", "1", "-1", "0.00000001", "-0.00000001", "123456789.12345678", "99999999", "-92233720368.54775808",
		"922337203685477580.7", "0.000000004", "0.000000005", "-0.000000005", "-0.000000004999", "999999999999999999999999999999.99999999",
		"-999999999999999999999999999999.99999999", "12345678901234567890.123456789012345678", "1e29", "-1e29", "1e-50"} {
		var w wide
		d := dec(s)
		if !w.set(d, 8) {
			t.Errorf("%s does not fit", s)
			continue
		}
		n := new(big.Int).SetBytes(w[:])
		if w[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		if got := decimal.NewFromBigInt(n, -8); !got.Equal(d.Round(8)) {
			t.Errorf("%s came back as %v", s, got)
		}
	}
	for _, s := range []string{"1e30", "-1e30", "1e60", "999999999999999999999999999999.999999995"} {
		if var_ := (&wide{}); var_.set(dec(s), 8) {
			t.Errorf("%s fits as %x", s, *var_)
		}
	}
}

// Two columns of one name are no file: half of it would be lost.
func TestColumnsOfOneName(t *testing.T) {
	r := fakeResult(1)
	r.Legs[1] = r.Legs[0]
	if dir, err := Write(t.TempDir(), r); err == nil || !strings.Contains(err.Error(), "usd UM BTCUSDT") {
		t.Errorf("wrote %s, %v", dir, err)
	}
}

// The text of a number is the library's, however it is made.
func FuzzAppendDecimal(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 10, -100, 123456789, -1 << 63, 1<<63 - 1, 999999999999999999} {
		for _, exp := range []int32{0, -1, -8, -17, -18, -19, -30, 3} {
			f.Add(n, exp)
		}
	}
	f.Fuzz(func(t *testing.T, n int64, exp int32) {
		d := decimal.New(n, exp%64)
		if got := string(appendDecimal(nil, d)); got != d.String() {
			t.Errorf("%d, %d: %s, want %s", n, exp%64, got, d)
		}
	})
}

// Many rows make several row groups, of which the writer holds one at a time, and the same
// bytes each time.
func TestRowGroups(t *testing.T) {
	r := fakeResult(1)
	one := r.Ledger
	rows := func(yield func(int, *backtest.LedgerRow) bool) {
		for _, row := range one.All() {
			for i := range 2*groupRows + 5 {
				if row.At++; !yield(i, row) {
					return
				}
			}
			return
		}
	}
	var files [2]bytes.Buffer
	for i := range files {
		if err := writeRows(io.Discard, &files[i], ledgerColumns(), rows); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("the same rows made other bytes")
	}
	file, err := parquet.OpenFile(bytes.NewReader(files[0].Bytes()), int64(files[0].Len()))
	if err != nil {
		t.Fatal(err)
	}
	if groups := file.RowGroups(); len(groups) != 3 || groups[0].NumRows() != groupRows || groups[2].NumRows() != 5 || file.NumRows() != 2*groupRows+5 {
		t.Errorf("%d rows in %d groups", file.NumRows(), len(groups))
	}
}
