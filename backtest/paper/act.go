package paper

import "github.com/pmbot/pmbot/exchange"

// tellAct answers an act that the simulated exchange was never asked for. The mutex is held.
func (b *Broker) tellAct(act exchange.Act, s exchange.ActStatus, at exchange.Time, why string) {
	e := exchange.Event{At: at}
	e.SetAct(&exchange.ActUpdate{ID: act.ID, Status: s, Code: codeNotSent, Reason: why, Retryable: true})
	b.config.Deliver(e)
}

// settleActs ends what the process before has left: the account is rebuilt from the kernel,
// so an act of which no end was told is done exactly as far as its bookings were.
func (b *Broker) settleActs(acts []exchange.OpenAct, at exchange.Time) {
	for i := range acts {
		a := &acts[i]
		if a.Status.Final() {
			continue
		}
		status, why := exchange.ActNotArrived, "the process ended before the simulated exchange was asked"
		if a.Booked {
			status, why = exchange.ActDone, "its bookings were told before the process ended"
		}
		b.tellAct(a.Act, status, at, why)
	}
}
