package papi

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
)

// class says which part of the budget a request draws on, from the most to the least
// urgent; see package budget.
type class uint8

const (
	// classCancel ends orders or keeps the user stream alive: always served.
	classCancel class = iota + 1
	// classRisk reads what the account's risk is made of, and asks for orders in doubt.
	classRisk
	// classOrder makes or amends orders, or changes the account.
	classOrder
	// classRead is everything that can wait.
	classRead
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
	class    class
	// weight is what a call costs of the address's budget. Where broad is set, a call
	// without the parameter named by narrow costs broad instead.
	weight, broad int
	narrow        string
	// orders is how many orders a call counts as.
	orders int
	// write says that a call may change the account or its risk, and so needs an approval.
	// Cancels and the listenKey need none.
	write bool
}

func (e endpoint) spec() *spec { return &table[e] }

// String is the endpoint as the reference names it, such as "POST /papi/v1/um/order".
func (e endpoint) String() string { return table[e].method + " " + table[e].path }
