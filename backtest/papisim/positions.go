package papisim

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// positionAnswerUM is a row of GET um/positionRisk.
type positionAnswerUM struct {
	Entry       string `json:"entryPrice"`
	Leverage    string `json:"leverage"`
	Mark        string `json:"markPrice"`
	MaxNotional string `json:"maxNotionalValue"`
	Qty         string `json:"positionAmt"`
	Notional    string `json:"notional"`
	Symbol      string `json:"symbol"`
	PnL         string `json:"unRealizedProfit"`
	Liquidation string `json:"liquidationPrice"`
	Side        string `json:"positionSide"`
	UpdateTime  int64  `json:"updateTime"`
}

// positionAnswerCM is a row of GET cm/positionRisk.
type positionAnswerCM struct {
	Symbol      string `json:"symbol"`
	Qty         string `json:"positionAmt"`
	Entry       string `json:"entryPrice"`
	Mark        string `json:"markPrice"`
	PnL         string `json:"unRealizedProfit"`
	Liquidation string `json:"liquidationPrice"`
	Leverage    string `json:"leverage"`
	Side        string `json:"positionSide"`
	UpdateTime  int64  `json:"updateTime"`
	MaxQty      string `json:"maxQty"`
	Notional    string `json:"notionalValue"`
}

// held is a leg with what the answers say of it.
type held struct {
	in *exchange.Instrument
	exchange.Position
	venue.PositionMargin
	at exchange.Time
}

// notional is signed like the position, as fapi has it.
func (h *held) notional() decimal.Decimal {
	if h.Qty.IsNegative() {
		return h.Notional.Neg()
	}
	return h.Notional
}

// legs are those of the instruments of a product that are wanted.
func (s *Sim) legs(p exchange.Product, wanted func(h *held) bool) []held {
	r, list := s.reported(), []held{}
	for i := range s.ins.Len() {
		in := s.ins.At(exchange.InstrumentID(i + 1))
		if in.Product != p {
			continue
		}
		for _, side := range r.sides() {
			h := held{in: in, Position: r.position(in.ID, side), PositionMargin: r.margin(in, side), at: s.ledger.dealt[leg{in.ID, side}]}
			if wanted(&h) {
				list = append(list, h)
			}
		}
	}
	return list
}

// getPositionRiskUM lists the positions that there are: a symbol without one has no row,
// whether it was asked for or not.
func (s *Sim) getPositionRiskUM(c *web.Call) (any, *web.Error) {
	symbol := s.symbolIfSent(c, exchange.UM)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := []positionAnswerUM{}
	for _, h := range s.legs(exchange.UM, func(h *held) bool { return !h.Qty.IsZero() && (symbol == nil || symbol.ID == h.in.ID) }) {
		list = append(list, positionAnswerUM{
			Entry: entry8(h.Entry), Leverage: s.leverageText(h.in), Mark: money8(s.venue.MarkOf(h.in.ID).Decimal()),
			MaxNotional: s.mostText(h.in), Qty: onGrid(h.Qty, h.in.Lot.Step), Notional: money8OrZero(h.notional()),
			Symbol: h.in.Symbol, PnL: money8(h.PnL), Liquidation: money8OrZero(h.Liquidation), Side: h.Side.String(), UpdateTime: h.at.Millis(),
		})
	}
	return list, nil
}

func (s *Sim) getPositionRiskCM(c *web.Call) (any, *web.Error) {
	asset, pair := c.Text("marginAsset"), c.Text("pair")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := []positionAnswerCM{}
	for _, h := range s.legs(exchange.CM, func(h *held) bool {
		return !h.Qty.IsZero() && (asset == "" || asset == h.in.MarginAsset) && (pair == "" || pair == h.in.Pair)
	}) {
		list = append(list, positionAnswerCM{
			Symbol: h.in.Symbol, Qty: onGrid(h.Qty, h.in.Lot.Step), Entry: entry8(h.Entry), Mark: money8(s.venue.MarkOf(h.in.ID).Decimal()),
			PnL: money8(h.PnL), Liquidation: money8OrZero(h.Liquidation), Leverage: s.leverageText(h.in), Side: h.Side.String(),
			UpdateTime: h.at.Millis(), MaxQty: s.mostText(h.in), Notional: money8OrZero(h.notional()),
		})
	}
	return list, nil
}

// futuresAsset is an asset of um/account and cm/account.
type futuresAsset struct {
	Asset           string `json:"asset"`
	Wallet          string `json:"crossWalletBalance"`
	PnL             string `json:"crossUnPnl"`
	Maint           string `json:"maintMargin"`
	Initial         string `json:"initialMargin"`
	PositionInitial string `json:"positionInitialMargin"`
	OrderInitial    string `json:"openOrderInitialMargin"`
	UpdateTime      int64  `json:"updateTime"`
}

// positionUM is a position of GET um/account, positionUM2 of its second version and
// positionCM of GET cm/account.
type (
	positionUM struct {
		Symbol          string `json:"symbol"`
		Initial         string `json:"initialMargin"`
		Maint           string `json:"maintMargin"`
		PnL             string `json:"unrealizedProfit"`
		PositionInitial string `json:"positionInitialMargin"`
		OrderInitial    string `json:"openOrderInitialMargin"`
		Leverage        string `json:"leverage"`
		Entry           string `json:"entryPrice"`
		MaxNotional     string `json:"maxNotional"`
		Bids            string `json:"bidNotional"`
		Asks            string `json:"askNotional"`
		Side            string `json:"positionSide"`
		Qty             string `json:"positionAmt"`
		UpdateTime      int64  `json:"updateTime"`
	}
	positionUM2 struct {
		Symbol     string `json:"symbol"`
		Initial    string `json:"initialMargin"`
		Maint      string `json:"maintMargin"`
		PnL        string `json:"unrealizedProfit"`
		Side       string `json:"positionSide"`
		Qty        string `json:"positionAmt"`
		UpdateTime int64  `json:"updateTime"`
		Notional   string `json:"notional"`
	}
	positionCM struct {
		Symbol          string `json:"symbol"`
		Qty             string `json:"positionAmt"`
		Initial         string `json:"initialMargin"`
		Maint           string `json:"maintMargin"`
		PnL             string `json:"unrealizedProfit"`
		PositionInitial string `json:"positionInitialMargin"`
		OrderInitial    string `json:"openOrderInitialMargin"`
		Leverage        string `json:"leverage"`
		Side            string `json:"positionSide"`
		Entry           string `json:"entryPrice"`
		MaxQty          string `json:"maxQty"`
		UpdateTime      int64  `json:"updateTime"`
	}
)

// futuresAnswer is the account of a product.
type futuresAnswer[Row any] struct {
	Assets    []futuresAsset `json:"assets"`
	Positions []Row          `json:"positions"`
}

// getAccountUM lists every symbol.
func (s *Sim) getAccountUM(*web.Call) (any, *web.Error) {
	list := []positionUM{}
	for _, h := range s.legs(exchange.UM, func(*held) bool { return true }) {
		list = append(list, positionUM{
			Symbol: h.in.Symbol, Initial: money8OrZero(h.Initial), Maint: money8OrZero(h.Maint), PnL: money8(h.PnL),
			PositionInitial: money8OrZero(h.PositionInitial), OrderInitial: money8OrZero(h.Initial.Sub(h.PositionInitial)),
			Leverage: s.leverageText(h.in), Entry: entry8(h.Entry), MaxNotional: s.mostText(h.in),
			Bids: money8OrZero(h.Bids), Asks: money8OrZero(h.Asks), Side: h.Side.String(),
			Qty: onGrid(h.Qty, h.in.Lot.Step), UpdateTime: h.at.Millis(),
		})
	}
	return futuresAnswer[positionUM]{s.futuresAssets(exchange.UM), list}, nil
}

// getAccountUM2 lists the symbols with a position or an open order.
func (s *Sim) getAccountUM2(*web.Call) (any, *web.Error) {
	list := []positionUM2{}
	for _, h := range s.legs(exchange.UM, func(h *held) bool { return !h.Qty.IsZero() || !h.Bids.IsZero() || !h.Asks.IsZero() }) {
		list = append(list, positionUM2{
			Symbol: h.in.Symbol, Initial: money8OrZero(h.Initial), Maint: money8OrZero(h.Maint), PnL: money8(h.PnL),
			Side: h.Side.String(), Qty: onGrid(h.Qty, h.in.Lot.Step), UpdateTime: h.at.Millis(), Notional: money8OrZero(h.notional()),
		})
	}
	return futuresAnswer[positionUM2]{s.futuresAssets(exchange.UM), list}, nil
}

func (s *Sim) getAccountCM(*web.Call) (any, *web.Error) {
	list := []positionCM{}
	for _, h := range s.legs(exchange.CM, func(*held) bool { return true }) {
		list = append(list, positionCM{
			Symbol: h.in.Symbol, Qty: onGrid(h.Qty, h.in.Lot.Step), Initial: money8OrZero(h.Initial), Maint: money8OrZero(h.Maint),
			PnL: money8(h.PnL), PositionInitial: money8OrZero(h.PositionInitial), OrderInitial: money8OrZero(h.Initial.Sub(h.PositionInitial)),
			Leverage: s.leverageText(h.in), Side: h.Side.String(), Entry: entry8(h.Entry), MaxQty: s.mostText(h.in), UpdateTime: h.at.Millis(),
		})
	}
	return futuresAnswer[positionCM]{s.futuresAssets(exchange.CM), list}, nil
}

// futuresAssets are those that a product settles in, and what else its wallet has held.
func (s *Sim) futuresAssets(p exchange.Product) []futuresAsset {
	r, wallet, list := s.reported(), exchange.WalletOf(p), []futuresAsset{}
	settles := s.settles(p)
	for _, asset := range r.assets() {
		if s.ledger.changed(asset, wallet) != 0 && !slices.Contains(settles, asset) {
			settles = append(settles, asset)
		}
	}
	for _, asset := range settles {
		var sum venue.PositionMargin
		for _, h := range s.legs(p, func(h *held) bool { return h.in.MarginAsset == asset }) {
			sum.PnL, sum.Maint = sum.PnL.Add(h.PnL), sum.Maint.Add(h.Maint)
			sum.Initial, sum.PositionInitial = sum.Initial.Add(h.Initial), sum.PositionInitial.Add(h.PositionInitial)
		}
		list = append(list, futuresAsset{
			Asset: asset, Wallet: money8(r.balance(asset, wallet)), PnL: money8(sum.PnL), Maint: money8(sum.Maint),
			Initial: money8(sum.Initial), PositionInitial: money8(sum.PositionInitial),
			OrderInitial: money8(sum.Initial.Sub(sum.PositionInitial)), UpdateTime: s.ledger.changed(asset, wallet).Millis(),
		})
	}
	return list
}

// leverageText is a symbol's leverage, mostText the largest position that it allows:
// notional for UM, coins for CM.
func (s *Sim) leverageText(in *exchange.Instrument) string {
	return decimal.NewFromInt(int64(s.venue.Leverage(in.ID))).String()
}

func (s *Sim) mostText(in *exchange.Instrument) string {
	return whole(s.venue.BracketsOf(in.ID).CapAt(s.venue.Leverage(in.ID)))
}
