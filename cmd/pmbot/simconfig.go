package main

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// simConfig is what "pmbot sim" is made of; configs/sim.toml explains every key.
type simConfig struct {
	Start     exchange.Time      `toml:"start"`
	Speed     int                `toml:"speed"`
	Seed      uint64             `toml:"seed"`
	OrderID   int64              `toml:"first_order_id"`
	Market    simMarketConfig    `toml:"market"`
	Account   simAccountConfig   `toml:"account"`
	Positions []simPosition      `toml:"position"`
	Keys      []simKey           `toml:"key"`
	UM        backtest.FeeConfig `toml:"um"`
	CM        backtest.FeeConfig `toml:"cm"`
	Margin    backtest.FeeConfig `toml:"margin"`
	Limits    simLimits          `toml:"limits"`
}

// simMarketConfig says where prices come from.
type simMarketConfig struct {
	Tape         string                    `toml:"tape"`
	Coins        []string                  `toml:"coins"`
	Alts         int                       `toml:"alts"`
	Unlisted     int                       `toml:"unlisted"`
	Prices       map[string]exchange.Fixed `toml:"prices"`
	Step         time.Duration             `toml:"step"`
	Warmup       time.Duration             `toml:"warmup"`
	Levels       int                       `toml:"levels"`
	Volatility   exchange.Fixed            `toml:"volatility"`
	Liquidations int                       `toml:"liquidations"`
	ExchangeInfo []string                  `toml:"exchange_info"`
	Brackets     []string                  `toml:"brackets"`
}

// simAccountConfig is the account at the start.
type simAccountConfig struct {
	Kind      string                     `toml:"kind"`
	Activated exchange.Time              `toml:"activated"`
	DeltaMode bool                       `toml:"delta_mode"`
	VIP       int                        `toml:"vip"`
	HedgeMode bool                       `toml:"hedge_mode"`
	Leverage  int                        `toml:"leverage"`
	Margin    map[string]decimal.Decimal `toml:"margin"`
	UM        map[string]decimal.Decimal `toml:"um"`
	CM        map[string]decimal.Decimal `toml:"cm"`
	Loans     map[string]decimal.Decimal `toml:"loans"`
}

// simPosition is a position that the account has at the start.
type simPosition struct {
	Symbol strategy.Symbol `toml:"symbol"`
	Side   string          `toml:"side"`
	Qty    decimal.Decimal `toml:"qty"`
	Entry  decimal.Decimal `toml:"entry"`
}

// simKey is an API key and its permissions.
type simKey struct {
	ID                string        `toml:"id"`
	Secret            string        `toml:"secret"`
	PublicKey         string        `toml:"public_key"`
	Created           exchange.Time `toml:"created"`
	Reading           bool          `toml:"reading"`
	PortfolioMargin   bool          `toml:"portfolio_margin"`
	Margin            bool          `toml:"margin"`
	Futures           bool          `toml:"futures"`
	Withdrawals       bool          `toml:"withdrawals"`
	InternalTransfer  bool          `toml:"internal_transfer"`
	UniversalTransfer bool          `toml:"universal_transfer"`
	IPs               []string      `toml:"ips"`
}

// The pair of key and secret that pmbot sim takes when it is given none. It is in every
// copy of pmbot, so that nobody mistakes it for a secret.
var (
	simKeyID  = strings.Repeat("pmbotsim", 8)
	simSecret = strings.Repeat("notsecret", 7) + "0"
)

// defaultSim holds the value of every key that a file leaves out.
func defaultSim() simConfig {
	plain := defaultConfig().Venue
	return simConfig{
		Speed: 1, Seed: 1, OrderID: 260_000_000_000,
		Market: simMarketConfig{
			Coins: []string{"BTC", "ETH", "BNB"}, Step: 100 * time.Millisecond, Warmup: 5 * time.Minute, Levels: 50,
			Volatility: exchange.FixedOne, Liquidations: 12,
		},
		Account: simAccountConfig{Kind: "PM_2", Leverage: 20},
		UM:      plain.UM, CM: plain.CM, Margin: plain.Margin, Limits: simLimits(papisim.DefaultLimits()),
	}
}

// check finds values that have the right type and make no sense. What package papisim and
// the venue check themselves is not checked here.
func (c *simConfig) check(doc *document) []mistake {
	var list []mistake
	wrong := func(key, format string, args ...any) {
		list = append(list, doc.wrong(strings.Split(key, "."), format, args...))
	}
	if c.Speed < 1 || c.Speed > 10_000 {
		wrong("speed", "%d is not within 1 to 10000", c.Speed)
	}
	if c.Market.Warmup < 0 || c.Market.Warmup > 24*time.Hour {
		wrong("market.warmup", "%v is not within 0s to 24h", c.Market.Warmup)
	}
	if c.Market.Tape == "" && len(c.Market.Coins) == 0 {
		wrong("market.coins", "there is none; name some of %s", strings.Join(simCoins(), ", "))
	}
	if c.Market.Alts < 0 || c.Market.Alts > 999 {
		wrong("market.alts", "%d is not within 0 to 999", c.Market.Alts)
	}
	if c.Market.Unlisted < 0 || c.Market.Unlisted > c.Market.Alts {
		wrong("market.unlisted", "%d is not within 0 to the %d of market.alts", c.Market.Unlisted, c.Market.Alts)
	}
	for i, coin := range c.Market.Coins {
		if !slices.Contains(simCoins(), coin) {
			wrong("market.coins."+strconv.Itoa(i), "%q is none of %s", coin, strings.Join(simCoins(), ", "))
		}
	}
	if !slices.Contains([]string{"", "PM_1", "PM_2", "PM_3"}, c.Account.Kind) {
		wrong("account.kind", "%q is none of PM_2 (Portfolio Margin), PM_1 (PM Pro), PM_3 (PM Pro SPAN) and \"\" (none)", c.Account.Kind)
	}
	if l := c.Account.Leverage; l < 1 || l > 125 {
		wrong("account.leverage", "%d is not within 1 to 125", l)
	}
	if v := c.Account.VIP; v < 0 || v > 9 {
		wrong("account.vip", "%d is not within 0 to 9", v)
	}
	c.Limits.check(wrong)
	c.checkMoney(wrong)
	c.checkKeys(wrong)
	return list
}

func (c *simConfig) checkMoney(wrong wrongFunc) {
	for _, w := range c.wallets() {
		for _, asset := range slices.Sorted(maps.Keys(w.amounts)) {
			key := "account." + w.name + "." + asset
			if !assetName.MatchString(asset) {
				wrong(key, "%q is not an asset; write it as Binance does, such as USDT", asset)
			}
			if err := venue.CheckBalance(w.amounts[asset]); err != nil {
				wrong(key, "%v", err)
			}
		}
	}
	for i, p := range c.Positions {
		key := "position." + strconv.Itoa(i)
		if p.Symbol == (strategy.Symbol{}) {
			wrong(key, "symbol is missing, such as UM:BTCUSDT")
		}
		if _, err := exchange.ParsePositionSide(p.side()); err != nil {
			wrong(key+".side", "%v", err)
		}
	}
	for _, f := range []struct {
		key string
		fee backtest.FeeConfig
	}{{"um", c.UM}, {"cm", c.CM}, {"margin", c.Margin}} {
		onePercent := exchange.MustFixed("0.01")
		if f.fee.Maker.Abs() > onePercent || f.fee.Taker.Abs() > onePercent {
			wrong(f.key, "a fee is more than 1%% of the notional; write 0.05%% as \"0.0005\"")
		}
	}
}

// side is BOTH where the file has none.
func (p *simPosition) side() string {
	if p.Side == "" {
		return exchange.Both.String()
	}
	return p.Side
}

func (c *simConfig) checkKeys(wrong wrongFunc) {
	for i, k := range c.Keys {
		key := "key." + strconv.Itoa(i)
		if k.ID == "" {
			wrong(key, "id is missing")
		}
		if (k.Secret == "") == (k.PublicKey == "") {
			wrong(key, "it needs either a secret, for HMAC, or a public_key, the PEM file of an RSA or Ed25519 key")
		}
	}
}

// prices are where the coins start: those that are configured in the order of their names,
// then the made-up ones.
func (c *simConfig) prices() []market.CoinPrice {
	var list []market.CoinPrice
	for _, asset := range slices.Sorted(maps.Keys(c.Market.Prices)) {
		list = append(list, market.CoinPrice{Asset: asset, Price: c.Market.Prices[asset]})
	}
	for i := range c.Market.Alts {
		list = append(list, market.CoinPrice{Asset: altName(i + 1), Price: altPrice()})
	}
	return list
}

// namedWallet is a wallet of the account with what it holds at the start.
type namedWallet struct {
	name    string
	wallet  exchange.Wallet
	amounts map[string]decimal.Decimal
}

func (c *simConfig) wallets() []namedWallet {
	return []namedWallet{
		{"margin", exchange.WalletMargin, c.Account.Margin}, {"um", exchange.WalletUM, c.Account.UM},
		{"cm", exchange.WalletCM, c.Account.CM}, {"loans", exchange.WalletLoan, c.Account.Loans},
	}
}

// balances are the wallets in the venue's words.
func (c *simConfig) balances() []venue.Balance {
	var list []venue.Balance
	for _, w := range c.wallets() {
		for _, asset := range slices.Sorted(maps.Keys(w.amounts)) {
			list = append(list, venue.Balance{Wallet: w.wallet, Asset: asset, Amount: w.amounts[asset]})
		}
	}
	return list
}

// simText is a configuration's name and text.
type simText struct{ name, text string }

// loadSim decodes the configuration of a simulated exchange, and another file whose account
// takes the place of its own. Every mistake is reported.
func loadSim(config, accounts *simText, overrides []override) (*simConfig, error) {
	c := defaultSim()
	if config == nil {
		config = &simText{"the defaults", ""}
		c.richSim()
	}
	doc, err := overridden(config.name, config.text, overrides)
	if err != nil {
		return nil, err
	}
	if err := doc.load(&c); err != nil || accounts == nil {
		return &c, err
	}
	return &c, c.loadAccount(accounts)
}

// loadAccount puts the account of a file in the place of the one that is there: its
// balances, positions and loans, and what else the file says of it.
func (c *simConfig) loadAccount(f *simText) error {
	doc, err := parseDocument(f.name, f.text)
	if err != nil {
		return &failure{code: exitConfig, err: err}
	}
	only := struct {
		Account   simAccountConfig `toml:"account"`
		Positions []simPosition    `toml:"position"`
	}{Account: c.Account}
	only.Account.Margin, only.Account.UM, only.Account.CM, only.Account.Loans = nil, nil, nil, nil
	mistakes := doc.decode(&only)
	if len(mistakes) == 0 {
		c.Account, c.Positions = only.Account, only.Positions
		mistakes = c.check(doc)
	}
	if len(mistakes) == 0 && len(doc.tree) == 0 {
		return &failure{exitConfig, errors.New(f.name + ": it describes no account"), "give it an [account.margin] with a balance, as configs/sim.toml has"}
	}
	return refuse(mistakes)
}
