package papisim

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// know takes down the positions and debts that the account starts with.
func (s *Sim) know() {
	for i := range s.ins.Len() {
		in := s.ins.At(exchange.InstrumentID(i + 1))
		if in.Product == exchange.Margin {
			continue
		}
		for _, side := range [...]exchange.PositionSide{exchange.Both, exchange.Long, exchange.Short} {
			s.user.positions[leg{in.ID, side}] = s.venue.Position(in.ID, side)
		}
	}
	for _, asset := range s.venue.Assets() {
		for _, w := range [...]exchange.Wallet{exchange.WalletLoan, exchange.WalletInterest} {
			s.user.debts[pocket{asset, w}] = s.venue.Balance(asset, w)
		}
	}
}

// tale is what is being told at one go: an ACCOUNT_UPDATE in the making and what of the
// margin wallet has moved. Bookings come after the fill that they belong to, so that an
// update is whole only when something else follows.
type tale struct {
	account *accountUpdate
	// orders are the updates of orders that come after the account's: of every other fill,
	// for Binance does not say which comes first.
	orders []orderUpdate
	at     exchange.Time
	// assets are those of the margin wallet that may have changed, and traded says that a
	// margin order has been told of.
	assets []string
	traded bool
	// debt is a change of a debt in the making: of a repayment, interest and principal are
	// one event.
	debt *news
}

// narrate tells the account's owner what has happened, in order.
func (s *Sim) narrate() {
	if len(s.records.news) == 0 {
		return
	}
	var t tale
	for i := range s.records.news {
		n := &s.records.news[i]
		t.at = n.at
		if !t.repays(n) {
			s.tellDebt(&t)
		}
		switch n.kind {
		case exchange.KindOrderUpdate:
			s.narrateOrder(&t, n)
		case exchange.KindLedger:
			s.narrateBooking(&t, n)
		case exchange.KindRiskLevel:
			s.flush(&t)
			s.tellRisk(n)
		}
	}
	s.tellDebt(&t)
	s.flush(&t)
	s.tellMargin(&t)
}

// narrateOrder tells what has happened to an order.
func (s *Sim) narrateOrder(t *tale, n *news) {
	s.flush(t)
	switch o := &n.order; {
	case o.list == listAlgo:
		s.tellUser("ALGO_UPDATE", n.at, s.algoUpdate(n))
	case o.list == listStrategy:
		if n.execution != executionTriggering { // CM has no word for it
			s.tellUser("CONDITIONAL_ORDER_TRADE_UPDATE", n.at, s.strategyUpdate(n))
		}
	case o.list == listOCO: // margin's lists have no event here, their legs have
	case o.product == exchange.Margin:
		s.tellUser("executionReport", n.at, s.executionReport(n))
		in := s.ins.At(n.inst)
		t.touch(in.Base)
		t.touch(in.Quote)
		t.traded = true
	case n.fill == nil:
		s.tellUser("ORDER_TRADE_UPDATE", n.at, s.orderUpdate(n))
	default:
		s.narrateFill(t, n)
	}
}

// narrateFill tells an execution of futures. The account's update comes when all bookings
// have been seen, and that of the order now or then, in turns.
func (s *Sim) narrateFill(t *tale, n *news) {
	f, in := n.fill, s.ins.At(n.inst)
	at := leg{n.inst, f.PositionSide}
	p := s.user.positions[at]
	p.Inst, p.Side = n.inst, f.PositionSide
	p.Trade(in, f.Side, f.Qty, f.Price)
	s.user.positions[at] = p
	s.user.realized[at] = s.user.realized[at].Add(f.Realized)
	update := s.orderUpdate(n)
	if f.TradeID%2 == 0 {
		s.tellUser("ORDER_TRADE_UPDATE", n.at, update)
	} else {
		t.orders = append(t.orders, update)
	}
	t.account = &accountUpdate{at: n.at, product: in.Product, reason: "ORDER", positions: []accountPosition{s.accountPosition(in, &p)}}
}

// narrateBooking tells a movement of money.
func (s *Sim) narrateBooking(t *tale, n *news) {
	e := &n.ledger
	switch e.Wallet {
	case exchange.WalletMargin:
		t.touch(e.Asset)
		if e.Reason != exchange.ReasonTrade && e.Reason != exchange.ReasonCommission && e.Reason != exchange.ReasonBorrow && e.Reason != exchange.ReasonRepay {
			s.flush(t)
			s.user.updateID++
			s.tellUser("balanceUpdate", n.at, balanceFrame{"balanceUpdate", n.at.Millis(), e.Asset, money8(e.Delta), s.user.updateID, n.at.Millis()})
		}
	case exchange.WalletLoan, exchange.WalletInterest:
		s.flush(t)
		s.user.debts[pocket{e.Asset, e.Wallet}] = e.Balance
		t.debt = n
		if e.Wallet == exchange.WalletLoan || e.Reason != exchange.ReasonRepay {
			s.tellDebt(t)
		}
	default:
		s.narrateFutures(t, n)
	}
}

// narrateFutures adds a booking of a futures wallet to the account's update that it belongs
// to, and begins another one if there is none.
func (s *Sim) narrateFutures(t *tale, n *news) {
	e, product := &n.ledger, exchange.UM
	if e.Wallet == exchange.WalletCM {
		product = exchange.CM
	}
	reason, symbol := accountReason(e.Reason), ""
	if e.Reason == exchange.ReasonFunding {
		symbol = s.ins.At(n.inst).Symbol
	}
	if a := t.account; a == nil || a.product != product || a.reason != reason || a.symbol != symbol {
		s.flush(t)
		t.account = &accountUpdate{at: n.at, product: product, reason: reason, symbol: symbol}
	}
	t.account.book(e)
}

// accountReason is the word of ACCOUNT_UPDATE for why money has moved. Those that Binance
// does not list under a word of their own, such as interest, are adjustments (assumed).
func accountReason(r exchange.Reason) string {
	switch r {
	case exchange.ReasonRealizedPnL, exchange.ReasonCommission, exchange.ReasonDelivery:
		return "ORDER"
	case exchange.ReasonFunding:
		return "FUNDING_FEE"
	case exchange.ReasonDeposit:
		return "DEPOSIT"
	case exchange.ReasonWithdraw:
		return "WITHDRAW"
	case exchange.ReasonTransfer:
		return "ASSET_TRANSFER"
	case exchange.ReasonLiquidation:
		return "INSURANCE_CLEAR"
	case exchange.ReasonAutoExchange:
		return "AUTO_EXCHANGE"
	default:
		return "ADJUSTMENT"
	}
}

// flush tells the account's update that is in the making, and the orders' that wait for it.
func (s *Sim) flush(t *tale) {
	if a := t.account; a != nil {
		s.tellUser("ACCOUNT_UPDATE", a.at, a.frame())
		for _, u := range t.orders {
			s.tellUser("ORDER_TRADE_UPDATE", a.at, u)
		}
	}
	t.account, t.orders = nil, nil
}

func (t *tale) touch(asset string) {
	if !slices.Contains(t.assets, asset) {
		t.assets = append(t.assets, asset)
	}
}

// tellMargin tells what the margin wallet has come to, and the loss that its open orders
// would bring.
func (s *Sim) tellMargin(t *tale) {
	if len(t.assets) == 0 {
		return
	}
	s.user.updateID++
	f := positionFrame{Event: "outboundAccountPosition", Time: t.at.Millis(), Updated: t.at.Millis(), ID: s.user.updateID}
	for _, asset := range t.assets {
		locked := s.venue.Locked(asset)
		f.Balances = append(f.Balances, marginBalance{asset, money8(s.venue.Balance(asset, exchange.WalletMargin).Sub(locked)), money8(locked)})
	}
	s.tellUser(f.Event, t.at, f)
	if !t.traded {
		return
	}
	if loss := s.venue.Account().OpenLoss; !loss.Equal(s.user.openLoss) {
		s.user.openLoss = loss
		s.tellUser("openOrderLoss", t.at, lossFrame{"openOrderLoss", t.at.Millis(), []assetLoss{{"USDT", money8OrZero(loss.Neg())}}})
	}
}

// tellRisk tells that uniMMR has come to another level, in the three words that there are;
// the way back to NORMAL has none.
func (s *Sim) tellRisk(n *news) {
	a, word := &n.account, ""
	switch a.Status {
	case exchange.StatusMarginCall, exchange.StatusSupplyMargin:
		word = "MARGIN_CALL"
	case exchange.StatusReduceOnly:
		word = "REDUCE_ONLY"
	case exchange.StatusActiveLiquidation, exchange.StatusForceLiquidation, exchange.StatusBankrupted:
		word = "FORCE_LIQUIDATION"
	default:
		return
	}
	s.tellUser("riskLevelChange", n.at, riskFrame{
		"riskLevelChange", n.at.Millis(), ratio8(a.UniMMR), word, money8(a.Equity), money8(a.ActualEquity), money8(a.MaintMargin),
	})
}

// tellLeverage tells that the leverage of a symbol has been set. The mode of positions has
// no event.
func (s *Sim) tellLeverage(in *exchange.Instrument, leverage int, at exchange.Time) {
	s.tellUser("ACCOUNT_CONFIG_UPDATE", at, configFrame{
		"ACCOUNT_CONFIG_UPDATE", in.Product.String(), at.Millis(), at.Millis(), configInner{in.Symbol, leverage},
	})
}
