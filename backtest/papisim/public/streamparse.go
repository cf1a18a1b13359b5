package public

import (
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// futuresOf is the futures symbol of a name.
func (s *Service) futuresOf(name string) *symbol {
	if sym := s.find(exchange.UM, name); sym != nil {
		return sym
	}
	return s.find(exchange.CM, name)
}

func (s *Service) parseFutures(head, tail string) (subject, bool) {
	what, rest, _ := strings.Cut(tail, "@")
	sub := subject{sym: s.futuresOf(head)}
	switch {
	case what == "assetIndex" && rest == "":
		sub.kind, sub.asset, sub.every = kindAsset, head, time.Second
		return sub, sub.sym == nil
	case strings.HasPrefix(what, "continuousKline_") && rest == "":
		return s.parseContinuous(head, strings.TrimPrefix(what, "continuousKline_"))
	case what == "indexPrice" || strings.HasPrefix(what, "indexPriceKline_"):
		return s.parseIndex(head, tail)
	case what == "markPrice" && sub.sym == nil:
		if s.contract(exchange.CM, head, "") == nil {
			return subject{}, false
		}
		sub.kind, sub.pair = kindMarkPair, head
		return sub, sub.speed(rest, 3*time.Second, time.Second)
	case sub.sym == nil:
		return subject{}, false
	}
	return s.parseSymbol(sub, what, rest)
}

// parseSymbol reads the streams of one futures symbol.
func (s *Service) parseSymbol(sub subject, what, rest string) (subject, bool) {
	inverse := sub.sym.in.Inverse()
	slow := 2 * time.Second
	if inverse {
		slow = 500 * time.Millisecond
	}
	switch what {
	case "aggTrade":
		sub.kind = kindAggTrade
		return sub, rest == ""
	case "trade":
		sub.kind = kindTrade
		return sub, rest == ""
	case "bookTicker":
		sub.kind = kindBook
		return sub, rest == ""
	case "markPrice":
		sub.kind = kindMark
		return sub, sub.speed(rest, 3*time.Second, time.Second)
	case "miniTicker":
		sub.kind, sub.every = kindMini, slow
		return sub, rest == ""
	case "ticker":
		sub.kind, sub.every = kindTicker, slow
		return sub, rest == ""
	case "forceOrder":
		sub.kind, sub.every = kindForced, time.Second
		return sub, rest == ""
	case "compositeIndex":
		sub.kind, sub.every = kindComposite, time.Second
		return sub, rest == "" && !inverse && sub.sym.perpetual()
	case "rpiDepth":
		sub.kind, sub.every = kindRPIDepth, 500*time.Millisecond
		return sub, rest == "500ms" && !inverse
	}
	if what == "depth" && rest == "0ms" { // at every change
		sub.kind = kindDepth
		return sub, true
	}
	if levels, ok := strings.CutPrefix(what, "depth"); ok {
		return sub.book(levels, rest, 250*time.Millisecond, 100*time.Millisecond, 500*time.Millisecond)
	}
	if name, ok := strings.CutPrefix(what, "markPriceKline_"); ok && inverse && rest == "" {
		sub.kind, sub.every = kindMarkKline, 250*time.Millisecond
		return sub, sub.candle(name)
	}
	if name, ok := strings.CutPrefix(what, "kline_"); ok && rest == "" {
		sub.kind, sub.every = kindKline, 250*time.Millisecond
		return sub, sub.candle(name)
	}
	return subject{}, false
}

// book reads what follows "depth": the number of levels of a partial book, and the speed.
func (sub subject) book(levels, speed string, usual time.Duration, others ...time.Duration) (subject, bool) {
	sub.kind = kindDepth
	if levels != "" {
		n, err := strconv.Atoi(levels)
		if err != nil || n != 5 && n != 10 && n != 20 {
			return subject{}, false
		}
		sub.kind, sub.levels = kindPartial, n
	}
	return sub, sub.speed(speed, usual, others...)
}

// speed reads the part of a name that says how often it tells: nothing, or one of others.
func (sub *subject) speed(name string, usual time.Duration, others ...time.Duration) bool {
	sub.every = usual
	for _, d := range others {
		if name == d.String() {
			sub.every = d
			return true
		}
	}
	return name == ""
}

func (sub *subject) candle(name string) (ok bool) {
	sub.interval, ok = parseInterval(name)
	return ok
}

// parseContinuous reads "btcusdt_perpetual@continuousKline_1m" without its middle.
func (s *Service) parseContinuous(head, name string) (subject, bool) {
	pair, contract, _ := strings.Cut(head, "_")
	sub := subject{kind: kindContinuous, pair: pair, contract: contract, every: 250 * time.Millisecond}
	for _, p := range [...]exchange.Product{exchange.UM, exchange.CM} {
		if sub.sym = s.contract(p, pair, contract); sub.sym != nil && contract != "" {
			return sub, sub.candle(name)
		}
	}
	return subject{}, false
}

// parseIndex reads the streams of a CM pair's index.
func (s *Service) parseIndex(pair, tail string) (subject, bool) {
	sub := subject{pair: pair, sym: s.contract(exchange.CM, pair, "")}
	if sub.sym == nil {
		return subject{}, false
	}
	if tail == "indexPrice" {
		sub.kind, sub.every = kindIndexPrice, time.Second
		return sub, true
	}
	name, ok := strings.CutPrefix(tail, "indexPriceKline_")
	sub.kind, sub.every = kindIndexKline, 250*time.Millisecond
	return sub, ok && sub.candle(name)
}

func (s *Service) parseSpot(head, tail string) (subject, bool) {
	sub := subject{sym: s.find(exchange.Margin, head)}
	if sub.sym == nil {
		return subject{}, false
	}
	what, rest, _ := strings.Cut(tail, "@")
	switch what {
	case "aggTrade":
		sub.kind = kindAggTrade
		return sub, rest == ""
	case "trade":
		sub.kind = kindTrade
		return sub, rest == ""
	case "bookTicker":
		sub.kind = kindBook
		return sub, rest == ""
	case "miniTicker":
		sub.kind, sub.every = kindMini, time.Second
		return sub, rest == ""
	case "ticker":
		sub.kind, sub.every = kindTicker, time.Second
		return sub, rest == ""
	case "avgPrice":
		sub.kind, sub.every = kindAverage, time.Second
		return sub, rest == ""
	}
	if levels, ok := strings.CutPrefix(what, "depth"); ok {
		return sub.book(levels, rest, time.Second, 100*time.Millisecond)
	}
	if name, ok := strings.CutPrefix(what, "kline_"); ok && rest == "" {
		sub.kind, sub.every = kindKline, 2*time.Second
		return sub, sub.candle(name)
	}
	return subject{}, false
}
