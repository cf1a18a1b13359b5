package preflight

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// Fact is the answer to one question, or the reason why there is none.
type Fact[T any] struct {
	Value T
	Err   error
}

// Known says that there is an answer.
func (f Fact[T]) Known() bool { return f.Err == nil }

// Facts are what Binance said about a key and its account, each question by itself: one that
// failed leaves the others as they are.
type Facts struct {
	// At is when it was asked, in the exchange's time.
	At exchange.Time
	// Offset is how far our clock is behind the exchange's; negative when it is ahead.
	Offset Fact[time.Duration]

	Key       Fact[papi.KeyRestrictions]
	Info      Fact[papi.AccountInfo]
	Portfolio Fact[papi.PortfolioAccount]
	Delta     Fact[bool]

	Account          Fact[papi.Account]
	Balances         Fact[[]papi.Balance]
	UMHedge, CMHedge Fact[bool]
	Burn             Fact[bool]
	UM               Fact[[]papi.UMPosition]
	CM               Fact[[]papi.CMPosition]
	Orders           Fact[[]Resting]
	ListenKey        Fact[string]

	UMBrackets Fact[[]papi.UMBrackets]
	CMBrackets Fact[[]papi.CMBrackets]
	Rates      Fact[[]papi.CollateralRate]
	Leverages  Fact[[]papi.AssetLeverage]
	Indexes    Fact[[]papi.AssetIndexPrice]
	// UMFees and CMFees are those of the first symbol of each product; nil without one.
	UMFees, CMFees *Fact[papi.CommissionRate]
}

// Resting is an order that is open, on any of the account's lists.
type Resting struct {
	// List is the list that it is on: "UM", "UM algo", "CM", "CM conditional" or "margin".
	List, Symbol, ClientID string
}

// Want is what the configuration expects of the account.
type Want struct {
	// OrderPrefix begins the client ids of our own orders.
	OrderPrefix string
	// HedgeMode is the position mode that the strategies are configured for.
	HedgeMode bool
	// Activated is when Portfolio Margin was switched on, the last time, as far as the
	// operator knows; 0 if he does not say.
	Activated exchange.Time
	// Instruments are those that the run trades.
	Instruments *exchange.Instruments
}

// Collect asks everything. It costs about 500 of papi's weight and as much of sapi's and
// changes nothing at the exchange, but for a listenKey that lives an hour. An error means
// that the context has ended.
func Collect(ctx context.Context, c *papi.Client, w Want) (*Facts, error) {
	f := &Facts{}
	f.Offset = ask(ctx, func(ctx context.Context) (time.Duration, error) {
		reading, err := c.MeasureClock(ctx)
		return reading.Offset, err
	})
	f.At = c.ServerTime()
	f.Key, f.Info, f.Portfolio, f.Delta = ask(ctx, c.KeyRestrictions), ask(ctx, c.AccountInfo), ask(ctx, c.PortfolioAccount), ask(ctx, c.DeltaMode)
	f.Account = ask(ctx, c.Account)
	f.Balances = ask(ctx, func(ctx context.Context) ([]papi.Balance, error) { return c.Balances(ctx, "") })
	f.UMHedge, f.CMHedge, f.Burn = ask(ctx, c.UMPositionMode), ask(ctx, c.CMPositionMode), ask(ctx, c.FeeBurn)
	f.UM = ask(ctx, func(ctx context.Context) ([]papi.UMPosition, error) { return c.UMPositions(ctx, "") })
	f.CM = ask(ctx, func(ctx context.Context) ([]papi.CMPosition, error) { return c.CMPositions(ctx, "", "") })
	f.Orders = ask(ctx, func(ctx context.Context) ([]Resting, error) { return resting(ctx, c, w) })
	f.ListenKey = ask(ctx, c.NewListenKey)
	f.UMBrackets = ask(ctx, func(ctx context.Context) ([]papi.UMBrackets, error) { return c.UMLeverageBrackets(ctx, "") })
	f.CMBrackets = ask(ctx, func(ctx context.Context) ([]papi.CMBrackets, error) { return c.CMLeverageBrackets(ctx, "") })
	f.Rates, f.Leverages = ask(ctx, c.CollateralRates), ask(ctx, c.MarginAssetLeverage)
	f.Indexes = ask(ctx, func(ctx context.Context) ([]papi.AssetIndexPrice, error) { return c.AssetIndexPrices(ctx, "") })
	f.UMFees, f.CMFees = fees(ctx, w, exchange.UM, c.UMCommissionRate), fees(ctx, w, exchange.CM, c.CMCommissionRate)
	return f, ctx.Err()
}

func fees(
	ctx context.Context, w Want, p exchange.Product, question func(context.Context, string) (papi.CommissionRate, error),
) *Fact[papi.CommissionRate] {
	for _, in := range w.Instruments.All() {
		if in.Product == p {
			f := ask(ctx, func(ctx context.Context) (papi.CommissionRate, error) { return question(ctx, in.Symbol) })
			return &f
		}
	}
	return nil
}

func ask[T any](ctx context.Context, question func(context.Context) (T, error)) Fact[T] {
	v, err := question(ctx)
	return Fact[T]{Value: v, Err: err}
}

// resting lists the open orders of all lists. Margin's are told by symbol only.
func resting(ctx context.Context, c *papi.Client, w Want) ([]Resting, error) {
	var all []Resting
	var errs []error
	note := func(list string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", list, err))
		}
	}
	um, err := c.UMOpenOrders(ctx, "")
	note("UM", err)
	for _, o := range um {
		all = append(all, Resting{"UM", o.Symbol, o.ClientOrderID})
	}
	algo, err := c.UMOpenAlgoOrders(ctx, papi.UMOpenAlgoOrdersQuery{})
	note("UM algo", err)
	for _, o := range algo {
		all = append(all, Resting{"UM algo", o.Symbol, o.ClientAlgoID})
	}
	cm, err := c.CMOpenOrders(ctx, "", "")
	note("CM", err)
	for _, o := range cm {
		all = append(all, Resting{"CM", o.Symbol, o.ClientOrderID})
	}
	conditional, err := c.CMOpenConditionalOrders(ctx, "")
	note("CM conditional", err)
	for _, o := range conditional {
		all = append(all, Resting{"CM conditional", o.Symbol, o.NewClientStrategyID})
	}
	for _, in := range w.Instruments.All() {
		if in.Product != exchange.Margin {
			continue
		}
		margin, err := c.MarginOpenOrders(ctx, in.Symbol)
		note("margin "+in.Symbol, err)
		for _, o := range margin {
			all = append(all, Resting{"margin", o.Symbol, o.ClientOrderID})
		}
	}
	return all, errors.Join(errs...)
}
