package papisim

import (
	"encoding/json"
	"math/rand/v2"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/exchange"
)

// userFrame is an event of the user stream on its way to the sockets.
type userFrame struct {
	// Event is its type, such as ORDER_TRADE_UPDATE, and Body the JSON object.
	Event string
	Body  []byte
	// Due is when it is sent: now, unless a fault has put it off.
	Due exchange.Time
}

// userStream is what the account's owner hears.
type userStream struct {
	key     listenKey
	waiting []userFrame // by Due

	// positions are the account's, fill by fill, and realized what each has realised.
	positions map[leg]exchange.Position
	realized  map[leg]decimal.Decimal
	// debts are what is owed, booking by booking.
	debts map[pocket]decimal.Decimal
	// openLoss is that of the last openOrderLoss, updateID numbers changes of the margin
	// wallet, liabilityID those of debts, executionID reports of margin orders.
	openLoss                           decimal.Decimal
	updateID, liabilityID, executionID int64
	random                             *rand.Rand
}

// Where the numbers of margin events begin: as Binance's do, beyond what a float holds in
// the case of debts.
const (
	updateIDFirst    = 1_027_053_479_517
	liabilityIDFirst = 1_352_286_576_452_864_727
	executionIDFirst = 8_641_984
)

func newUserStream(seed uint64) userStream {
	return userStream{
		key:       listenKey{random: rand.New(rand.NewPCG(seed, 0x6c697374656e))},
		positions: map[leg]exchange.Position{}, realized: map[leg]decimal.Decimal{}, debts: map[pocket]decimal.Decimal{},
		updateID: updateIDFirst, liabilityID: liabilityIDFirst, executionID: executionIDFirst,
		random: rand.New(rand.NewPCG(seed, 0x75736572)),
	}
}

// tell hands out what has happened since the last call, to whom it concerns.
func (s *Sim) tell() {
	now := s.clock.now()
	s.narrate()
	s.records.news = s.records.news[:0]
	s.deliver(now)
	s.broadcast(s.public.Frames())
}

// InjectUser sends a frame that says what it wants to the sockets of the user stream, past
// any fault.
func (s *Sim) InjectUser(body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sendUser(userFrame{Body: slices.Clone(body)})
}

// Disconnect drops the sockets of the user stream, or all sockets, without a close frame.
func (s *Sim) Disconnect(all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disconnect(!all)
}

// tellUser is the one way of events to the account's owner.
func (s *Sim) tellUser(event string, at exchange.Time, payload any) {
	body, err := json.Marshal(payload)
	if err != nil {
		panic("papisim: an event of the user stream: " + err.Error())
	}
	for _, f := range s.strikeEvent(userFrame{Event: event, Body: body, Due: at}) {
		after := slices.IndexFunc(s.user.waiting, func(other userFrame) bool { return other.Due > f.Due })
		if after < 0 {
			after = len(s.user.waiting)
		}
		s.user.waiting = slices.Insert(s.user.waiting, after, f)
	}
}

// deliver sends the events that are due.
func (s *Sim) deliver(now exchange.Time) {
	sent := 0
	for ; sent < len(s.user.waiting) && s.user.waiting[sent].Due <= now; sent++ {
		s.sendUser(s.user.waiting[sent])
	}
	s.user.waiting = slices.Delete(s.user.waiting, 0, sent)
}

// sendUser sends a frame to the sockets that have the key that lives.
func (s *Sim) sendUser(f userFrame) {
	for _, k := range s.sockets {
		switch key := s.user.key.text; {
		case !k.hears(key):
		case k.combined:
			k.send(message{text: public.Wrap(key, f.Body)})
		default:
			k.send(message{text: f.Body})
		}
	}
}

// dueStreams is when something is to be told next: market streams, a late event, the end of
// a key or of a socket.
func (s *Sim) dueStreams() exchange.Time {
	due := min(s.public.Due(), s.dueSockets())
	if s.user.key.text != "" {
		due = min(due, s.user.key.expires)
	}
	if len(s.user.waiting) > 0 {
		due = min(due, s.user.waiting[0].Due)
	}
	if len(s.late) > 0 {
		due = min(due, s.late[0].due)
	}
	return due
}

// passStreams does what dueStreams has announced.
func (s *Sim) passStreams(now exchange.Time) {
	s.public.Pass(now)
	s.broadcast(s.public.Frames())
	s.deliverLate(now)
	s.deliver(now)
	s.expireKey(now)
	s.expireSockets(now)
}

// hearers are the sockets of each stream of the market.
type hearers map[public.Key][]*socket
