package margin

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// ProjectBorrow computes the worst case after a loan: an amount of an asset more in the
// margin wallet, and as much more owed. Nothing is kept. It fails with ErrMissing when a
// price is not there and with ErrInput when the asset is not known or the amount makes no
// sense.
func (p *Portfolio) ProjectBorrow(name string, amount decimal.Decimal) (Projection, error) {
	a, known := p.byAsset[name]
	if !known || !amount.IsPositive() {
		return Projection{}, fmt.Errorf("%w: a loan of %v %s", ErrInput, amount, name)
	}
	n, err := wideFromDecimal(amount, amountPlaces, amountDigitsMax)
	if err != nil {
		return Projection{}, fmt.Errorf("%w: a loan of %v %s: %w", ErrInput, amount, name, err)
	}
	p.try()
	defer p.undo()
	p.keepAsset(a)
	p.setWallet(a, exchange.WalletMargin, a.wallet[exchange.WalletMargin].add(n))
	p.setWallet(a, exchange.WalletLoan, a.wallet[exchange.WalletLoan].add(n))
	return p.projected()
}

// SetLent sets what loans of an asset that are under way may add to its debt: the worst case
// counts it, as long as nobody knows what becomes of them. What they pay lies in the margin wallet
// then and takes nothing from equity. It fails with ErrInput when the amount makes no sense.
func (p *Portfolio) SetLent(name string, amount decimal.Decimal) error {
	n, err := wideFromDecimal(amount, amountPlaces, amountDigitsMax)
	if err != nil || n.negative() {
		return fmt.Errorf("%w: loans under way of %v %s", ErrInput, amount, name)
	}
	a, err := p.asset(name)
	if err != nil || a.lent == n {
		return err
	}
	a.lent = n
	p.band.holds = false
	p.touchAsset(a)
	return nil
}

// ProjectLeverage computes the worst case with another leverage of a futures symbol, and
// in Breaches the legs that would be too large for it with all their orders filled.
// Nothing is kept. It fails as SetLeverage does, and with ErrMissing when a price is not
// there.
func (p *Portfolio) ProjectLeverage(id exchange.InstrumentID, leverage int) (Projection, error) {
	s, err := p.slot(id)
	if err != nil {
		return Projection{}, err
	}
	p.try()
	before := s.leverage
	defer func() {
		s.leverage = before
		p.undo()
	}()
	if err := p.SetLeverage(id, leverage); err != nil {
		return Projection{}, err
	}
	r, err := p.projected()
	if err != nil {
		return r, err
	}
	for side, l := range s.legs {
		if l != nil {
			r.noteBreach(s, exchange.PositionSide(side))
		}
	}
	return r, nil
}

// projected reads the totals of a trial.
func (p *Portfolio) projected() (Projection, error) {
	if err := p.Missing(); err != nil {
		return Projection{}, err
	}
	t := &p.totals[0]
	worst := p.worst()
	return Projection{
		Base: p.outcome(0, true), Shocked: p.outcome(worst, true), InitialMargin: t.initialWorst.decimal(usdPlaces),
		Available: t.equityWorst.sub(t.swapWorst).sub(t.initialWorst).decimal(usdPlaces), Exposure: p.exposure(&p.trial.stakes),
	}, nil
}
