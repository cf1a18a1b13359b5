package papi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Where positions stand in the queue of deleveraging, what a day has brought by the exchange's
// own books, and at which rates assets count as collateral is nowhere in the user stream, so it is
// asked for.

const (
	// surveyMin and surveyMax bound BrokerConfig.Survey: places change every 30 seconds.
	surveyMin, surveyMax = 30 * time.Second, time.Hour
	// surveyAgain is after how long places that have not changed are told again, and surveyRetry
	// after how long incomes that could not be read are asked for again.
	surveyAgain, surveyRetry = time.Hour, 10 * time.Minute
	// incomeLate is how long after the end of a day its incomes are asked for, for the lists
	// lag behind.
	incomeLate = 15 * time.Minute
	// ratesEvery is how often rates of collateral are asked for: they cost half of what sapi
	// allows in a second, and Binance announces cuts days before.
	ratesEvery = time.Hour
)

// surveyor knows what was asked for beside the stream and what was told of it.
type surveyor struct {
	asks    chan surveyAsk
	reading bool
	// next is when places are asked for, income when the incomes of the newest day that is over
	// are, and rated when rates of collateral are.
	next, income, rated exchange.Time
	places              []exchange.Place
	told                exchange.Time
	known               bool
	rates               []exchange.CollateralRate
}

// surveyAsk is what is asked for beside places: the incomes of a day unless it is 0, and rates.
type surveyAsk struct {
	day   exchange.Time
	rates bool
}

// surveyNews is what asking has brought: each part that could be read.
type surveyNews struct {
	places []exchange.Place
	placed bool
	day    exchange.Time
	income *exchange.Income
	rates  []exchange.CollateralRate
}

func newSurveyor() surveyor {
	return surveyor{asks: make(chan surveyAsk, 1), next: exchange.Never, income: exchange.Never, rated: exchange.Never}
}

// due is when something must be asked for.
func (s *surveyor) due() exchange.Time {
	if s.reading {
		return exchange.Never
	}
	return min(s.next, s.income, s.rated)
}

// begin has everything asked for, once the account is followed.
func (s *surveyor) begin(now exchange.Time) {
	s.next = min(s.next, now)
	if s.income == exchange.Never {
		s.income, s.rated = now.Add(incomeLate), now
	}
}

// askSurvey asks for what is due.
func (o *owner) askSurvey(now exchange.Time) {
	s := &o.surveyor
	if s.reading || s.due() > now {
		return
	}
	var ask surveyAsk
	if s.income <= now {
		ask.day = exchange.IncomeDay(now.Add(-incomeLate)).Add(-24 * time.Hour)
		s.income = now.Add(surveyRetry)
	}
	if s.rated <= now {
		ask.rates, s.rated = true, now.Add(ratesEvery)
	}
	s.next = now.Add(o.config.Survey)
	select {
	case s.asks <- ask:
		s.reading = true
	default:
	}
}

// workSurvey reads whenever it is asked to, until the context ends.
func (b *Broker) workSurvey(ctx context.Context, asks <-chan surveyAsk) {
	for {
		select {
		case <-ctx.Done():
			return
		case ask := <-asks:
			n := surveyNews{day: ask.day}
			n.places, n.placed = b.readPlaces(ctx)
			if ask.day != 0 {
				n.income = b.readDay(ctx, ask.day)
			}
			if ask.rates {
				n.rates = b.readCollateral(ctx)
			}
			b.inbox <- n
		}
	}
}

// readPlaces reads the places of all positions.
func (b *Broker) readPlaces(ctx context.Context) (places []exchange.Place, read bool) {
	for _, of := range [...]struct {
		product exchange.Product
		ask     func(context.Context, string) ([]ADLQuantile, error)
	}{{exchange.UM, b.config.Client.UMADLQuantiles}, {exchange.CM, b.config.Client.CMADLQuantiles}} {
		list, err := of.ask(ctx, "")
		if err != nil {
			return nil, false
		}
		for _, q := range list {
			in, err := b.config.Instruments.Find(of.product, q.Symbol)
			if err != nil {
				continue // nobody here trades it
			}
			a := &q.ADLQuantile
			for side, n := range [...]int64{exchange.Both: a.Both, exchange.Long: a.Long, exchange.Short: a.Short} {
				if n > 0 {
					places = append(places, exchange.Place{Inst: in.ID, Side: exchange.PositionSide(side), Quantile: int(min(n, exchange.QuantileMost))})
				}
			}
		}
	}
	slices.SortFunc(places, func(a, b exchange.Place) int { return cmp.Or(cmp.Compare(a.Inst, b.Inst), cmp.Compare(a.Side, b.Side)) })
	return places, true
}

// readDay adds up what the exchange has booked in a day; nil if it could not be read whole.
func (b *Broker) readDay(ctx context.Context, from exchange.Time) *exchange.Income {
	in := &exchange.Income{From: from}
	w := Window{StartTime: from, EndTime: from.Add(24*time.Hour - time.Millisecond)}
	each := b.config.Client.EachUMIncome
	for _, wallet := range [...]exchange.Wallet{exchange.WalletUM, exchange.WalletCM} {
		for i, err := range each(ctx, IncomeQuery{Window: w}) {
			if err != nil {
				return nil
			}
			why, known := i.IncomeType.Known()
			if !known {
				why = exchange.ReasonTransfer
			}
			in.Add(exchange.IncomeSum{Asset: i.Asset, Wallet: wallet, Reason: why, Sum: i.Income})
		}
		each = b.config.Client.EachCMIncome
	}
	for i, err := range b.config.Client.EachMarginInterest(ctx, MarginInterestQuery{PageQuery: PageQuery{Window: w}}) {
		if err != nil {
			return nil
		}
		if i.Type != interestOfBalance {
			in.Add(exchange.IncomeSum{Asset: i.Asset, Wallet: exchange.WalletInterest, Reason: exchange.ReasonInterest, Sum: i.Interest})
		}
	}
	slices.SortFunc(in.Sums, func(a, b exchange.IncomeSum) int {
		return cmp.Or(cmp.Compare(a.Asset, b.Asset), cmp.Compare(a.Wallet, b.Wallet), cmp.Compare(a.Reason, b.Reason))
	})
	return in
}

// readCollateral reads at which rates assets count as collateral, by rising name; nil if it could not.
func (b *Broker) readCollateral(ctx context.Context) (rates []exchange.CollateralRate) {
	list, err := b.config.Client.CollateralRates(ctx)
	if err != nil {
		return nil
	}
	for _, r := range list {
		rate, err := exchange.FixedFromDecimal(r.CollateralRate, exchange.RoundFloor)
		if err != nil || rate < 0 || rate > exchange.FixedOne {
			return nil
		}
		rates = append(rates, exchange.CollateralRate{Asset: r.Asset, Rate: rate})
	}
	slices.SortFunc(rates, func(a, b exchange.CollateralRate) int { return cmp.Compare(a.Asset, b.Asset) })
	return slices.CompactFunc(rates, func(a, b exchange.CollateralRate) bool { return a.Asset == b.Asset })
}

// interestOfBalance is the type of interest on a negative futures balance, which is booked in that
// wallet.
const interestOfBalance = "PORTFOLIO"

// heardSurvey tells what has changed, and places once an hour in any case.
func (o *owner) heardSurvey(n *surveyNews) {
	s, now := &o.surveyor, o.now()
	s.reading = false
	var told exchange.Survey
	if n.placed && (!s.known || !slices.Equal(n.places, s.places) || now.Sub(s.told) >= surveyAgain) {
		s.places, s.told, s.known = n.places, now, true
		told.Queue = &exchange.ADLQueue{Places: slices.Clone(n.places)}
	}
	if n.income != nil {
		told.Income = n.income
		s.income = n.day.Add(48*time.Hour + incomeLate) // when the day that runs now is over
	}
	if len(n.rates) > 0 && !slices.Equal(n.rates, s.rates) {
		s.rates, told.Rates = n.rates, slices.Clone(n.rates)
	}
	if told.Queue != nil || told.Income != nil || told.Rates != nil {
		o.tr.event(0, 0).SetSurvey(&told)
	}
}
