package wire

import (
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
)

// EncodeEvent translates an event of the account or of a strategy's own. Kinds that
// strategies are never given are an error.
func EncodeEvent(e *exchange.Event) (*pb.Event, error) {
	p := &pb.Event{
		Seq: e.Seq, At: int64(e.At), Exchange: int64(e.Exchange), Derived: e.Derived(), Instrument: uint32(e.Inst),
	}
	switch e.Kind {
	case exchange.KindOrderUpdate:
		p.Body = &pb.Event_OrderUpdate{OrderUpdate: encodeOrderUpdate(e.OrderUpdate())}
	case exchange.KindFill:
		p.Body = &pb.Event_Fill{Fill: encodeFill(e.Fill())}
	case exchange.KindLedger:
		l := e.Ledger()
		p.Body = &pb.Event_Ledger{Ledger: &pb.LedgerEntry{
			Asset: valid(l.Asset), Wallet: pb.Wallet(l.Wallet), Reason: pb.Reason(l.Reason), Delta: encodeDecimal(l.Delta),
			Balance: encodeDecimal(l.Balance), Order: uint64(l.Order), Strategy: uint32(l.Strategy),
		}}
	case exchange.KindAccount:
		p.Body = &pb.Event_Account{Account: encodeAccount(e.Account())}
	case exchange.KindRiskLevel:
		p.Body = &pb.Event_RiskLevel{RiskLevel: encodeAccount(e.Account())}
	case exchange.KindAct:
		u := e.Act()
		p.Body = &pb.Event_Act{Act: &pb.ActUpdate{
			Act: uint64(u.ID), Strategy: uint32(u.Strategy), Ref: u.Ref, Kind: pb.ActKind(u.Kind), Asset: valid(u.Asset),
			Amount: encodeDecimal(u.Amount), Status: pb.ActStatus(u.Status), Transaction: u.Transaction, Code: int32(u.Code),
			Reason: valid(u.Reason), Retryable: u.Retryable,
		}}
	case exchange.KindTask:
		p.Body = &pb.Event_Task{Task: encodeTask(e.Task())}
	case exchange.KindRefusal:
		r := e.Refusal()
		p.Body = &pb.Event_Refusal{Refusal: &pb.Refusal{
			Intent: encodeIntent(&r.Intent), Strategy: uint32(r.Intent.Strategy), Rule: valid(r.Rule),
			Limit: valid(r.Limit), Value: valid(r.Value), Passes: valid(r.Passes), By: valid(r.Intent.By), Order: uint64(r.Intent.Order),
		}}
	case exchange.KindTimer:
		t := e.Timer()
		p.Body = &pb.Event_Timer{Timer: &pb.Timer{Id: t.ID, Due: int64(t.Due)}}
	case exchange.KindState:
		p.Body = &pb.Event_State{State: encodeState(e.State())}
	default:
		return nil, fmt.Errorf("wire: strategies are not given events of kind %v", e.Kind)
	}
	return p, nil
}

// EncodeHandlers translates a strategy's abilities; see strategy.Runtime.Handles.
func EncodeHandlers(handles func(exchange.Kind) bool) *pb.Handlers {
	return &pb.Handlers{
		OrderUpdate: handles(exchange.KindOrderUpdate), Fill: handles(exchange.KindFill),
		Account: handles(exchange.KindAccount), Refusal: handles(exchange.KindRefusal),
		Timer: handles(exchange.KindTimer), State: handles(exchange.KindState), Loan: handles(exchange.KindAct),
		Task: handles(exchange.KindTask),
	}
}

// Handles says whether a strategy with these abilities has code for the kind; one that
// does not tell may have code for all.
func Handles(h *pb.Handlers, k exchange.Kind) bool {
	switch {
	case h == nil:
		return true
	case k == exchange.KindOrderUpdate:
		return h.OrderUpdate
	case k == exchange.KindFill:
		return h.Fill
	case k == exchange.KindAccount:
		return h.Account
	case k == exchange.KindRefusal:
		return h.Refusal
	case k == exchange.KindTimer:
		return h.Timer
	case k == exchange.KindState:
		return h.State
	case k == exchange.KindAct:
		return h.Loan
	case k == exchange.KindTask:
		return h.Task
	case k == exchange.KindLedger || k == exchange.KindRiskLevel:
		return false
	default:
		return true
	}
}

func encodeOrderUpdate(u *exchange.OrderUpdate) *pb.OrderUpdate {
	return &pb.OrderUpdate{
		Order: uint64(u.ID), Strategy: uint32(u.Strategy), Ref: u.Ref, ClientId: valid(u.ClientID), VenueId: u.VenueID,
		Status: pb.OrderStatus(u.Status), Price: int64(u.Price), Qty: int64(u.Qty), Filled: int64(u.Filled),
		Reason: valid(u.Reason), Code: int32(u.Code), Retryable: u.Retryable, Child: valid(u.Child),
	}
}

func encodeFill(f *exchange.Fill) *pb.Fill {
	return &pb.Fill{
		Order: uint64(f.Order), Strategy: uint32(f.Strategy), Ref: f.Ref, ClientId: valid(f.ClientID), VenueId: f.VenueID,
		TradeId: f.TradeID, Side: pb.Side(f.Side), PositionSide: pb.PositionSide(f.PositionSide),
		Price: int64(f.Price), Qty: int64(f.Qty), Maker: f.Maker, Fee: encodeDecimal(f.Fee),
		Realized: encodeDecimal(f.Realized), FeeAsset: valid(f.FeeAsset), Forced: pb.Forced(f.Forced),
	}
}

func encodeAccount(a *exchange.Account) *pb.Account {
	return &pb.Account{
		Equity: encodeDecimal(a.Equity), ActualEquity: encodeDecimal(a.ActualEquity), OpenLoss: encodeDecimal(a.OpenLoss),
		MaintMargin: encodeDecimal(a.MaintMargin), InitialMargin: encodeDecimal(a.InitialMargin),
		Available: encodeDecimal(a.Available), UniMmr: encodeDecimal(a.UniMMR), Status: pb.AccountStatus(a.Status),
	}
}

func encodeState(s *exchange.StateChange) *pb.StateChange {
	return &pb.StateChange{
		Instrument: uint32(s.Inst), Strategy: uint32(s.Strategy), State: pb.TradingState(s.State),
		Reason: valid(s.Reason), By: valid(s.By), Effective: pb.TradingState(s.Effective), Cause: uint32(s.Cause), Accept: s.Accept,
	}
}

func (d *Decoder) state(s *pb.StateChange) (*exchange.StateChange, error) {
	inst := exchange.InstrumentID(0)
	if s.GetInstrument() != 0 {
		var err error
		if inst, err = instrument(s.GetInstrument(), d.Instruments); err != nil {
			return nil, err
		}
	}
	return &exchange.StateChange{
		Inst: inst, Strategy: exchange.StrategyID(s.GetStrategy()), State: exchange.TradingState(s.GetState()),
		Reason: s.GetReason(), By: s.GetBy(), Effective: exchange.TradingState(s.GetEffective()), Cause: exchange.Cause(s.GetCause()), Accept: s.GetAccept(),
	}, nil
}

// Event translates an event of the account or of the strategy's own into e. Its payload
// is new memory.
func (d *Decoder) Event(p *pb.Event, e *exchange.Event) error {
	var inst exchange.InstrumentID
	if id := p.GetInstrument(); id != 0 {
		var err error
		if inst, err = instrument(id, d.Instruments); err != nil {
			return err
		}
	}
	*e = exchange.Event{
		Seq: p.GetSeq(), At: exchange.Time(p.GetAt()), Exchange: exchange.Time(p.GetExchange()), Inst: inst,
	}
	if p.GetDerived() {
		e.Flags = exchange.FlagDerived
	}
	if err := d.body(p, e); err != nil {
		return fmt.Errorf("event %d: %w", p.GetSeq(), err)
	}
	if (e.Kind == exchange.KindFill || e.Kind == exchange.KindOrderUpdate) && inst == 0 {
		return fmt.Errorf("event %d: %v without instrument", p.GetSeq(), e.Kind)
	}
	return nil
}

func (d *Decoder) body(p *pb.Event, e *exchange.Event) error {
	var n numbers
	switch b := p.GetBody().(type) {
	case *pb.Event_OrderUpdate:
		e.SetOrderUpdate(decodeOrderUpdate(b.OrderUpdate))
	case *pb.Event_Fill:
		e.SetFill(decodeFill(b.Fill, &n))
	case *pb.Event_Ledger:
		l := b.Ledger
		e.SetLedger(&exchange.LedgerEntry{
			Asset: l.GetAsset(), Wallet: exchange.Wallet(l.GetWallet()), Reason: exchange.Reason(l.GetReason()),
			Delta: n.parse(l.GetDelta()), Balance: n.parse(l.GetBalance()),
			Order: exchange.OrderID(l.GetOrder()), Strategy: exchange.StrategyID(l.GetStrategy()),
		})
	case *pb.Event_Account:
		e.SetAccount(decodeAccount(b.Account, &n))
	case *pb.Event_RiskLevel:
		e.SetRiskLevel(decodeAccount(b.RiskLevel, &n))
	case *pb.Event_Act:
		u := b.Act
		e.SetAct(&exchange.ActUpdate{
			ID: exchange.ActID(u.GetAct()), Strategy: exchange.StrategyID(u.GetStrategy()), Ref: u.GetRef(), Kind: exchange.ActKind(u.GetKind()),
			Asset: u.GetAsset(), Amount: n.parse(u.GetAmount()), Status: exchange.ActStatus(u.GetStatus()), Transaction: u.GetTransaction(),
			Code: int(u.GetCode()), Reason: u.GetReason(), Retryable: u.GetRetryable(),
		})
	case *pb.Event_Task:
		u, err := d.task(b.Task, &n)
		if err != nil {
			return err
		}
		e.SetTask(&u)
	case *pb.Event_Refusal:
		r := b.Refusal
		intent := d.intent(r.GetIntent())
		intent.Strategy, intent.By, intent.Order = exchange.StrategyID(r.GetStrategy()), r.GetBy(), exchange.OrderID(r.GetOrder())
		e.SetRefusal(&exchange.Refusal{
			Intent: intent, Rule: r.GetRule(), Limit: r.GetLimit(), Value: r.GetValue(), Passes: r.GetPasses(),
		})
	case *pb.Event_Timer:
		e.SetTimer(&exchange.Timer{Strategy: d.Strategy, ID: b.Timer.GetId(), Due: exchange.Time(b.Timer.GetDue())})
	case *pb.Event_State:
		s, err := d.state(b.State)
		if err != nil {
			return err
		}
		e.SetState(s)
	default:
		return fmt.Errorf("body of an unknown kind; the host is newer than this program")
	}
	return n.err
}

func decodeOrderUpdate(u *pb.OrderUpdate) *exchange.OrderUpdate {
	return &exchange.OrderUpdate{
		ID: exchange.OrderID(u.GetOrder()), Strategy: exchange.StrategyID(u.GetStrategy()), Ref: u.GetRef(),
		ClientID: u.GetClientId(), VenueID: u.GetVenueId(), Status: exchange.OrderStatus(u.GetStatus()),
		Price: exchange.Fixed(u.GetPrice()), Qty: exchange.Fixed(u.GetQty()), Filled: exchange.Fixed(u.GetFilled()),
		Reason: u.GetReason(), Code: int(u.GetCode()), Retryable: u.GetRetryable(), Child: u.GetChild(),
	}
}

func decodeFill(f *pb.Fill, n *numbers) *exchange.Fill {
	return &exchange.Fill{
		Order: exchange.OrderID(f.GetOrder()), Strategy: exchange.StrategyID(f.GetStrategy()), Ref: f.GetRef(),
		ClientID: f.GetClientId(), VenueID: f.GetVenueId(), TradeID: f.GetTradeId(), Side: exchange.Side(f.GetSide()),
		PositionSide: exchange.PositionSide(f.GetPositionSide()),
		Price:        exchange.Fixed(f.GetPrice()), Qty: exchange.Fixed(f.GetQty()),
		Maker: f.GetMaker(), Fee: n.parse(f.GetFee()), Realized: n.parse(f.GetRealized()), FeeAsset: f.GetFeeAsset(),
		Forced: exchange.ForcedKind(f.GetForced()),
	}
}

func decodeAccount(a *pb.Account, n *numbers) *exchange.Account {
	return &exchange.Account{
		Equity: n.parse(a.GetEquity()), ActualEquity: n.parse(a.GetActualEquity()), OpenLoss: n.parse(a.GetOpenLoss()),
		MaintMargin: n.parse(a.GetMaintMargin()), InitialMargin: n.parse(a.GetInitialMargin()),
		Available: n.parse(a.GetAvailable()), UniMMR: n.parse(a.GetUniMmr()), Status: exchange.AccountStatus(a.GetStatus()),
	}
}

// encodeDecimal prints a decimal with its exponent kept: 1.50 stays 1.50 and 15e2 is not
// 1500, so that a strategy cannot tell by a number where it runs.
func encodeDecimal(d decimal.Decimal) string {
	if exp := d.Exponent(); exp < 0 {
		return d.StringFixed(-exp)
	} else if exp > 0 {
		return d.Coefficient().String() + "e" + strconv.Itoa(int(exp))
	}
	return d.String()
}

// numbers parses decimals and keeps the first error.
type numbers struct{ err error }

func (n *numbers) parse(s string) decimal.Decimal {
	if s == "" {
		return decimal.Zero
	}
	d, err := decimal.NewFromString(s)
	if err != nil && n.err == nil {
		n.err = fmt.Errorf("%.40q is not a decimal number", s)
	}
	return d
}
