package link

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

const (
	// outageMax bounds what piles up while nothing is told.
	outageMax = 10 * time.Minute
	// reorderLength is how late a message out of turn is, if nothing else is said.
	reorderLength = 100 * time.Millisecond
	percent       = exchange.FixedOne / 100
)

const faultNames = "lose-request, lose-ack, duplicate, delay, reorder, reject, outage, adl, collateral, brackets, status, filter, " +
	"leverage, fees, interest, borrowable"

// ParseFault reads one line of the fault language; see doc.go. An error names the column
// at which the line stops making sense, what stands there and what could.
func ParseFault(line string) (Fault, error) {
	words := strings.Fields(line)
	p := parser{line: line, words: words}
	f := Fault{text: strings.Join(words, " ")}
	p.when(&f)
	p.what(&f)
	if p.err == nil && p.next < len(words) {
		p.wrong("nothing more")
	}
	if p.err != nil {
		return Fault{}, p.err
	}
	return f, nil
}

// ParseFaults reads lines of the fault language. The error names the line.
func ParseFaults(lines []string) ([]Fault, error) {
	var list []Fault
	for i, line := range lines {
		f, err := ParseFault(line)
		if err != nil {
			return nil, fmt.Errorf("fault %d, %w", i+1, err)
		}
		list = append(list, f)
	}
	return list, nil
}

// parser goes through the words of a line and keeps the first error.
type parser struct {
	line  string
	words []string
	next  int
	err   error
}

// take returns the next word, "" at the end or after an error.
func (p *parser) take() string {
	if p.err != nil || p.next == len(p.words) {
		p.next++
		return ""
	}
	p.next++
	return p.words[p.next-1]
}

// peek returns the next word and leaves it there.
func (p *parser) peek() string {
	if p.err != nil || p.next >= len(p.words) {
		return ""
	}
	return p.words[p.next]
}

// wrong says what the word at hand should have been; bad says so of the one taken last.
func (p *parser) wrong(want string) {
	if p.err != nil {
		return
	}
	if p.next >= len(p.words) {
		p.err = fmt.Errorf("column %d: the line ends where %s should stand: %s", len(p.line)+1, want, p.line)
		return
	}
	column, rest := 1, p.line
	for i := 0; ; i++ {
		at := strings.Index(rest, p.words[i])
		column += at
		if i == p.next {
			break
		}
		column, rest = column+len(p.words[i]), rest[at+len(p.words[i]):]
	}
	p.err = fmt.Errorf("column %d: %q where %s should stand: %s", column, p.words[p.next], want, p.line)
}

func (p *parser) bad(want string) {
	p.next--
	p.wrong(want)
}

// when reads "at TIME" or "chance SHARE".
func (p *parser) when(f *Fault) {
	switch p.take() {
	case "at":
		word := p.take()
		if d, err := time.ParseDuration(word); err == nil && d >= 0 {
			f.after = d
			return
		}
		if t, err := time.Parse(time.RFC3339, word); err == nil && t.UnixNano() > 0 {
			f.at = exchange.TimeOf(t)
			return
		}
		p.bad("a time since the start such as 2h30m, or an instant such as 2025-10-10T21:15:00Z,")
	case "chance":
		f.chance = p.share()
	default:
		p.bad(`"at" or "chance"`)
	}
}

// what reads what happens.
func (p *parser) what(f *Fault) {
	start := p.next
	switch p.take() {
	case "lose-request":
		f.verb = loseRequest
	case "lose-ack":
		f.verb = loseAck
	case "duplicate":
		f.verb = duplicateFault
	case "delay":
		f.verb, f.length = delayFault, p.length(DelayMax)
	case "reorder":
		f.verb, f.length = reorderFault, reorderLength
		if p.peek() != "" {
			f.length = p.length(DelayMax)
		}
	case "reject":
		f.verb, f.code = rejectFault, p.code()
	case "outage":
		f.verb, f.length = outageFault, p.length(outageMax)
		if p.peek() == "market" {
			p.take()
			f.market = true
		}
	default:
		p.next = start
		p.change(f)
	}
	if f.chance > 0 && f.verb >= outageFault && p.err == nil {
		p.next = start
		p.wrong(`a fault of messages, for "chance",`)
	}
}

// change reads a fault of the exchange.
func (p *parser) change(f *Fault) {
	switch p.take() {
	case "adl":
		f.verb = adlFault
		p.instrument(f)
		f.leg = p.leg()
		f.number = p.share()
	case "collateral":
		f.verb, f.word, f.number = collateralFault, p.asset(), p.rate(exchange.FixedOne)
	case "brackets":
		f.verb = bracketsFault
		p.instrument(f)
		f.number = p.factor()
	case "status":
		f.verb = statusFault
		p.instrument(f)
		f.word = p.status()
	case "filter":
		f.verb = filterFault
		p.instrument(f)
		f.word = p.filter()
		f.number = p.positive()
	case "leverage":
		f.verb = leverageFault
		p.instrument(f)
		f.code = p.leverage()
	case "fees":
		f.verb, f.product = feesFault, p.product()
		f.number, f.taker = p.fees()
	case "interest":
		f.verb, f.word, f.number = interestFault, p.asset(), p.rate(percent)
	case "borrowable":
		f.verb, f.word, f.number = borrowableFault, p.asset(), p.amount()
	default:
		p.bad("a fault (" + faultNames + ")")
	}
}

func (p *parser) share() exchange.Fixed {
	word := p.take()
	number, ok := strings.CutSuffix(word, "%")
	v, err := exchange.ParseFixed(number)
	if !ok || err != nil || v <= 0 || v > 100*exchange.FixedOne || v%100 != 0 {
		p.bad("a share above 0% and up to 100%, with at most 6 decimals, such as 0.5%,")
	}
	return v / 100
}

func (p *parser) length(most time.Duration) time.Duration {
	d, err := time.ParseDuration(p.take())
	if err != nil || d <= 0 || d > most {
		p.bad(fmt.Sprintf("a length of time above 0s and up to %v", most))
	}
	return d
}

// code reads an error code that says for certain that nothing was done.
func (p *parser) code() int {
	n, err := strconv.Atoi(p.take())
	switch {
	case err != nil || n > -1000 || n < -99999:
		p.bad("an error code of Binance's such as -1008")
	case n == -1000 || n == -1006 || n == -1007:
		p.bad("a code of a certain refusal (this one leaves the outcome open: take lose-request or lose-ack)")
	}
	return n
}

func (p *parser) product() exchange.Product {
	v, err := exchange.ParseProduct(p.take())
	if err != nil {
		p.bad("UM, CM or MARGIN")
	}
	return v
}

func (p *parser) instrument(f *Fault) {
	f.product = p.product()
	if f.symbol = p.take(); f.symbol == "" {
		p.bad("a symbol")
	}
}

func (p *parser) asset() string {
	word := p.take()
	if word == "" {
		p.bad("an asset")
	}
	return word
}

func (p *parser) leg() exchange.PositionSide {
	switch p.take() {
	case "long":
		return exchange.Long
	case "short":
		return exchange.Short
	}
	p.bad("long or short")
	return 0
}

func (p *parser) rate(most exchange.Fixed) exchange.Fixed {
	v, err := exchange.ParseFixed(p.take())
	if err != nil || v < 0 || v > most {
		p.bad("a ratio from 0 to " + most.String())
	}
	return v
}

func (p *parser) factor() exchange.Fixed {
	number, ok := strings.CutPrefix(p.take(), "x")
	v, err := exchange.ParseFixed(number)
	if !ok || err != nil || v <= 0 || v > 100*exchange.FixedOne {
		p.bad("a factor above x0 and up to x100, such as x1.5,")
	}
	return v
}

func (p *parser) positive() exchange.Fixed {
	v, err := exchange.ParseFixed(p.take())
	if err != nil || v <= 0 {
		p.bad("a number above 0")
	}
	return v
}

func (p *parser) status() string {
	word := p.take()
	if !venue.SymbolStatus(word) {
		p.bad("a status in Binance's words, such as SETTLING, BREAK or TRADING")
	}
	return word
}

func (p *parser) filter() string {
	word := p.take()
	switch word {
	case "tick", "step", "min-qty", "max-qty", "min-notional":
	default:
		p.bad("a filter (tick, step, min-qty, max-qty, min-notional)")
	}
	return word
}

func (p *parser) amount() exchange.Fixed {
	v, err := exchange.ParseFixed(p.take())
	if err != nil || v < 0 {
		p.bad("an amount of 0 or more")
	}
	return v
}

func (p *parser) fees() (maker, taker exchange.Fixed) {
	a, b, ok := strings.Cut(p.take(), "/")
	maker, err := exchange.ParseFixed(a)
	taker, err2 := exchange.ParseFixed(b)
	if !ok || err != nil || err2 != nil || maker.Abs() > percent || taker.Abs() > percent {
		p.bad("a maker's and a taker's fee as ratios up to 0.01, such as 0.0002/0.0005,")
	}
	return maker, taker
}

func (p *parser) leverage() int {
	n, err := strconv.Atoi(p.take())
	if err != nil || n < 1 || n > 125 {
		p.bad("a leverage from 1 to 125")
	}
	return n
}
