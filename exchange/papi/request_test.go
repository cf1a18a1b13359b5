package papi

import (
	"bufio"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// TestBytes reads requests off the wire. In a bubble it is midnight of 2000-01-01.
func TestBytes(t *testing.T) {
	const stamp = "recvWindow=5000&timestamp=946684800000"
	signature := func(payload string) string {
		mac := hmac.New(sha256.New, []byte(testSecret))
		mac.Write([]byte(payload))
		return hex.EncodeToString(mac.Sum(nil))
	}
	order := "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000&newClientOrderId=test-1&" + stamp
	order += "&signature=" + signature(order)
	cancel := "symbol=%E6%B5%8B%E8%AF%95USDT&origClientOrderId=a%2Fb%3A1%20%26%3D%2B&" + stamp
	cancel += "&signature=" + signature(cancel)
	bare := stamp + "&signature=" + signature(stamp)
	foreign := new(query)
	foreign.text("symbol", "测试USDT")
	foreign.text("origClientOrderId", "a/b:1 &=+")
	asset := new(query)
	asset.text("asset", "BTC")
	const headers = "User-Agent: pmbot\r\n"
	const key = "X-Mbx-Apikey: " + testKey + "\r\n"
	for _, c := range []struct {
		ep   endpoint
		q    *query
		want string
	}{
		{epNewUMOrder, newOrder(), "POST /papi/v1/um/order HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" + headers +
			fmt.Sprintf("Content-Length: %d\r\n", len(order)) + "Content-Type: application/x-www-form-urlencoded\r\n" + key + "\r\n" + order},
		{epCancelUMOrder, foreign, "DELETE /papi/v1/um/order?" + cancel + " HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" + headers + key + "\r\n"},
		{epAccount, new(query), "GET /papi/v1/account?" + bare + " HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" + headers + key + "\r\n"},
		{epKeepListenKey, new(query), "PUT /papi/v1/listenKey HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" + headers +
			"Content-Length: 0\r\nContent-Type: application/x-www-form-urlencoded\r\n" + key + "\r\n"},
		{epAssetIndexPrices, asset, "GET /sapi/v1/portfolio/asset-index-price?asset=BTC HTTP/1.1\r\nHost: 127.0.0.1:2\r\n" + headers + key + "\r\n"},
		{epPing, new(query), "GET /papi/v1/ping HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" + headers + "\r\n"},
		{epTime, new(query), "GET /fapi/v1/time HTTP/1.1\r\nHost: 127.0.0.1:3\r\n" + headers + "\r\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipes()
			client, err := New(loopbackConfig(p.dial))
			if err != nil {
				t.Fatal(err)
			}
			d := newDesk(t)
			client.SetEpoch(d.guard.Epoch())
			approved := d.approve()
			answered := make(chan error, 1)
			go func() {
				_, _, err := client.send(t.Context(), c.ep, c.q, approved)
				answered <- err
			}()
			conn := <-p.conns
			var got strings.Builder
			r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &got)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			if err := <-answered; err != nil {
				t.Error(err)
			}
			if got.String() != c.want {
				t.Errorf("%v: sent\n%s\nwant\n%s", c.ep, got.String(), c.want)
			}
			client.CloseIdle()
			conn.Close()
		})
	}
}

// TestWeights: the parameters decide what a call costs, the order how urgent it is.
func TestWeights(t *testing.T) {
	with := func(name string) *query { q := new(query); q.text(name, "x"); return q }
	for _, c := range []struct {
		ep   endpoint
		q    *query
		want int
	}{
		{epUMOpenOrders, with("symbol"), 1}, {epUMOpenOrders, new(query), 40}, {epUMOpenOrders, with("symbols"), 40},
		{epCMAllOrders, with("pair"), 40}, {epCMAllOrders, with("symbol"), 20}, {epAssetIndexPrices, with("asset"), 1},
		{epAccount, new(query), 20}, {epRepayDebt, new(query), 3000},
	} {
		if got := c.ep.spec().request(c.q, riskguard.Approved{}).Weight; got != c.want {
			t.Errorf("%v with %q costs %d, want %d", c.ep, c.q.buf, got, c.want)
		}
	}
}

// TestExempt: the orders that the reference exempts from load protection.
func TestExempt(t *testing.T) {
	for _, c := range []struct {
		r    exchange.OrderRequest
		want bool
	}{
		{exchange.OrderRequest{Side: exchange.Sell}, false},
		{exchange.OrderRequest{Side: exchange.Sell, ReduceOnly: true}, true},
		{exchange.OrderRequest{Side: exchange.Sell, ClosePosition: true}, true},
		{exchange.OrderRequest{Side: exchange.Sell, PositionSide: exchange.Long}, true},
		{exchange.OrderRequest{Side: exchange.Buy, PositionSide: exchange.Long}, false},
		{exchange.OrderRequest{Side: exchange.Buy, PositionSide: exchange.Short}, true},
		{exchange.OrderRequest{Side: exchange.Sell, PositionSide: exchange.Short}, false},
		{exchange.OrderRequest{Side: exchange.Sell, PositionSide: exchange.Short, ClosePosition: true}, true},
	} {
		if exempt(&c.r) != c.want {
			t.Errorf("%+v: %v", c.r, !c.want)
		}
	}
}

// TestBan: after a 418 nothing is sent, cancels included, and callers are told until when.
func TestBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := always(418, `{"code":-1003,"msg":"Way too many requests; IP banned until 946685400000."}`)
		c := newTestClient(t, transport)
		_, err := c.do(t.Context(), epCancelUMOrder, new(query))
		if e := refused(t, err, ErrBanned); e.HTTP != 418 || e.Sent == 0 {
			t.Error(err)
		}
		_, err = c.do(t.Context(), epCancelUMOrder, new(query))
		if e := refused(t, err, ErrBanned, ErrNotSent); e.RetryAfter != 10*time.Minute || !e.Retryable {
			t.Error(err)
		}
		if sent, _ := transport.asked(); len(sent) != 1 {
			t.Errorf("%d requests, one of them during a ban", len(sent))
		}
		if paused := c.Usage().Paused; !paused.Equal(time.UnixMilli(946685400000)) {
			t.Errorf("paused until %v", paused)
		}
	})
}

// TestQuotas: what an endpoint is limited to is refused here, before the exchange counts it.
func TestQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := always(200, `{"avgCostTimestampOfLast30d":7241837,"downloadId":"5"}`)
		c := newTestClient(t, transport)
		for i := range 6 {
			_, err := c.do(t.Context(), epNewUMTradeDownload, new(query))
			if i < 5 && err != nil {
				t.Fatal(err)
			}
			if i == 5 {
				e := refused(t, err, ErrLimited, ErrNotSent)
				if want := "GET /papi/v1/um/trade/asyn: refused: quota used up: download of trades: 5 requests in 744h0m0s, until 2000-02-01T00:00:00.000Z"; e.Error() != want {
					t.Errorf("%v, want %s", e, want)
				}
			}
		}
		if sent, _ := transport.asked(); len(sent) != 5 {
			t.Errorf("%d requests", len(sent))
		}
	})
}

// TestOrdersDoNotWaitInVain: an order whose turn would come after its approval ended is
// refused at once, and takes no budget.
func TestOrdersDoNotWaitInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := always(200, orderAnswer)
		c := newTestClient(t, transport)
		d := newDesk(t)
		c.SetEpoch(d.guard.Epoch())
		for range 840 {
			if _, err := c.attempt(t.Context(), epNewUMOrder, newOrder(), d.approve()); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		_, err := c.attempt(t.Context(), epNewUMOrder, newOrder(), d.approve())
		if e := refused(t, err, ErrLimited, ErrNotSent); time.Since(start) != 0 || e.RetryAfter != 60*time.Second+slack {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if used := c.Usage(); used.Orders != 840 {
			t.Errorf("%+v", used)
		}
		if _, err := c.do(t.Context(), epCancelUMOrder, new(query)); err != nil {
			t.Error(err)
		}
	})
}

func refused(t *testing.T, err error, is ...error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Refused {
		t.Fatalf("%v is no refusal", err)
	}
	for _, want := range is {
		if !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	return e
}

// TestCompletedAnew: a read that is tried again is signed anew, of the same parameters, and
// what was made before stays as it was.
func TestCompletedAnew(t *testing.T) {
	now := exchange.Millis(1790000000000)
	config := testConfig(nil)
	config.Now = func() exchange.Time { return now }
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	q := newOrder()
	params := string(q.buf)
	first, asMade := "", ""
	for range 3 {
		got := built(t, c, epUMOrder, q).URL.RawQuery
		payload, signature, _ := strings.Cut(got, "&signature=")
		want, err := c.signer.Append(nil, []byte(payload))
		if err != nil || signature != string(want) || payload != fmt.Sprintf("%s&recvWindow=5000&timestamp=%d", params, now.Millis()) {
			t.Errorf("%s, %v", got, err)
		}
		if string(q.buf) != params {
			t.Errorf("the parameters are %s", q.buf)
		}
		if first == "" {
			first, asMade = got, strings.Clone(got)
		} else if got == first || first != asMade {
			t.Errorf("%s behind %s, which was %s", got, first, asMade)
		}
		now = now.Add(time.Second)
	}
}

// BenchmarkBuild makes the signed bytes of a USD-M order from its fields.
func BenchmarkBuild(b *testing.B) {
	c := newTestClient(b, always(200, orderAnswer))
	p := newUMOrder{
		Symbol: "BTCUSDT", Side: "BUY", Type: "LIMIT", TimeInForce: "GTC",
		Quantity: exchange.MustFixed("0.001"), Price: exchange.MustFixed("50000"), NewClientOrderID: "pm-1-carry-000123",
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.build(epNewUMOrder.spec(), p.query()); err != nil {
			b.Fatal(err)
		}
	}
}

// TestPrivateKeys signs with keys of which Binance has the public half only. Their base64 is
// percent-encoded on the way, and what is signed are the bytes before it.
func TestPrivateKeys(t *testing.T) {
	edwards := ed25519.NewKeyFromSeed([]byte("the seed of a test, no key at all"[:32]))
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key    any
		verify func(payload string, signature []byte) bool
	}{
		{edwards, func(payload string, signature []byte) bool {
			return ed25519.Verify(edwards.Public().(ed25519.PublicKey), []byte(payload), signature)
		}},
		{big, func(payload string, signature []byte) bool {
			digest := sha256.Sum256([]byte(payload))
			return rsa.VerifyPKCS1v15(&big.PublicKey, crypto.SHA256, digest[:], signature) == nil
		}},
	} {
		der, err := x509.MarshalPKCS8PrivateKey(c.key)
		if err != nil {
			t.Fatal(err)
		}
		config := testConfig(nil)
		config.Secret = NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
		client, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		payload, text, _ := strings.Cut(built(t, client, epCancelUMOrder, newOrder()).URL.RawQuery, "&signature=")
		if strings.ContainsAny(text, "+/=&") {
			t.Errorf("%T: %s is not percent-encoded", c.key, text)
		}
		plain, err := url.PathUnescape(text)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := base64.StdEncoding.DecodeString(plain)
		if err != nil || !c.verify(payload, signature) {
			t.Errorf("%T: the signature does not verify, %v", c.key, err)
		}
	}
}
