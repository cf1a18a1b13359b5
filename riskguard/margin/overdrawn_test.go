package margin

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestOverdrawn: the three wallets count together, and debts do not count.
func TestOverdrawn(t *testing.T) {
	for _, c := range []struct{ margin, um, cm, loan, want string }{
		{"0", "0", "0", "0", "0"},
		{"100", "-99.5", "-0.5", "7", "0"},
		{"100", "-99.5", "-0.50000001", "7", "0.00000001"},
		{"-3", "1", "0", "0", "2"},
		{"0", "-2", "5", "0", "0"},
	} {
		p := smallAccount(t)
		ok(t, p.SetBalance("USDT", exchange.WalletMargin, decimalOf(c.margin)))
		ok(t, p.SetBalance("USDT", exchange.WalletUM, decimalOf(c.um)))
		ok(t, p.SetBalance("USDT", exchange.WalletCM, decimalOf(c.cm)))
		ok(t, p.SetBalance("USDT", exchange.WalletLoan, decimalOf(c.loan)))
		if got := p.Overdrawn("USDT"); !got.Equal(decimalOf(c.want)) {
			t.Errorf("%v: %v is overdrawn, not %s", c, got, c.want)
		}
	}
	if got := smallAccount(t).Overdrawn("NONE"); !got.IsZero() {
		t.Errorf("an asset that is not there is overdrawn by %v", got)
	}
}
