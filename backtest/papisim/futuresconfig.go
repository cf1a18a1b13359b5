package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// configRoutes read and set how futures are traded: leverage, position mode, fees.
func (s *Sim) configRoutes() []web.Route {
	read := func(path string, weight int, serve func(*web.Call) (any, *web.Error)) web.Route {
		return web.Route{Host: web.PAPI, Method: "GET", Path: path, Security: web.UserData, Weight: weight, Serve: serve}
	}
	set := func(path string, serve func(*web.Call) (any, *web.Error)) web.Route {
		return web.Route{Host: web.PAPI, Method: "POST", Path: path, Security: web.Trade, Weight: 1, Serve: serve}
	}
	return []web.Route{
		set("/papi/v1/um/leverage", s.postLeverageUM),
		set("/papi/v1/cm/leverage", s.postLeverageCM),
		read("/papi/v1/um/leverageBracket", 1, s.getBracketsUM),
		read("/papi/v1/cm/leverageBracket", 1, s.getBracketsCM),
		read("/papi/v1/um/positionSide/dual", 30, s.getMode),
		set("/papi/v1/um/positionSide/dual", s.postModeUM),
		read("/papi/v1/cm/positionSide/dual", 30, s.getMode),
		set("/papi/v1/cm/positionSide/dual", s.postModeCM),
		read("/papi/v1/um/accountConfig", 5, s.getAccountConfig),
		read("/papi/v1/um/symbolConfig", 5, s.getSymbolConfig),
		read("/papi/v1/um/commissionRate", 20, func(c *web.Call) (any, *web.Error) { return s.getCommission(c, exchange.UM) }),
		read("/papi/v1/cm/commissionRate", 20, func(c *web.Call) (any, *web.Error) { return s.getCommission(c, exchange.CM) }),
		read("/papi/v1/um/feeBurn", 30, s.getFeeBurn),
		set("/papi/v1/um/feeBurn", s.postFeeBurn),
	}
}

// needBool reads "true" or "false" of a mandatory parameter.
func needBool(c *web.Call, name string) bool {
	c.Need(name)
	return c.Bool(name)
}

// setLeverage reads and sets the leverage of a symbol.
func (s *Sim) setLeverage(c *web.Call, p exchange.Product) (*exchange.Instrument, *web.Error) {
	in := s.symbol(c, p)
	c.Need("leverage")
	leverage := c.Int("leverage")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	notValid := web.Errorf(-4028, "Leverage %d is not valid", leverage)
	if leverage < 1 || leverage > 125 {
		return nil, notValid
	}
	err := s.venue.SetLeverage(in.ID, int(leverage), c.At)
	s.collect()
	if err != nil {
		wrong := venueError(err)
		if wrong.Code == notValid.Code {
			wrong = notValid
		}
		return nil, wrong
	}
	s.tellLeverage(in, int(leverage), c.At)
	return in, nil
}

func (s *Sim) postLeverageUM(c *web.Call) (any, *web.Error) {
	in, wrong := s.setLeverage(c, exchange.UM)
	if wrong != nil {
		return nil, wrong
	}
	return struct {
		Leverage int    `json:"leverage"`
		Most     string `json:"maxNotionalValue"`
		Symbol   string `json:"symbol"`
	}{s.venue.Leverage(in.ID), s.mostText(in), in.Symbol}, nil
}

func (s *Sim) postLeverageCM(c *web.Call) (any, *web.Error) {
	in, wrong := s.setLeverage(c, exchange.CM)
	if wrong != nil {
		return nil, wrong
	}
	return struct {
		Leverage int    `json:"leverage"`
		Most     string `json:"maxQty"`
		Symbol   string `json:"symbol"`
	}{s.venue.Leverage(in.ID), s.mostText(in), in.Symbol}, nil
}

// bracketsUM and bracketsCM are a symbol of leverageBracket.
type (
	bracketsUM struct {
		Symbol   string      `json:"symbol"`
		Coef     string      `json:"notionalCoef"`
		Brackets []bracketUM `json:"brackets"`
	}
	bracketUM struct {
		Step     int    `json:"bracket"`
		Leverage int    `json:"initialLeverage"`
		Cap      number `json:"notionalCap"`
		Floor    number `json:"notionalFloor"`
		Rate     number `json:"maintMarginRatio"`
		Cum      number `json:"cum"`
	}
	bracketsCM struct {
		Symbol   string      `json:"symbol"`
		Brackets []bracketCM `json:"brackets"`
	}
	bracketCM struct {
		Step     int    `json:"bracket"`
		Leverage int    `json:"initialLeverage"`
		Cap      number `json:"qtyCap"`
		Floor    number `json:"qtyFloor"`
		Rate     number `json:"maintMarginRatio"`
		Cum      number `json:"cum"`
	}
)

// getBracketsUM lists brackets with a notionalCoef of 1.0: where the account has others
// than everybody, they stand in the brackets themselves.
func (s *Sim) getBracketsUM(c *web.Call) (any, *web.Error) {
	list := []bracketsUM{}
	wrong := s.eachSymbol(c, exchange.UM, func(in *exchange.Instrument) {
		row := bracketsUM{Symbol: in.Symbol, Coef: "1.0"}
		for i, b := range s.venue.BracketsOf(in.ID).Tiers {
			row.Brackets = append(row.Brackets, bracketUM{i + 1, b.Leverage, numberOf(b.Cap), numberOf(b.Floor), numberOf(b.MMR), numberOf(b.Cum)})
		}
		list = append(list, row)
	})
	return list, wrong
}

func (s *Sim) getBracketsCM(c *web.Call) (any, *web.Error) {
	list := []bracketsCM{}
	wrong := s.eachSymbol(c, exchange.CM, func(in *exchange.Instrument) {
		row := bracketsCM{Symbol: in.Symbol}
		for i, b := range s.venue.BracketsOf(in.ID).Tiers {
			row.Brackets = append(row.Brackets, bracketCM{i + 1, b.Leverage, numberOf(b.Cap), numberOf(b.Floor), numberOf(b.MMR), numberOf(b.Cum)})
		}
		list = append(list, row)
	})
	return list, wrong
}

// eachSymbol visits the symbol that was asked for, or all of a product.
func (s *Sim) eachSymbol(c *web.Call, p exchange.Product, visit func(in *exchange.Instrument)) *web.Error {
	symbol := s.symbolIfSent(c, p)
	if wrong := c.Err(); wrong != nil {
		return wrong
	}
	for i := range s.ins.Len() {
		if in := s.ins.At(exchange.InstrumentID(i + 1)); in.Product == p && (symbol == nil || symbol == in) {
			visit(in)
		}
	}
	return nil
}

// modeAnswer is GET positionSide/dual of UM and CM, which have one mode.
type modeAnswer struct {
	Hedged bool `json:"dualSidePosition"`
}

func (s *Sim) getMode(*web.Call) (any, *web.Error) { return modeAnswer{s.venue.Hedged()}, nil }

// postModeUM sets the mode of UM, and with it that of CM: what is open there stands in the
// way of the one as of the other, and has a code of its own.
func (s *Sim) postModeUM(c *web.Call) (any, *web.Error) {
	hedge := needBool(c, "dualSidePosition")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if hedge != s.venue.Hedged() && !s.busy(exchange.UM) && s.busy(exchange.CM) {
		return nil, web.Errorf(-4531, "Position mode change requires syncing UM and CM. Please close any open positions or orders in CM and try again.")
	}
	if err := s.venue.SetPositionMode(hedge, c.At); err != nil {
		return nil, venueError(err)
	}
	return done{200, "success"}, nil
}

// postModeCM can change nothing: the mode must be UM's, and that it is already.
func (s *Sim) postModeCM(c *web.Call) (any, *web.Error) {
	hedge := needBool(c, "dualSidePosition")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if hedge != s.venue.Hedged() {
		return nil, web.Errorf(-4220, "The operation is rejected because the CM dual-side is not allowed to be different from UM dual-side.")
	}
	return nil, refusal(-4059, "", nil)
}

// busy says whether there is a position or an open order in a product.
func (s *Sim) busy(p exchange.Product) bool {
	for _, o := range s.records.live {
		if o.product == p {
			return true
		}
	}
	return len(s.legs(p, func(h *held) bool { return !h.Qty.IsZero() })) > 0
}

func (s *Sim) getAccountConfig(c *web.Call) (any, *web.Error) {
	return struct {
		Tier       int   `json:"feeTier"`
		Trade      bool  `json:"canTrade"`
		Deposit    bool  `json:"canDeposit"`
		Withdraw   bool  `json:"canWithdraw"`
		Hedged     bool  `json:"dualSidePosition"`
		UpdateTime int64 `json:"updateTime"`
		Multi      bool  `json:"multiAssetsMargin"`
		Group      int   `json:"tradeGroupId"`
	}{s.account.VIP, true, true, true, s.venue.Hedged(), c.At.Millis(), false, -1}, nil
}

// symbolAnswer is a row of um/symbolConfig. Whether margin is added by itself is a text.
type symbolAnswer struct {
	Symbol   string `json:"symbol"`
	Margin   string `json:"marginType"`
	AutoAdd  string `json:"isAutoAddMargin"`
	Leverage int    `json:"leverage"`
	Most     string `json:"maxNotionalValue"`
}

func (s *Sim) getSymbolConfig(c *web.Call) (any, *web.Error) {
	list := []symbolAnswer{}
	wrong := s.eachSymbol(c, exchange.UM, func(in *exchange.Instrument) {
		list = append(list, symbolAnswer{in.Symbol, "CROSSED", "false", s.venue.Leverage(in.ID), s.mostText(in)})
	})
	return list, wrong
}

func (s *Sim) getCommission(c *web.Call, p exchange.Product) (any, *web.Error) {
	in := s.symbol(c, p)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	fees := s.venue.FeesOf(in.ID)
	return struct {
		Symbol string `json:"symbol"`
		Maker  string `json:"makerCommissionRate"`
		Taker  string `json:"takerCommissionRate"`
	}{in.Symbol, fees.Maker.String(), fees.Taker.String()}, nil
}

func (s *Sim) getFeeBurn(*web.Call) (any, *web.Error) {
	return struct {
		On bool `json:"feeBurn"`
	}{s.venue.BurnUM()}, nil
}

func (s *Sim) postFeeBurn(c *web.Call) (any, *web.Error) {
	on := needBool(c, "feeBurn")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	s.venue.SetBurnUM(on, c.At)
	return done{200, "success"}, nil
}

// numberOf is a Fixed as a JSON number.
func numberOf(f exchange.Fixed) number { return number{f.Decimal()} }
