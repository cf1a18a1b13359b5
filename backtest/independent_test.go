package backtest_test

import (
	"encoding/csv"
	"math/big"
	"os"
	"slices"
	"strconv"
	"testing"
)

// This file shares no code with pmbot: a second computation of one strategy, from the
// CSV files to the last digit, against which a whole run is held. SMA 10/50 at bar
// closes, always in the market, fixed size, market orders at the next open, taker 0.05%.

type plainFill struct {
	at         int64  // ms
	price, qty string // qty is signed
}

type plainResult struct {
	fills                  []plainFill
	fees, funding, balance *big.Rat // in the margin asset, balance without the deposit
	unrealized             *big.Rat
}

// plainRun takes rows of (open time, open, close), rates and marks by settlement hour
// in ms, the size and, for inverse contracts, the contract's dollars.
func plainRun(rows [][3]string, rates, marks map[int64]*big.Rat, size, dollars int64, places int64) plainResult {
	zero, fee := new(big.Rat), big.NewRat(5, 10000)
	res := plainResult{fees: new(big.Rat), funding: new(big.Rat), balance: new(big.Rat)}
	qty, pos := big.NewRat(size, places), new(big.Rat)
	entry, want := new(big.Rat), 0
	value := func(n, p *big.Rat) *big.Rat { // signed, in the margin asset
		if dollars == 0 {
			return mul(n, p)
		}
		return new(big.Rat).Quo(mul(n, big.NewRat(dollars, 1)), p)
	}
	profit := func(n, from, to *big.Rat) *big.Rat {
		if dollars == 0 {
			return mul(n, new(big.Rat).Sub(to, from))
		}
		return new(big.Rat).Sub(value(n, from), value(n, to))
	}
	book := func(sum, x *big.Rat) { x = cents(x); sum.Add(sum, x); res.balance.Add(res.balance, x) }
	var closes []*big.Rat
	for i, row := range rows {
		at, open := atoi(row[0]), rat(row[1])
		if i > 0 { // settlement first, then what was decided at the last close
			if r := rates[at]; r != nil && pos.Cmp(zero) != 0 {
				mark := closes[len(closes)-1]
				if m := marks[at]; m != nil {
					mark = m
				}
				x := mul(value(pos, mark), r)
				book(res.funding, x.Neg(x))
			}
			if target := mul(big.NewRat(int64(want), 1), qty); want != 0 && target.Cmp(pos) != 0 {
				trade := new(big.Rat).Sub(target, pos)
				res.fills = append(res.fills, plainFill{at, row[1], trade.FloatString(8)})
				if pos.Cmp(zero) != 0 {
					book(new(big.Rat), profit(pos, entry, open))
				}
				x := mul(value(new(big.Rat).Abs(trade), open), fee)
				book(res.fees, x.Neg(x))
				pos, entry = target, open
			}
		}
		closes = append(closes, rat(row[2]))
		if n := len(closes); n >= 50 {
			if c := mul(sumOf(closes[n-10:]), big.NewRat(5, 1)).Cmp(sumOf(closes[n-50:])); c != 0 {
				want = c
			}
		}
	}
	res.unrealized = new(big.Rat)
	if pos.Cmp(zero) != 0 {
		res.unrealized = profit(pos, entry, closes[len(closes)-1])
	}
	return res
}

func mul(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

func rat(s string) *big.Rat { r, _ := new(big.Rat).SetString(s); return r }

func atoi(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }

// cents rounds to eight decimals, halves away from zero.
func cents(x *big.Rat) *big.Rat { return rat(x.FloatString(8)) }

func sumOf(list []*big.Rat) *big.Rat {
	s := new(big.Rat)
	for _, x := range list {
		s.Add(s, x)
	}
	return s
}

// plainRows reads columns of a CSV file by name.
func plainRows(t *testing.T, path string, columns ...string) [][3]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows [][3]string
	for _, line := range all[1:] {
		var row [3]string
		for i, c := range columns {
			row[i] = line[slices.Index(all[0], c)]
		}
		rows = append(rows, row)
	}
	return rows
}

// plainByHour reads (time, value) with the time brought back to its whole hour.
func plainByHour(t *testing.T, path, at, value string) map[int64]*big.Rat {
	m := map[int64]*big.Rat{}
	for _, row := range plainRows(t, path, at, value) {
		m[atoi(row[0])/3_600_000*3_600_000] = rat(row[1])
	}
	return m
}
