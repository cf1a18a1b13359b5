package backtest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// hashed is one of each line that FORMAT.md describes.
type hashed struct {
	fill    FillRow
	ledger  exchange.LedgerEntry
	refusal exchange.Refusal
	account exchange.Account
}

func oneOfEach() hashed {
	d := decimal.RequireFromString
	return hashed{
		fill: FillRow{At: 7, Strategy: "trend", Product: exchange.CM, Symbol: "BTCUSD_PERP", Fill: exchange.Fill{
			Side: exchange.Sell, PositionSide: exchange.Short, Price: exchange.MustFixed("60000.5"), Qty: exchange.MustFixed("3"),
			Maker: true, Fee: d("-0.00000012"), FeeAsset: "BTC", Realized: d("1.50"), Forced: exchange.ForcedADL,
		}},
		ledger:  exchange.LedgerEntry{Asset: "USDT", Wallet: exchange.WalletUM, Reason: exchange.ReasonFunding, Delta: d("-0.10"), Balance: d("1e3")},
		refusal: exchange.Refusal{Rule: "unimmr", Intent: exchange.Intent{Kind: exchange.IntentNew, Request: exchange.OrderRequest{Type: exchange.Stop, Side: exchange.Buy, Price: 1, Trigger: 2, Qty: 3}}},
		account: exchange.Account{Equity: d("10"), ActualEquity: d("11"), OpenLoss: d("0"), MaintMargin: d("1"), InitialMargin: d("2"), Available: d("8"), UniMMR: d("10"), Status: exchange.StatusNormal},
	}
}

func (h *hashed) hex() string {
	c := newCanonical()
	c.fill(&h.fill)
	c.ledger(8, "house", "UM BTCUSDT", &h.ledger)
	c.refusal(9, "trend", "", &h.refusal)
	c.sample(10, &h.account)
	return c.hex()
}

// TestHashLines holds the hash against the text that FORMAT.md describes.
func TestHashLines(t *testing.T) {
	text := `F|7|trend|CM|BTCUSD_PERP|SELL|SHORT|60000.5|3|true|-0.00000012|BTC|1.5|ADL
L|8|house|UM BTCUSDT|USDT|UM|FUNDING_FEE|-0.1|1000
R|9|trend||unimmr|NEW|STOP|BUY|0.00000001|0.00000002|0.00000003
S|10|10|11|0|1|2|10|NORMAL
`
	sum := sha256.Sum256([]byte(text))
	h := oneOfEach()
	if got := h.hex(); got != hex.EncodeToString(sum[:]) {
		t.Errorf("the lines are not those of FORMAT.md")
	}
}

// TestHashOfSamples: samples that fall leave no trace, whatever came between them.
func TestHashOfSamples(t *testing.T) {
	h, other := oneOfEach(), oneOfEach()
	other.account.Equity = decimal.New(12, 0)
	lines := func(c *canonical) { c.fill(&h.fill); c.ledger(8, "house", "UM BTCUSDT", &h.ledger) }
	want, falls, stands, waits := newCanonical(), newCanonical(), newCanonical(), newCanonical()
	for _, c := range []*canonical{falls, stands, waits} {
		c.sample(6, &other.account)
	}
	stands.stand()
	for _, c := range []*canonical{want, falls, stands, waits} {
		lines(c)
	}
	falls.sample(9, &other.account)
	falls.fall()
	for _, c := range []*canonical{want, falls, stands, waits} {
		c.sample(10, &h.account)
	}
	if falls.hex() != want.hex() || stands.hex() == want.hex() || stands.hex() != waits.hex() {
		t.Errorf("%s, fallen %s, standing %s, waiting %s", want.hex(), falls.hex(), stands.hex(), waits.hex())
	}
}

// TestHashHasItsParts: each digit of what happened is in the hash, and nothing else is.
func TestHashHasItsParts(t *testing.T) {
	same := oneOfEach()
	want := same.hex()
	for name, change := range map[string]func(h *hashed){
		"price": func(h *hashed) { h.fill.Price++ }, "qty": func(h *hashed) { h.fill.Qty++ }, "maker": func(h *hashed) { h.fill.Maker = false },
		"fee":      func(h *hashed) { h.fill.Fee = decimal.New(-13, -8) },
		"realized": func(h *hashed) { h.fill.Realized = decimal.New(150000001, -8) },
		"at":       func(h *hashed) { h.fill.At++ }, "side": func(h *hashed) { h.fill.Side = exchange.Buy },
		"delta": func(h *hashed) { h.ledger.Delta = decimal.New(-11, -2) }, "balance": func(h *hashed) { h.ledger.Balance = decimal.New(1001, 0) },
		"wallet": func(h *hashed) { h.ledger.Wallet = exchange.WalletCM }, "reason": func(h *hashed) { h.ledger.Reason = exchange.ReasonInterest },
		"rule": func(h *hashed) { h.refusal.Rule = "state" }, "refused qty": func(h *hashed) { h.refusal.Intent.Request.Qty++ },
		"equity": func(h *hashed) { h.account.Equity = decimal.New(1000000001, -8) }, "unimmr": func(h *hashed) { h.account.UniMMR = decimal.New(9, 0) },
		"status": func(h *hashed) { h.account.Status = exchange.StatusReduceOnly },
	} {
		h := oneOfEach()
		if change(&h); h.hex() == want {
			t.Errorf("%s is not in the hash", name)
		}
	}
	for name, change := range map[string]func(h *hashed){
		"ids": func(h *hashed) {
			f := &h.fill.Fill
			f.Order, f.Strategy, f.Ref, f.VenueID, f.TradeID, f.ClientID = 1, 2, 3, 4, 5, "x"
			h.ledger.Order, h.ledger.Strategy, h.refusal.Intent.Ref, h.refusal.Intent.Strategy = 6, 7, 8, 9
		},
		"words": func(h *hashed) {
			h.fill.Tag, h.refusal.Intent.Tag, h.refusal.Value, h.refusal.Limit, h.refusal.Passes = "a", "b", "c", "d", "e"
		},
		"form of numbers": func(h *hashed) { h.ledger.Balance, h.fill.Realized = decimal.New(100000, -2), decimal.New(15, -1) },
	} {
		h := oneOfEach()
		if change(&h); h.hex() != want {
			t.Errorf("%s are in the hash", name)
		}
	}
}

// tinyHash is the result of the tiny run below. It changes when matching, fees, funding,
// the account or the generated market change: say why in the commit that changes it.
const tinyHash = "2db13f6f3421cafda23b36cd32076b9ad4dda6b810e3fae758bc4bb75b99ccbd"

// TestHashOfATinyRun: the same run gives the same hash every time and everywhere, whatever
// it is called and whoever watches.
func TestHashOfATinyRun(t *testing.T) {
	pattern := puppet{start: sees(time.Hour, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
		switch p.n++; p.n % 6 {
		case 1:
			env.Send(strategy.Buy(in, exchange.FixedOne/10).Market())
		case 3:
			env.Send(strategy.Sell(in, exchange.FixedOne/5).Limit((b.Close + b.Close/500).Round(in.Tick, exchange.RoundCeil)))
			env.Send(strategy.Buy(in, exchange.FixedOne*100).Market()) // refused
		}
	}}
	cfg := deskConfig(3, time.Hour)
	cfg.Risk.SelfTrade = riskguard.AllowSelfTrade
	res := runDesk(t, cfg, program(pattern))
	if res.Hash != tinyHash || res.Fills.Len() < 10 || res.Orders.Refused < 5 || len(res.Settlements) < 5 {
		t.Errorf("hash %s, %d fills, %d refused, %d settlements", res.Hash, res.Fills.Len(), res.Orders.Refused, len(res.Settlements))
	}
	opt := Options{Programs: []Program{program(pattern)}, Mode: "lockstep", Log: func(string, string) {}, Progress: func(Progress) {}}
	other, err := Run(t.Context(), cfg, opt)
	if err != nil || other.Hash != res.Hash || other.Mode == res.Mode {
		t.Errorf("%v, %s", err, other.Hash)
	}
	cfg.Venue.UM.Taker++
	if changed := runDesk(t, cfg, program(pattern)); changed.Hash == res.Hash || changed.ConfigHash == res.ConfigHash {
		t.Error("another fee, but the same hash")
	}
	if strings.ToLower(res.Hash) != res.Hash || len(res.Hash) != 64 {
		t.Errorf("%s is no SHA-256 in hex", res.Hash)
	}
}
