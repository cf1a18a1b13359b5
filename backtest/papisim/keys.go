package papisim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
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
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// keyring are the keys of the account and what they may do.
type keyring struct {
	byID    map[string]*credential
	account AccountType
}

// credential is a key with its check of signatures.
type credential struct {
	Key
	verify func(payload, signature string) bool
}

// ErrKey marks what is wrong with a configured key.
var ErrKey = errors.New("API key")

func newKeyring(keys []Key, account AccountType) (keyring, error) {
	r := keyring{map[string]*credential{}, account}
	for _, k := range keys {
		c := &credential{Key: k}
		var err error
		switch {
		case k.ID == "" || strings.ContainsFunc(k.ID, func(c rune) bool { return c <= ' ' || c > '~' }):
			err = errors.New("an id is 1 or more printable ASCII characters without blanks")
		case r.byID[k.ID] != nil:
			err = errors.New("it is there twice")
		case (k.Secret == "") == (len(k.Public) == 0):
			err = errors.New("it needs either a secret or a public key")
		case k.Secret != "":
			c.verify = hmacCheck(k.Secret)
		default:
			c.verify, err = publicCheck(k.Public)
		}
		if err == nil {
			err = k.Permissions.check()
		}
		if err != nil {
			return keyring{}, fmt.Errorf("%w %.4s…: %w", ErrKey, k.ID, err)
		}
		r.byID[k.ID] = c
	}
	return r, nil
}

// check says which of the addresses is none: nobody could use the key from there.
func (p *Permissions) check() error {
	for _, ip := range p.IPs {
		if _, err := netip.ParseAddr(ip); err != nil {
			return fmt.Errorf("ips: %q is no address, such as 10.0.0.1", ip)
		}
	}
	return nil
}

// hmacCheck is the check of HMAC-SHA256 signatures, in hexadecimal digits of either case.
func hmacCheck(secret string) func(payload, signature string) bool {
	return func(payload, signature string) bool {
		got, err := hex.DecodeString(signature)
		if err != nil {
			return false
		}
		h := hmac.New(sha256.New, []byte(secret))
		io.WriteString(h, payload) //nolint:errcheck // a hash takes everything
		return hmac.Equal(got, h.Sum(nil))
	}
}

// publicCheck is the check of RSA (PKCS #1 v1.5 with SHA-256) or Ed25519 signatures, in
// base64, by a public key in PEM.
func publicCheck(text []byte) (func(payload, signature string) bool, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("its public key is not PEM")
	}
	if block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("its public key is a %s; make one of it with: openssl pkey -in FILE -pubout", block.Type)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("its public key: %w", err)
	}
	var good func(payload, signature []byte) bool
	switch k := public.(type) {
	case *rsa.PublicKey:
		good = func(payload, signature []byte) bool {
			sum := sha256.Sum256(payload)
			return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
		}
	case ed25519.PublicKey:
		good = func(payload, signature []byte) bool { return ed25519.Verify(k, payload, signature) }
	default:
		return nil, fmt.Errorf("its public key is a %T; Binance takes RSA and Ed25519", public)
	}
	return func(payload, signature string) bool {
		b, err := base64.StdEncoding.DecodeString(signature)
		return err == nil && good([]byte(payload), b)
	}, nil
}

// The answers to a bad key.
var (
	errKeyFormat = &web.Error{Status: http.StatusUnauthorized, Code: -2014, Msg: "API-key format invalid."}
	errKeyRights = &web.Error{Status: http.StatusUnauthorized, Code: -2015, Msg: "Invalid API-key, IP, or permissions for action."}
)

// keyLength is how long Binance's keys are.
const keyLength = 64

// find looks up the key of a request.
func (k *keyring) find(id, from string) (*credential, *web.Error) {
	c := k.byID[id]
	switch {
	case c == nil && (len(id) != keyLength || strings.ContainsFunc(id, notAlphanumeric)):
		return nil, errKeyFormat
	case c == nil || len(c.IPs) > 0 && !slices.Contains(c.IPs, from):
		return nil, errKeyRights
	}
	return c, nil
}

func notAlphanumeric(c rune) bool {
	return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}

// foreign is the answer of fapi and dapi where a key of a Portfolio Margin account is of
// no use.
func (k *keyring) foreign(id string) *web.Error {
	if _, wrong := k.find(id, ""); wrong == errKeyFormat {
		return wrong
	}
	return errKeyRights
}

// recvWindowDefault and recvWindowMax are for how many milliseconds a request is good.
const (
	recvWindowDefault = 5000
	recvWindowMax     = 60000
)

// aheadMax is how far ahead a client's clock may be.
const aheadMax = exchange.Time(time.Second)

// admit looks at key, rights, signature and time of a request. Where time does not pass at
// the speed of the client's clock, that it is there is all that is asked of a timestamp.
func (k *keyring) admit(r *web.Route, q *request, clock exchange.Time, timed bool) *web.Error {
	if r.Security == web.None {
		return q.wrong
	}
	key, wrong := k.find(q.key, q.from)
	if wrong != nil {
		return wrong
	}
	if q.wrong != nil || r.Security == web.Keyed {
		return q.wrong
	}
	q.params.Need("timestamp")
	sent, window := q.params.Time("timestamp"), exchange.Time(recvWindowDefault*time.Millisecond)
	if q.params.Has("recvWindow") {
		window = q.params.Time("recvWindow")
	}
	signature := q.params.Need("signature")
	if wrong := q.params.Err(); wrong != nil {
		return wrong
	}
	switch {
	case window > exchange.Time(recvWindowMax*time.Millisecond):
		return invalid("recvWindow")
	case !key.verify(unsigned(q.query)+unsigned(q.body), signature):
		return web.Errorf(-1022, "Signature for this request is not valid.")
	case !k.may(&key.Key, r):
		return errKeyRights
	case timed && sent > clock+aheadMax:
		return web.Errorf(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
	case timed && clock-sent > window:
		return errLate
	}
	return nil
}

// errLate is the answer to a request that has taken too long.
var errLate = &web.Error{Code: -1021, Msg: "Timestamp for this request is outside of the recvWindow."}

// may says whether a key has the permission that a route needs. The right to trade is lost
// to keys that were made before Portfolio Margin was switched on, for good.
func (k *keyring) may(key *Key, r *web.Route) bool {
	if !key.Reading || r.Host == web.PAPI && k.account.Kind != portfolioMargin {
		return false
	}
	return r.Security == web.UserData || key.PortfolioMargin && key.Created >= k.account.Activated
}

// portfolioMargin is the account type that papi is for.
const portfolioMargin = "PM_2"

// unsigned is a query or body without its signature, wherever that stands.
func unsigned(s string) string {
	parts := strings.Split(s, "&")
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool {
		return p == "signature" || strings.HasPrefix(p, "signature=")
	}), "&")
}

// private says whether fapi or dapi has such a path for accounts of their own.
func private(h web.Host, path string) bool {
	prefix := "/fapi/v"
	if h == web.DAPI {
		prefix = "/dapi/v"
	} else if h != web.FAPI {
		return false
	}
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok || len(rest) < 3 || rest[0] < '1' || rest[0] > '3' || rest[1] != '/' {
		return false
	}
	return slices.Contains(privatePaths(), rest[2:])
}

// privatePaths are those paths without host and version.
func privatePaths() []string {
	return []string{
		"account", "accountConfig", "adlQuantile", "algoOrder", "algoOpenOrders", "allAlgoOrders", "allOpenOrders",
		"allOrders", "apiReferral/ifNewUser", "apiTradingStatus", "balance", "batchOrders", "commissionRate",
		"countdownCancelAll", "feeBurn", "forceOrders", "income", "income/asyn", "leverage", "leverageBracket",
		"listenKey", "marginType", "multiAssetsMargin", "openAlgoOrders", "openOrder", "openOrders", "order",
		"order/asyn", "order/test", "orderAmendment", "pmAccountInfo", "positionMargin", "positionMargin/history",
		"positionRisk", "positionSide/dual", "rateLimit/order", "symbolConfig", "trade/asyn", "userTrades",
	}
}
