package strategytest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// wait is "wait 1m".
func (s *script) wait(args []string) error {
	if len(args) != 1 {
		return errUsage
	}
	d, err := time.ParseDuration(args[0])
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no time to wait: %w", args[0], errUsage)
	}
	s.desk.elapse(s.desk.now.Add(d))
	return nil
}

func (s *script) setAnswer(args []string) error {
	words := []string{"accept", "reject", "refuse", "expire", "wait"}
	if len(args) != 1 || !slices.Contains(words, args[0]) {
		return errUsage
	}
	s.desk.answer = answer(slices.Index(words, args[0]))
	return nil
}

// own reads the ref of an order that is not over.
func (s *script) own(args []string) (*order, []string, error) {
	if len(args) == 0 {
		return nil, nil, errUsage
	}
	ref, err := refFrom(args[0])
	if err != nil {
		return nil, nil, err
	}
	o := s.desk.find(ref)
	if o == nil {
		return nil, nil, fmt.Errorf("order #%d is not open; %s", ref, s.desk.refs())
	}
	if !s.desk.ins.Has(o.want.Inst) {
		return nil, nil, fmt.Errorf("order #%d is on no instrument: it needs one that Env.Instrument has returned", ref)
	}
	return o, args[1:], nil
}

// refFrom reads 3 or #3.
func refFrom(word string) (uint64, error) {
	ref, err := strconv.ParseUint(strings.TrimPrefix(word, "#"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no ref: %w", word, errUsage)
	}
	return ref, nil
}

func (s *script) fill(args []string) error {
	if len(args) > 0 {
		if ref, err := refFrom(args[0]); err == nil && s.desk.stops[ref].Inst != 0 {
			return s.fillStop(ref, args[1:])
		}
	}
	o, args, err := s.own(args)
	if err != nil {
		return err
	}
	in := s.desk.ins.At(o.want.Inst)
	qty, price := o.want.Qty-o.filled, o.want.Price
	if price == 0 {
		price = o.want.Trigger
	}
	if price == 0 {
		price = s.desk.price(in)
	}
	if len(args) > 0 && args[0] != "at" {
		if qty, err = fixed(args[0]); err != nil {
			return err
		}
		args = args[1:]
	}
	if len(args) == 2 && args[0] == "at" {
		if price, err = fixed(args[1]); err != nil {
			return err
		}
		args = nil
	}
	switch {
	case len(args) > 0:
		return errUsage
	case price <= 0:
		return fmt.Errorf("no price of %s is known; say at PRICE", in.Name())
	case qty <= 0 || qty > o.want.Qty-o.filled:
		return fmt.Errorf("quantity %v: %v of order #%d are open", qty, o.want.Qty-o.filled, o.ref)
	}
	r := o.want
	s.desk.execute(o.ref, &r, qty, price, exchange.NotForced)
	return nil
}

// fillStop has a stop that the bot keeps close what is held, or a part of it, at its trigger or a price.
func (s *script) fillStop(ref uint64, args []string) (err error) {
	qty, price := s.desk.stopped(ref), s.desk.stops[ref].Trigger
	open := qty
	if len(args) > 0 && args[0] != "at" {
		if qty, err = fixed(args[0]); err != nil {
			return err
		}
		args = args[1:]
	}
	if len(args) == 2 && args[0] == "at" {
		if price, err = fixed(args[1]); err != nil {
			return err
		}
		args = nil
	}
	if len(args) > 0 {
		return errUsage
	}
	if qty <= 0 || qty > open || price <= 0 {
		return fmt.Errorf("quantity %v at %v: %v are held that stop #%d is for", qty, price, open, ref)
	}
	s.desk.hit(ref, qty, price)
	return nil
}

// price is what is known of an instrument's price.
func (d *desk) price(in *exchange.Instrument) exchange.Fixed {
	v := d.rt.View()
	for _, p := range []exchange.Fixed{v.Last(in), v.Quote(in).Mid(), v.Mark(in).Price} {
		if p != 0 {
			return p
		}
	}
	return 0
}

func (s *script) order(args []string) error {
	o, args, err := s.own(args)
	if err != nil || len(args) == 0 {
		return errors.Join(err, errUsage)
	}
	for status := exchange.StatusPendingNew; status <= exchange.StatusNotArrived; status++ {
		if strings.EqualFold(status.String(), args[0]) {
			s.desk.report(o.ref, status, strings.Join(args[1:], " "), 0)
			s.desk.settle()
			return nil
		}
	}
	return errUsage
}

func (s *script) refuseOrder(args []string) error {
	o, args, err := s.own(args)
	if err != nil || len(args) > 1 {
		return errors.Join(err, errUsage)
	}
	if o.status != exchange.StatusPendingNew {
		return fmt.Errorf("order #%d is %v; the guard refuses what was not sent, after: answer wait", o.ref, o.status)
	}
	i := exchange.Intent{Kind: exchange.IntentNew, Strategy: me, Ref: o.ref, Request: o.want}
	s.desk.refusal(i, append(args, "test")[0], 0)
	s.desk.settle()
	return nil
}

func (s *script) forced(args []string) error {
	in, args, err := s.market(args)
	if err != nil || len(args) < 4 || len(args) > 5 || args[2] != "at" {
		return errors.Join(err, errUsage)
	}
	side, err := exchange.ParseSide(strings.ToUpper(args[0]))
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	n, err := numbers([]string{args[1], args[3]}, 2, 2)
	if err != nil {
		return err
	}
	kind, err := exchange.ParseForcedKind(append(args, "ADL")[4])
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	s.desk.execute(0, &exchange.OrderRequest{Inst: in.ID, Side: side, Type: exchange.Market}, n[0], n[1], kind)
	return nil
}

func (s *script) account(args []string) error {
	a := &exchange.Account{Status: exchange.StatusNormal, UniMMR: decimal.NewFromInt(exchange.UniMMRMax)}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		n, err := decimal.NewFromString(value)
		switch name {
		case "equity":
			a.Equity, a.ActualEquity, a.Available = n, n, n
		case "available":
			a.Available = n
		case "unimmr":
			a.UniMMR = n
		case "status":
			a.Status, err = exchange.ParseAccountStatus(value)
		default:
			err = errUsage
		}
		if err != nil {
			return fmt.Errorf("%q: %w", arg, errUsage)
		}
	}
	s.desk.deliver(0, func(e *exchange.Event) { e.SetAccount(a) })
	return nil
}

func (s *script) state(args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	state, err := exchange.ParseTradingState(strings.ToUpper(args[1]))
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	c := &exchange.StateChange{State: state, Effective: state, Reason: "by the test", By: "test"}
	switch args[0] {
	case "account":
	case "strategy":
		c.Strategy = me
	default:
		in, err := s.instrument(args[0])
		if err != nil {
			return err
		}
		c.Inst = in.ID
	}
	s.desk.deliver(c.Inst, func(e *exchange.Event) { e.SetState(c) })
	return nil
}

func (s *script) warm(args []string) error {
	if len(args) != 1 || args[0] != "on" && args[0] != "off" {
		return errUsage
	}
	s.desk.warming = args[0] == "on"
	s.desk.rt.SetWarming(s.desk.warming)
	return nil
}

func (s *script) restartLine([]string) error {
	out, err := s.desk.restart()
	if err != nil {
		return err
	}
	if out != nil {
		quiet := *out
		quiet.Subscriptions = nil // it watches what it watched
		s.say(nil, &quiet, "")
		s.desk.elapse(s.desk.now)
	}
	return nil
}

func (s *script) stopLine([]string) error {
	s.desk.stop()
	return nil
}

func (s *script) show([]string) error {
	v := s.desk.rt.View()
	for _, in := range s.desk.ins.All() {
		if p := v.Position(&in); !p.Qty.IsZero() {
			s.out = append(s.out, fmt.Sprintf("holds %v %s from %v", p.Qty, symbolOf(&in), p.Entry))
		}
	}
	for _, o := range v.Orders() {
		i := exchange.Intent{Kind: exchange.IntentNew, Ref: o.Ref, Request: o.Request}
		s.out = append(s.out, fmt.Sprintf("open %s, %v, filled %v", describeIntent(s.desk.ins, &i), o.Status, o.Filled))
	}
	for _, u := range v.Tasks() {
		if r, ok := s.desk.stops[u.Ref]; ok {
			i := exchange.Intent{Kind: exchange.IntentProtect, Ref: u.Ref, Request: r}
			s.out = append(s.out, "kept "+describeTask(s.desk.ins, &i))
		}
	}
	if len(s.out) == 0 {
		s.out = append(s.out, "holds nothing, no order is open")
	}
	return nil
}
