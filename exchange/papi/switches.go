package papi

import "context"

// The answers of switches are pointers inside, so that one which is not told is not taken
// for off.
type (
	positionMode struct {
		DualSidePosition *bool `json:"dualSidePosition"`
	}
	feeBurn struct {
		FeeBurn *bool `json:"feeBurn"`
	}
	autoRepay struct {
		AutoRepay *bool `json:"autoRepay"`
	}
)

func (m *positionMode) missing() string {
	return first(need{"dualSidePosition", m.DualSidePosition != nil})
}
func (f *feeBurn) missing() string   { return first(need{"feeBurn", f.FeeBurn != nil}) }
func (a *autoRepay) missing() string { return first(need{"autoRepay", a.AutoRepay != nil}) }

// on is a switch's value, false where there was no answer.
func on(v *bool) bool { return v != nil && *v }

// UMPositionMode says whether USD-M is in hedge mode. It costs 30.
func (c *Client) UMPositionMode(ctx context.Context) (hedge bool, err error) {
	m, err := call[positionMode](ctx, c, epUMPositionMode, new(query))
	return on(m.DualSidePosition), err
}

// CMPositionMode says whether COIN-M is in hedge mode. It costs 30.
func (c *Client) CMPositionMode(ctx context.Context) (hedge bool, err error) {
	m, err := call[positionMode](ctx, c, epCMPositionMode, new(query))
	return on(m.DualSidePosition), err
}

// FeeBurn says whether USD-M fees are paid in BNB at a discount. It costs 30.
func (c *Client) FeeBurn(ctx context.Context) (bool, error) {
	f, err := call[feeBurn](ctx, c, epFeeBurn, new(query))
	return on(f.FeeBurn), err
}

// RepayFuturesSwitch says whether negative futures balances are repaid by themselves. It
// costs 30.
func (c *Client) RepayFuturesSwitch(ctx context.Context) (bool, error) {
	a, err := call[autoRepay](ctx, c, epRepayFuturesSwitch, new(query))
	return on(a.AutoRepay), err
}

func switchTo(name string, on bool) *query {
	q := new(query)
	q.boolean(name, on)
	return q
}
