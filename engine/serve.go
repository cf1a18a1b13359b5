package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Services look at the account with the first event of every minute. What they wish becomes an
// event as what the guard's watch finds does: it is decided by the guard, journaled and applied,
// and whatever they remember follows from events. While trading is halted they wish nothing.

// Servant is who wishes what a service wishes; its name is the wish's tag.
const Servant = "pmbot's service"

// The services, as tags name them.
const (
	serviceRepay    = "auto-repay"
	serviceCollect  = "collect"
	serviceNegative = "negative-repay"
	serviceTransfer = "bnb-transfer"
	serviceBuy      = "bnb-buy"
)

const (
	// serviceEvery is how often services look.
	serviceEvery = time.Minute
	// serviceAgain is after how long one wishes again: Binance takes ten transfers of BNB in ten
	// minutes, and some of the requests cost an eighth of the budget of a minute.
	serviceAgain = 10 * time.Minute
)

// services are what serves the account.
type services struct {
	config Services
	// pair is where BNB is bought, 0 if nowhere.
	pair exchange.InstrumentID
	// next is when they look, Never if none is switched on, and open says that they do now.
	next exchange.Time
	open bool
	// idle are assets of which something could be repaid at every look since, by rising name.
	idle []idle
	// served is what each has wished last, by rising name.
	served []Service
}

// idle is the least that has lain free of an asset while some of it was to be repaid.
type idle struct {
	Asset string          `json:"asset"`
	Least decimal.Decimal `json:"least"`
	Since exchange.Time   `json:"since"`
}

// Service is what a service has wished last.
type Service struct {
	// Amount is in Asset; it is 0 where a wish names none.
	Amount decimal.Decimal `json:"amount,omitzero"`
	Asset  string          `json:"asset,omitzero"`
	At     exchange.Time   `json:"at"`
	Name   string          `json:"name"`
	// Refused says why the guard has refused it, "" if it has not.
	Refused  string              `json:"refused,omitzero"`
	Strategy exchange.StrategyID `json:"strategy,omitzero"`
}

// newServices serves by a configuration.
func newServices(c Services, ins *exchange.Instruments) services {
	s := services{config: c, next: exchange.Never}
	if c.IsZero() {
		return s
	}
	s.next = 0
	if in := c.pair(ins); in != nil {
		s.pair = in.ID
	}
	return s
}

// Serves says that an intent is a service's wish.
func Serves(in *exchange.Intent) bool { return in.By == Servant }

// Services lists what the services have wished last, by name.
func (k *Kernel) Services() []Service { return slices.Clone(k.services.served) }

// beat begins a look, after an event has been applied.
func (k *Kernel) beat() {
	s := &k.services
	if s.open = k.now >= s.next; !s.open {
		return
	}
	s.next = k.now.Floor(serviceEvery).Add(serviceEvery)
	if !s.config.repays() {
		return
	}
	was := s.idle
	s.idle = nil
	for _, asset := range k.owing() {
		_, part := k.due(asset)
		free := k.free(asset)
		if !part.IsPositive() || !free.IsPositive() {
			continue
		}
		now := idle{asset, free, k.now}
		if at := slices.IndexFunc(was, func(d idle) bool { return d.Asset == asset }); at >= 0 {
			now.Least, now.Since = decimal.Min(was[at].Least, free), was[at].Since
		}
		s.idle = append(s.idle, now)
	}
}

// owing are the assets that are owed, by rising name.
func (k *Kernel) owing() []string {
	var list []string
	for _, a := range k.guard.Assets() {
		if k.guard.Debt(a.Asset).IsPositive() {
			list = append(list, a.Asset)
		}
	}
	return list
}

// due is whose debt in an asset is to be repaid next, and how much it is: the largest part.
func (k *Kernel) due(asset string) (exchange.StrategyID, decimal.Decimal) {
	house := k.guard.Debt(asset)
	most, owner := decimal.Zero, exchange.StrategyID(0)
	for _, h := range k.loans.shares(asset) {
		part := decimal.Min(h.Principal, house)
		house = house.Sub(part)
		if k.services.config.AutoRepay == RepayAll && part.GreaterThan(most) {
			most, owner = part, h.Strategy
		}
	}
	if house.GreaterThanOrEqual(most) {
		return 0, house
	}
	return owner, most
}

// free is what no open order may take of an asset out of the margin wallet, and nobody wants kept.
func (k *Kernel) free(asset string) decimal.Decimal {
	has := k.guard.Balance(asset, exchange.WalletMargin)
	return has.Sub(k.guard.Reserved(asset)).Sub(k.services.config.Keep[asset]).RoundFloor(exchange.FixedPlaces)
}

// serve appends what the services wish now: one thing at a look, the most urgent, so that each
// wish is held against the account as the one before has left it. It changes nothing.
func (k *Kernel) serve(found []exchange.Event) []exchange.Event {
	s := &k.services
	if !s.open || k.guard.Lost() || k.guard.State(0, 0) == exchange.Halted {
		return found
	}
	in, name := k.serveFutures()
	for i := 0; in == nil && i < len(s.idle); i++ {
		in, name = k.serveDebt(&s.idle[i]), serviceRepay
	}
	if in == nil && s.config.Collect && s.rested(serviceCollect, k.now) {
		in, name = k.serveCollect(), serviceCollect
	}
	if in == nil {
		return found
	}
	in.By, in.Tag = Servant, name
	e := exchange.Event{At: k.now, Inst: in.Request.Inst}
	e.SetIntent(in)
	return append(found, e)
}

// serveFutures is what the futures wallets want, and which service wishes it; nil is nothing.
func (k *Kernel) serveFutures() (*exchange.Intent, string) {
	s := &k.services
	if s.config.NegativeRepayUSD.IsPositive() && s.rested(serviceNegative, k.now) && len(k.acts.open) == 0 && k.overdrawn() {
		return &exchange.Intent{Kind: exchange.IntentRepayNegative}, serviceNegative
	}
	has := k.guard.Balance(bnb, exchange.WalletUM)
	if has.GreaterThanOrEqual(s.config.BNBLow) || k.guard.ActOn(bnb) != nil {
		return nil, ""
	}
	wants, free := s.config.BNBHigh.Sub(has), decimal.Max(k.free(bnb), decimal.Zero)
	if s.rested(serviceTransfer, k.now) {
		n, err := exchange.FixedFromDecimal(decimal.Min(wants, free), exchange.RoundDown)
		if err == nil && n > 0 {
			return &exchange.Intent{Kind: exchange.IntentTransferBNB, Asset: bnb, Amount: n}, serviceTransfer
		}
	}
	if s.pair == 0 || free.GreaterThanOrEqual(wants) || !s.rested(serviceBuy, k.now) || k.buying() {
		return nil, ""
	}
	lacks, err := exchange.FixedFromDecimal(wants.Sub(free).RoundCeil(exchange.FixedPlaces), exchange.RoundDown)
	if err != nil {
		return nil, ""
	}
	lot := k.ins.At(s.pair).LotFor(exchange.Market)
	return &exchange.Intent{Kind: exchange.IntentNew, Request: exchange.OrderRequest{
		Inst: s.pair, Side: exchange.Buy, Type: exchange.Market, Qty: max(lacks.Round(lot.Step, exchange.RoundCeil), lot.Min),
	}}, serviceBuy
}

// serveDebt repays with what has lain free for long enough.
func (k *Kernel) serveDebt(d *idle) *exchange.Intent {
	if k.now.Sub(d.Since) < k.services.config.AutoRepayAfter || k.guard.ActOn(d.Asset) != nil {
		return nil
	}
	owner, part := k.due(d.Asset)
	if amount, worth := k.request(decimal.Min(d.Least, part), d.Asset); worth {
		return &exchange.Intent{Kind: exchange.IntentRepay, Strategy: owner, Asset: d.Asset, Amount: amount}
	}
	return nil
}

// serveCollect collects an asset of which the margin wallet lacks what is to be repaid.
func (k *Kernel) serveCollect() *exchange.Intent {
	for _, asset := range k.owing() {
		if asset == bnb || k.guard.ActOn(asset) != nil { // which the exchange does not collect
			continue
		}
		_, part := k.due(asset)
		lacks := part.Sub(decimal.Max(k.free(asset), decimal.Zero))
		there := decimal.Zero
		for _, w := range [...]exchange.Wallet{exchange.WalletUM, exchange.WalletCM} {
			there = there.Add(decimal.Max(k.guard.Balance(asset, w), decimal.Zero))
		}
		if _, worth := k.request(decimal.Min(lacks, there), asset); worth {
			return &exchange.Intent{Kind: exchange.IntentCollect, Asset: asset}
		}
	}
	return nil
}

// request is an amount as a request has it, and whether it is worth one.
func (k *Kernel) request(amount decimal.Decimal, asset string) (exchange.Fixed, bool) {
	n, err := exchange.FixedFromDecimal(amount.RoundFloor(exchange.FixedPlaces), exchange.RoundDown)
	usd := amount.Mul(k.guard.Index(asset).Decimal())
	return n, err == nil && n > 0 && usd.IsPositive() && usd.GreaterThanOrEqual(k.services.config.AutoRepayMinUSD)
}

// overdrawn says whether a futures wallet is further below 0 than it may be, while the margin
// wallet has something of the asset to pay with.
func (k *Kernel) overdrawn() bool {
	for _, a := range k.guard.Assets() {
		least := decimal.Min(k.guard.Balance(a.Asset, exchange.WalletUM), k.guard.Balance(a.Asset, exchange.WalletCM))
		missing := least.Neg().Mul(k.guard.Index(a.Asset).Decimal())
		if missing.GreaterThan(k.services.config.NegativeRepayUSD) && k.free(a.Asset).IsPositive() {
			return true
		}
	}
	return false
}

// buying says that an order of the house is open where BNB is bought.
func (k *Kernel) buying() bool {
	return slices.ContainsFunc(k.orders.open, func(o *order) bool { return o.Strategy == 0 && o.Request.Inst == k.services.pair })
}

// rested says whether a service may wish again.
func (s *services) rested(name string, now exchange.Time) bool {
	at, found := s.find(name)
	return !found || now.Sub(s.served[at].At) >= serviceAgain
}

func (s *services) find(name string) (int, bool) {
	return slices.BinarySearchFunc(s.served, name, func(v Service, name string) int { return strings.Compare(v.Name, name) })
}

// note remembers what a service has wished, and what it was told. What was to be repaid must
// lie free anew, whether it was repaid or refused.
func (s *services) note(in *exchange.Intent, no *exchange.Refusal, now exchange.Time) {
	if !Serves(in) || s.next == exchange.Never {
		return
	}
	v := Service{Amount: in.Amount.Decimal(), Asset: in.Asset, At: now, Name: in.Tag, Strategy: in.Strategy}
	if in.Kind == exchange.IntentNew {
		v.Amount, v.Asset = in.Request.Qty.Decimal(), bnb
	}
	if no != nil {
		v.Refused = no.Error()
	}
	if at, found := s.find(v.Name); found {
		s.served[at] = v
	} else if len(s.served) < servicesMax {
		s.served = slices.Insert(s.served, at, v)
	}
	if v.Name == serviceRepay {
		s.idle = slices.DeleteFunc(s.idle, func(d idle) bool { return d.Asset == in.Asset })
	}
}

// servicesMax is more than there are services.
const servicesMax = 8

// began forgets how long something has lain free: nobody looked while no process ran.
func (s *services) began() { s.idle = nil }

// servicesSnapshot is what services remember.
type servicesSnapshot struct {
	Idle   []idle        `json:"idle,omitzero"`
	Next   exchange.Time `json:"next"`
	Served []Service     `json:"served,omitzero"`
}

func (s *services) snapshot() servicesSnapshot { return servicesSnapshot{s.idle, s.next, s.served} }

// restore takes what is remembered, if any service is switched on.
func (s *services) restore(from *servicesSnapshot) error {
	if from == nil || s.next == exchange.Never {
		return nil
	}
	byAsset := func(a, b idle) int { return strings.Compare(a.Asset, b.Asset) }
	byName := func(a, b Service) int { return cmp.Compare(a.Name, b.Name) }
	switch {
	case !slices.IsSortedFunc(from.Idle, byAsset) || !slices.IsSortedFunc(from.Served, byName):
		return errors.New("what services remember is not sorted")
	case len(from.Served) > servicesMax || len(from.Idle) > ratedMax:
		return fmt.Errorf("%d services and %d assets are more than services remember", len(from.Served), len(from.Idle))
	}
	s.next, s.idle, s.served = from.Next, from.Idle, from.Served
	return nil
}
