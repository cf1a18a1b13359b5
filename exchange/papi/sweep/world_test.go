package sweep

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// world is an account on a simulated exchange in virtual time.
type world struct {
	t      *testing.T
	sim    *papisim.Sim
	client *papi.Client
	ins    *exchange.Instruments // those that are known here: not the ones of ETH
	wait   sync.WaitGroup
	mu     sync.Mutex
	asked  []string // method and path of what was sent
}

// hop is how long a request takes to the exchange.
const hop = 20 * time.Millisecond

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.asked = append(w.asked, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/papi/v1/"))
	w.mu.Unlock()
	in := r.Clone(r.Context())
	in.Host, in.RequestURI, in.RemoteAddr = r.URL.Host, r.URL.RequestURI(), "127.0.0.1:5000"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	broken := make(chan bool, 1)
	w.wait.Go(func() {
		defer func() { broken <- recover() != nil }()
		<-time.After(hop)
		w.sim.ServeHTTP(answer, in)
	})
	select {
	case failed := <-broken:
		if failed {
			return nil, io.ErrUnexpectedEOF
		}
		return answer.Result(), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

const keyID, secret = "simKey", "simSecret"

// place sends an order past the client, as another program would.
func (w *world) place(path, params string) {
	w.t.Helper()
	params += "&recvWindow=5000&timestamp=" + strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, params)
	r := httptest.NewRequest(http.MethodPost, "https://papi.binance.com/papi/v1/"+path+"?"+params+"&signature="+hex.EncodeToString(mac.Sum(nil)), nil)
	r.Header.Set("X-MBX-APIKEY", keyID)
	r.RemoteAddr = "127.0.0.1:5001"
	answer := httptest.NewRecorder()
	w.sim.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		w.t.Fatalf("%s %s: %d %s", path, params, answer.Code, answer.Body)
	}
}

// fill places orders on every list, known symbols and others, and makes positions.
func (w *world) fill() {
	w.place("um/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5&newClientOrderId=u0")
	w.place("cm/order", "symbol=BTCUSD_PERP&side=SELL&type=MARKET&quantity=7&newClientOrderId=c0")
	w.place("margin/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5&newClientOrderId=m0")
	w.place("um/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId=u1")
	w.place("um/order", "symbol=ETHUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId=u2")
	w.place("um/algo/order", "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=STOP_MARKET&quantity=0.5&triggerPrice=55000&reduceOnly=true&clientAlgoId=a1")
	w.place("um/algo/order", "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=TAKE_PROFIT_MARKET&quantity=0.5&triggerPrice=65000&reduceOnly=true&clientAlgoId=a2")
	w.place("um/algo/order", "algoType=CONDITIONAL&symbol=ETHUSDT&side=SELL&type=STOP_MARKET&quantity=0.5&triggerPrice=55000&reduceOnly=true&clientAlgoId=a3")
	w.place("cm/order", "symbol=BTCUSD_PERP&side=BUY&type=LIMIT&timeInForce=GTC&quantity=3&price=50000&newClientOrderId=c1")
	w.place("cm/conditional/order", "symbol=BTCUSD_PERP&side=BUY&strategyType=STOP_MARKET&quantity=3&stopPrice=65000&reduceOnly=true&newClientStrategyId=s1")
	w.place("margin/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId=m1")
	w.place("margin/order/oco", "symbol=BTCUSDT&side=SELL&quantity=0.1&price=66000&stopPrice=55000&stopLimitPrice=54000&stopLimitTimeInForce=GTC&listClientOrderId=o1")
}

// fillMax is how many orders fill leaves open, the legs of the OCO among them.
const fillMax = 10

func (w *world) fault(f papisim.Fault) int {
	w.t.Helper()
	id, err := w.sim.Inject(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// truth counts what is open at the exchange, whoever asks.
func (w *world) truth() int {
	w.t.Helper()
	w.sim.ClearFaults(0)
	c, err := papi.New(papi.Config{Key: papi.NewSecret(keyID), Secret: papi.NewSecret(secret), Transport: w})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, n := w.t.Context(), 0
	count := func(k int, err error) {
		if err != nil {
			w.t.Fatal(err)
		}
		n += k
	}
	um, err := c.UMOpenOrders(ctx, "")
	count(len(um), err)
	algo, err := c.UMOpenAlgoOrders(ctx, papi.UMOpenAlgoOrdersQuery{})
	count(len(algo), err)
	cm, err := c.CMOpenOrders(ctx, "", "")
	count(len(cm), err)
	conditional, err := c.CMOpenConditionalOrders(ctx, "")
	count(len(conditional), err)
	for _, pair := range []string{"BTCUSDT", "ETHUSDT"} {
		orders, err := c.MarginOpenOrders(ctx, pair)
		count(len(orders), err)
	}
	return n
}

// inWorld runs a test on an account with orders on every list.
func inWorld(t *testing.T, test func(ctx context.Context, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		all, known := instruments(t)
		w := &world{t: t, ins: known}
		var err error
		if w.sim, err = papisim.New(simConfig(all)); err != nil {
			t.Fatal(err)
		}
		w.client, err = papi.New(papi.Config{Key: papi.NewSecret(keyID), Secret: papi.NewSecret(secret), Transport: w})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		w.wait.Go(func() { _ = w.sim.Run(ctx) })
		<-time.After(time.Second) // the market opens
		w.fill()
		test(ctx, w)
		stop()
		w.wait.Wait()
	})
}

func instruments(t *testing.T) (all, known *exchange.Instruments) {
	f := exchange.MustFixed
	of := func(p exchange.Product, symbol, base, quote, asset, tick, step, size string) exchange.Instrument {
		in := exchange.Instrument{
			Product: p, Symbol: symbol, Base: base, Quote: quote, Pair: base + quote, MarginAsset: asset, Status: exchange.StatusTrading,
			ContractSize: f(size), Tick: f(tick), PriceMin: f(tick), PriceMax: f("1000000"), OrdersMax: 200, AlgoOrdersMax: 5,
			Lot: exchange.Lot{Min: f(step), Max: f("1000"), Step: f(step)}, PercentUp: f("1.5"), PercentDown: f("0.5"),
		}
		if p != exchange.Margin {
			in.ContractType, in.MarketLot, in.TriggerProtect, in.LiquidationFee = "PERPETUAL", in.Lot, f("0.05"), f("0.01")
		}
		if p != exchange.CM {
			in.NotionalMin = f("5")
		}
		return in
	}
	list := []exchange.Instrument{
		of(exchange.UM, "BTCUSDT", "BTC", "USDT", "USDT", "0.1", "0.001", "1"),
		of(exchange.CM, "BTCUSD_PERP", "BTC", "USD", "BTC", "0.1", "1", "100"),
		of(exchange.Margin, "BTCUSDT", "BTC", "USDT", "USDT", "0.01", "0.00001", "1"),
		of(exchange.UM, "ETHUSDT", "ETH", "USDT", "USDT", "0.1", "0.001", "1"),
		of(exchange.Margin, "ETHUSDT", "ETH", "USDT", "USDT", "0.01", "0.00001", "1"),
	}
	all, err := exchange.NewInstruments(list...)
	if err != nil {
		t.Fatal(err)
	}
	if known, err = exchange.NewInstruments(list[:3]...); err != nil {
		t.Fatal(err)
	}
	return all, known
}

func simConfig(ins *exchange.Instruments) papisim.Config {
	amount := decimal.NewFromInt(1_000_000)
	start := exchange.TimeOf(time.Now())
	fees := venue.Fees{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	return papisim.Config{
		Venue: venue.Config{
			Instruments: ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1, UM: fees, CM: fees, Margin: fees,
			Balances: []venue.Balance{
				{Wallet: exchange.WalletMargin, Asset: "USDT", Amount: amount}, {Wallet: exchange.WalletUM, Asset: "USDT", Amount: amount},
				{Wallet: exchange.WalletCM, Asset: "BTC", Amount: decimal.NewFromInt(10)},
			},
		},
		Source: &market{at: start}, Start: start, Speed: 1,
		Keys: []papisim.Key{{
			ID: keyID, Secret: secret, Created: start - exchange.Time(time.Hour),
			Permissions: papisim.Permissions{Reading: true, PortfolioMargin: true, Margin: true},
		}},
		Account: papisim.AccountType{Kind: "PM_2", Activated: start - exchange.Time(2*time.Hour)},
	}
}

// market is one index, mark, book and trade of each instrument; a coin is worth 60,000.
type market struct {
	at   exchange.Time
	told bool
}

func (m *market) Next(buf []exchange.Event) (int, error) {
	if m.told {
		return 0, io.EOF
	}
	m.told = true
	f := exchange.MustFixed
	var events []exchange.Event
	add := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: m.at + 1e6, Exchange: m.at + 1e6, Inst: inst}
		set(&e)
		events = append(events, e)
	}
	for _, index := range [][2]string{{"USDT", "1"}, {"USDC", "1"}, {"BTC", "60000"}, {"ETH", "60000"}, {"BNB", "600"}} {
		add(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: index[0], Price: f(index[1])}) })
	}
	for inst := exchange.InstrumentID(1); inst <= 5; inst++ {
		if inst != 3 && inst != 5 {
			add(inst, func(e *exchange.Event) {
				e.SetMark(exchange.Mark{Price: f("60000"), Index: f("60000"), Rate: f("0.0001"), NextFunding: m.at + exchange.Time(8*time.Hour)})
			})
		}
		add(inst, func(e *exchange.Event) {
			e.SetDepth(&exchange.Depth{
				Last: 1, Snapshot: true,
				Bids: []exchange.Level{{Price: f("59999"), Qty: f("500")}}, Asks: []exchange.Level{{Price: f("60001"), Qty: f("500")}},
			})
		})
		add(inst, func(e *exchange.Event) {
			e.SetTrade(exchange.Trade{Price: f("60000"), Qty: f("1"), ID: 1, First: 1, Last: 1})
		})
	}
	return copy(buf, events), nil
}
