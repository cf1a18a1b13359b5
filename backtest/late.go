package backtest

import "github.com/pmbot/pmbot/exchange"

// send puts the events of an instant on their way and lets happen what else belongs to it.
// The openings of bars are for the venue alone.
func (l *loop) send(events []exchange.Event) error {
	at := events[0].At
	for i := range events {
		e := &events[i]
		if e.Kind != exchange.KindBarOpen {
			l.far.Send(e)
		}
	}
	return l.pass(at+1, false)
}

// receive delivers the market event that has been on its way.
func (l *loop) receive() error {
	e := l.far.Receive()
	l.record.market(e)
	return l.driver.Deliver(e)
}
