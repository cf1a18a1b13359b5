package riskguard

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Money that comes into the account or leaves it is told: nobody here moves any. A move between
// wallets, and a loan, is told by the exchange in two halves that come one behind the other, so
// what moves of an asset is added up for a moment before it is judged.

// moved is what has moved of an asset since a short while, without fills and costs.
type moved struct {
	asset string
	since exchange.Time
	// money is by how much the wallets hold more, and debt by how much more is owed.
	money, debt decimal.Decimal
	// named says that the exchange has called it a deposit or a withdrawal.
	named bool
}

const (
	// movedWait is how long halves of one move may be apart.
	movedWait = 3 * time.Second
	// movedMax is of how many assets moves are added up at a time. Of more the oldest is judged.
	movedMax = 64
)

// movedLeast is up to how many USD an amount is not told that nothing names a deposit or a
// withdrawal: the exchange tells interest and rebates of the futures wallets in such a way.
var movedLeast = decimal.New(1, 0)

// noteMove adds a booking up. What an account has to begin with has not moved.
func (g *Guard) noteMove(l *exchange.LedgerEntry, at exchange.Time) {
	switch l.Reason {
	case exchange.ReasonTransfer, exchange.ReasonWithdraw:
	case exchange.ReasonDeposit:
		if g.states.account.causes[exchange.CauseStart].state != exchange.Active {
			return
		}
	case exchange.ReasonBorrow, exchange.ReasonRepay:
		if !l.Wallet.Debt() {
			return // the trade itself, which its reason explains
		}
	default:
		return
	}
	m := g.movedOf(l.Asset, at)
	if l.Wallet.Debt() {
		m.debt = m.debt.Add(l.Delta)
		return
	}
	m.money = m.money.Add(l.Delta)
	m.named = m.named || l.Reason != exchange.ReasonTransfer
}

// movedOf finds or makes the sum of an asset.
func (g *Guard) movedOf(asset string, at exchange.Time) *moved {
	for i := range g.moved {
		if g.moved[i].asset == asset {
			return &g.moved[i]
		}
	}
	if len(g.moved) == movedMax {
		g.judgeMove(g.moved[0], at)
		g.moved = slices.Delete(g.moved, 0, 1)
	}
	g.moved = append(g.moved, moved{asset: asset, since: at})
	return &g.moved[len(g.moved)-1]
}

// judgeMoves judges the sums that are old enough.
func (g *Guard) judgeMoves(at exchange.Time) {
	for len(g.moved) > 0 && at.Sub(g.moved[0].since) >= movedWait {
		g.judgeMove(g.moved[0], at)
		g.moved = slices.Delete(g.moved, 0, 1)
	}
}

// judgeMove has what came or left remembered. What was borrowed or repaid did neither.
func (g *Guard) judgeMove(m moved, at exchange.Time) {
	if m.money.IsZero() || m.money.Equal(m.debt) {
		return
	}
	index := g.model.Index(m.asset)
	if !m.named && index != 0 && m.money.Abs().Mul(index.Decimal()).LessThanOrEqual(movedLeast) {
		return
	}
	h := happening{control: "deposit", asset: m.asset, at: at, severity: exchange.SeverityInfo, value: fmt.Sprintf("%v has come into the account", m.money)}
	if m.money.IsNegative() {
		h.control, h.severity, h.value = "withdrawal", exchange.SeverityWarning, fmt.Sprintf("%v has left the account", m.money.Neg())
	}
	g.due = true
	g.happen(h)
}

// movedSnapshot is a sum as a snapshot has it.
type movedSnapshot struct {
	Asset string          `json:"asset"`
	Debt  decimal.Decimal `json:"debt"`
	Money decimal.Decimal `json:"money"`
	Named bool            `json:"named,omitzero"`
	Since exchange.Time   `json:"since"`
}

func (g *Guard) snapshotMoved() (list []movedSnapshot) {
	for _, m := range g.moved {
		list = append(list, movedSnapshot{m.asset, m.debt, m.money, m.named, m.since})
	}
	return list
}

func (g *Guard) restoreMoved(list []movedSnapshot) error {
	if len(list) > movedMax {
		return fmt.Errorf("moves of %d assets are more than the %d that are added up at a time", len(list), movedMax)
	}
	for _, m := range list {
		g.moved = append(g.moved, moved{m.Asset, m.Since, m.Money, m.Debt, m.Named})
	}
	return nil
}
