package link

import (
	"fmt"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// act lets a fault of the exchange happen. An error says why it could not.
func (f *Fault) act(v *venue.Venue, at exchange.Time) error {
	switch f.verb {
	case adlFault:
		return v.ADL(f.inst, f.leg, f.number, at)
	case collateralFault:
		return v.SetCollateral(f.word, margin.Flat(f.number, margin.Source{Text: "fault: " + f.text}), at)
	case bracketsFault:
		return v.ScaleBrackets(f.inst, f.number, at)
	case statusFault:
		return v.SetStatus(f.inst, f.word, at)
	case filterFault:
		return v.SetFilter(f.inst, f.filter, at)
	case leverageFault:
		return v.SetLeverage(f.inst, f.code, at)
	case feesFault:
		return v.SetFees(f.product, venue.Fees{Maker: f.number, Taker: f.taker}, at)
	case interestFault:
		return v.SetInterest(f.word, f.number, at)
	case borrowableFault:
		v.SetBorrowable(f.word, f.number.Decimal(), at)
		return nil
	}
	return fmt.Errorf("no change of the exchange: %s", f.text)
}

// unhappened adds to what was missed the faults that had no occasion until the run's end.
func (l *Link) unhappened() {
	miss := func(f *Fault, why string) { l.missed = append(l.missed, fmt.Sprintf("%q: %s", f.text, why)) }
	for i := range l.faults {
		f := &l.faults[i]
		switch {
		case f.chance > 0:
		case f.live && f.at > l.now:
			miss(&f.Fault, fmt.Sprintf("the run was over at %v, before %v", l.now, f.at))
		case f.verb == outageFault && f.at.Add(f.length) <= f.zero:
			miss(&f.Fault, fmt.Sprintf("it was over before the run began at %v", f.zero))
		case !f.verb.exchange() && f.verb != outageFault && !f.used:
			miss(&f.Fault, fmt.Sprintf("no message that it could hit came from %v on", f.at))
		}
	}
}

// filter changes one rule of an instrument.
func (f *Fault) filter(in *exchange.Instrument) {
	switch f.word {
	case "tick":
		in.Tick = f.number
	case "step":
		in.Lot.Step = f.number
	case "min-qty":
		in.Lot.Min = f.number
	case "max-qty":
		in.Lot.Max = f.number
	case "min-notional":
		in.NotionalMin = f.number
	}
}
