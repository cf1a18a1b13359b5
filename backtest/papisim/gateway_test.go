package papisim

import (
	"cmp"
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
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// signatureOf is an HMAC signature of the tests' key.
func signatureOf(payload string) string {
	h := hmac.New(sha256.New, []byte(testSecret))
	io.WriteString(h, payload)
	return hex.EncodeToString(h.Sum(nil))
}

// stamp is a timestamp so far from the exchange's time.
func (s *testSim) stamp(off time.Duration) string {
	return "timestamp=" + strconv.FormatInt(s.Now().Add(off).Millis(), 10)
}

// wire is a request as a client may send it.
type wire struct {
	method, url, body string
	key               string // "" is the tests' key, "-" none
	from              string
	kind              string // of the body, "" a form
}

func (s *testSim) wired(q wire) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(q.method, "/", strings.NewReader(q.body))
	target, err := url.Parse(q.url)
	if err != nil {
		s.t.Fatal(err)
	}
	r.URL = target
	if target.Host != "" {
		r.Host = target.Host
	}
	if q.from != "" {
		r.RemoteAddr = q.from + ":4000"
	}
	r.Header.Set("Content-Type", cmp.Or(q.kind, "application/x-www-form-urlencoded"))
	switch q.key {
	case "":
		r.Header.Set("X-MBX-APIKEY", testKey)
	case "-":
	default:
		r.Header.Set("X-MBX-APIKEY", q.key)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const (
	wantFormat    = `401 {"code":-2014,"msg":"API-key format invalid."}`
	wantRights    = `401 {"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`
	wantSignature = `400 {"code":-1022,"msg":"Signature for this request is not valid."}`
	wantLate      = `400 {"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}`
	wantAhead     = `400 {"code":-1021,"msg":"Timestamp for this request was 1000ms ahead of the server's time."}`
	wantIllegal   = `400 {"code":-1100,"msg":"Illegal characters found in a parameter."}`
	wantPage404   = "404 <html>\r\n<head><title>404 Not Found</title>"
	balances      = "/papi/v1/balance?"
	wantBalances  = `200 [{"asset":"`
)

// mandatory is the refusal for want of a parameter.
func mandatory(name string) string {
	return `400 {"code":-1102,"msg":"Mandatory parameter '` + name + `' was not sent, was empty/null, or malformed."}`
}

// TestGateway holds what a request is refused for before the exchange sees it, and what is
// let through. What is asked of it is signed at the end of each line.
func TestGateway(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		now := s.stamp(0)
		signed := func(params string) string { return params + "&signature=" + signatureOf(params) }
		unknown := strings.Repeat("unknown0", 8)
		for _, test := range []struct {
			what string
			wire
			want string
		}{
			{"a good request", wire{method: "GET", url: balances + signed(now)}, wantBalances},
			{"the host's name", wire{method: "GET", url: "https://papi.binance.com" + balances + signed(now)}, wantBalances},
			{"a name in capitals with a port", wire{method: "GET", url: "https://PAPI.Binance.com:443" + balances + signed(now)}, wantBalances},
			{"a path of another host", wire{method: "GET", url: "https://api.binance.com" + balances + signed(now)}, wantPage404},
			{"an alternate of api", wire{method: "GET", url: "https://api3.binance.com/api/v3/ping", key: "-"}, "200 {}"},
			{"a dead path", wire{method: "POST", url: "/papi/v1/um/conditional/order?" + signed(now)}, wantPage404},
			{"a path that never was", wire{method: "GET", url: "/papi/v1/um/algoOrder"}, wantPage404},
			{"a wrong method", wire{method: "PATCH", url: "/papi/v1/balance?" + signed(now)}, "405 <html>"},
			{"no key", wire{method: "GET", url: balances + signed(now), key: "-"}, wantFormat},
			{"a short key", wire{method: "GET", url: balances + signed(now), key: "short"}, wantFormat},
			{"a key with a dash", wire{method: "GET", url: balances + signed(now), key: strings.Repeat("a-", 32)}, wantFormat},
			{"an unknown key", wire{method: "GET", url: balances + signed(now), key: unknown}, wantRights},
			{"an unknown key for a stream", wire{method: "POST", url: "/papi/v1/listenKey", key: unknown}, wantRights},
			{"no key for a stream", wire{method: "POST", url: "/papi/v1/listenKey", key: "-"}, wantFormat},
			{"a key alone for a stream", wire{method: "POST", url: "/papi/v1/listenKey"}, `200 {"listenKey":`},
			{"a stream with any signature", wire{method: "POST", url: "/papi/v1/listenKey?signature=x"}, `200 {"listenKey":`},
			{"a PM key on fapi", wire{method: "POST", url: "/fapi/v1/order?" + signed(now)}, wantRights},
			{"a PM key on dapi", wire{method: "GET", url: "/dapi/v1/positionRisk?" + signed(now)}, wantRights},
			{"no key on fapi", wire{method: "GET", url: "/fapi/v2/account", key: "-"}, wantFormat},
			{"what fapi does not have", wire{method: "GET", url: "/fapi/v1/orders"}, wantPage404},
			{"what fapi v9 does not have", wire{method: "GET", url: "/fapi/v9/account"}, wantPage404},

			{"no timestamp", wire{method: "GET", url: balances + signed("asset=BTC")}, mandatory("timestamp")},
			{"an empty timestamp", wire{method: "GET", url: balances + signed("timestamp=")}, mandatory("timestamp")},
			{"a timestamp in words", wire{method: "GET", url: balances + signed("timestamp=now")}, `400 {"code":-1100,"msg":"Illegal characters found in parameter 'timestamp'; legal range is '^[0-9]{1,20}$'."}`},
			{"no signature", wire{method: "GET", url: balances + now}, mandatory("signature")},
			{"an empty signature", wire{method: "GET", url: balances + now + "&signature="}, mandatory("signature")},
			{"just in time", wire{method: "GET", url: balances + signed(s.stamp(-5*time.Second))}, wantBalances},
			{"too late", wire{method: "GET", url: balances + signed(s.stamp(-5001*time.Millisecond))}, wantLate},
			{"a second ahead", wire{method: "GET", url: balances + signed(s.stamp(time.Second))}, wantBalances},
			{"more than a second ahead", wire{method: "GET", url: balances + signed(s.stamp(1001*time.Millisecond))}, wantAhead},
			{"microseconds", wire{method: "GET", url: balances + signed(now+"000")}, wantAhead},
			{"a longer window", wire{method: "GET", url: balances + signed(s.stamp(-time.Minute)+"&recvWindow=60000")}, wantBalances},
			{"a shorter window", wire{method: "GET", url: balances + signed(s.stamp(-200*time.Millisecond)+"&recvWindow=100")}, wantLate},
			{"a window that is too long", wire{method: "GET", url: balances + signed(now+"&recvWindow=60001")}, `400 {"code":-1130,"msg":"Data sent for parameter 'recvWindow' is not valid."}`},
			{"a window below 0", wire{method: "GET", url: balances + signed(now+"&recvWindow=-1")}, `400 {"code":-1100,"msg":"Illegal characters found in parameter 'recvWindow'; legal range is '^[0-9]{1,20}$'."}`},

			{"a signature in capitals", wire{method: "GET", url: balances + now + "&signature=" + strings.ToUpper(signatureOf(now))}, wantBalances},
			{"a signature that stands first", wire{method: "GET", url: balances + "signature=" + signatureOf(now) + "&" + now}, wantBalances},
			{"a wrong signature", wire{method: "GET", url: balances + now + "&signature=" + strings.Repeat("0", 64)}, wantSignature},
			{"no hexadecimal digits", wire{method: "GET", url: balances + now + "&signature=xyz"}, wantSignature},
			{"something added", wire{method: "GET", url: balances + signed(now) + "&asset=BTC"}, wantSignature},
			{"another order", wire{method: "GET", url: balances + "asset=BTC&" + now + "&signature=" + signatureOf(now+"&asset=BTC")}, wantSignature},
			{"signed before it was encoded", wire{method: "GET", url: balances + "x=%E6%B5%8B&" + now + "&signature=" + signatureOf("x=测&"+now)}, wantSignature},
			{"encoded before it was signed", wire{method: "GET", url: balances + signed("x=%E6%B5%8B&"+now)}, wantBalances},
			{"a body", wire{method: "POST", url: "/papi/v1/um/leverage", body: signed("symbol=BTCUSDT&leverage=10&" + now)}, `200 {`},
			{"query and body", wire{method: "POST", url: "/papi/v1/um/leverage?symbol=BTCUSDT&leverage=9", body: now + "&signature=" + signatureOf("symbol=BTCUSDT&leverage=9"+now)}, `200 {`},
			{"query and body joined by &", wire{method: "POST", url: "/papi/v1/um/leverage?symbol=BTCUSDT&leverage=9", body: now + "&signature=" + signatureOf("symbol=BTCUSDT&leverage=9&"+now)}, wantSignature},
			{"a signature in the query, the rest in the body", wire{method: "POST", url: "/papi/v1/um/leverage?signature=" + signatureOf("symbol=BTCUSDT&leverage=8&"+now), body: "symbol=BTCUSDT&leverage=8&" + now}, `200 {`},
			{"a form that says it is JSON", wire{method: "POST", url: "/papi/v1/um/leverage", body: signed("symbol=BTCUSDT&leverage=10&" + now), kind: "application/json"}, mandatory("timestamp")},
			{"a form of UTF-8", wire{method: "POST", url: "/papi/v1/um/leverage", body: signed("symbol=BTCUSDT&leverage=10&" + now), kind: "application/x-www-form-urlencoded; charset=UTF-8"}, `200 {`},
			{"a GET with all in the body", wire{method: "GET", url: "/papi/v1/balance", body: signed(now)}, mandatory("timestamp")},

			{"a parameter twice", wire{method: "GET", url: balances + signed("asset=BTC&asset=ETH&"+now)}, `400 {"code":-1101,"msg":"Duplicate values for a parameter detected."}`},
			{"bad percent-encoding", wire{method: "GET", url: balances + signed("asset=%ZZ&"+now)}, wantIllegal},
			{"no UTF-8", wire{method: "GET", url: balances + signed("asset=%FF&"+now)}, wantIllegal},
			{"a body beyond all bounds", wire{method: "POST", url: "/papi/v1/um/order", body: strings.Repeat("x", bodyMax+1)}, "413 <html>"},
			{"a body of JSON", wire{method: "POST", url: "/papi/v1/um/order", body: `{"symbol":"BTCUSDT"}`}, mandatory("timestamp")},
		} {
			w := s.wired(test.wire)
			if got := fmt.Sprintf("%d %s", w.Code, w.Body); !strings.HasPrefix(got, test.want) {
				t.Errorf("%s: got %.200s, want %s", test.what, got, test.want)
			}
		}
	})
}

// TestPermissions lets keys of all kinds read and trade.
func TestPermissions(t *testing.T) {
	full := Permissions{Reading: true, PortfolioMargin: true}
	for _, test := range []struct {
		what         string
		change       func(k *Key, a *AccountType)
		reads, trade bool
	}{
		{"a key as it should be", func(*Key, *AccountType) {}, true, true},
		{"made before PM was on", func(k *Key, a *AccountType) { k.Created = a.Activated - 1 }, true, false},
		{"made when PM was on", func(k *Key, a *AccountType) { k.Created = a.Activated }, true, true},
		{"no PM trading", func(k *Key, _ *AccountType) { k.PortfolioMargin = false }, true, false},
		{"no reading", func(k *Key, _ *AccountType) { k.Reading = false }, false, false},
		{"another address", func(k *Key, _ *AccountType) { k.IPs = []string{"10.0.0.1", "10.0.0.2"} }, false, false},
		{"its address", func(k *Key, _ *AccountType) { k.IPs = []string{"10.0.0.1", "192.0.2.1"} }, true, true},
		{"an account without PM", func(_ *Key, a *AccountType) { a.Kind = "" }, false, false},
		{"an account of PM Pro", func(_ *Key, a *AccountType) { a.Kind = "PM_1" }, false, false},
	} {
		inSim(t, func(t *testing.T, s *testSim) {
			read, _ := s.call("GET", "/papi/v1/balance", "")
			trade, _ := s.call("POST", "/papi/v1/um/leverage", "symbol=BTCUSDT&leverage=3")
			if read == 200 != test.reads || trade == 200 != test.trade || read != 200 && read != 401 || trade != 200 && trade != 401 {
				t.Errorf("%s: reading %d, trading %d", test.what, read, trade)
			}
		}, func(c *Config) {
			c.Keys[0].Permissions = full
			test.change(&c.Keys[0], &c.Account)
		})
	}
}

// pemOf is a public key in PEM.
func pemOf(t *testing.T, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// TestAsymmetricKeys signs with RSA and Ed25519 keys, in base64, encoded and not.
func TestAsymmetricKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := map[string]func(payload string) []byte{
		"rsa": func(payload string) []byte {
			sum := sha256.Sum256([]byte(payload))
			b, err := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, sum[:])
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		"ed25519": func(payload string) []byte { return ed25519.Sign(edKey, []byte(payload)) },
	}
	inSim(t, func(t *testing.T, s *testSim) {
		for id, sign := range sign {
			for i := range 20 { // some signatures have a + and some none
				params := s.stamp(0) + "&x=" + strconv.Itoa(i)
				text := base64.StdEncoding.EncodeToString(sign(params))
				w := s.wired(wire{method: "GET", url: balances + params + "&signature=" + url.QueryEscape(text), key: id})
				if w.Code != http.StatusOK {
					t.Fatalf("%s: %d %s", id, w.Code, w.Body)
				}
				w = s.wired(wire{method: "GET", url: balances + params + "&signature=" + text, key: id})
				if plus := strings.Contains(text, "+"); plus && w.Code != http.StatusBadRequest || !plus && w.Code != http.StatusOK {
					t.Errorf("%s: %d for %s as it is", id, w.Code, text)
				}
				w = s.wired(wire{method: "GET", url: balances + params + "1&signature=" + url.QueryEscape(text), key: id})
				if w.Code != http.StatusBadRequest {
					t.Errorf("%s: %d for a signature of something else", id, w.Code)
				}
			}
		}
	}, func(c *Config) {
		for id, public := range map[string]any{"rsa": &rsaKey.PublicKey, "ed25519": edPublic} {
			c.Keys = append(c.Keys, Key{ID: id, Public: pemOf(t, public), Created: c.Start, Permissions: c.Keys[0].Permissions})
		}
		c.Limits = DefaultLimits()
	})
}

func TestBadKeys(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		key  Key
		want string
	}{
		{Key{Secret: "very-secret"}, "printable"},
		{Key{ID: "a b", Secret: "very-secret"}, "printable"},
		{Key{ID: "key"}, "either a secret or a public key"},
		{Key{ID: "key", Secret: "very-secret", Public: []byte("x")}, "either a secret or a public key"},
		{Key{ID: testKey, Secret: "very-secret"}, "twice"},
		{Key{ID: "key", Public: []byte("x")}, "not PEM"},
		{Key{ID: "key", Public: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})}, "its public key"},
	} {
		c := testConfig(t)
		c.Keys = append(c.Keys, test.key)
		_, err := New(c)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%+v: %v, want %q", test.key, err, test.want)
		}
	}
}

// TestSkewedClock sets the clock that requests meet ahead and behind: good timestamps go
// bad, and the time endpoints tell why.
func TestSkewedClock(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		now := s.stamp(0)
		for _, test := range []struct {
			ahead time.Duration
			want  string
		}{
			{0, wantBalances}, {time.Hour, wantLate}, {-time.Hour, wantAhead}, {-time.Second, wantBalances}, {0, wantBalances},
		} {
			s.SkewClock(test.ahead)
			w := s.wired(wire{method: "GET", url: balances + now + "&signature=" + signatureOf(now)})
			if got := fmt.Sprintf("%d %s", w.Code, w.Body); !strings.HasPrefix(got, test.want) {
				t.Errorf("%v ahead: got %.100s, want %s", test.ahead, got, test.want)
			}
			want := fmt.Sprintf(`{"serverTime":%d}`, testStart.Add(test.ahead).Millis())
			for _, path := range [...]string{"/fapi/v1/time", "/dapi/v1/time", "/api/v3/time"} {
				if _, got := s.send("GET", path, "", false); got != want {
					t.Errorf("%v ahead: %s tells %s, want %s", test.ahead, path, got, want)
				}
			}
		}
	})
}

// TestFastTime lets time pass so fast that no client's clock can follow: timestamps must be
// there, and that is all.
func TestFastTime(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		for _, stamp := range []exchange.Time{0, s.Now(), s.Now().Add(72 * time.Hour)} {
			params := "timestamp=" + strconv.FormatInt(stamp.Millis(), 10)
			if w := s.wired(wire{method: "GET", url: balances + params + "&signature=" + signatureOf(params)}); w.Code != 200 {
				t.Errorf("%v: %d %s", stamp, w.Code, w.Body)
			}
		}
		if status, _ := s.send("GET", "/papi/v1/balance", "signature=x", false); status != 400 {
			t.Errorf("no timestamp: %d", status)
		}
	}, func(c *Config) { c.Speed = 60 })
}
