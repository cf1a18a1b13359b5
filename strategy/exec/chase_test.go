package exec

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// chased is a chase to a quantity that the test may change.
func chased(t *testing.T, held string, c *Chase, want *string, orders ...exchange.Order) (d *drive, done *bool) {
	t.Helper()
	done = new(bool)
	d = newDrive(t, held, func(env *strategy.Env) { *done = c.Step(env, d.in, exchange.MustFixed(*want)) }, c.No, orders...)
	return d, done
}

// TestChaseFollows: one order, amended no more often than pause and bound allow, and done when
// it has filled.
func TestChaseFollows(t *testing.T) {
	want := "1"
	d, done := chased(t, "0", &Chase{Amends: 2, Pause: time.Second}, &want)
	d.book(0, "100", "101")
	d.want("the first book", "BUY 1 LIMIT at 100 GTX")
	d.book(time.Second-1, "101", "102")
	d.want("within the pause", "")
	d.book(1, "101", "102")
	d.want("behind it", "amend #1 to 1 at 101")
	d.part(1, exchange.Buy, "101", "0.4", "1")
	d.book(time.Second, "101", "102")
	d.want("a part is filled, and the price is the same", "")
	d.book(time.Second, "99", "100")
	d.want("lower, with the whole quantity", "amend #1 to 1 at 99")
	d.book(time.Minute, "120", "121")
	d.want("no amends are left", "")
	want = "0.8"
	d.book(time.Minute, "120", "121")
	d.want("less is wanted, and more would be too much", "amend #1 to 0.8 at 120")
	d.fill(1, exchange.Buy, "120", "0.4")
	d.said = nil
	if d.book(time.Second, "120", "121"); !*done || len(d.said) > 0 {
		t.Errorf("all is done: %v, %q", *done, d.said)
	}
}

// TestChaseTakes: when patience ends the order goes, and what is left is taken: at the market, or
// no further than distance from where it began.
func TestChaseTakes(t *testing.T) {
	for _, c := range []struct {
		distance, want string
		held, goal     string
	}{
		{"0", "BUY 1 MARKET at 0 GTC", "0", "1"},
		{"0.05", "BUY 1 LIMIT at 105 IOC", "0", "1"},
		{"0.05", "SELL 1 LIMIT at 96 IOC reduce-only", "1", "0"},
	} {
		d, _ := chased(t, c.held, &Chase{Patience: time.Minute, Distance: exchange.MustFixed(c.distance), Amends: 9}, &c.goal)
		d.book(0, "100", "101")
		d.said = nil
		d.book(time.Minute-1, "100", "101")
		d.want("patience", "")
		d.book(1, "100", "101")
		d.want("it ends", "cancel #1")
		d.book(0, "100", "101")
		d.want("distance "+c.distance, c.want)
	}
}

// TestChaseDistance: it follows no further.
func TestChaseDistance(t *testing.T) {
	want := "-1"
	d, _ := chased(t, "0", &Chase{Distance: exchange.MustFixed("0.02"), Amends: 9}, &want)
	d.book(0, "99", "100")
	d.want("the first book", "SELL 1 LIMIT at 100 GTX")
	d.book(time.Second, "97.9", "98")
	d.want("as far as it goes", "amend #1 to 1 at 98")
	d.book(time.Second, "90", "91")
	d.want("and no further", "")
	want = "1"
	d, _ = chased(t, "0", &Chase{Distance: exchange.MustFixed("0.02"), Amends: 9}, &want)
	d.book(0, "100", "101")
	d.want("the first book", "BUY 1 LIMIT at 100 GTX")
	d.book(time.Second, "110", "111")
	d.want("as far as it goes", "amend #1 to 1 at 102")
}

// TestChaseTurns: when the other side is wanted its order goes first.
func TestChaseTurns(t *testing.T) {
	want := "1"
	d, _ := chased(t, "0", &Chase{Amends: 9}, &want)
	d.book(0, "100", "101")
	want, d.said = "-1", nil
	d.book(time.Second, "100", "101")
	d.want("the other side", "cancel #1")
	d.book(time.Second, "100", "101")
	d.want("and then", "SELL 1 LIMIT at 101 GTX")
	want = "0" // a reduce-only order cannot become one that opens
	d, _ = chased(t, "1", &Chase{Amends: 9}, &want)
	d.book(0, "100", "101")
	d.want("the way out", "SELL 1 LIMIT at 101 GTX reduce-only")
	want = "-1"
	d.book(time.Second, "100", "101")
	d.want("more than out", "cancel #1")
	d.book(time.Second, "100", "101")
	d.want("and then", "SELL 2 LIMIT at 101 GTX")
}

// TestChaseResumes: after a restart it finds its order and sends no other.
func TestChaseResumes(t *testing.T) {
	want := "1"
	d, _ := chased(t, "0.4", &Chase{Amends: 9}, &want, exchange.Order{ID: 1, Ref: 1, Status: exchange.StatusPartiallyFilled, Filled: exchange.MustFixed("0.4"), Request: exchange.OrderRequest{
		Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Price: exchange.MustFixed("99"), Qty: exchange.MustFixed("1"),
	}})
	d.book(time.Second, "100", "101")
	d.want("the order of the life before", "amend #1 to 1 at 100")
}

// TestChaseWaits: not while halted, not for what is too small, and not at once after a no.
func TestChaseWaits(t *testing.T) {
	want := "1"
	d, done := chased(t, "0", &Chase{Amends: 9}, &want)
	d.state(exchange.ReduceOnly)
	d.book(0, "100", "101")
	d.want("reduce-only", "")
	d.state(exchange.Active)
	want = "0.1" // ten dollars, of twenty
	if d.book(time.Second, "100", "101"); !*done {
		t.Error("it waits for what no order can do")
	}
	want = "1"
	d.book(time.Second, "100", "101")
	d.want("active", "BUY 1 LIMIT at 100 GTX")
	d.update(1, exchange.StatusExpired, 0, 0)
	d.book(time.Second-1, "100", "101")
	d.want("just expired", "")
	d.book(1, "100", "101")
	d.want("a second later", "BUY 1 LIMIT at 100 GTX")
}
