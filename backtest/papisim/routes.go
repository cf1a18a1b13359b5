package papisim

import (
	"slices"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// routes are all endpoints of all hosts.
func (s *Sim) routes() []web.Route {
	return slices.Concat(
		s.connectionRoutes(),
		s.umOrderRoutes(), s.algoRoutes(), s.cmOrderRoutes(), s.conditionalRoutes(), s.fillRoutes(), s.ruleRoutes(),
		s.marginOrderRoutes(), s.loanRoutes(), s.accountRoutes(), s.interestRoutes(), s.configRoutes(), s.fundRoutes(), s.incomeRoutes(),
		s.downloadRoutes(), s.sapiRoutes(), s.public.Routes(),
	)
}

// connectionRoutes are those of the connection, and have nothing to do with the account's money.
func (s *Sim) connectionRoutes() []web.Route {
	return append(s.listenKeyRoutes(), web.Route{
		Host: web.PAPI, Method: "GET", Path: "/papi/v1/ping", Security: web.None, Weight: 1, Serve: s.ping,
	})
}

func (s *Sim) ping(*web.Call) (any, *web.Error) { return struct{}{}, nil }
