package monitor

import (
	"strings"
	"testing"
)

// TestLoans: what the guard lets through is done and told, with who and why; what it refuses,
// and what makes no sense, is an error that says so, and nothing happens.
func TestLoans(t *testing.T) {
	b := newBot(t)
	for want, c := range map[string]struct {
		name string
		loan Loan
	}{
		"refused by act-borrow":             {"borrow", Loan{who, "USDT", "100"}},
		"is not a number above 0":           {"borrow", Loan{who, "USDT", "-1"}},
		"at most eight places":              {"repay", Loan{who, "USDT", "1.123456789"}},
		"asset must be named":               {"repay", Loan{who, "", "1"}},
		"who acts, and why, must be said":   {"repay", Loan{Who{By: "ann"}, "USDT", "1"}},
		"asset \"GHOST\", limit it must be": {"repay", Loan{who, "GHOST", "1"}},
	} {
		var told Loans
		if err := b.client.Post(t.Context(), c.name, c.loan, &told); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %+v: %v, want %s", c.name, c.loan, err, want)
		}
	}
	var told Loans
	if err := b.client.Post(t.Context(), "repay", Loan{who, "USDT", "1.5"}, &told); err != nil {
		t.Fatal(err)
	}
	all := append(told.Ended, told.Acts...)
	if len(all) != 1 || all[0].ID != 1 || all[0].Kind != "REPAY" || all[0].By != "ann" || all[0].Reason != "a test" || all[0].Amount.String() != "1.5" {
		t.Errorf("%+v", told)
	}
	var later Loans
	if err := b.client.Get(t.Context(), "loans", nil, &later); err != nil || len(later.Ended) != 1 || later.Ended[0].Transaction != 71 {
		t.Errorf("%v, %+v", err, later)
	}
}
