package public

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// Service answers the public requests.
type Service struct {
	ins *exchange.Instruments
}

// New makes a service of the instruments that are listed.
func New(ins *exchange.Instruments) *Service { return &Service{ins: ins} }

// Market digests one market event.
func (s *Service) Market(*exchange.Event) {}

// Routes are the endpoints of fapi, dapi and api.
func (s *Service) Routes() []web.Route {
	return []web.Route{
		{Host: web.FAPI, Method: "GET", Path: "/fapi/v1/ping", Security: web.None, Weight: 1, Serve: ping},
		{Host: web.FAPI, Method: "GET", Path: "/fapi/v1/time", Security: web.None, Weight: 1, Serve: now},
	}
}

func ping(*web.Call) (any, *web.Error) { return struct{}{}, nil }

func now(c *web.Call) (any, *web.Error) {
	return struct {
		ServerTime int64 `json:"serverTime"`
	}{c.Clock.Millis()}, nil
}
