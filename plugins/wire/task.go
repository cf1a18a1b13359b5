package wire

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
)

func encodeTask(u *exchange.TaskUpdate) *pb.TaskUpdate {
	return &pb.TaskUpdate{
		Strategy: uint32(u.Strategy), Ref: u.Ref, Kind: pb.TaskKind(u.Kind), Status: pb.TaskStatus(u.Status),
		Instrument: uint32(u.Inst), Hedge: uint32(u.Hedge), Coins: encodeDecimal(u.Coins), Lead: encodeDecimal(u.Lead),
		Hedged: encodeDecimal(u.Hedged), Trigger: int64(u.Trigger), Qty: int64(u.Qty), Reason: valid(u.Reason),
	}
}

func (d *Decoder) task(p *pb.TaskUpdate, n *numbers) (u exchange.TaskUpdate, err error) {
	if u.Inst, err = instrument(p.GetInstrument(), d.Instruments); err != nil {
		return u, err
	}
	if p.GetHedge() != 0 {
		if u.Hedge, err = instrument(p.GetHedge(), d.Instruments); err != nil {
			return u, err
		}
	}
	u.Strategy, u.Ref = exchange.StrategyID(p.GetStrategy()), p.GetRef()
	u.Kind, u.Status, u.Reason = exchange.TaskKind(p.GetKind()), exchange.TaskStatus(p.GetStatus()), p.GetReason()
	u.Coins, u.Lead, u.Hedged = n.parse(p.GetCoins()), n.parse(p.GetLead()), n.parse(p.GetHedged())
	u.Trigger, u.Qty = exchange.Fixed(p.GetTrigger()), exchange.Fixed(p.GetQty())
	return u, nil
}

// encodePair is nil for an intent about no pair.
func encodePair(p *exchange.Pair) *pb.Pair {
	if *p == (exchange.Pair{}) {
		return nil
	}
	return &pb.Pair{Hedge: uint32(p.Hedge), HedgeSide: pb.PositionSide(p.HedgeSide), Slice: int64(p.Slice), Timeout: int64(p.Timeout), Tries: uint32(p.Tries)}
}

func decodePair(p *pb.Pair) exchange.Pair {
	return exchange.Pair{
		Hedge: exchange.InstrumentID(p.GetHedge()), HedgeSide: exchange.PositionSide(p.GetHedgeSide()),
		Slice: exchange.Fixed(p.GetSlice()), Timeout: time.Duration(p.GetTimeout()), Tries: int(p.GetTries()),
	}
}
