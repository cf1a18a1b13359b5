package papisim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// gateway is what a request meets before the exchange: it finds the route and looks at key
// and signature.
type gateway struct {
	routes map[string]*web.Route // by host, method and path
	keys   map[string]*Key
}

func newGateway(keys []Key, routes []web.Route) (gateway, error) {
	g := gateway{routes: map[string]*web.Route{}, keys: map[string]*Key{}}
	for i := range routes {
		r := &routes[i]
		name := routeName(r.Host, r.Method, r.Path)
		if g.routes[name] != nil {
			return gateway{}, fmt.Errorf("%s %s is there twice", r.Method, r.Path)
		}
		g.routes[name] = r
	}
	for i := range keys {
		g.keys[keys[i].ID] = &keys[i]
	}
	return g, nil
}

func routeName(h web.Host, method, path string) string {
	return strconv.Itoa(int(h)) + " " + method + " " + path
}

// bodyMax is how long a request's body may be.
const bodyMax = 1 << 20

// ServeHTTP serves all of Binance's hosts: by the Host header, and on other names by path.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := s.gateway.routes[routeName(hostOf(r), r.Method, r.URL.Path)]
	if route == nil {
		notFound(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if err != nil {
		answer(w, nil, &web.Error{Status: http.StatusRequestEntityTooLarge, Code: -1100, Msg: "Illegal characters found in a parameter."})
		return
	}
	params, wrong := web.ReadParams(r.URL.RawQuery, string(body))
	if wrong != nil {
		answer(w, nil, wrong)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call := &web.Call{Params: params, At: s.clock.now(), Key: r.Header.Get("X-MBX-APIKEY"), Header: w.Header()}
	if wrong := s.gateway.admit(route, call, r.URL.RawQuery, string(body)); wrong != nil {
		answer(w, nil, wrong)
		return
	}
	if err := s.step(call.At); err != nil {
		answer(w, nil, &web.Error{Status: http.StatusServiceUnavailable, Code: -1001, Msg: err.Error()})
		return
	}
	v, wrong := route.Serve(call)
	answer(w, v, wrong)
}

// hostOf says which server a request is for.
func hostOf(r *http.Request) web.Host {
	name, _, _ := strings.Cut(r.Host, ":")
	switch name {
	case "papi.binance.com":
		return web.PAPI
	case "api.binance.com":
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

// admit looks at key, time and signature.
func (g *gateway) admit(r *web.Route, c *web.Call, query, body string) *web.Error {
	if r.Security == web.None {
		return nil
	}
	key := g.keys[c.Key]
	if key == nil {
		return &web.Error{Status: http.StatusUnauthorized, Code: -2015, Msg: "Invalid API-key, IP, or permissions for action."}
	}
	if r.Security == web.Keyed {
		return nil
	}
	signature := c.Need("signature")
	if wrong := c.Err(); wrong != nil {
		return wrong
	}
	h := hmac.New(sha256.New, []byte(key.Secret))
	io.WriteString(h, unsigned(query)+unsigned(body))
	if !strings.EqualFold(signature, hex.EncodeToString(h.Sum(nil))) {
		return web.Errorf(-1022, "Signature for this request is not valid.")
	}
	return nil
}

// unsigned is a query or body without its signature.
func unsigned(s string) string {
	at := strings.LastIndex("&"+s, "&signature=")
	if at < 0 {
		return s
	}
	end := at + strings.IndexByte(s[at:]+"&", '&')
	if end == 0 { // it stands first
		end = strings.IndexByte(s+"&", '&')
	}
	rest := s[min(len(s), end):]
	return s[:max(0, at-1)] + rest
}

// notFound is what a path that does not exist is answered with: a page, not JSON.
func notFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	io.WriteString(w, "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n")
}

func answer(w http.ResponseWriter, v any, wrong *web.Error) {
	status := http.StatusOK
	if wrong != nil {
		status = wrong.Status
		if status == 0 {
			status = http.StatusBadRequest
		}
		v = struct {
			Code int    `json:"code"`
			Msg  string `json:"msg"`
		}{wrong.Code, wrong.Msg}
	}
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"code":-1000,"msg":"An unknown error occured while processing the request."}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}
