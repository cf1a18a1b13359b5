package wire

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/strategy"
)

// EncodeResume translates where a strategy goes on; nil for nil.
func EncodeResume(r *strategy.Resume) *pb.Resume {
	if r == nil {
		return nil
	}
	p := &pb.Resume{At: int64(r.At), LastRef: r.LastRef, Account: encodeAccount(&r.Account), Memory: encodeMemory(r.Saved)}
	for _, v := range r.Positions {
		p.Positions = append(p.Positions, &pb.Position{
			Instrument: uint32(v.Inst), Side: pb.PositionSide(v.Side), Qty: encodeDecimal(v.Qty), Entry: encodeDecimal(v.Entry),
		})
	}
	for i := range r.Orders {
		o := &r.Orders[i]
		p.Orders = append(p.Orders, &pb.Order{
			Id: uint64(o.ID), Ref: o.Ref, Request: encodeRequest(&o.Request), Status: pb.OrderStatus(o.Status), ClientId: valid(o.ClientID),
			VenueId: o.VenueID, Parent: uint64(o.Parent), Filled: int64(o.Filled), Created: int64(o.Created), Updated: int64(o.Updated),
		})
	}
	for i := range r.Tasks {
		p.Tasks = append(p.Tasks, encodeTask(&r.Tasks[i]))
	}
	for _, b := range r.Balances {
		p.Balances = append(p.Balances, &pb.Balance{Asset: valid(b.Asset), Wallet: pb.Wallet(b.Wallet), Amount: encodeDecimal(b.Amount)})
	}
	for i := range r.States {
		p.States = append(p.States, encodeState(&r.States[i]))
	}
	for i := range r.Market {
		p.Market = append(p.Market, encodeSeen(&r.Market[i]))
	}
	return p
}

func encodeSeen(s *strategy.Seen) *pb.Seen {
	p := &pb.Seen{Instrument: uint32(s.Inst), Last: int64(s.Last)}
	if q := s.Quote; q != (exchange.BookTicker{}) {
		p.Quote = []int64{int64(q.Bid), int64(q.BidQty), int64(q.Ask), int64(q.AskQty), q.UpdateID}
	}
	if m := s.Mark; m != (exchange.Mark{}) {
		p.Mark = []int64{int64(m.Price), int64(m.Index), int64(m.Rate), int64(m.NextFunding), int64(m.Settle)}
	}
	return p
}

// Resume translates where a strategy goes on; nil for nil.
func (d *Decoder) Resume(p *pb.Resume) (*strategy.Resume, error) {
	if p == nil {
		return nil, nil
	}
	var n numbers
	r := &strategy.Resume{
		At: exchange.Time(p.GetAt()), LastRef: p.GetLastRef(), Account: *decodeAccount(p.GetAccount(), &n), Saved: decodeMemory(p.GetMemory()),
	}
	for _, v := range p.GetPositions() {
		inst, err := instrument(v.GetInstrument(), d.Instruments)
		if err != nil {
			return nil, fmt.Errorf("resume: position: %w", err)
		}
		r.Positions = append(r.Positions, exchange.Position{
			Inst: inst, Side: exchange.PositionSide(v.GetSide()), Qty: n.parse(v.GetQty()), Entry: n.parse(v.GetEntry()),
		})
	}
	for _, o := range p.GetOrders() {
		if _, err := instrument(o.GetRequest().GetInstrument(), d.Instruments); err != nil {
			return nil, fmt.Errorf("resume: order %d: %w", o.GetRef(), err)
		}
		r.Orders = append(r.Orders, exchange.Order{
			ID: exchange.OrderID(o.GetId()), Strategy: d.Strategy, Ref: o.GetRef(), Request: decodeRequest(o.GetRequest()),
			Status: exchange.OrderStatus(o.GetStatus()), ClientID: o.GetClientId(), VenueID: o.GetVenueId(),
			Parent: exchange.OrderID(o.GetParent()), Filled: exchange.Fixed(o.GetFilled()),
			Created: exchange.Time(o.GetCreated()), Updated: exchange.Time(o.GetUpdated()),
		})
	}
	for _, t := range p.GetTasks() {
		u, err := d.task(t, &n)
		if err != nil {
			return nil, fmt.Errorf("resume: task %d: %w", t.GetRef(), err)
		}
		r.Tasks = append(r.Tasks, u)
	}
	for _, b := range p.GetBalances() {
		r.Balances = append(r.Balances, exchange.TruthBalance{
			Asset: b.GetAsset(), Wallet: exchange.Wallet(b.GetWallet()), Amount: n.parse(b.GetAmount()),
		})
	}
	for _, s := range p.GetStates() {
		state, err := d.state(s)
		if err != nil {
			return nil, fmt.Errorf("resume: state: %w", err)
		}
		r.States = append(r.States, *state)
	}
	for _, s := range p.GetMarket() {
		seen, err := d.seen(s)
		if err != nil {
			return nil, fmt.Errorf("resume: market: %w", err)
		}
		r.Market = append(r.Market, seen)
	}
	return r, n.err
}

func (d *Decoder) seen(p *pb.Seen) (strategy.Seen, error) {
	inst, err := instrument(p.GetInstrument(), d.Instruments)
	if err != nil {
		return strategy.Seen{}, err
	}
	s := strategy.Seen{Inst: inst, Last: exchange.Fixed(p.GetLast())}
	q, m := p.GetQuote(), p.GetMark()
	if len(q) != 0 && len(q) != 5 || len(m) != 0 && len(m) != 5 {
		return s, fmt.Errorf("instrument %d has %d numbers of a quote and %d of a mark, none or 5", inst, len(q), len(m))
	}
	if len(q) > 0 {
		s.Quote = exchange.BookTicker{
			Bid: exchange.Fixed(q[0]), BidQty: exchange.Fixed(q[1]), Ask: exchange.Fixed(q[2]), AskQty: exchange.Fixed(q[3]), UpdateID: q[4],
		}
	}
	if len(m) > 0 {
		s.Mark = exchange.Mark{
			Price: exchange.Fixed(m[0]), Index: exchange.Fixed(m[1]), Rate: exchange.Fixed(m[2]),
			NextFunding: exchange.Time(m[3]), Settle: exchange.Fixed(m[4]),
		}
	}
	return s, nil
}

func encodeMemory(s *strategy.Saved) *pb.Memory {
	if s == nil {
		return nil
	}
	return &pb.Memory{Version: int64(s.Version), State: s.State}
}

func decodeMemory(p *pb.Memory) *strategy.Saved {
	if p == nil {
		return nil
	}
	return &strategy.Saved{Version: int(p.GetVersion()), State: p.GetState()}
}

// EncodeSaved translates what a strategy's Save has returned; ok says that it keeps memory
// at all.
func EncodeSaved(version int, state []byte, ok bool, err error) *pb.Saved {
	switch {
	case err != nil:
		return &pb.Saved{Problem: LogText(err.Error())}
	case !ok:
		return &pb.Saved{}
	case len(state) > MemoryBytesMax:
		return &pb.Saved{Problem: fmt.Sprintf("%d bytes of memory, more than %d MiB", len(state), MemoryBytesMax>>20)}
	default:
		return &pb.Saved{Memory: encodeMemory(&strategy.Saved{Version: version, State: state})}
	}
}

// DecodeSaved translates and checks what a strategy has saved: nil if it keeps nothing, or
// its own reason why it could not.
func DecodeSaved(p *pb.Saved) (saved *strategy.Saved, problem string, err error) {
	if n := len(p.GetMemory().GetState()); n > MemoryBytesMax {
		return nil, "", fmt.Errorf("%d bytes of memory, more than %d MiB", n, MemoryBytesMax>>20)
	}
	return decodeMemory(p.GetMemory()), Printable(p.GetProblem(), LogBytesMax), nil
}
