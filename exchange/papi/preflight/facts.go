package preflight

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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

	// Trade is whether the key may trade, found by asking for the end of an order that cannot
	// exist: no read needs the right.
	Trade Fact[bool]

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
	// UMSymbols and CMSide have the leverage of every symbol.
	UMSymbols Fact[[]papi.SymbolConfig]
	CMSide    Fact[papi.CMAccount]
	Indexes   Fact[[]papi.AssetIndexPrice]
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
// changes nothing at the exchange, but for a listenKey that lives an hour. When neither time
// nor key can be asked it leaves the rest. An error means that the context has ended.
func Collect(ctx context.Context, c *papi.Client, w Want) (*Facts, error) {
	f := &Facts{}
	a := &asker{ctx: ctx}
	f.Offset = ask(a, func(ctx context.Context) (time.Duration, error) {
		reading, err := c.MeasureClock(ctx)
		return reading.Offset, err
	})
	f.At = c.ServerTime()
	f.Key = ask(a, c.KeyRestrictions)
	if f.Unreachable() {
		a.vain = f.Key.Err
	}
	f.Info, f.Portfolio, f.Delta = ask(a, c.AccountInfo), ask(a, c.PortfolioAccount), ask(a, c.DeltaMode)
	f.Trade = ask(a, func(ctx context.Context) (bool, error) { return mayTrade(ctx, c, w) })
	f.Account = ask(a, c.Account)
	f.Balances = ask(a, func(ctx context.Context) ([]papi.Balance, error) { return c.Balances(ctx, "") })
	f.UMHedge, f.CMHedge, f.Burn = ask(a, c.UMPositionMode), ask(a, c.CMPositionMode), ask(a, c.FeeBurn)
	f.UM = ask(a, func(ctx context.Context) ([]papi.UMPosition, error) { return c.UMPositions(ctx, "") })
	f.CM = ask(a, func(ctx context.Context) ([]papi.CMPosition, error) { return c.CMPositions(ctx, "", "") })
	f.Orders = ask(a, func(ctx context.Context) ([]Resting, error) { return resting(ctx, c, w) })
	f.ListenKey = ask(a, c.NewListenKey)
	f.UMBrackets = ask(a, func(ctx context.Context) ([]papi.UMBrackets, error) { return c.UMLeverageBrackets(ctx, "") })
	f.CMBrackets = ask(a, func(ctx context.Context) ([]papi.CMBrackets, error) { return c.CMLeverageBrackets(ctx, "") })
	f.Rates, f.Leverages = ask(a, c.CollateralRates), ask(a, c.MarginAssetLeverage)
	f.UMSymbols = ask(a, func(ctx context.Context) ([]papi.SymbolConfig, error) { return c.UMSymbolConfigs(ctx, "") })
	f.CMSide = ask(a, c.CMAccount)
	f.Indexes = ask(a, func(ctx context.Context) ([]papi.AssetIndexPrice, error) { return c.AssetIndexPrices(ctx, "") })
	f.UMFees, f.CMFees = fees(a, w, exchange.UM, c.UMCommissionRate), fees(a, w, exchange.CM, c.CMCommissionRate)
	return f, ctx.Err()
}

// Unreachable says that nobody answers, or that the exchange has banned this address.
func (f *Facts) Unreachable() bool {
	var e *papi.Error
	silent := !f.Key.Known() && (!errors.As(f.Key.Err, &e) || e.HTTP == 0)
	return !f.Offset.Known() && silent || errors.Is(f.Key.Err, papi.ErrBanned)
}

// asker asks questions until it is in vain.
type asker struct {
	ctx  context.Context
	vain error
}

func ask[T any](a *asker, question func(context.Context) (T, error)) Fact[T] {
	if a.vain != nil {
		return Fact[T]{Err: a.vain}
	}
	v, err := question(a.ctx)
	return Fact[T]{Value: v, Err: err}
}

// mayTrade cancels an order of a name that no order has. Whoever may trade is told that there
// is none.
func mayTrade(ctx context.Context, c *papi.Client, w Want) (bool, error) {
	name := w.OrderPrefix + "none-" + strconv.FormatInt(c.ServerTime().Millis(), 36)
	_, err := c.CancelUMOrder(ctx, "BTCUSDT", papi.OrderRef{OrigClientOrderID: name})
	if errors.Is(err, papi.ErrNoSuchOrder) {
		err = nil
	}
	return err == nil, err
}

// fees asks for those of the first symbol of a product; nil without one.
func fees(
	a *asker, w Want, p exchange.Product, question func(context.Context, string) (papi.CommissionRate, error),
) *Fact[papi.CommissionRate] {
	for _, in := range w.Instruments.All() {
		if in.Product == p {
			f := ask(a, func(ctx context.Context) (papi.CommissionRate, error) { return question(ctx, in.Symbol) })
			return &f
		}
	}
	return nil
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
