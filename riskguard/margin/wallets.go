package margin

import "github.com/pmbot/pmbot/exchange"

// Balances are all amounts that are not zero, by asset in the order in which they became
// known and then by wallet.
func (p *Portfolio) Balances() []exchange.TruthBalance {
	var list []exchange.TruthBalance
	for _, a := range p.assets {
		for w, amount := range a.wallet {
			if !amount.zero() {
				list = append(list, exchange.TruthBalance{Asset: a.name, Wallet: exchange.Wallet(w), Amount: amount.decimal(amountPlaces)})
			}
		}
	}
	return list
}
