package exchange

import (
	"fmt"
	"math"
	"slices"

	"github.com/shopspring/decimal"
)

// InstrumentID is the small number of an instrument in an [Instruments] table. Hot data
// carries it instead of the symbol. 0 is no instrument.
type InstrumentID uint16

// Lot bounds and grids a quantity: Min <= q <= Max and (q-Min) a whole number of Steps.
// A Max or Step of 0 is no rule.
type Lot struct {
	Min, Max, Step Fixed
}

// Instrument is what can be traded: a futures contract or a margin pair, with the rules
// its orders must meet. Filters are those of exchangeInfo; see [DecodeExchangeInfo].
type Instrument struct {
	ID      InstrumentID
	Product Product
	// Symbol is Binance's name, such as BTCUSDT, BTCUSD_PERP or BTCUSDT_261225.
	Symbol string
	// Pair is the underlying pair, BTCUSDT or BTCUSD.
	Pair string
	// Base is the coin; Quote prices it; MarginAsset settles profit, fees and funding
	// (USDT for UM, the coin for CM, the quote for margin pairs).
	Base, Quote, MarginAsset string
	// ContractType is Binance's word, such as PERPETUAL or CURRENT_QUARTER; unknown
	// values are kept as they come. It is empty for margin pairs.
	ContractType string
	// Status is Binance's word. Orders pass only when it is StatusTrading.
	Status string
	// ContractSize is the USD value of one CM contract (100 for BTC, 10 for others) and
	// FixedOne everywhere else.
	ContractSize Fixed
	// Onboard and Delivery are the first and last instant; Delivery is 0 for perpetuals.
	Onboard, Delivery Time

	// PriceMin, PriceMax and Tick are the PRICE_FILTER; 0 is no rule.
	PriceMin, PriceMax, Tick Fixed
	// Lot is LOT_SIZE, MarketLot is MARKET_LOT_SIZE.
	Lot, MarketLot Lot
	// NotionalMin is MIN_NOTIONAL in quote asset; 0 (all of CM) is no rule.
	NotionalMin Fixed
	// PercentUp and PercentDown are the PERCENT_PRICE multipliers: a buy at most
	// mark·PercentUp, a sell at least mark·PercentDown; 0 is no rule.
	PercentUp, PercentDown Fixed
	// OrdersMax and AlgoOrdersMax bound the open orders of the symbol; 0 is no rule.
	OrdersMax, AlgoOrdersMax int
	// TriggerProtect is the largest share that mark and last price may differ when an
	// order with price protection triggers. MarketTakeBound bounds market orders'
	// distance to the mark. LiquidationFee is the clearance fee rate.
	TriggerProtect, MarketTakeBound, LiquidationFee Fixed
	// OrderTypes and TimesInForce are the accepted ones, as Binance lists them.
	OrderTypes   []OrderType
	TimesInForce []TimeInForce
}

// StatusTrading is the one status in which an instrument takes orders.
const StatusTrading = "TRADING"

// Name prints product and symbol, such as "UM BTCUSDT": BTCUSDT alone can be a UM
// contract or a margin pair.
func (in *Instrument) Name() string { return in.Product.String() + " " + in.Symbol }

// Inverse says whether the contract pays in its base coin (CM).
func (in *Instrument) Inverse() bool { return in.Product == CM }

// LotFor returns the quantity rule that applies to a market or to another order.
func (in *Instrument) LotFor(t OrderType) Lot {
	if t.Market() && in.MarketLot != (Lot{}) {
		return in.MarketLot
	}
	return in.Lot
}

// Lots brings a quantity, which may be negative, to what an order of that type may have:
// rounded toward zero to the lot's grid, at most its largest, and 0 below its smallest.
func (in *Instrument) Lots(t OrderType, qty Fixed) Fixed {
	lot, size := in.LotFor(t), qty.Abs()
	if lot.Max > 0 {
		size = min(size, lot.Max)
	}
	if size < lot.Min {
		return 0
	}
	size = lot.Min + (size-lot.Min).Round(lot.Step, RoundDown)
	if qty < 0 {
		return -size
	}
	return size
}

// Notional is |qty| at a price: in quote asset for UM and margin (qty·price), and the
// constant USD value for CM (qty·contract size), where Binance's quantity brackets and
// our limits need no price.
func (in *Instrument) Notional(qty, price Fixed) decimal.Decimal {
	q := qty.Decimal().Abs()
	if in.Inverse() {
		return q.Mul(in.ContractSize.Decimal())
	}
	return q.Mul(price.Decimal())
}

// Instruments is the table of what a run may trade. IDs are dense and start at 1, in
// the order of adding; they have meaning only together with their table.
type Instruments struct {
	rows   []Instrument
	byName map[instrumentName]InstrumentID
}

type instrumentName struct {
	product Product
	symbol  string
}

// NewInstruments makes a table of the given instruments and numbers them. Two with the
// same product and symbol are an error, and so are more than 65,535.
func NewInstruments(list ...Instrument) (*Instruments, error) {
	if len(list) > math.MaxUint16 {
		return nil, fmt.Errorf("%d instruments, at most %d have ids", len(list), math.MaxUint16)
	}
	t := &Instruments{byName: make(map[instrumentName]InstrumentID, len(list))}
	for _, in := range list {
		name := instrumentName{in.Product, in.Symbol}
		if _, dup := t.byName[name]; dup {
			return nil, fmt.Errorf("instrument %s is listed twice", in.Name())
		}
		in.ID = InstrumentID(len(t.rows) + 1)
		t.rows = append(t.rows, in)
		t.byName[name] = in.ID
	}
	return t, nil
}

// Len is the number of instruments; the largest ID.
func (t *Instruments) Len() int { return len(t.rows) }

// At returns the instrument with that id, which must be one of the table's. The table
// owns it: do not change it.
func (t *Instruments) At(id InstrumentID) *Instrument { return &t.rows[id-1] }

// Has says whether id is one of the table's.
func (t *Instruments) Has(id InstrumentID) bool { return id >= 1 && int(id) <= len(t.rows) }

// Find returns the instrument of a product and symbol, or ErrUnknownInstrument.
func (t *Instruments) Find(p Product, symbol string) (*Instrument, error) {
	id, ok := t.byName[instrumentName{p, symbol}]
	if !ok {
		return nil, fmt.Errorf("%w: %v %s", ErrUnknownInstrument, p, symbol)
	}
	return t.At(id), nil
}

// All returns the instruments in the order of their ids.
func (t *Instruments) All() []Instrument { return slices.Clone(t.rows) }
