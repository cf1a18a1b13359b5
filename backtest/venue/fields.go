package venue

import (
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// goodTillMin is how far ahead GTD orders must end.
	goodTillMin = 600 * time.Second
	// clientIDMax and strategyIDMax are the lengths of the longest client ids: of orders,
	// and of UM's algo and CM's conditional orders.
	clientIDMax, strategyIDMax = 32, 36
	// callbackMin bounds the distance of trailing stops from below, 0.1%, and the others
	// from above: 20% on UM, 5% on CM.
	callbackMin   = exchange.FixedOne / 1000
	callbackMaxUM = exchange.FixedOne / 5
	callbackMaxCM = exchange.FixedOne / 20
)

// admitKind checks what does not depend on prices: whether symbol and product take an
// order of that side, mode, type and time in force. The words are those of the pages of
// POST um/order, um/algo/order, cm/order, cm/conditional/order, margin/order and
// margin/order/oco.
func (v *Venue) admitKind(o *order) cause {
	r, in := &o.Request, o.market.in
	margin := in.Product == exchange.Margin
	switch {
	case in.Status != exchange.StatusTrading:
		return errSymbolStatus
	case r.Side != exchange.Buy && r.Side != exchange.Sell:
		return errSide
	case r.Type < exchange.Limit || r.Type > exchange.OCO:
		return errOrderType
	case margin && r.Type == exchange.TrailingStopMarket, !margin && r.Type == exchange.OCO:
		return errOrderType
	case r.PositionSide > exchange.Short:
		return errBadPositionSide
	case margin && r.PositionSide != exchange.Both:
		return errParameter // margin pairs have no position
	case !margin && v.hedge != (r.PositionSide != exchange.Both):
		return errPositionSide
	case r.WorkingType > exchange.MarkPrice:
		return errWorkingType
	}
	return v.admitTime(o)
}

// admitTime checks the time in force. Post-only is GTX on futures and LIMIT_MAKER, an
// order type, on margin pairs: there only a limit order can have it. In an OCO the time
// in force is that of the stop leg's limit.
func (v *Venue) admitTime(o *order) cause {
	r, product := &o.Request, o.market.in.Product
	t := r.TimeInForce
	switch {
	case t > exchange.GTD:
		return errTimeInForce
	case t != exchange.GTC && (r.Type.Market() || r.Type == exchange.OCO && r.StopPrice == 0):
		return errParameter // -1106: what takes any price has no time in force to apply
	case t == exchange.GTD && product != exchange.UM:
		return errTimeInForce
	case t == exchange.GTX && product == exchange.Margin && r.Type != exchange.Limit:
		return errTimeInForce
	case t == exchange.GTD && r.GoodTill <= v.now.Add(goodTillMin):
		return errGoodTill
	case t != exchange.GTD && r.GoodTill != 0:
		return errParameter
	}
	return cause{}
}

// admitFields refuses what the kind or the product does not take, so that nothing that an
// author has asked for is left out in silence.
func (v *Venue) admitFields(o *order) cause {
	r, in := &o.Request, o.market.in
	um, margin := in.Product == exchange.UM, in.Product == exchange.Margin
	conditional, trailing, oco := r.Type.Conditional(), r.Type == exchange.TrailingStopMarket, r.Type == exchange.OCO
	switch {
	case r.Type.Market() && r.Price != 0,
		(!conditional && !oco || trailing) && r.Trigger != 0,
		!oco && r.StopPrice != 0,
		!trailing && (r.Callback != 0 || r.Activation != 0),
		(!conditional || margin) && (r.WorkingType != exchange.ContractPrice || r.PriceProtect):
		return errParameter
	case margin && (r.ReduceOnly || r.ClosePosition), !margin && (r.SideEffect != exchange.NoSideEffect || r.Iceberg != 0):
		return errParameter
	case v.hedge && r.ReduceOnly:
		return errParameter // the leg says which side reduces
	case r.SideEffect > exchange.AutoBorrowRepay, oco && r.SideEffect == exchange.AutoBorrowRepay:
		return errSideEffect
	case r.Iceberg != 0 && (r.Type.Market() || r.TimeInForce != exchange.GTC):
		return errCombination // the hidden part must be able to wait
	case r.Iceberg < 0 || r.Iceberg > r.Qty:
		return errFilterLot
	case r.QuoteQty != 0 && (!margin || r.Type != exchange.Market || r.Qty != 0):
		return errParameter
	case r.ClosePosition && (!um || r.ReduceOnly || r.Type != exchange.StopMarket && r.Type != exchange.TakeProfitMarket):
		return errParameter
	case r.ClosePosition && r.Qty != 0:
		return errCloseQty
	case r.ClosePosition && v.hedge && !o.reduces():
		return errOptional // neither a buy of the long leg nor a sell of the short one
	case r.PriceMatch != exchange.PriceMatchNone && (margin || r.Price != 0):
		return errPriceMatch
	}
	return cause{}
}

// admitName checks the client id. Binance wants it unique among the open orders of its
// product and kind; here it is among all of the account's, which is stricter.
func (v *Venue) admitName(o *order) cause {
	r, margin := &o.Request, o.market.in.Product == exchange.Margin
	most := clientIDMax
	if r.Type.Conditional() && !margin {
		most = strategyIDMax
	}
	names := []string{o.ClientID}
	if r.Type == exchange.OCO {
		limit, stop := exchange.OCOLegs(o.ClientID)
		names = append(names, limit, stop)
	}
	for _, name := range names {
		switch {
		case !legalName(name, most) && margin:
			return errCharacters
		case !legalName(name, most):
			return errClientID
		case v.find(name) == nil:
		case margin:
			return errDuplicateSpot
		default:
			return errDuplicate
		}
	}
	return cause{}
}

// legalName says whether a client id has from one to most of the characters that Binance
// allows: [.A-Z:/a-z0-9_-].
func legalName(name string, most int) bool {
	if name == "" || len(name) > most {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(".:/_-", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// admitMaker refuses a LIMIT_MAKER that would deal at once. The futures engine takes a
// GTX order and lets it expire; see [Venue.place].
func (v *Venue) admitMaker(o *order) cause {
	r := &o.Request
	if r.Type == exchange.Limit && r.TimeInForce == exchange.GTX && o.market.in.Product == exchange.Margin && o.market.wouldTake(r.Side, r.Price) {
		return errWouldTake
	}
	return cause{}
}
