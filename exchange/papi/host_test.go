package papi

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"
)

// TestHosts tries to make the client speak to somebody else.
func TestHosts(t *testing.T) {
	for _, url := range []string{
		"https://papi.binance.com", "https://fapi.binance.com", "https://dapi.binance.com", "http://example.com", "https://127.0.0.1.evil.com",
		"http://user:hush@127.0.0.1:9000", "http://127.0.0.1:9000@evil.com", `http://127.0.0.1\@evil.com`, `http://evil.com\@127.0.0.1`, "http://evil.com#@127.0.0.1",
		"http://127.0.0.1:9000/path", "http://127.0.0.1:9000/..", "http://127.0.0.1:9000/%2e%2e/", "http://127.0.0.1:9000//", "//127.0.0.1:9000",
		"http://127.0.0.1:9000?x=1", "http://127.0.0.1:9000?", "http://127.0.0.1:9000#x", "http://127.0.0.1:9000#",
		"http://[::1%25lo]:9000", "http://[::1%25evil.com]", "http://[fe80::1]:9000", "http://[::]:9000", "http://0.0.0.0:9000", "http://0:9000",
		"http://10.0.0.1:9000", "http://127.1:9000", "http://2130706433:9000", "http://0x7f.0.0.1", "http://0177.0.0.1", "http://localhost:9000",
		"http://127.0.0.1:0", "http://127.0.0.1:99999", "http://127.0.0.1:", "http://127.0.0.1:90 00", "127.0.0.1:9000", "ftp://127.0.0.1", "HTTP://127.0.0.1",
		"http://127.0.0.1:9000\r\nHost: evil.com", "http://127.0.0.1\tevil.com", " http://127.0.0.1", "http://127.0.0.1 ", "http://", "http:", "x", "http:127.0.0.1",
		"http://127.0.0.1,evil.com", "http://127.0.0.1%2eevil.com", "http://127.0.0.1%00evil.com", "http://１２７.0.0.1", "http://127。0。0。1",
	} {
		for i := range 3 {
			c := loopbackConfig(nil)
			*[]*string{&c.PAPI, &c.SAPI, &c.FAPI}[i] = url
			_, err := New(c)
			if err == nil {
				t.Errorf("%q is taken", url)
			} else if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "evil") {
				t.Errorf("%q: the error shows it: %v", url, err)
			}
		}
	}
	for _, url := range []string{"http://127.0.0.1:9000", "https://127.0.0.1:9000", "http://127.0.0.1", "http://127.8.9.1:1", "http://[::1]:9000", "http://[::1]", "http://127.0.0.1:9000/"} {
		c := testConfig(nil)
		c.PAPI, c.SAPI, c.FAPI = url, url, url
		client, err := New(c)
		if err != nil {
			t.Errorf("%q: %v", url, err)
			continue
		}
		scheme, host, _ := strings.Cut(strings.TrimSuffix(url, "/"), "://")
		if r, address := built(t, client, epAccount, new(query)), client.servers[hostPAPI].pool.Address(); r.Host != host || address != scheme+" "+r.Host &&
			address != scheme+" "+r.Host+":80" {
			t.Errorf("%q became %v at %v", url, r.Host, address)
		}
	}
	half := testConfig(nil)
	half.PAPI = "http://127.0.0.1:9000"
	if _, err := New(half); err == nil || !strings.Contains(err.Error(), "in the place of api.binance.com: is missing; replace all three or none") {
		t.Errorf("half a simulator: %v", err)
	}
}

// TestDefaults: without a word the requests go to Binance, over TLS.
func TestDefaults(t *testing.T) {
	c := newTestClient(t, nil)
	for ep, want := range map[endpoint]string{
		epAccount: "https://papi.binance.com/papi/v1/account", epKeyRestrictions: "https://api.binance.com/sapi/v1/account/apiRestrictions",
		epTime: "https://fapi.binance.com/fapi/v1/time",
	} {
		r, address := built(t, c, ep, new(query)), c.servers[ep.spec().host].pool.Address()
		if got := "https://" + r.Host + r.URL.Path; got != want || address != "https "+r.Host+":443" {
			t.Errorf("%v goes to %v at %v", ep, got, address)
		}
	}
	if c.RecvWindow() != 5*time.Second || c.timeout != 10*time.Second {
		t.Errorf("recvWindow %v, timeout %v", c.RecvWindow(), c.timeout)
	}
}

func TestWrongConfig(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"for servers on this machine":                 func(c *Config) { c.Roots = x509.NewCertPool() },
		"the key is empty":                            func(c *Config) { c.Key = Secret{} },
		"line break or a character that is not ASCII": func(c *Config) { c.Key = NewSecret("hush\r\nHost: evil.com") },
		"the secret is empty":                         func(c *Config) { c.Secret = Secret{} },
		"recvWindow 1m0.001s is not":                  func(c *Config) { c.RecvWindow = time.Minute + time.Millisecond },
		"recvWindow 1.5ms is not":                     func(c *Config) { c.RecvWindow = 1500 * time.Microsecond },
		"recvWindow -1s is not":                       func(c *Config) { c.RecvWindow = -time.Second },
		"timeout -1s is below 0":                      func(c *Config) { c.Timeout = -time.Second },
		"share of 101%":                               func(c *Config) { c.SharePercent = 101 },
		"share of -80%":                               func(c *Config) { c.SharePercent = -80 },
	} {
		c := testConfig(nil)
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
