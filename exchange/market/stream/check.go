package stream

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// symbolMax bounds a symbol in bytes. Binance's longest have 30.
const symbolMax = 64

// Check says whether the stream exists for its product, and if not, what would be right. It
// knows no list of symbols: whether one is listed is for exchangeInfo to say.
func (s Stream) Check() error {
	r, ok := find(s.Product, s.Kind)
	if !ok {
		return s.wrong("%s", s.nowhere())
	}
	if err := s.checkSymbol(&r); err != nil {
		return err
	}
	if err := s.checkKline(&r); err != nil {
		return err
	}
	switch {
	case s.Kind == PartialDepth && !partialLevels(s.Levels):
		return s.wrong("has %d levels; there are 5, 10 and 20", s.Levels)
	case s.Kind != PartialDepth && s.Levels != 0:
		return s.wrong("has %d levels, which only partialDepth has", s.Levels)
	}
	return s.checkSpeed(&r)
}

// wrong names the stream that does not exist.
func (s Stream) wrong(format string, args ...any) error {
	return fmt.Errorf("stream %s of %q on %v: "+format, append([]any{s.Kind, clip(s.Symbol), s.Product}, args...)...)
}

// nowhere says where else a kind exists.
func (s Stream) nowhere() string {
	var on []string
	for _, r := range table {
		if r.kind == s.Kind {
			on = append(on, r.on.String())
		}
	}
	switch {
	case len(on) == 0:
		return "there is no such kind of stream"
	case (s.Kind == IndexPrice || s.Kind == IndexKline || s.Kind == MarkKline) && s.Product == um:
		return "it is of CM only; UM has the index in markPrice, and candles of both over REST"
	default:
		return "it is of " + strings.Join(on, " and ") + " only"
	}
}

func (s Stream) checkSymbol(r *row) error {
	switch {
	case s.Symbol == "" && r.all == "" && s.Kind == Mark:
		return s.wrong("needs a symbol or a pair; all symbols of both products are UM's !markPrice@arr")
	case s.Symbol == "" && r.all == "":
		return s.wrong("needs a symbol: there is no stream of all")
	case s.Symbol == "":
		return nil
	case r.of == nothing:
		return s.wrong("is of all symbols: leave the symbol empty")
	}
	if fault := symbolFault(s.Symbol); fault != "" {
		return s.wrong("the symbol %s", fault)
	}
	inverse := coinMargined(s.Symbol)
	switch {
	case r.of == pairs && strings.Contains(s.Symbol, "_"):
		return s.wrong("wants a pair such as BTCUSD, not a symbol")
	case r.of == symbols && s.Product == cm && !r.both && !strings.Contains(s.Symbol, "_"):
		return s.wrong("wants a symbol of CM such as BTCUSD_PERP; UM's stream is on UM")
	case inverse && s.Product == um && !r.both:
		return s.wrong("the symbol is one of CM, whose stream is on CM alone")
	case inverse && s.Product == spot:
		return s.wrong("the symbol is one of CM, not a pair of spot")
	}
	return nil
}

// symbolFault says what makes a text no symbol. Only what cannot stand in a name or looks
// like a slip is refused: Binance lists symbols in letters of any alphabet.
func symbolFault(symbol string) string {
	switch {
	case len(symbol) > symbolMax:
		return fmt.Sprintf("is longer than %d bytes", symbolMax)
	case !utf8.ValidString(symbol):
		return "is not UTF-8"
	case upper(symbol) != symbol:
		return "is not in capitals: want " + upper(symbol)
	}
	for _, c := range symbol {
		if !unicode.IsGraphic(c) || unicode.IsSpace(c) || strings.ContainsRune("@/!\"\\,:", c) {
			return fmt.Sprintf("has %q in it", c)
		}
	}
	return ""
}

// coinMargined says whether a symbol has the form of CM: a pair with the dollar and a date
// or PERP, as BTCUSD_PERP. Binance's own dollar, as in BTCBUSD_210129, was traded on UM.
func coinMargined(symbol string) bool {
	pair, _, dated := strings.Cut(symbol, "_")
	return dated && strings.HasSuffix(pair, "USD") && !strings.HasSuffix(pair, "BUSD")
}

func (s Stream) checkKline(r *row) error {
	switch {
	case r.klines == noKline && s.Interval != "":
		return s.wrong("has the interval %q, which only klines have", clip(s.Interval))
	case r.klines != noKline && s.Symbol != "" && !r.klines.has(s.Interval):
		var known []string
		for _, interval := range intervals {
			if r.klines.has(interval) {
				known = append(known, interval)
			}
		}
		return s.wrong("has no interval %q; there are %s", clip(s.Interval), strings.Join(known, " "))
	case s.Kind != ContinuousKline && s.Contract != "":
		return s.wrong("has the contract %q, which only continuousKline has", clip(s.Contract))
	case s.Kind == ContinuousKline && !hasContract(s.Product, s.Contract):
		var known []string
		for _, contract := range contracts {
			if hasContract(s.Product, contract) {
				known = append(known, contract)
			}
		}
		return s.wrong("has no contract %q; there are %s", clip(s.Contract), strings.Join(known, ", "))
	}
	return nil
}

func (s Stream) checkSpeed(r *row) error {
	if s.Speed == 0 {
		return nil
	}
	usual := r.every
	if s.All() {
		usual = r.allEvery
	}
	var known []string
	for _, d := range r.speeds {
		switch {
		case d == 0:
		case d == s.Speed:
			return nil
		default:
			known = append(known, speedName(d))
		}
	}
	switch {
	case s.Speed == usual:
		return s.wrong("comes every %v by default: leave the speed 0", usual)
	case len(known) == 0:
		return s.wrong("has no speed %s: there is no choice", speedName(s.Speed))
	default:
		return s.wrong("has no speed %s; besides the default of %v there are %s", speedName(s.Speed), usual, strings.Join(known, ", "))
	}
}

func speedName(d time.Duration) string {
	if d == RealTime {
		return "0ms"
	}
	return d.String()
}
