package papi

import (
	"time"

	"github.com/pmbot/pmbot/exchange/internal/budget"
)

// host is one of the servers that the product speaks to with a key. There are no others:
// the hosts' names are compiled in, and a configuration can only put a loopback address in
// their place.
type host uint8

const (
	// hostPAPI takes orders and answers for the account.
	hostPAPI host = iota + 1
	// hostSAPI answers the few reads of sapi that papi has no twin of.
	hostSAPI
	// hostFAPI is asked for the time and nothing else, without a key.
	hostFAPI
	hosts
)

// security is what a request must carry.
type security uint8

const (
	// open requests carry nothing.
	open security = iota + 1
	// keyed requests carry the key in a header: the listenKey and sapi's market data.
	keyed
	// signed requests carry key, timestamp and signature.
	signed
	securities
)

// endpoint names one entry of the compiled allow-list. There is no way to ask for anything
// else: a request is built from an endpoint, and endpoints are the constants of api.go.
type endpoint uint8

// spec is how an endpoint is asked for.
type spec struct {
	host     host
	method   string
	path     string
	security security
	// class says how urgent the request is, and which part of the budget it draws on.
	class budget.Class
	// weight is what a call costs of the address's budget. Where broad is set, a call
	// without the parameter named by narrow costs broad instead.
	weight, broad int
	narrow        string
	// quota is what the endpoint is limited to beside, 0 for most.
	quota quota
	// orders is how many orders a call counts as.
	orders int
	// write says that a call may change the account or its risk, and so needs an approval.
	// Cancels and the listenKey need none.
	write bool
}

// quota names a limit that some endpoint has of its own.
type quota uint8

const (
	noQuota quota = iota
	quotaAutoCollection
	quotaBNBTransfer
	quotaRepaySwitch
	quotaOrderDownload
	quotaTradeDownload
	quotaIncomeDownload
	quotas
)

// month is how long a download counts: the longest month, so that the first of another one
// is never too early.
const month = 31 * 24 * time.Hour

// quotaTable is what the quotas allow. Nothing writes to it.
var quotaTable = [quotas - 1]budget.Quota{
	quotaAutoCollection - 1: {Name: "auto-collection", N: 500, Per: time.Hour},
	quotaBNBTransfer - 1:    {Name: "bnb-transfer", N: 10, Per: 10 * time.Minute},
	quotaRepaySwitch - 1:    {Name: "repay-futures-switch", N: 20, Per: 24 * time.Hour},
	quotaOrderDownload - 1:  {Name: "download of orders", N: 10, Per: month},
	quotaTradeDownload - 1:  {Name: "download of trades", N: 5, Per: month},
	quotaIncomeDownload - 1: {Name: "download of income", N: 5, Per: month},
}

func (e endpoint) spec() *spec { return &table[e] }

// String is the endpoint as the reference names it, such as "POST /papi/v1/um/order".
func (e endpoint) String() string { return table[e].method + " " + table[e].path }
