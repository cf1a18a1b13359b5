package exchange

// Product is one of the three things a Portfolio Margin account trades.
type Product uint8

const (
	// UM is USD-M futures: linear, margined in USDT or USDC, quantities in base coin.
	UM Product = iota + 1
	// CM is COIN-M futures: inverse, margined in the coin, quantities in contracts.
	CM
	// Margin is cross margin on spot pairs: buying moves coins, shorting borrows them.
	Margin
)

var productNames = enum{UM: "UM", CM: "CM", Margin: "MARGIN"}

func (p Product) String() string { return productNames.text("Product", int(p)) }

// ParseProduct reads "UM", "CM" or "MARGIN".
func ParseProduct(s string) (Product, error) {
	v, err := productNames.parse("product", s)
	return Product(v), err
}

// MarshalText writes the name.
func (p Product) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what [ParseProduct] reads.
func (p *Product) UnmarshalText(b []byte) (err error) {
	*p, err = ParseProduct(string(b))
	return err
}

// Side is the direction of an order or a trade.
type Side uint8

const (
	// Buy adds to the position.
	Buy Side = iota + 1
	// Sell takes from it.
	Sell
)

var sideNames = enum{Buy: "BUY", Sell: "SELL"}

func (s Side) String() string { return sideNames.text("Side", int(s)) }

// Sign is +1 for Buy and -1 for Sell.
func (s Side) Sign() int64 {
	if s == Sell {
		return -1
	}
	return 1
}

// Opposite returns the other side.
func (s Side) Opposite() Side {
	if s == Buy {
		return Sell
	}
	return Buy
}

// ParseSide reads "BUY" or "SELL".
func ParseSide(s string) (Side, error) {
	v, err := sideNames.parse("side", s)
	return Side(v), err
}

// MarshalText writes the name.
func (s Side) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSide] reads.
func (s *Side) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSide(string(b))
	return err
}

// PositionSide says which leg of a futures position an order belongs to. In one-way
// mode it is Both; in hedge mode Long and Short are separate positions. On Portfolio
// Margin the mode of UM and CM is tied.
type PositionSide uint8

const (
	// Both is the single, signed position of one-way mode, and every margin order.
	Both PositionSide = iota
	// Long is the long leg of hedge mode; its quantity is never negative.
	Long
	// Short is the short leg of hedge mode; its quantity is never positive.
	Short
)

var positionSideNames = enum{Both: "BOTH", Long: "LONG", Short: "SHORT"}

func (p PositionSide) String() string { return positionSideNames.text("PositionSide", int(p)) }

// ParsePositionSide reads "BOTH", "LONG" or "SHORT".
func ParsePositionSide(s string) (PositionSide, error) {
	v, err := positionSideNames.parse("position side", s)
	return PositionSide(v), err
}

// MarshalText writes the name.
func (p PositionSide) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what [ParsePositionSide] reads.
func (p *PositionSide) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePositionSide(string(b))
	return err
}
