package backtest

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// canonical hashes what a run has decided: fills, ledger, refusals and equity samples,
// one line each in the order they happened, numbers in their shortest exact form. Ids,
// paths, wall-clock times, modes and binaries have no part in it. FORMAT.md has the
// lines.
type canonical struct {
	sum hash.Hash
	// bare leaves samples out, for those that may not stand; nil when all stand.
	bare hash.Hash
	line []byte
}

func newCanonical() *canonical { return &canonical{sum: sha256.New(), bare: sha256.New()} }

// stand says that the samples so far, and all that follow, are the run's.
func (c *canonical) stand() { c.bare = nil }

// fall takes the samples so far out; those that follow are the run's.
func (c *canonical) fall() { c.sum, c.bare = c.bare, nil }

func (c *canonical) begin(kind byte, at exchange.Time) {
	c.line = append(c.line[:0], kind)
	c.line = append(c.line, '|')
	c.line = strconv.AppendInt(c.line, int64(at), 10)
}

func (c *canonical) text(s string) {
	c.line = append(c.line, '|')
	c.line = append(c.line, s...)
}

func (c *canonical) fixed(f exchange.Fixed) {
	c.line = append(c.line, '|')
	c.line = f.Append(c.line)
}

func (c *canonical) money(d decimal.Decimal) { c.text(d.String()) }

func (c *canonical) end() {
	c.line = append(c.line, '\n')
	c.sum.Write(c.line)
	if c.bare != nil && c.line[0] != sampleLine {
		c.bare.Write(c.line)
	}
}

func (c *canonical) fill(f *FillRow) {
	c.begin('F', f.At)
	c.text(f.Strategy)
	c.text(f.Product.String())
	c.text(f.Symbol)
	c.text(f.Side.String())
	c.text(f.PositionSide.String())
	c.fixed(f.Price)
	c.fixed(f.Qty)
	c.text(strconv.FormatBool(f.Maker))
	c.money(f.Fee)
	c.text(f.FeeAsset)
	c.money(f.Realized)
	c.text(f.Forced.String())
	c.end()
}

func (c *canonical) ledger(at exchange.Time, strategy, symbol string, l *exchange.LedgerEntry) {
	c.begin('L', at)
	c.text(strategy)
	c.text(symbol)
	c.text(l.Asset)
	c.text(l.Wallet.String())
	c.text(l.Reason.String())
	c.money(l.Delta)
	c.money(l.Balance)
	c.end()
}

func (c *canonical) refusal(at exchange.Time, strategy, symbol string, r *exchange.Refusal) {
	c.begin('R', at)
	c.text(strategy)
	c.text(symbol)
	c.text(r.Rule)
	c.text(r.Intent.Kind.String())
	q := &r.Intent.Request
	c.text(q.Type.String())
	c.text(q.Side.String())
	c.fixed(q.Price)
	c.fixed(q.Trigger)
	c.fixed(q.Qty)
	c.end()
}

// sampleLine begins the line of a sample.
const sampleLine = 'S'

func (c *canonical) sample(at exchange.Time, a *exchange.Account) {
	c.begin(sampleLine, at)
	for _, d := range [...]decimal.Decimal{a.Equity, a.ActualEquity, a.OpenLoss, a.MaintMargin, a.InitialMargin, a.UniMMR} {
		c.money(d)
	}
	c.text(a.Status.String())
	c.end()
}

func (c *canonical) hex() string { return hex.EncodeToString(c.sum.Sum(nil)) }
