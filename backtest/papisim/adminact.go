package papisim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// adminActs are what the admin port does to time, prices, account and keys.
func (s *Sim) adminActs() []adminEndpoint {
	return []adminEndpoint{
		{"POST", "/time", "move time forward, through all that happens meanwhile (a day of the generated market takes a minute or so, less with a larger market.step, and requests are served on the way); set its speed; set the clock that requests meet ahead (or behind, below 0)",
			json.RawMessage(`{"forward":"8h","speed":1,"clock_ahead":"-5s"}`), askLong(s.adminTime)},
		{"POST", "/price", "multiply the price of a coin of a generated market; index, marks and books follow",
			json.RawMessage(`{"asset":"BTC","factor":"0.8"}`), ask(func(p adminFactor) (any, error) { return outcome(s.Jump(p.Asset, p.Factor)) })},
		{"POST", "/mark", "multiply marks and index prices of a coin, and nothing else, until another factor is set",
			json.RawMessage(`{"asset":"BTC","factor":"0.8"}`), ask(func(p adminFactor) (any, error) { return outcome(s.Shift(p.Asset, p.Factor)) })},
		{"POST", "/report", "report another account than there is; {} tells the truth again",
			json.RawMessage(`{"equity":"1000","uniMMR":"1.1","status":"REDUCE_ONLY","balances":[{"wallet":"MARGIN","asset":"USDT","amount":"5"}],"positions":[{"product":"UM","symbol":"BTCUSDT","side":"BOTH","qty":"1","entry":"60000"}]}`),
			ask(s.adminReport)},
		{"POST", "/account", "change what the exchange knows of the account; keys older than activated cannot trade",
			json.RawMessage(`{"kind":"PM_2","activated":1795399200000,"delta_mode":false,"vip":0}`), ask(s.adminAccount)},
		{"POST", "/key", "tick other boxes of a key",
			json.RawMessage(`{"id":"KEY","reading":true,"portfolio_margin":false,"withdrawals":true,"ips":["10.0.0.1"]}`), ask(s.adminKey)},
		{"POST", "/deposit", "pay into the margin wallet; below 0, withdraw",
			json.RawMessage(`{"asset":"USDT","amount":"1000"}`), ask(s.adminDeposit)},
		{"POST", "/adl", "take a share of a position away, as auto-deleveraging does",
			json.RawMessage(`{"product":"UM","symbol":"BTCUSDT","side":"BOTH","share":"0.5"}`), ask(s.adminADL)},
	}
}

type adminTime struct {
	Forward    Duration  `json:"forward"`
	Speed      int       `json:"speed"`
	ClockAhead *Duration `json:"clock_ahead"`
}

func (s *Sim) adminTime(ctx context.Context, t adminTime) (any, error) {
	if t == (adminTime{}) {
		return nil, errors.New("give forward, speed or clock_ahead")
	}
	if t.Speed != 0 {
		if err := s.SetSpeed(t.Speed); err != nil {
			return nil, err
		}
	}
	if t.ClockAhead != nil {
		s.SkewClock(time.Duration(*t.ClockAhead))
	}
	if err := s.Forward(ctx, time.Duration(t.Forward)); err != nil {
		return nil, err
	}
	return struct {
		Time int64 `json:"time"`
	}{s.Now().Millis()}, nil
}

type adminFactor struct {
	Asset  string         `json:"asset"`
	Factor exchange.Fixed `json:"factor"`
}

// adminSymbol names an instrument.
type adminSymbol struct {
	Product string `json:"product"`
	Symbol  string `json:"symbol"`
}

func (s *Sim) find(a adminSymbol) (exchange.InstrumentID, error) {
	p, err := exchange.ParseProduct(a.Product)
	if err != nil {
		return 0, err
	}
	in, err := s.ins.Find(p, a.Symbol)
	if err != nil {
		return 0, err
	}
	return in.ID, nil
}

type adminReport struct {
	Equity    decimal.NullDecimal `json:"equity"`
	UniMMR    decimal.NullDecimal `json:"uniMMR"`
	Status    string              `json:"status"`
	Balances  []adminBalance      `json:"balances"`
	Positions []adminPosition     `json:"positions"`
}

type adminBalance struct {
	Wallet string          `json:"wallet"`
	Asset  string          `json:"asset"`
	Amount decimal.Decimal `json:"amount"`
}

type adminPosition struct {
	adminSymbol
	Side  string          `json:"side"`
	Qty   decimal.Decimal `json:"qty"`
	Entry decimal.Decimal `json:"entry"`
}

func (s *Sim) adminReport(r adminReport) (any, error) {
	k := Skew{Equity: r.Equity, UniMMR: r.UniMMR}
	var err error
	if r.Status != "" {
		if k.Status, err = exchange.ParseAccountStatus(r.Status); err != nil {
			return nil, err
		}
	}
	for _, b := range r.Balances {
		w, err := exchange.ParseWallet(b.Wallet)
		if err != nil {
			return nil, err
		}
		k.Balances = append(k.Balances, venue.Balance{Wallet: w, Asset: b.Asset, Amount: b.Amount})
	}
	for _, p := range r.Positions {
		inst, err := s.find(p.adminSymbol)
		if err != nil {
			return nil, err
		}
		side, err := exchange.ParsePositionSide(p.Side)
		if err != nil {
			return nil, err
		}
		k.Positions = append(k.Positions, exchange.Position{Inst: inst, Side: side, Qty: p.Qty, Entry: p.Entry})
	}
	s.SetSkew(k)
	return adminDone{true}, nil
}

type adminAccount struct {
	Kind      *string `json:"kind"`
	Activated *int64  `json:"activated"`
	DeltaMode *bool   `json:"delta_mode"`
	VIP       *int    `json:"vip"`
}

func (s *Sim) adminAccount(c adminAccount) (any, error) {
	a := s.Account()
	if c.Kind != nil {
		a.Kind = *c.Kind
	}
	if c.Activated != nil {
		a.Activated = exchange.Millis(*c.Activated)
	}
	if c.DeltaMode != nil {
		a.DeltaMode = *c.DeltaMode
	}
	if c.VIP != nil {
		a.VIP = *c.VIP
	}
	if !slices.Contains([]string{"", "PM_1", "PM_2", "PM_3"}, a.Kind) {
		return nil, fmt.Errorf("kind %q is none of PM_2 (Portfolio Margin), PM_1 (PM Pro), PM_3 (PM Pro SPAN) and \"\" (none)", a.Kind)
	}
	if a.VIP < 0 || a.VIP > 9 {
		return nil, fmt.Errorf("vip %d is not within 0 to 9", a.VIP)
	}
	s.SetAccount(a)
	return adminDone{true}, nil
}

type adminKey struct {
	ID                string   `json:"id"`
	Reading           bool     `json:"reading"`
	PortfolioMargin   bool     `json:"portfolio_margin"`
	Margin            bool     `json:"margin"`
	Futures           bool     `json:"futures"`
	Withdrawals       bool     `json:"withdrawals"`
	InternalTransfer  bool     `json:"internal_transfer"`
	UniversalTransfer bool     `json:"universal_transfer"`
	IPs               []string `json:"ips"`
}

func (s *Sim) adminKey(k adminKey) (any, error) {
	return outcome(s.SetPermissions(k.ID, Permissions{
		Reading: k.Reading, PortfolioMargin: k.PortfolioMargin, Margin: k.Margin, Futures: k.Futures,
		Withdrawals: k.Withdrawals, InternalTransfer: k.InternalTransfer, UniversalTransfer: k.UniversalTransfer, IPs: k.IPs,
	}))
}

type adminAmount struct {
	Asset  string          `json:"asset"`
	Amount decimal.Decimal `json:"amount"`
}

func (s *Sim) adminDeposit(a adminAmount) (any, error) {
	if priced := PricedAssets(s.ins); !slices.Contains(priced, a.Asset) {
		return nil, fmt.Errorf("%q has no price here, so the account could not be valued any more; what has one: %s", a.Asset, strings.Join(priced, ", "))
	}
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error {
		if a.Amount.IsNegative() {
			return v.Withdraw(a.Asset, a.Amount.Neg(), at)
		}
		return v.Deposit(a.Asset, a.Amount, at)
	}))
}

type adminADL struct {
	adminSymbol
	Side  string         `json:"side"`
	Share exchange.Fixed `json:"share"`
}

func (s *Sim) adminADL(a adminADL) (any, error) {
	inst, err := s.find(a.adminSymbol)
	if err != nil {
		return nil, err
	}
	side, err := exchange.ParsePositionSide(a.Side)
	if err != nil {
		return nil, err
	}
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error { return v.ADL(inst, side, a.Share, at) }))
}
