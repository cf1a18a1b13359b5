package papi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// Loans, repayments and moves between wallets that a receiver has approved. They have no client
// id, so one whose answer is lost is looked for in the exchange's records: of the same asset and
// amount, not older than the request, and none that answered another act. It is never sent again.
// Of what leaves no record (houseact.go) the wallets tell whether there is still something to do.

const (
	// actsMax is how many acts and questions about them may wait.
	actsMax = 32
	// recordSlack is how much earlier than sent a record may be dated: two clocks.
	recordSlack = 5 * time.Second
	// recordsSize is how many records are read at once, the newest first.
	recordsSize = 100
)

// actTask is an act to do, or one to look for in the records.
type actTask struct {
	act      exchange.Act
	approved riskguard.Approved
	// since and at are of a question: from when records count, and when it was asked. Both are
	// zero of an act to do.
	since, at exchange.Time
}

// actNews is what came of a task.
type actNews struct {
	task        actTask
	transaction int64 // of an act that was done
	records     []actRecord
	err         error
}

// actRecord is a loan or a repayment as the exchange remembers it.
type actRecord struct {
	transaction int64
	amount      decimal.Decimal
	at          exchange.Time
	status      string
}

// actDoubt is an act of which nobody knows whether it was done.
type actDoubt struct {
	act exchange.Act
	// accepted is until when the exchange may still carry it out, and since from when its
	// record is dated at the earliest.
	accepted, since exchange.Time
	next            exchange.Time
	asking          bool
	asked, misses   int
}

// submitAct queues an approved act, and answers one for which there is no room.
func (b *Broker) submitAct(a riskguard.Approved) {
	act := a.Act()
	why := "not sent: too many acts wait"
	switch {
	case carriedOut(act.Kind):
		b.waiting.Lock()
		if b.waiting.over {
			why = stopped
		} else {
			select {
			case b.acts <- actTask{act: act, approved: a}:
				why = ""
			default:
			}
		}
		b.waiting.Unlock()
	default:
		why = "not sent: the broker does not carry out " + act.Kind.String()
	}
	if why != "" {
		b.config.Deliver(actRefusal(act.ID, codeNotSent, why, b.now()))
	}
}

// carriedOut says whether the broker does acts of a kind.
func carriedOut(k exchange.ActKind) bool {
	switch k {
	case exchange.ActBorrow, exchange.ActRepay, exchange.ActRepayNegative, exchange.ActCollectAsset, exchange.ActTransferBNB:
		return true
	}
	return false
}

// actRefusal is the answer to an act that provably was not done.
func actRefusal(id exchange.ActID, code int, why string, at exchange.Time) exchange.Event {
	e := exchange.Event{At: at}
	e.SetAct(&exchange.ActUpdate{ID: id, Status: exchange.ActRejected, Code: code, Reason: why, Retryable: true})
	return e
}

// workActs does one task after the other until the context ends.
func (b *Broker) workActs(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-b.acts:
			n := actNews{task: t}
			if t.at != 0 {
				n.records, n.err = b.actRecords(ctx, &t)
			} else {
				n.transaction, n.err = b.carryOut(ctx, &t)
			}
			b.inbox <- n
		}
	}
}

// carryOut sends an act once, and returns the number of the exchange's record where it has one.
func (b *Broker) carryOut(ctx context.Context, t *actTask) (int64, error) {
	c, done, err := b.config.Client, Transaction{}, error(nil)
	switch t.act.Kind {
	case exchange.ActBorrow:
		done, err = c.Borrow(ctx, t.approved)
	case exchange.ActRepay:
		done, err = c.Repay(ctx, t.approved)
	case exchange.ActTransferBNB:
		done, err = c.TransferBNB(ctx, t.approved)
	case exchange.ActRepayNegative:
		_, err = c.RepayNegative(ctx, t.approved)
	case exchange.ActCollectAsset:
		_, err = c.CollectAsset(ctx, t.approved)
	}
	return done.TranID, err
}

// actRecords reads what was borrowed or repaid of an asset since an act may have been sent.
func (b *Broker) actRecords(ctx context.Context, t *actTask) ([]actRecord, error) {
	c, list := b.config.Client, []actRecord(nil)
	q := LoansQuery{Asset: t.act.Asset}
	q.Window, q.Size = Window{StartTime: t.since.Add(-recordSlack)}, recordsSize
	switch t.act.Kind {
	case exchange.ActBorrow:
		page, err := c.Loans(ctx, q)
		for _, r := range page.Rows {
			list = append(list, actRecord{r.TxID, r.Principal, r.Timestamp, r.Status})
		}
		return list, err
	case exchange.ActTransferBNB:
		return b.transferRecords(ctx, t)
	case exchange.ActRepayNegative, exchange.ActCollectAsset:
		return b.walletRecords(ctx, t)
	}
	page, err := c.Repayments(ctx, q)
	for _, r := range page.Rows {
		list = append(list, actRecord{r.TxID, r.Amount, r.Timestamp, r.Status})
	}
	return list, err
}

// heardAct takes what came of a task.
func (o *owner) heardAct(n *actNews) {
	if n.task.at != 0 {
		o.judgeAct(n)
		return
	}
	var e *Error
	switch id := n.task.act.ID; {
	case n.err == nil:
		o.tellAct(exchange.ActUpdate{ID: id, Status: exchange.ActDone, Transaction: n.transaction})
	case errors.As(n.err, &e) && e.Outcome == Refused:
		code, why := e.Code, e.Msg
		if code == 0 {
			code = codeNotSent
		}
		if why == "" {
			why = e.Error()
		}
		event := actRefusal(id, code, why, o.tr.at)
		o.tr.out = append(o.tr.out, event)
	default:
		since := o.config.Client.ServerTime().Add(-time.Minute)
		if e != nil && e.Sent > 0 {
			since = e.Sent
		}
		o.doubtAct(n.task.act, since, o.window(n.err))
		o.tellAct(exchange.ActUpdate{ID: id, Status: exchange.ActUnknown, Reason: n.err.Error()})
	}
}

// tellAct tells news of an act, and remembers whose record a transaction is.
func (o *owner) tellAct(u exchange.ActUpdate) {
	if u.Transaction != 0 {
		if len(o.transactions) == recordsSize {
			o.transactions = slices.Delete(o.transactions, 0, 1)
		}
		o.transactions = append(o.transactions, u.Transaction)
	}
	o.tr.event(0, 0).SetAct(&u)
}

func (o *owner) doubtAct(act exchange.Act, since, accepted exchange.Time) {
	o.actDoubts = append(o.actDoubts, &actDoubt{act: act, since: since, accepted: accepted, next: o.now().Add(askEvery)})
}

// rememberActs begins with the acts that a receiver knows: what is open is asked for, and the
// records of those that were done are no others'.
func (o *owner) rememberActs(acts []exchange.OpenAct) {
	for i := range acts {
		a := &acts[i]
		switch {
		case a.Transaction != 0:
			o.transactions = append(o.transactions, a.Transaction)
		case !a.Status.Final() && carriedOut(a.Kind):
			o.doubtAct(a.Act, a.Created, o.window(nil))
		case !a.Status.Final():
			o.tr.at = o.now()
			o.tr.out = append(o.tr.out, actRefusal(a.ID, codeNotSent, "not sent: the broker does not carry out "+a.Kind.String(), o.tr.at))
		}
	}
	o.transactions = o.transactions[max(0, len(o.transactions)-recordsSize):]
}

// inquireAct asks for the records, if there is room to ask.
func (o *owner) inquireAct(d *actDoubt) {
	every := askEvery
	if d.asked > 10 {
		every = askSlowly
	}
	d.next = o.now().Add(every)
	select {
	case o.acts <- actTask{act: d.act, since: d.since, at: o.now()}:
		d.asking = true
		d.asked++
	default:
	}
}

// judgeAct makes of the records what they prove. Nothing found is believed when nobody can
// accept the request any more and three readings since have said so.
func (o *owner) judgeAct(n *actNews) {
	at := slices.IndexFunc(o.actDoubts, func(d *actDoubt) bool { return d.act.ID == n.task.act.ID })
	if at < 0 {
		return
	}
	d := o.actDoubts[at]
	d.asking = false
	if n.err != nil {
		d.misses = 0 // who cannot be asked has not said no
		return
	}
	u := exchange.ActUpdate{ID: d.act.ID}
	for _, r := range n.records {
		if !r.amount.Equal(d.act.Amount) || r.at < d.since.Add(-recordSlack) || slices.Contains(o.transactions, r.transaction) {
			continue
		}
		switch r.status {
		case confirmed:
			u.Status, u.Transaction = exchange.ActDone, r.transaction
		case "FAILED":
			u.Status, u.Reason, u.Retryable = exchange.ActRejected, fmt.Sprintf("record %d has failed", r.transaction), true
		default:
			return // the exchange is at it
		}
		break
	}
	if u.Status == 0 {
		if n.task.at <= d.accepted {
			return
		}
		if d.misses++; d.misses < missesMin {
			return
		}
		u.Status, u.Reason, u.Retryable = exchange.ActNotArrived, "the exchange has no record of it", true
	}
	o.actDoubts = slices.Delete(o.actDoubts, at, at+1)
	o.tellAct(u)
}
