package papi

import (
	"context"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// KeyRestrictions is what the key may do and from where.
type KeyRestrictions struct {
	// IPRestrict says that the key is bound to addresses.
	IPRestrict bool          `json:"ipRestrict"`
	CreateTime exchange.Time `json:"createTime"`
	// EnableReading and EnablePortfolioMarginTrading are what the product needs.
	EnableReading                bool `json:"enableReading"`
	EnablePortfolioMarginTrading bool `json:"enablePortfolioMarginTrading"`
	// EnableWithdrawals is what it refuses to start with.
	EnableWithdrawals          bool `json:"enableWithdrawals"`
	EnableInternalTransfer     bool `json:"enableInternalTransfer"`
	PermitsUniversalTransfer   bool `json:"permitsUniversalTransfer"`
	EnableSpotAndMarginTrading bool `json:"enableSpotAndMarginTrading"`
	EnableMargin               bool `json:"enableMargin"`
	// EnableFutures is false on every Portfolio Margin account.
	EnableFutures        bool `json:"enableFutures"`
	EnableVanillaOptions bool `json:"enableVanillaOptions"`
	EnableFixAPITrade    bool `json:"enableFixApiTrade"`
	EnableFixReadOnly    bool `json:"enableFixReadOnly"`
	// TradingAuthorityExpirationTime is when an unbound key stops trading, or 0.
	TradingAuthorityExpirationTime exchange.Time `json:"tradingAuthorityExpirationTime"`
}

func (r *KeyRestrictions) missing() string { return first(need{"createTime", r.CreateTime != 0}) }

// KeyRestrictions asks what the key may do.
func (c *Client) KeyRestrictions(ctx context.Context) (KeyRestrictions, error) {
	return call[KeyRestrictions](ctx, c, epKeyRestrictions, new(query))
}

// AccountInfo says which products the account has.
type AccountInfo struct {
	VIPLevel         int64 `json:"vipLevel"`
	IsMarginEnabled  bool  `json:"isMarginEnabled"`
	IsFutureEnabled  bool  `json:"isFutureEnabled"`
	IsOptionsEnabled bool  `json:"isOptionsEnabled"`
	// IsPortfolioMarginRetailEnabled is the program that this package speaks to.
	IsPortfolioMarginRetailEnabled bool `json:"isPortfolioMarginRetailEnabled"`
}

// AccountInfo asks which products the account has.
func (c *Client) AccountInfo(ctx context.Context) (AccountInfo, error) {
	return call[AccountInfo](ctx, c, epAccountInfo, new(query))
}

// PortfolioAccount is the account's risk as sapi tells it for every kind of Portfolio
// Margin, in USD.
type PortfolioAccount struct {
	UniMMR                decimal.Decimal `json:"uniMMR"`
	AccountEquity         decimal.Decimal `json:"accountEquity"`
	ActualEquity          decimal.Decimal `json:"actualEquity"`
	AccountMaintMargin    decimal.Decimal `json:"accountMaintMargin"`
	AccountInitialMargin  decimal.Decimal `json:"accountInitialMargin"`
	TotalAvailableBalance Grouped         `json:"totalAvailableBalance"`
	AccountStatus         AccountStatus   `json:"accountStatus"`
	// AccountType is PM_2 for the program that this package speaks to, PM_1 for Pro and PM_3
	// for Pro SPAN.
	AccountType string `json:"accountType"`
}

func (a *PortfolioAccount) missing() string {
	return first(need{"uniMMR", told(a.UniMMR)}, need{"accountStatus", a.AccountStatus != ""},
		need{"accountType", a.AccountType != ""})
}

// PortfolioAccount asks for the account's risk and kind.
func (c *Client) PortfolioAccount(ctx context.Context) (PortfolioAccount, error) {
	return call[PortfolioAccount](ctx, c, epPortfolioAccount, new(query))
}

// CollateralRate is the flat rate at which an asset counts as collateral: 0.95 for 95%.
type CollateralRate struct {
	Asset          string          `json:"asset"`
	CollateralRate decimal.Decimal `json:"collateralRate"`
}

func (r *CollateralRate) missing() string {
	return first(need{"asset", r.Asset != ""}, need{"collateralRate", told(r.CollateralRate)})
}

// CollateralRates lists the flat rates. It costs 50 of sapi's own budget.
func (c *Client) CollateralRates(ctx context.Context) ([]CollateralRate, error) {
	return call[[]CollateralRate](ctx, c, epCollateralRates, new(query))
}

// CollateralTiers is the rates of an asset by how much of it there is.
type CollateralTiers struct {
	Asset          string           `json:"asset"`
	CollateralInfo []CollateralTier `json:"collateralInfo"`
}

func (t *CollateralTiers) missing() string {
	if field := first(need{"asset", t.Asset != ""}); field != "" {
		return field
	}
	return each("collateralInfo", t.CollateralInfo)
}

// CollateralTier is the rate of what lies between TierFloor and TierCap, in USD; Cum is what
// the lower tiers add.
type CollateralTier struct {
	TierFloor      decimal.Decimal `json:"tierFloor"`
	TierCap        decimal.Decimal `json:"tierCap"`
	CollateralRate decimal.Decimal `json:"collateralRate"`
	Cum            decimal.Decimal `json:"cum"`
}

func (t *CollateralTier) missing() string {
	return first(need{"tierFloor", told(t.TierFloor)}, need{"collateralRate", told(t.CollateralRate)})
}

// CollateralTiers lists the rates by tier, which Binance calls those of PM Pro.
func (c *Client) CollateralTiers(ctx context.Context) ([]CollateralTiers, error) {
	return call[[]CollateralTiers](ctx, c, epCollateralTiers, new(query))
}

// AssetIndexPrice is the USD price of an asset that its collateral is counted at.
type AssetIndexPrice struct {
	Asset           string          `json:"asset"`
	AssetIndexPrice decimal.Decimal `json:"assetIndexPrice"`
	Time            exchange.Time   `json:"time"`
}

func (p *AssetIndexPrice) missing() string {
	return first(need{"asset", p.Asset != ""}, need{"assetIndexPrice", told(p.AssetIndexPrice)})
}

// AssetIndexPrices lists the price of an asset, or of all if asset is "", which costs 50
// times as much.
func (c *Client) AssetIndexPrices(ctx context.Context, asset string) ([]AssetIndexPrice, error) {
	return call[[]AssetIndexPrice](ctx, c, epAssetIndexPrices, texts("asset", asset))
}

// AssetLeverage is the leverage at which loans of an asset count.
type AssetLeverage struct {
	Asset    string `json:"asset"`
	Leverage int64  `json:"leverage"`
}

func (l *AssetLeverage) missing() string {
	return first(need{"asset", l.Asset != ""}, need{"leverage", l.Leverage > 0})
}

// MarginAssetLeverage lists the leverages of loans.
func (c *Client) MarginAssetLeverage(ctx context.Context) ([]AssetLeverage, error) {
	return call[[]AssetLeverage](ctx, c, epMarginAssetLeverage, new(query))
}

type deltaMode struct {
	DeltaEnabled *bool `json:"deltaEnabled"`
}

func (d *deltaMode) missing() string { return first(need{"deltaEnabled", d.DeltaEnabled != nil}) }

// DeltaMode says whether margin is netted by delta, which the product's margin formulas do
// not know. It costs 1500 of sapi's own budget.
func (c *Client) DeltaMode(ctx context.Context) (bool, error) {
	d, err := call[deltaMode](ctx, c, epDeltaMode, new(query))
	return on(d.DeltaEnabled), err
}

// CrossMarginCoin is the account's terms for borrowing a coin.
type CrossMarginCoin struct {
	VIPLevel   int64  `json:"vipLevel"`
	Coin       string `json:"coin"`
	TransferIn bool   `json:"transferIn"`
	Borrowable bool   `json:"borrowable"`
	// DailyInterest and YearlyInterest are ratios.
	DailyInterest   decimal.Decimal `json:"dailyInterest"`
	YearlyInterest  decimal.Decimal `json:"yearlyInterest"`
	BorrowLimit     decimal.Decimal `json:"borrowLimit"`
	MarginablePairs []string        `json:"marginablePairs"`
}

func (m *CrossMarginCoin) missing() string {
	return first(need{"coin", m.Coin != ""}, need{"dailyInterest", told(m.DailyInterest)})
}

// CrossMarginData lists the terms for a coin, or for all if coin is "", at the account's VIP
// level.
func (c *Client) CrossMarginData(ctx context.Context, coin string) ([]CrossMarginCoin, error) {
	return call[[]CrossMarginCoin](ctx, c, epCrossMarginData, texts("coin", coin))
}

// HourlyInterestRate is the ratio that a loan will cost for the next hour.
type HourlyInterestRate struct {
	Asset                  string          `json:"asset"`
	NextHourlyInterestRate decimal.Decimal `json:"nextHourlyInterestRate"`
}

func (r *HourlyInterestRate) missing() string {
	return first(need{"asset", r.Asset != ""}, need{"nextHourlyInterestRate", told(r.NextHourlyInterestRate)})
}

// NextHourlyInterestRates lists the rates of at most 20 assets, of cross margin.
func (c *Client) NextHourlyInterestRates(ctx context.Context, assets ...string) ([]HourlyInterestRate, error) {
	q := texts("assets", strings.Join(assets, ","), "isIsolated", "FALSE")
	return call[[]HourlyInterestRate](ctx, c, epNextHourlyInterestRates, q)
}

// InterestRateQuery asks for the past rates of an asset; the rest may be left out.
type InterestRateQuery struct {
	Asset string
	// VIPLevel is the account's if it is nil; 0 is a level.
	VIPLevel *int64
	Window
}

func (p InterestRateQuery) query() *query {
	q := texts("asset", p.Asset)
	if p.VIPLevel != nil {
		q.name("vipLevel")
		q.buf = strconv.AppendInt(q.buf, *p.VIPLevel, 10)
	}
	p.Window.add(q)
	return q
}

// InterestRate is what a loan cost per day, as a ratio, from a time on.
type InterestRate struct {
	Asset             string          `json:"asset"`
	DailyInterestRate decimal.Decimal `json:"dailyInterestRate"`
	Timestamp         exchange.Time   `json:"timestamp"`
	VIPLevel          int64           `json:"vipLevel"`
}

func (r *InterestRate) missing() string {
	return first(need{"asset", r.Asset != ""}, need{"dailyInterestRate", told(r.DailyInterestRate)})
}

// InterestRateHistory lists past rates of an asset.
func (c *Client) InterestRateHistory(ctx context.Context, p InterestRateQuery) ([]InterestRate, error) {
	return call[[]InterestRate](ctx, c, epInterestRateHistory, p.query())
}

// Inventory is what there is to borrow.
type Inventory struct {
	// Assets is the amount of each.
	Assets map[string]decimal.Decimal `json:"assets"`
	// UpdateTime is in seconds in Binance's example and in milliseconds everywhere else: it
	// is given as it came.
	UpdateTime int64 `json:"updateTime"`
}

func (i *Inventory) missing() string { return first(need{"assets", i.Assets != nil}) }

// AvailableInventory asks what there is to borrow in cross margin.
func (c *Client) AvailableInventory(ctx context.Context) (Inventory, error) {
	return call[Inventory](ctx, c, epAvailableInventory, texts("type", "MARGIN"))
}

// CapitalFlowQuery asks for movements of the last 90 days, at most 7 at once (-4047
// otherwise). All fields may be left out.
type CapitalFlowQuery struct {
	Asset string
	// Type is such as BORROW, REPAY or TRADING.
	Type string
	Window
	// FromID asks for what comes after it.
	FromID int64
	// Limit is 500 by default and 1000 at most.
	Limit int64
}

func (p CapitalFlowQuery) query() *query {
	q := texts("asset", p.Asset, "type", p.Type)
	p.Window.add(q)
	q.int("fromId", p.FromID)
	q.int("limit", p.Limit)
	return q
}

// CapitalFlow is a movement of the margin wallet.
type CapitalFlow struct {
	ID        int64           `json:"id"`
	TranID    int64           `json:"tranId"`
	Timestamp exchange.Time   `json:"timestamp"`
	Asset     string          `json:"asset"`
	Symbol    string          `json:"symbol"`
	Type      string          `json:"type"`
	Amount    decimal.Decimal `json:"amount"`
	Note      string          `json:"note"`
}

func (f *CapitalFlow) missing() string {
	return first(need{"id", f.ID != 0}, need{"asset", f.Asset != ""}, need{"amount", told(f.Amount)})
}

// CapitalFlow lists movements of the margin wallet. It is where to look after a liquidation
// that left no orders. [Client.EachCapitalFlow] goes over longer times.
func (c *Client) CapitalFlow(ctx context.Context, p CapitalFlowQuery) ([]CapitalFlow, error) {
	return call[[]CapitalFlow](ctx, c, epCapitalFlow, p.query())
}
