package preflight

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange/papi"
)

// TestCopyKey: a key that may read is fit, and each right beside that makes it unfit.
func TestCopyKey(t *testing.T) {
	for _, c := range []struct {
		change func(*Fact[papi.KeyRestrictions])
		want   string
	}{
		{func(*Fact[papi.KeyRestrictions]) {}, "copy-reads"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableFixReadOnly, f.Value.IPRestrict = true, true }, "copy-reads"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableReading = false }, "copy-no-reading"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Err = errors.New("no answer") }, "copy-unknown"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnablePortfolioMarginTrading = true }, "trade Portfolio Margin"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableSpotAndMarginTrading = true }, "trade spot and margin"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableMargin = true }, "borrow and repay"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableFutures = true }, "trade futures"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableVanillaOptions = true }, "trade options"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableFixAPITrade = true }, "trade by FIX"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableWithdrawals = true }, "withdraw"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.EnableInternalTransfer = true }, "transfer"},
		{func(f *Fact[papi.KeyRestrictions]) { f.Value.PermitsUniversalTransfer = true }, "transfer"},
	} {
		var f Fact[papi.KeyRestrictions]
		f.Value.EnableReading = true
		c.change(&f)
		v := copyKey(f)
		fit := c.want == "copy-reads"
		if got := v.ID + " may " + v.Found; !strings.Contains(got, c.want) || (v.Level == OK) != fit || !fit && v.Cure == "" {
			t.Errorf("want %s, got %v %s", c.want, v.Level, got)
		}
	}
}
