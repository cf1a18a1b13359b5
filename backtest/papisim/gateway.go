package papisim

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// gateway is what a request meets before the exchange: it finds the route, counts what the
// address and the account use, and looks at key and signature.
type gateway struct {
	routes map[string]*web.Route // by host, method and path
	paths  map[string]string     // by host and path, the methods that there are
	keys   keyring
	limits limiter
	// skew is how far the clock that requests meet is ahead of the exchange's time.
	skew exchange.Time
}

func newGateway(c *Config, routes []web.Route) (gateway, error) {
	g := gateway{routes: map[string]*web.Route{}, paths: map[string]string{}}
	for i := range routes {
		r := &routes[i]
		name := routeName(r.Host, r.Method, r.Path)
		if g.routes[name] != nil {
			return gateway{}, fmt.Errorf("%s %s is there twice", r.Method, r.Path)
		}
		g.routes[name] = r
		place := routeName(r.Host, "", r.Path)
		g.paths[place] = strings.TrimPrefix(g.paths[place]+", "+r.Method, ", ")
	}
	var err error
	if g.keys, err = newKeyring(c.Keys, c.Account); err != nil {
		return gateway{}, err
	}
	g.limits, err = newLimiter(c.Limits)
	return g, err
}

func routeName(h web.Host, method, path string) string {
	return strconv.Itoa(int(h)) + " " + method + " " + path
}

// request is what has been read of a request.
type request struct {
	host         web.Host
	method, path string
	query, body  string // as they came, which is what the client has signed
	key          string
	from         string // the address
	base         string // scheme and host
	params       *web.Params
	wrong        *web.Error // what is wrong with the parameters as such
}

// bodyMax is how long a request's body may be, in bytes.
const bodyMax = 1 << 20

// readRequest reads all of a request; false if its body is too long or breaks off.
func readRequest(w http.ResponseWriter, r *http.Request) (*request, bool) {
	q := &request{
		host: hostOf(r), method: r.Method, path: r.URL.Path, query: r.URL.RawQuery,
		key: r.Header.Get("X-MBX-APIKEY"), from: addressOf(r),
	}
	if q.base = "http://" + r.Host; r.TLS != nil {
		q.base = "https://" + r.Host
	}
	if r.Body != nil && q.method != http.MethodGet && isForm(r.Header) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
		if err != nil {
			return nil, false
		}
		q.body = string(body)
	}
	if q.params, q.wrong = web.ReadParams(q.query, q.body); q.wrong != nil {
		q.params = &web.Params{}
	}
	return q, true
}

// addressOf is where a request comes from, without the port.
func addressOf(r *http.Request) string {
	if from, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return from
	}
	return r.RemoteAddr
}

// isForm says whether a body is a form, by its header. Others are not looked at, so that a
// client that sends JSON has sent no parameters.
func isForm(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// ServeHTTP serves all of Binance's hosts: by the Host header, and on other names by path.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e, ok := streamEntry(r); ok {
		s.serveSocket(w, r, e)
		return
	}
	q, ok := readRequest(w, r)
	if !ok {
		page(http.StatusRequestEntityTooLarge).send(w, r)
		return
	}
	f := s.strikeRequest(q)
	s.faulty(r.Context(), q, f).deliver(w, r, f)
}

// faulty answers a request that a fault may have hit.
func (s *Sim) faulty(ctx context.Context, q *request, f *Fault) reply {
	if f == nil {
		return s.handle(q)
	}
	k, _ := kindOf(f.Kind)
	if !k.served || f.NotExecuted {
		return s.instead(f, q)
	}
	if f.Kind == FaultLateRequest {
		wait(ctx, time.Duration(f.Delay))
	}
	a := s.handle(q)
	a.damage(f)
	return a
}

// handle answers a request.
func (s *Sim) handle(q *request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	route := s.gateway.routes[routeName(q.host, q.method, q.path)]
	header, refused := s.gateway.limits.charge(q, route, now)
	if refused != nil {
		return *refused
	}
	a := s.route(q, route, now, header)
	a.merge(header)
	return a
}

// route answers a request that is within the limits of its address.
func (s *Sim) route(q *request, route *web.Route, now exchange.Time, header http.Header) reply {
	g := &s.gateway
	switch methods := g.paths[routeName(q.host, "", q.path)]; {
	case route != nil:
	case private(q.host, q.path):
		return failed(g.keys.foreign(q.key))
	case methods != "":
		a := page(http.StatusMethodNotAllowed)
		a.header.Set("Allow", methods)
		return a
	default:
		return page(http.StatusNotFound)
	}
	call := &web.Call{Params: q.params, At: now, Clock: now + g.skew, Key: q.key, Header: header, Base: q.base}
	if wrong := g.keys.admit(route, q, call.Clock, s.clock.speed == 1); wrong != nil {
		return failed(wrong)
	}
	count, refused := g.limits.order(q, route, now)
	if refused != nil {
		return *refused
	}
	if err := s.step(now); err != nil {
		return failed(errBroken)
	}
	v, wrong := route.Serve(call)
	s.tell()
	if wrong != nil {
		return failed(wrong)
	}
	if route.Orders > 0 {
		header.Set("X-MBX-ORDER-COUNT-1M", strconv.Itoa(count))
	}
	return encoded(v)
}

// errBroken is the answer when the market has failed; Run tells why.
var errBroken = &web.Error{Status: http.StatusServiceUnavailable, Code: -1001, Msg: "Internal error; unable to process your request. Please try again."}

// hostOf says which server a request is for.
func hostOf(r *http.Request) web.Host {
	name, _, _ := strings.Cut(r.Host, ":")
	switch strings.ToLower(name) {
	case "papi.binance.com":
		return web.PAPI
	case "api.binance.com", "api1.binance.com", "api2.binance.com", "api3.binance.com", "api4.binance.com":
		return web.API
	case "fapi.binance.com":
		return web.FAPI
	case "dapi.binance.com":
		return web.DAPI
	}
	switch first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); first {
	case "papi":
		return web.PAPI
	case "fapi", "futures":
		return web.FAPI
	case "dapi":
		return web.DAPI
	default:
		return web.API
	}
}
