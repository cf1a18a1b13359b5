package papisim

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// listenKeyLife is how long a listen key lives without being kept alive.
const listenKeyLife = time.Hour

// listenKey is the account's one key to the user stream; without text there is none.
type listenKey struct {
	text    string
	expires exchange.Time
	random  *rand.Rand
}

// listenKeyLength is that of Binance's keys, clientIDLength of the client ids that it makes.
const listenKeyLength, clientIDLength = 64, 22

// letters makes a text of random letters and digits.
func letters(r *rand.Rand, length int) string {
	const all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text := make([]byte, length)
	for i := range text {
		text[i] = all[r.IntN(len(all))]
	}
	return string(text)
}

// listenKeyRoutes open, keep and close the user stream. A signature that is there is not
// looked at.
func (s *Sim) listenKeyRoutes() []web.Route {
	route := func(method string, serve func(*web.Call) (any, *web.Error)) web.Route {
		return web.Route{Host: web.PAPI, Method: method, Path: "/papi/v1/listenKey", Security: web.Keyed, Weight: 1, Serve: serve}
	}
	return []web.Route{
		route("POST", s.postListenKey), route("PUT", s.putListenKey), route("DELETE", s.deleteListenKey),
	}
}

// postListenKey gives the key that lives, with another hour to live, or a new one.
func (s *Sim) postListenKey(c *web.Call) (any, *web.Error) {
	l := &s.user.key
	if l.text == "" {
		l.text = letters(l.random, listenKeyLength)
	}
	l.expires = c.At.Add(listenKeyLife)
	return struct {
		Key string `json:"listenKey"`
	}{l.text}, nil
}

// putListenKey gives the key another hour.
func (s *Sim) putListenKey(c *web.Call) (any, *web.Error) {
	if s.user.key.text == "" {
		return nil, errNoListenKey()
	}
	s.user.key.expires = c.At.Add(listenKeyLife)
	return struct{}{}, nil
}

// deleteListenKey ends the key for all who use it: their sockets stay open, and silent.
func (s *Sim) deleteListenKey(*web.Call) (any, *web.Error) {
	if s.user.key.text == "" {
		return nil, errNoListenKey()
	}
	s.user.key.text = ""
	return struct{}{}, nil
}

func errNoListenKey() *web.Error {
	return web.Errorf(-1125, "This listenKey does not exist. Please use `POST /papi/v1/listenKey` to recreate `listenKey`")
}

// expireKey ends a key whose hour is over and tells its sockets, which stay open.
func (s *Sim) expireKey(now exchange.Time) {
	l := &s.user.key
	if l.text == "" || now < l.expires {
		return
	}
	s.tellUser("listenKeyExpired", now, expiredFrame{"listenKeyExpired", l.expires.Millis()})
	s.deliver(now)
	l.text = ""
}

type expiredFrame struct {
	Event string `json:"e"`
	Time  int64  `json:"E"`
}

// hears says whether a socket has the user stream of a key.
func (k *socket) hears(key string) bool {
	return k.user && !k.mute.Load() && key != "" && slices.Contains(k.subscribed, key)
}
