package papi

const (
	epPing endpoint = iota
)

// table is the compiled allow-list. Nothing writes to it.
var table = [...]spec{
	epPing: {host: hostPAPI, method: "GET", path: "/papi/v1/ping", security: open, class: classRead, weight: 1},
}
