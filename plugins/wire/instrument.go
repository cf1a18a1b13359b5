package wire

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
)

// EncodeInstruments translates a run's table, in the order of the ids.
func EncodeInstruments(ins *exchange.Instruments) []*pb.Instrument {
	list := make([]*pb.Instrument, 0, ins.Len())
	for _, in := range ins.All() {
		p := &pb.Instrument{
			Product: pb.Product(in.Product), Symbol: in.Symbol, Pair: in.Pair, Base: in.Base, Quote: in.Quote,
			MarginAsset: in.MarginAsset, ContractType: valid(in.ContractType), Status: valid(in.Status),
			ContractSize: int64(in.ContractSize), Onboard: int64(in.Onboard), Delivery: int64(in.Delivery),
			PriceMin: int64(in.PriceMin), PriceMax: int64(in.PriceMax), Tick: int64(in.Tick),
			Lot: encodeLot(in.Lot), MarketLot: encodeLot(in.MarketLot), NotionalMin: int64(in.NotionalMin),
			PercentUp: int64(in.PercentUp), PercentDown: int64(in.PercentDown),
			OrdersMax: int64(in.OrdersMax), AlgoOrdersMax: int64(in.AlgoOrdersMax),
			TriggerProtect: int64(in.TriggerProtect), MarketTakeBound: int64(in.MarketTakeBound),
			LiquidationFee: int64(in.LiquidationFee),
		}
		for _, t := range in.OrderTypes {
			p.OrderTypes = append(p.OrderTypes, pb.OrderType(t))
		}
		for _, t := range in.TimesInForce {
			p.TimesInForce = append(p.TimesInForce, pb.TimeInForce(t))
		}
		list = append(list, p)
	}
	return list
}

// DecodeInstruments makes the table again, with the same ids.
func DecodeInstruments(list []*pb.Instrument) (*exchange.Instruments, error) {
	if len(list) > 0xffff {
		return nil, fmt.Errorf("%d instruments, more than ids", len(list))
	}
	rows := make([]exchange.Instrument, len(list))
	for i, p := range list {
		if err := known("product", p.GetProduct(), pb.Product_name, 1); err != nil {
			return nil, fmt.Errorf("instrument %d: %w", i+1, err)
		}
		rows[i] = exchange.Instrument{
			Product: exchange.Product(p.GetProduct()), Symbol: p.GetSymbol(), Pair: p.GetPair(), Base: p.GetBase(),
			Quote: p.GetQuote(), MarginAsset: p.GetMarginAsset(), ContractType: p.GetContractType(), Status: p.GetStatus(),
			ContractSize: exchange.Fixed(p.GetContractSize()),
			Onboard:      exchange.Time(p.GetOnboard()), Delivery: exchange.Time(p.GetDelivery()),
			PriceMin: exchange.Fixed(p.GetPriceMin()), PriceMax: exchange.Fixed(p.GetPriceMax()), Tick: exchange.Fixed(p.GetTick()),
			Lot: decodeLot(p.GetLot()), MarketLot: decodeLot(p.GetMarketLot()), NotionalMin: exchange.Fixed(p.GetNotionalMin()),
			PercentUp: exchange.Fixed(p.GetPercentUp()), PercentDown: exchange.Fixed(p.GetPercentDown()),
			OrdersMax: int(p.GetOrdersMax()), AlgoOrdersMax: int(p.GetAlgoOrdersMax()),
			TriggerProtect: exchange.Fixed(p.GetTriggerProtect()), MarketTakeBound: exchange.Fixed(p.GetMarketTakeBound()),
			LiquidationFee: exchange.Fixed(p.GetLiquidationFee()),
		}
		for _, t := range p.GetOrderTypes() {
			if err := known("order type", t, pb.OrderType_name, 1); err != nil {
				return nil, fmt.Errorf("instrument %s: %w", p.GetSymbol(), err)
			}
			rows[i].OrderTypes = append(rows[i].OrderTypes, exchange.OrderType(t))
		}
		for _, t := range p.GetTimesInForce() {
			if err := known("time in force", t, pb.TimeInForce_name, 0); err != nil {
				return nil, fmt.Errorf("instrument %s: %w", p.GetSymbol(), err)
			}
			rows[i].TimesInForce = append(rows[i].TimesInForce, exchange.TimeInForce(t))
		}
	}
	return exchange.NewInstruments(rows...)
}

func encodeLot(l exchange.Lot) *pb.Lot {
	if l == (exchange.Lot{}) {
		return nil
	}
	return &pb.Lot{Min: int64(l.Min), Max: int64(l.Max), Step: int64(l.Step)}
}

func decodeLot(p *pb.Lot) exchange.Lot {
	return exchange.Lot{Min: exchange.Fixed(p.GetMin()), Max: exchange.Fixed(p.GetMax()), Step: exchange.Fixed(p.GetStep())}
}
