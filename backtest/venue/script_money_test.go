package venue

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// setMoney obeys the settings of money:
//
//	set burn um,margin,interest   set interest on   set rate ASSET=HOURLY   set free ASSET=AMOUNT
//	set repay on   set convert ASSET=AMOUNT   set cost RATIO   set most ASSET=AMOUNT
//	set own UM:BTCUSDT=MAKER/TAKER
//
// known is false for other keys.
func (s *script) setMoney(key, value string) (known bool, err error) {
	m := &s.config.Money
	name, text, _ := strings.Cut(value, "=")
	put := func(into *map[string]decimal.Decimal) {
		if *into == nil {
			*into = map[string]decimal.Decimal{}
		}
		(*into)[name], err = decimal.NewFromString(text)
	}
	switch key {
	case "burn":
		m.BurnUM, m.BurnMargin, m.BurnInterest = strings.Contains(value, "um"), strings.Contains(value, "margin"), strings.Contains(value, "interest")
	case "interest":
		m.Interest = true
	case "rate":
		if s.config.Tables.Interest == nil {
			s.config.Tables.Interest = map[string]exchange.Fixed{}
		}
		s.config.Tables.Interest[name], err = exchange.ParseFixed(text)
	case "free":
		put(&m.NegativeFree)
	case "repay":
		m.AutoRepay = true
	case "convert":
		put(&m.ExchangeAt)
	case "cost":
		m.ExchangeCost, err = exchange.ParseFixed(value)
	case "most":
		put(&m.BorrowMax)
	case "own":
		product, symbol, _ := strings.Cut(name, ":")
		maker, taker, _ := strings.Cut(text, "/")
		f := SymbolFees{Symbol: symbol, Fees: Fees{exchange.MustFixed(maker), exchange.MustFixed(taker)}}
		f.Product, err = exchange.ParseProduct(product)
		m.Fees = append(m.Fees, f)
	default:
		return false, nil
	}
	return true, err
}

// money obeys the requests about money, and says whether the line is one:
//
//	deposit|withdraw|loan|payback ASSET AMOUNT   transfer ASSET FROM TO AMOUNT
//	lend ASSET AMOUNT     sets what the pool has to lend
//	rate ASSET HOURLY     fees PRODUCT MAKER/TAKER
//	can ASSET             tells what could be borrowed and withdrawn
//	warnings              tells the venue's warnings
func (s *script) money(f []string) (known bool, err error) {
	amount := func(i int) decimal.Decimal { return decimal.RequireFromString(f[i]) }
	switch f[0] {
	case "deposit":
		err = s.v.Deposit(f[1], amount(2), s.now)
	case "withdraw":
		err = s.v.Withdraw(f[1], amount(2), s.now)
	case "loan":
		err = s.v.Borrow(f[1], amount(2), s.now)
	case "payback":
		err = s.v.Repay(f[1], amount(2), s.now)
	case "transfer":
		from, _ := exchange.ParseWallet(f[2])
		to, _ := exchange.ParseWallet(f[3])
		err = s.v.Transfer(f[1], from, to, amount(4), s.now)
	case "lend":
		s.v.SetBorrowable(f[1], amount(2), s.now)
	case "rate":
		err = s.v.SetInterest(f[1], exchange.MustFixed(f[2]), s.now)
	case "fees":
		p, _ := exchange.ParseProduct(f[1])
		maker, taker, _ := strings.Cut(f[2], "/")
		err = s.v.SetFees(p, Fees{exchange.MustFixed(maker), exchange.MustFixed(taker)}, s.now)
	case "can":
		s.extra = fmt.Sprintf("  can borrow %v and withdraw %v %s\n", s.v.MaxBorrowable(f[1]), s.v.MaxWithdraw(f[1]), f[1])
	case "warnings":
		for _, w := range s.v.Warnings() {
			s.extra += "  " + w + "\n"
		}
	default:
		return false, nil
	}
	if err != nil { // a refusal is a result like any other
		s.extra += "  refused: " + err.Error() + "\n"
	}
	return true, nil
}
