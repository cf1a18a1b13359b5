package tape

import (
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// FuzzFixed compares the fast path for numbers with the exact scanner of exchange.
func FuzzFixed(f *testing.F) {
	for _, s := range []string{"0", "1", "79972.8", "0.00000001", "542.0", "9999999999.99999999", "10000000000", "184467440738", ".5", "5.", "1e3", "-1", "", "1.2.3", "000000000000000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := scaled([]byte(s))
		if !ok {
			return
		}
		want, err := exchange.ParseFixed(s)
		if err != nil || int64(want) != v || v >= decimalMax {
			t.Errorf("%q: %d, exact scanner says %v, %v", s, v, int64(want), err)
		}
	})
}

// FuzzRows decodes any line as a row of each kind: no panic, and what is taken is a row
// that a tape can hold.
func FuzzRows(f *testing.F) {
	for _, s := range []string{
		"1704153600000,44000.1,44010,43990.5,44005,12.345,1704153659999,543210.98765,321,6.1,268400,0",
		"480537903,79972.8,542.0,1123474160,1123474164,1778198400020,false",
		"1775001600000,8,-0.00003449",
		"1741276800000,6.818e-05,0",
		",,,,,,,,,,,", "", "\"", "1704153600000000,1,1,1,1,1,1,1,1,1,1,1",
		"1704153600000,1,1,1,1,170141183460469231731687303715,1704153659999,99999999999999999999999999999.99999999,1,1,1,1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || strings.ContainsAny(s, "\n") {
			return
		}
		decodeAny(t, s, barFormat(Klines).(*rowFormat[barRow, *barRow]), func(r *barRow) bool {
			return r.Low > 0 && r.Low <= r.Open && r.High >= r.Close && r.High < decimalMax && wideFits(r.Volume.value()) && r.Start%60_000_000 == 0
		})
		decodeAny(t, s, tradeFormat().(*rowFormat[tradeRow, *tradeRow]), func(r *tradeRow) bool {
			return r.Price > 0 && r.Qty > 0 && r.Price < decimalMax && r.Qty < decimalMax && r.First <= r.Last && r.ID >= 0 && r.Time > 0
		})
		decodeAny(t, s, fundingFormat().(*rowFormat[fundingRow, *fundingRow]), func(r *fundingRow) bool {
			return r.Time.time().Sub(r.when()) <= time.Minute && r.Mark >= 0 && r.Rate > -decimalMax && r.Rate < decimalMax
		})
	})
}

func decodeAny[R comparable, P record[R]](t *testing.T, line string, format *rowFormat[R, P], valid func(P) bool) {
	fields := fields{columns: format.columns, interval: time.Minute}
	header, err := fields.bind([]byte(line), format.archiveWidth, nil)
	if err != nil || header {
		return
	}
	fields.split([]byte(line))
	if fields.err != nil {
		t.Errorf("%q: %v, but the width came from it", line, fields.err)
		return
	}
	var row R
	P(&row).decode(&fields)
	if fields.err == nil && !valid(&row) {
		t.Errorf("%q: taken as %+v", line, row)
	}
}

// FuzzHeader binds any header with any map: no panic, and no column is used that is not
// there.
func FuzzHeader(f *testing.F) {
	f.Add("date,open,high,low,close,volume", "time=date")
	f.Add("funding_time_ms,funding_rate,source_local_time", "time=funding_time_ms,rate=funding_rate")
	f.Add("time,time", "time=time")
	f.Add("a,,b", "=,")
	f.Fuzz(func(t *testing.T, header, text string) {
		named, err := ParseColumns(text)
		if header == "" || err != nil {
			return
		}
		for _, columns := range [][]csvColumn{barColumns, tradeColumns, fundingColumns} {
			fields := fields{columns: columns}
			if _, err := fields.bind([]byte(header), len(columns), named); err != nil {
				continue
			}
			for i, at := range fields.at {
				if at >= fields.width || at < 0 && columns[i].required {
					t.Errorf("%q, %q: column %s at %d of %d", header, text, columns[i].name, at, fields.width)
				}
			}
		}
	})
}
