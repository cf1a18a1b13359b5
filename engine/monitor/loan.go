package monitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Loan is a wish to borrow or repay. The loan is the house's.
type Loan struct {
	Who
	// Asset and Amount, a decimal number of at most eight places, are what to borrow or repay.
	Asset  string `json:"asset"`
	Amount string `json:"amount"`
}

// Loans is what is owed and under way.
type Loans struct {
	Schema string        `json:"schema"` // pmbot.loans/1
	At     exchange.Time `json:"at"`
	// Acts are under way, and Ended the last that are over, oldest first.
	Acts  []LoanAct  `json:"acts"`
	Ended []LoanAct  `json:"ended"`
	Loans []LoanLine `json:"loans"`
	// Services are what the kernel's services have wished last, by name.
	Services []LoanService `json:"services,omitempty"`
}

// LoanService is what a service of the kernel's has wished last; see engine.Service.
type LoanService struct {
	Name     string           `json:"name"`
	At       exchange.Time    `json:"at"`
	Strategy string           `json:"strategy,omitempty"`
	Asset    string           `json:"asset,omitempty"`
	Amount   *decimal.Decimal `json:"amount,omitempty"`
	// Refused is the guard's no, "" without one.
	Refused string `json:"refused,omitempty"`
}

// LoanAct is an act on the account as the kernel follows it.
type LoanAct struct {
	ID          exchange.ActID     `json:"id"`
	Strategy    string             `json:"strategy,omitempty"`
	Kind        string             `json:"kind"`
	Asset       string             `json:"asset,omitempty"`
	Amount      decimal.Decimal    `json:"amount"`
	Status      exchange.ActStatus `json:"status"`
	Transaction int64              `json:"transaction,omitempty"`
	By          string             `json:"by,omitempty"`
	Reason      string             `json:"reason,omitempty"`
	Created     exchange.Time      `json:"created"`
	Updated     exchange.Time      `json:"updated"`
}

// LoanLine is an asset's part of the interest meter; see engine.Loan.
type LoanLine struct {
	Asset     string           `json:"asset"`
	Principal decimal.Decimal  `json:"principal"`
	Interest  decimal.Decimal  `json:"interest"`
	Hourly    *decimal.Decimal `json:"hourly,omitempty"`
	Charged   decimal.Decimal  `json:"charged"`
	Expected  decimal.Decimal  `json:"expected"`
	Shares    []LoanShare      `json:"shares,omitempty"`
}

// LoanShare is a strategy's part of a line; without a label the house's.
type LoanShare struct {
	Strategy  string          `json:"strategy,omitempty"`
	Principal decimal.Decimal `json:"principal"`
	Charged   decimal.Decimal `json:"charged"`
}

// lend lets a wish of the house happen, and tells how it stands then: pending, if the guard
// has approved it. A refusal is the error.
func (s *Server) lend(ctx context.Context, l Loan, kind exchange.IntentKind) (any, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	amount, err := exchange.ParseFixed(l.Amount)
	if err != nil || amount <= 0 {
		return nil, fmt.Errorf("amount %.40q is not a number above 0 with at most eight places", l.Amount)
	}
	if l.Asset == "" {
		return nil, errors.New("asset must be named, such as USDT")
	}
	e := exchange.Event{At: s.config.Clock()}
	in := exchange.Intent{Kind: kind, Asset: l.Asset, Amount: amount, Tag: tag(l.Reason), By: l.By}
	e.SetIntent(&in)
	var no *exchange.Refusal
	var before exchange.ActID
	if err := s.read(ctx, func(k *engine.Kernel) {
		before = k.LastAct()
		probe := exchange.Event{At: k.Now()}
		probe.SetIntent(&in)
		no = k.Decide(&probe).Refusal
	}); err != nil {
		return nil, err
	}
	if no != nil {
		return nil, no
	}
	if err := s.config.Loop.Operate(ctx, e); err != nil {
		return nil, err
	}
	answer, err := s.loans(ctx)
	if err != nil {
		return nil, err
	}
	told := answer.(*Loans)
	for _, list := range [][]LoanAct{told.Acts, told.Ended} {
		for _, a := range list {
			if a.ID > before && a.By == l.By && a.Asset == l.Asset && a.Kind == kind.String() {
				return told, nil
			}
		}
	}
	return nil, errors.New("refused: the journal has the reason")
}

// loans tells what is owed, and what is under way.
func (s *Server) loans(ctx context.Context) (any, error) {
	a := &Loans{Schema: "pmbot.loans/1", Acts: []LoanAct{}, Ended: []LoanAct{}, Loans: []LoanLine{}}
	err := s.read(ctx, func(k *engine.Kernel) {
		a.At = k.Now()
		for _, o := range k.Acts() {
			a.Acts = append(a.Acts, s.loanAct(&o))
		}
		for _, o := range k.EndedActs() {
			a.Ended = append(a.Ended, s.loanAct(&o))
		}
		a.Loans = append(a.Loans, s.loanLines(k)...)
		for _, v := range k.Services() {
			line := LoanService{Name: v.Name, At: v.At, Strategy: s.owner(v.Strategy), Asset: v.Asset, Refused: v.Refused}
			if !v.Amount.IsZero() {
				line.Amount = &v.Amount
			}
			a.Services = append(a.Services, line)
		}
	})
	return a, err
}

// loanLines is the interest meter.
func (s *Server) loanLines(k *engine.Kernel) (list []LoanLine) {
	for _, l := range k.Loans() {
		line := LoanLine{Asset: l.Asset, Principal: l.Principal, Interest: l.Interest, Charged: l.Charged, Expected: l.Expected}
		if l.Rated {
			line.Hourly = &l.Hourly
		}
		for _, h := range l.Shares {
			line.Shares = append(line.Shares, LoanShare{s.owner(h.Strategy), h.Principal, h.Charged})
		}
		list = append(list, line)
	}
	return list
}

func (s *Server) loanAct(o *exchange.OpenAct) LoanAct {
	return LoanAct{
		ID: o.ID, Strategy: s.owner(o.Strategy), Kind: o.Kind.String(), Asset: o.Asset, Amount: o.Amount, Status: o.Status,
		Transaction: o.Transaction, By: o.By, Reason: o.Tag, Created: o.Created, Updated: o.Updated,
	}
}

// owner is a strategy's label, "" for the house.
func (s *Server) owner(id exchange.StrategyID) string {
	if id == 0 {
		return ""
	}
	return s.label(id)
}
