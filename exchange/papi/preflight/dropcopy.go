package preflight

import (
	"context"
	"strings"

	"github.com/pmbot/pmbot/exchange/papi"
)

// CopyKey asks what the key of a drop copy may do, and judges it: it reads the account beside the
// key that trades, so it must be another one, and one that may do nothing else. Same says that it is
// the account's own key. It changes nothing at the exchange.
func CopyKey(ctx context.Context, c *papi.Client, same bool) Verdict {
	const name = "drop copy"
	v := fail("copy-same", "make a second key on the same account and tick nothing but reading",
		"the key of the drop copy is the account's own: it would be compared with itself")
	if !same {
		a := &asker{ctx: ctx}
		ask(a, func(ctx context.Context) (papi.ClockReading, error) { return c.MeasureClock(ctx) })
		v = copyKey(ask(a, c.KeyRestrictions))
	}
	v.Check = name
	return v
}

// copyKey judges the rights of the key of a drop copy.
func copyKey(f Fact[papi.KeyRestrictions]) Verdict {
	if !f.Known() {
		return fail("copy-unknown", "look at the key's page whether it exists, may read, and is bound to this machine's address; or leave [drop_copy] out",
			"what the key of the drop copy may do is not known: %v", f.Err)
	}
	k := &f.Value
	if !k.EnableReading {
		return fail("copy-no-reading", `tick "Enable Reading" on its page`, "the key of the drop copy may not read")
	}
	var more []string
	for _, r := range []struct {
		name string
		has  bool
	}{
		{"trade Portfolio Margin", k.EnablePortfolioMarginTrading}, {"trade spot and margin", k.EnableSpotAndMarginTrading}, {"borrow and repay", k.EnableMargin},
		{"trade futures", k.EnableFutures}, {"trade options", k.EnableVanillaOptions}, {"trade by FIX", k.EnableFixAPITrade},
		{"withdraw", k.EnableWithdrawals}, {"transfer", k.EnableInternalTransfer || k.PermitsUniversalTransfer},
	} {
		if r.has {
			more = append(more, r.name)
		}
	}
	if len(more) > 0 {
		return fail("copy-rights", "untick everything but reading on its page: whoever steals it must have nothing",
			"the key of the drop copy may %s; it is there to read alone", strings.Join(more, ", "))
	}
	return ok("copy-reads", "the key of the drop copy may read, and nothing else")
}
