package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// snapshotVersion is the format of snapshots that this program writes and reads. It changes
// with every key that is added, for one that is not understood could hide an order.
const snapshotVersion = 1

// snapshot is the state of a kernel. Keys rise, and lists have an order of their own, so
// that equal states are equal bytes.
type snapshot struct {
	// Acts are those on the account that are under way, and EndedActs the last that are over.
	Acts []actSnapshot `json:"acts,omitzero"`
	// Closed are the remembered orders that are over, in the order of their ends.
	Closed    []orderSnapshot `json:"closed"`
	EndedActs []actSnapshot   `json:"ended_acts,omitzero"`
	// Foreign are the remembered fills of no order of ours, oldest first.
	Foreign  []foreignSnapshot `json:"foreign"`
	Guard    json.RawMessage   `json:"guard"`
	Holdings []holdingSnapshot `json:"holdings"`
	// Instruments are the names of the table, by id.
	Instruments []string         `json:"instruments"`
	LastAct     exchange.ActID   `json:"last_act,omitzero"`
	LastFill    exchange.Time    `json:"last_fill,omitzero"`
	LastOrder   exchange.OrderID `json:"last_order"`
	Loans       []loanSnapshot   `json:"loans,omitzero"`
	Now         exchange.Time    `json:"now"`
	// Open are the orders that are not over, by id.
	Open   []orderSnapshot `json:"open"`
	Prefix string          `json:"prefix"`
	Seq    uint64          `json:"seq"`
	// Services is what services remember, if one is switched on.
	Services *servicesSnapshot `json:"services,omitzero"`
	// Strangers are the newest updates of orders that are not ours, oldest first.
	Strangers []strangerSnapshot `json:"strangers"`
	// Tasks are those that are open, oldest first.
	Tasks   []taskSnapshot `json:"tasks,omitzero"`
	Truth   truthSnapshot  `json:"truth"`
	Version int            `json:"version"`
}

type foreignSnapshot struct {
	ClientID string                `json:"client_id,omitzero"`
	Inst     exchange.InstrumentID `json:"inst,omitzero"`
	Trade    int64                 `json:"trade,omitzero"`
	VenueID  int64                 `json:"venue_id,omitzero"`
}

type holdingSnapshot struct {
	Inst     exchange.InstrumentID       `json:"inst"`
	Qty      decimal.Decimal             `json:"qty"`
	Side     word[exchange.PositionSide] `json:"side"`
	Strategy exchange.StrategyID         `json:"strategy"`
}

type strangerSnapshot struct {
	Child     string                     `json:"child,omitzero"`
	ClientID  string                     `json:"client_id,omitzero"`
	Code      int                        `json:"code,omitzero"`
	Filled    exchange.Fixed             `json:"filled,omitzero"`
	ID        exchange.OrderID           `json:"id,omitzero"`
	Price     exchange.Fixed             `json:"price,omitzero"`
	Qty       exchange.Fixed             `json:"qty,omitzero"`
	Reason    string                     `json:"reason,omitzero"`
	Ref       uint64                     `json:"ref,omitzero"`
	Retryable bool                       `json:"retryable,omitzero"`
	Status    word[exchange.OrderStatus] `json:"status,omitzero"`
	Strategy  exchange.StrategyID        `json:"strategy,omitzero"`
	VenueID   int64                      `json:"venue_id,omitzero"`
}

// Snapshot writes the kernel's state, its guard's included, as JSON for [Restore]: all that
// a later decision or event depends on. Two kernels in the same state write the same bytes.
// It is read by people, too: every order and fill has a line of its own.
func (k *Kernel) Snapshot() []byte {
	p := page{'{'}
	if len(k.acts.open) > 0 {
		lines(&p, "acts", k.acts.open, snapshotOfAct)
	}
	lines(&p, "closed", oldestFirst(k.orders.closed, k.orders.next), (*order).snapshot)
	if len(k.acts.ended) > 0 {
		lines(&p, "ended_acts", k.EndedActs(), snapshotOfAct)
	}
	lines(&p, "foreign", oldestFirst(k.foreign.ring, k.foreign.next), func(f foreignFill) foreignSnapshot {
		return foreignSnapshot{f.clientID, f.inst, f.trade, f.venue}
	})
	p.raw("guard", k.guard.Snapshot())
	lines(&p, "holdings", k.Holdings(), func(h Holding) holdingSnapshot {
		return holdingSnapshot{h.Inst, h.Qty, word[exchange.PositionSide]{h.Side}, h.Strategy}
	})
	p.value("instruments", instrumentNames(k.ins))
	if k.acts.last != 0 {
		p.value("last_act", k.acts.last)
	}
	if k.lastFill != 0 {
		p.value("last_fill", k.lastFill)
	}
	p.value("last_order", k.lastOrder)
	if len(k.loans.list) > 0 {
		lines(&p, "loans", k.loans.list, snapshotOfLoan)
	}
	p.value("now", k.now)
	lines(&p, "open", k.orders.open, (*order).snapshot)
	p.value("prefix", k.prefix)
	p.value("seq", k.seq)
	if k.services.next != exchange.Never {
		p.value("services", k.services.snapshot())
	}
	lines(&p, "strangers", oldestFirst(k.strangers.ring, k.strangers.next), strangerOf)
	if len(k.tasks) > 0 {
		lines(&p, "tasks", k.tasks, (*task).snapshot)
	}
	p.value("truth", k.truth.snapshot())
	p.value("version", snapshotVersion)
	return append(p, '}', '\n')
}

func strangerOf(u exchange.OrderUpdate) strangerSnapshot {
	return strangerSnapshot{
		u.Child, u.ClientID, u.Code, u.Filled, u.ID, u.Price, u.Qty, u.Reason, u.Ref, u.Retryable,
		word[exchange.OrderStatus]{u.Status}, u.Strategy, u.VenueID,
	}
}

func (s *strangerSnapshot) update() exchange.OrderUpdate {
	return exchange.OrderUpdate{
		ID: s.ID, Strategy: s.Strategy, Ref: s.Ref, ClientID: s.ClientID, VenueID: s.VenueID, Status: s.Status.is,
		Price: s.Price, Qty: s.Qty, Filled: s.Filled, Reason: s.Reason, Code: s.Code, Retryable: s.Retryable, Child: s.Child,
	}
}

func instrumentNames(ins *exchange.Instruments) []string {
	names := make([]string, ins.Len())
	for i := range names {
		names[i] = ins.At(exchange.InstrumentID(i + 1)).Name()
	}
	return names
}

// oldestFirst is a ring whose oldest element is at next, in the order of its filling.
func oldestFirst[T any](ring []T, next int) []T {
	return append(ring[next:len(ring):len(ring)], ring[:next]...)
}

// page is a JSON object being written, a key on a line.
type page []byte

func (p *page) key(name string) {
	if len(*p) > 1 {
		*p = append(*p, ',', '\n')
	}
	*p = append(*p, '"')
	*p = append(*p, name...)
	*p = append(*p, '"', ':')
}

func (p *page) raw(name string, text []byte) {
	p.key(name)
	*p = append(*p, text...)
}

func (p *page) value(name string, v any) { p.raw(name, written(v)) }

func written(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("engine: snapshot: %v", err)) // numbers and names always can be written
	}
	return text
}

// lines writes a list, an element on a line.
func lines[T, S any](p *page, name string, list []T, form func(T) S) {
	p.key(name)
	*p = append(*p, '[')
	for i, element := range list {
		if i > 0 {
			*p = append(*p, ',')
		}
		*p = append(*p, '\n')
		*p = append(*p, written(form(element))...)
	}
	*p = append(*p, ']')
}

// readSnapshot reads the format, whose version it looks at first: what else is wrong with
// another one would only mislead.
func readSnapshot(text []byte) (*snapshot, error) {
	var format struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &format); err != nil {
		return nil, fmt.Errorf("it is damaged, take the one before: %w", err)
	}
	switch v := format.Version; {
	case v == nil:
		return nil, errors.New("it has no version, so it is no snapshot of a kernel")
	case *v != snapshotVersion:
		return nil, fmt.Errorf("its format is version %d, and this program reads %d: start the version of pmbot that wrote it, "+
			"let it end its orders, and begin a new journal", *v, snapshotVersion)
	}
	s := new(snapshot)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("it is damaged or of another version of pmbot, take the one before or start that version: %w", err)
	}
	return s, nil
}
