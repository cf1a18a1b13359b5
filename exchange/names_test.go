package exchange

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// TestNames holds that every value of every enumeration prints its own name, that the
// name reads back where a reader exists, and that other texts are refused.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		names enum
		text  func(int) string
		parse func(string) (int, error)
	}{
		{productNames, func(i int) string { return Product(i).String() }, reader(ParseProduct)},
		{sideNames, func(i int) string { return Side(i).String() }, reader(ParseSide)},
		{positionSideNames, func(i int) string { return PositionSide(i).String() }, reader(ParsePositionSide)},
		{orderTypeNames, func(i int) string { return OrderType(i).String() }, reader(ParseOrderType)},
		{timeInForceNames, func(i int) string { return TimeInForce(i).String() }, reader(ParseTimeInForce)},
		{walletNames, func(i int) string { return Wallet(i).String() }, reader(ParseWallet)},
		{kindNames, func(i int) string { return Kind(i).String() }, reader(ParseKind)},
		{workingTypeNames, func(i int) string { return WorkingType(i).String() }, nil},
		{priceMatchNames, func(i int) string { return PriceMatch(i).String() }, nil},
		{stpNames, func(i int) string { return STP(i).String() }, nil},
		{sideEffectNames, func(i int) string { return SideEffect(i).String() }, nil},
		{orderStatusNames, func(i int) string { return OrderStatus(i).String() }, nil},
		{reasonNames, func(i int) string { return Reason(i).String() }, reader(ParseReason)},
		{accountStatusNames, func(i int) string { return AccountStatus(i).String() }, nil},
		{forcedNames, func(i int) string { return ForcedKind(i).String() }, nil},
		{intentKindNames, func(i int) string { return IntentKind(i).String() }, nil},
		{actStatusNames, func(i int) string { return ActStatus(i).String() }, reader(ParseActStatus)},
		{tradingStateNames, func(i int) string { return TradingState(i).String() }, nil},
	} {
		seen := map[string]bool{}
		for i, name := range c.names {
			got := c.text(i)
			if name == "" && !strings.HasSuffix(got, fmt.Sprintf("(%d)", i)) || name != "" && got != name || seen[got] {
				t.Errorf("value %d of %v prints %q", i, c.names, got)
			}
			seen[got] = true
			if c.parse != nil && name != "" {
				if v, err := c.parse(name); err != nil || v != i {
					t.Errorf("%q reads as %d, %v", name, v, err)
				}
			}
		}
		for _, bad := range []string{"", "NONSENSE", strings.ToLower(c.names[len(c.names)-1])} {
			if c.parse == nil {
				continue
			}
			if _, err := c.parse(bad); !errors.Is(err, ErrUnknownName) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
}

func reader[T ~uint8](parse func(string) (T, error)) func(string) (int, error) {
	return func(s string) (int, error) {
		v, err := parse(s)
		return int(v), err
	}
}

func TestTextForms(t *testing.T) {
	for _, c := range []struct {
		text string
		into interface {
			encoding.TextMarshaler
			encoding.TextUnmarshaler
		}
	}{
		{"CM", new(Product)}, {"SELL", new(Side)}, {"SHORT", new(PositionSide)}, {"STOP", new(OrderType)}, {"GTX", new(TimeInForce)},
		{"2026-06-28T00:00:00.000000001Z", new(Time)}, {"-", new(Time)},
	} {
		if err := c.into.UnmarshalText([]byte(c.text)); err != nil {
			t.Error(err)
		}
		if b, err := c.into.MarshalText(); err != nil || string(b) != c.text {
			t.Errorf("%q came back as %q, %v", c.text, b, err)
		}
		if err := c.into.UnmarshalText([]byte("?")); err == nil {
			t.Errorf("%T takes anything", c.into)
		}
	}
}

func TestTime(t *testing.T) {
	at := Millis(1_782_604_800_004)
	if got := at.String(); got != "2026-06-28T00:00:00.004Z" {
		t.Errorf("String() = %s", got)
	}
	if TimeOf(at.UTC()) != at || at.Millis() != 1_782_604_800_004 {
		t.Error("a conversion lost something")
	}
	if at.Add(time.Hour).Sub(at) != time.Hour {
		t.Error("Sub is not the inverse of Add")
	}
	for _, c := range []struct {
		at   Time
		by   time.Duration
		want Time
	}{
		{at, time.Hour, at - Time(4*time.Millisecond)},
		{0, time.Hour, 0},
		{-1, time.Hour, -Time(time.Hour)},
		{Time(time.Hour), time.Hour, Time(time.Hour)},
		{5, 0, 5},
	} {
		if got := c.at.Floor(c.by); got != c.want {
			t.Errorf("%d.Floor(%v) = %d, want %d", c.at, c.by, got, c.want)
		}
	}
	if Time(-1).Millis() != -1 || Time(-1_000_000).Millis() != -1 {
		t.Error("milliseconds round toward the past")
	}
	var far Time
	if err := far.UnmarshalText([]byte("3000-01-01T00:00:00Z")); !errors.Is(err, ErrNumberRange) || far != 0 {
		t.Errorf("the year 3000 gave %v, %v", far, err)
	}
	for _, ms := range []int64{math.MaxInt64, math.MinInt64, 9_223_372_036_855} {
		if got := Millis(ms); (got < 0) != (ms < 0) || got.Millis() == ms {
			t.Errorf("Millis(%d) = %d wrapped", ms, got)
		}
	}
}

func TestSmallRules(t *testing.T) {
	if Buy.Sign() != 1 || Sell.Sign() != -1 || Buy.Opposite() != Sell || Sell.Opposite() != Buy {
		t.Error("sides")
	}
	for typ := Limit; typ <= OCO; typ++ {
		conditional := typ == Stop || typ == StopMarket || typ == TakeProfit || typ == TakeProfitMarket || typ == TrailingStopMarket
		market := typ == Market || typ == StopMarket || typ == TakeProfitMarket || typ == TrailingStopMarket
		if typ.Conditional() != conditional || typ.Market() != market {
			t.Errorf("%v: conditional %v, market %v", typ, typ.Conditional(), typ.Market())
		}
	}
	for s := StatusPendingNew; s <= StatusNotArrived; s++ {
		final := s == StatusFilled || s == StatusCanceled || s == StatusExpired || s == StatusRejected || s == StatusFinished || s == StatusNotArrived
		if s.Final() != final {
			t.Errorf("%v: Final() = %v", s, s.Final())
		}
	}
	o := Order{Request: OrderRequest{Qty: 10}, Filled: 4}
	if o.Remaining() != 6 {
		t.Errorf("Remaining() = %v", o.Remaining())
	}
	if o.Filled = 12; o.Remaining() != 0 {
		t.Errorf("an overfilled order has %v remaining", o.Remaining())
	}
	if WalletOf(UM) != WalletUM || WalletOf(CM) != WalletCM || WalletOf(Margin) != WalletMargin ||
		WalletMargin.Debt() || WalletCM.Debt() || !WalletLoan.Debt() || !WalletInterest.Debt() {
		t.Error("wallets")
	}
	var state TradingState
	if state != Halted {
		t.Error("what was forgotten must not trade")
	}
	r := Refusal{Rule: "price-collar", Limit: "5%", Value: "7%", Passes: "95.00"}
	if got := r.Error(); got != "refused by price-collar: 7%, limit 5%; 95.00 would pass" {
		t.Errorf("Error() = %q", got)
	}
}

func TestInstruments(t *testing.T) {
	um := Instrument{Product: UM, Symbol: "BTCUSDT", Lot: Lot{1, 10, 1}, MarketLot: Lot{1, 5, 1}, ContractSize: FixedOne}
	spot := Instrument{Product: Margin, Symbol: "BTCUSDT", Lot: Lot{2, 20, 2}, ContractSize: FixedOne}
	table, err := NewInstruments(um, spot)
	if err != nil || table.Len() != 2 {
		t.Fatal(err)
	}
	in, err := table.Find(Margin, "BTCUSDT")
	if err != nil || in.ID != 2 || table.At(2) != in || in.Name() != "MARGIN BTCUSDT" {
		t.Errorf("Find: %+v, %v", in, err)
	}
	if _, err := table.Find(CM, "BTCUSDT"); !errors.Is(err, ErrUnknownInstrument) {
		t.Errorf("Find of what is not there: %v", err)
	}
	if table.Has(0) || table.Has(3) || !table.Has(1) {
		t.Error("Has")
	}
	if all := table.All(); len(all) != 2 || all[0].Symbol != "BTCUSDT" || all[0].ID != 1 {
		t.Errorf("All() = %+v", all)
	}
	if _, err := NewInstruments(um, um); err == nil {
		t.Error("two of one name must be refused")
	}
	if _, err := NewInstruments(make([]Instrument, math.MaxUint16+1)...); err == nil {
		t.Error("more instruments than ids must be refused")
	}
	if table.At(1).LotFor(StopMarket) != um.MarketLot || table.At(1).LotFor(Stop) != um.Lot || table.At(2).LotFor(Market) != spot.Lot {
		t.Error("LotFor")
	}
	same(t, "notional UM", table.At(1).Notional(MustFixed("-0.5"), MustFixed("60000")), "30000")
	same(t, "notional CM", btcCM.Notional(MustFixed("-3"), 0), "300")
}
