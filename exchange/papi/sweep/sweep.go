package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// Config says which account is swept, and how. Only Client has no default.
type Config struct {
	Client *papi.Client
	// Instruments are those that are known here, nil for none: orders of theirs are ended even
	// while the lists cannot be read, and their margin pairs are looked at.
	Instruments *exchange.Instruments
	// KeepProtective leaves stops of futures in force that the exchange lets do nothing but
	// reduce a position that is there.
	KeepProtective bool
	// Quiet is how long all lists must stay empty; 6 s by default, which outlasts the window of
	// 5 s in which a request of a process that was killed can still arrive.
	Quiet time.Duration
	// Tell hears after each round what is known so far, nil is nobody. It must not block.
	Tell func(*Report)
}

const (
	quietDefault = 6 * time.Second
	// callMax is how long one question or cancel may take before it is asked again.
	callMax = 4 * time.Second
	// atOnce is how many requests are under way at most.
	atOnce = 12
	// The pauses between rounds double from the first to the last: a minute of rounds costs
	// half of the exchange's limit of weight.
	pauseMin, pauseMax = 250 * time.Millisecond, 5 * time.Second
	// singlyAfter is after how many rounds an order that cancels of its symbol leave open is
	// cancelled by its number.
	singlyAfter = 2
	// retryPairs is how often the exchange is asked for margin orders without a pair.
	retryPairs = 30 * time.Second
)

// sweep is one that is under way. It belongs to Run; what goroutines bring is gathered by it.
type sweep struct {
	config Config
	lists  []*list
	// pairs are the margin pairs that are looked at.
	pairs []string
	// seen are all orders that were open at some time, in that order.
	seen []*sighted
	// facts are the account as it was read last.
	facts facts
	// clean is when the first of the readings began that found nothing and were followed by
	// nothing else; zero without one.
	clean time.Time
	// notBefore is when the exchange lets us go on.
	notBefore time.Time
	// pairsAsked is when margin orders were asked for without a pair.
	pairsAsked time.Time
	began      time.Time
	rounds     int
	report     *Report
}

// sighted is an order that was open when it was read.
type sighted struct {
	Order
	list   *list
	open   bool
	kept   bool
	rounds int // how often it was read open after its end was asked for
}

// Run ends every open order of the account, and returns when that is confirmed or the context
// has ended. The report says which it is; there is always one.
func Run(ctx context.Context, c Config) *Report {
	if c.Quiet == 0 {
		c.Quiet = quietDefault
	}
	s := &sweep{config: c, began: time.Now()}
	s.lists = s.allLists()
	s.pairs = append(s.pairs, s.known(exchange.Margin)...)
	ctx = papi.Urgent(ctx)
	for pause := pauseMin; ; pause = min(2*pause, pauseMax) {
		done := s.round(ctx)
		if ctx.Err() == nil || s.report == nil || done {
			s.tell(done)
		}
		if !done {
			s.wait(ctx, pause)
		}
		if done || ctx.Err() != nil {
			s.report.Took = time.Since(s.began).Milliseconds()
			return s.report // a round that the end has cut short says nothing
		}
	}
}

// wait lets a pause pass, and no less than the exchange asked for. The last look comes when
// the quiet span is over.
func (s *sweep) wait(ctx context.Context, pause time.Duration) {
	now := time.Now()
	if !s.clean.IsZero() {
		pause = s.clean.Add(s.config.Quiet).Sub(now)
	}
	pause = max(pause, s.notBefore.Sub(now), time.Millisecond)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// known are the symbols of a product that the caller knows.
func (s *sweep) known(p exchange.Product) (symbols []string) {
	if s.config.Instruments == nil {
		return nil
	}
	for _, in := range s.config.Instruments.All() {
		if in.Product == p {
			symbols = append(symbols, in.Symbol)
		}
	}
	return symbols
}

// round reads every list, ends what is open, and says whether the account is swept.
func (s *sweep) round(ctx context.Context) (done bool) {
	began := time.Now()
	s.rounds++
	s.read(ctx)
	s.note()
	if ctx.Err() == nil || s.report == nil {
		s.tell(false) // cancels may take their time
	}
	if s.cancel(ctx) {
		s.clean = time.Time{}
		return false
	}
	if !s.blank() {
		s.clean = time.Time{}
		s.seekPairs(ctx)
		return false
	}
	if s.clean.IsZero() {
		s.clean = began
	}
	return began.Sub(s.clean) >= s.config.Quiet
}

// together calls each function on a goroutine of its own, some at a time, and waits for all.
func together(calls []func()) {
	var all sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, call := range calls {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			call()
		})
	}
	all.Wait()
}

// ask calls the exchange and gives it its time.
func ask[A any](ctx context.Context, call func(context.Context) (A, error)) (A, error) {
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	return call(ctx)
}

// read reads lists and account at once.
func (s *sweep) read(ctx context.Context) {
	var calls []func()
	for _, l := range s.lists {
		calls = append(calls, func() { l.orders, l.err = ask(ctx, l.read) })
	}
	together(append(calls, s.facts.questions(ctx, s.config.Client)...))
	for _, l := range s.lists {
		s.heed(l.err)
	}
	for _, err := range s.facts.errors() {
		s.heed(err)
	}
}

// heed keeps to what the exchange asks for with an error.
func (s *sweep) heed(err error) {
	var e *papi.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		if until := time.Now().Add(e.RetryAfter); until.After(s.notBefore) {
			s.notBefore = until
		}
	}
}

// note brings what was read into the picture. A list that could not be read leaves its orders
// as they were.
func (s *sweep) note() {
	for _, l := range s.lists {
		if l.err != nil {
			continue
		}
		for _, o := range s.seen {
			if o.list == l {
				o.open = false
			}
		}
		for _, o := range l.orders {
			at := slices.IndexFunc(s.seen, func(w *sighted) bool { return w.list == l && w.ID == o.ID && w.ClientID == o.ClientID })
			if at < 0 {
				at = len(s.seen)
				s.seen = append(s.seen, &sighted{list: l})
			}
			w := s.seen[at]
			w.Order, w.open = o, true
			w.kept = s.config.KeepProtective && o.stops && s.facts.reduces(&o)
			if l.product == exchange.Margin && !slices.Contains(s.pairs, o.Symbol) {
				s.pairs = append(s.pairs, o.Symbol)
			}
		}
	}
}

// blank says whether every list and the account were read, and nothing is open.
func (s *sweep) blank() bool {
	return len(s.doubts()) == 0
}

// doubts are what keeps the sweep from being over, for people.
func (s *sweep) doubts() (list []string) {
	for _, l := range s.lists {
		if l.err != nil {
			list = append(list, fmt.Sprintf("%s could not be read: %v", l.name, l.err))
		}
	}
	margin := false
	for _, o := range s.seen {
		margin = margin || o.open && o.list.product == exchange.Margin
		if o.open && !o.kept {
			list = append(list, "open: "+o.String())
		}
	}
	if !s.facts.um.known || !s.facts.cm.known {
		list = append(list, "positions could not be read")
	}
	if s.facts.balances.err != nil {
		list = append(list, fmt.Sprintf("whether margin orders lock money could not be read: %v", s.facts.balances.err))
	} else if locked := s.facts.locked(); locked != "" && !margin {
		list = append(list, "margin orders of pairs that are not known here lock "+locked+"; look at them at the exchange")
	}
	return list
}

// seekPairs looks for margin orders of pairs that nobody knows, when money is locked that no
// order explains. The exchange may count such a question by all its pairs, so it is rare.
func (s *sweep) seekPairs(ctx context.Context) {
	explained := slices.ContainsFunc(s.seen, func(o *sighted) bool { return o.open && o.list.product == exchange.Margin })
	if explained || s.facts.balances.err != nil || s.facts.locked() == "" || time.Since(s.pairsAsked) < retryPairs && !s.pairsAsked.IsZero() {
		return
	}
	s.pairsAsked = time.Now()
	orders, err := ask(ctx, func(ctx context.Context) ([]papi.MarginOrder, error) {
		return s.config.Client.MarginOpenOrders(ctx, "")
	})
	s.heed(err)
	for _, o := range orders {
		if !slices.Contains(s.pairs, o.Symbol) {
			s.pairs = append(s.pairs, o.Symbol)
		}
	}
}

// cancel ends what is open and is not kept, and says whether there was anything: symbol by
// symbol, and singly beside orders that are kept, or where the first has not helped. Where a
// list could not be read the symbols that are known are ended unseen.
func (s *sweep) cancel(ctx context.Context) bool {
	var calls []func()
	var mu sync.Mutex
	do := func(name string, call func(context.Context) error) {
		calls = append(calls, func() {
			_, err := ask(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
			mu.Lock()
			defer mu.Unlock()
			s.heed(err)
			if err != nil && !errors.Is(err, papi.ErrNoSuchOrder) {
				s.facts.failed = append(s.facts.failed, fmt.Sprintf("%s: %v", name, err))
			}
		})
	}
	s.facts.failed = nil
	ended := map[string]bool{} // by the cancel's own name: OCOs end with the orders of their pair
	for _, o := range s.seen {
		if !o.open || o.kept {
			continue
		}
		o.rounds++
		singly := o.rounds > singlyAfter || slices.ContainsFunc(s.seen, func(w *sighted) bool {
			return w.open && w.kept && w.list == o.list && w.Symbol == o.Symbol
		})
		name := o.list.ends + " " + o.Symbol
		switch {
		case singly:
			do(o.String(), func(ctx context.Context) error { return o.list.one(ctx, &o.Order) })
		case !ended[name]:
			ended[name] = true
			do(name, func(ctx context.Context) error { return o.list.all(ctx, o.Symbol) })
		}
	}
	there := len(calls) > 0
	for _, l := range s.lists {
		if l.err == nil || s.config.KeepProtective && l.stops || ctx.Err() != nil {
			continue
		}
		for _, symbol := range s.symbols(l) {
			if name := l.ends + " " + symbol; !ended[name] {
				ended[name] = true
				do(name, func(ctx context.Context) error { return l.all(ctx, symbol) })
			}
		}
	}
	together(calls)
	return there
}

// symbols are those of which a list may have orders, as far as anybody here knows.
func (s *sweep) symbols(l *list) []string {
	if l.product == exchange.Margin {
		return s.pairs
	}
	return s.known(l.product)
}
