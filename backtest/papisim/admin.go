package papisim

import (
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// Admin serves the admin port: it injects faults, moves time, prices and account, and tells
// how things are, all in JSON. GET / lists what there is. It asks for no key and belongs on
// an address that only this machine can reach; requests that a web page has sent, or that
// came by another machine's name, are refused.
func (s *Sim) Admin() http.Handler {
	mux := http.NewServeMux()
	for _, e := range s.adminEndpoints() {
		path := e.Path
		if path == "/" {
			path = "/{$}"
		}
		mux.HandleFunc(e.Method+" "+path, func(w http.ResponseWriter, r *http.Request) {
			v, err := e.serve(w, r)
			respond(w, v, err)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		respond(w, nil, &adminError{http.StatusNotFound, fmt.Sprintf("there is no %s %s; GET / lists what there is", r.Method, r.URL.Path)})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" || !localName(r.Host) {
			respond(w, nil, &adminError{http.StatusForbidden, "the admin port is for programs on this machine: use its address, 127.0.0.1, and no browser"})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// localName says whether a host's name is one that only this machine can mean.
func localName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// adminEndpoint is one thing that the admin port does.
type adminEndpoint struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Help   string `json:"help"`
	// Example is a body.
	Example json.RawMessage `json:"example,omitempty"`
	serve   func(http.ResponseWriter, *http.Request) (any, error)
}

// adminError is an error with its HTTP status.
type adminError struct {
	status int
	text   string
}

func (e *adminError) Error() string { return e.text }

// respond answers with a value or an error.
func respond(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		var e *adminError
		if errors.As(err, &e) {
			status = e.status
		}
		v = struct {
			Error string `json:"error"`
		}{err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	enc.Encode(v) //nolint:errcheck // a client that has gone away needs no answer
}

// adminBodyMax is how long a body of the admin port may be, in bytes.
const adminBodyMax = 64 << 10

// ask makes an endpoint of a function of a body: strictly decoded, so that a misspelt field
// is an error.
func ask[T any](do func(T) (any, error)) func(http.ResponseWriter, *http.Request) (any, error) {
	return askLong(func(_ context.Context, v T) (any, error) { return do(v) })
}

// askLong is ask for what takes long: it ends when the client goes or the server stops.
func askLong[T any](do func(context.Context, T) (any, error)) func(http.ResponseWriter, *http.Request) (any, error) {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		var v T
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, adminBodyMax))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("body: %w", plain(err))
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return nil, errors.New("body: there is something after the JSON document")
		}
		return do(r.Context(), v)
	}
}

// plain is an error of encoding/json in words that do not need Go to be understood.
func plain(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty; send a JSON object, as GET / shows")
	case errors.As(err, &wrong) && wrong.Field == "":
		return fmt.Errorf("it is a JSON %s; send an object, as GET / shows", wrong.Value)
	case errors.As(err, &wrong) && reflect.PointerTo(wrong.Type).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return fmt.Errorf("%s is a %s; write it as a text, in quotes, such as GET / shows", wrong.Field, wrong.Value)
	case errors.As(err, &wrong):
		return fmt.Errorf("%s cannot be a %s; GET / shows what it can be", wrong.Field, wrong.Value)
	}
	return err
}

// adminDone is the answer when there is nothing to tell.
type adminDone struct {
	Done bool `json:"done"`
}

// outcome is adminDone, or the error.
func outcome(err error) (any, error) { return adminDone{true}, err }

// adminEndpoints are all of them.
func (s *Sim) adminEndpoints() []adminEndpoint {
	return append([]adminEndpoint{
		{"GET", "/", "this list", nil, func(http.ResponseWriter, *http.Request) (any, error) {
			return struct {
				Endpoints []adminEndpoint `json:"endpoints"`
				Faults    []faultHelp     `json:"fault_kinds"`
			}{s.adminEndpoints(), faultsHelp()}, nil
		}},
		{"GET", "/state", "time, account, limits and keys", nil, func(http.ResponseWriter, *http.Request) (any, error) { return s.state() }},
		{"GET", "/faults", "all faults that were injected, with how often each fitted and hit", nil,
			func(http.ResponseWriter, *http.Request) (any, error) { return s.Faults(), nil }},
		{"POST", "/faults", "inject a fault; count 0 is once and -1 for good",
			json.RawMessage(`{"kind":"lost_reply","method":"POST","path":"/papi/v1/um/order","client_id":"","after":0,"count":1,"probability":"1","delay":"2s"}`),
			ask(func(f Fault) (any, error) {
				id, err := s.Inject(f)
				return struct {
					ID int `json:"id"`
				}{id}, err
			})},
		{"DELETE", "/faults", "clear all faults", nil, func(http.ResponseWriter, *http.Request) (any, error) {
			s.ClearFaults(0)
			return adminDone{true}, nil
		}},
		{"DELETE", "/faults/{id}", "clear one fault", nil, func(_ http.ResponseWriter, r *http.Request) (any, error) {
			id, err := strconv.Atoi(r.PathValue("id"))
			if err != nil || id < 1 || s.ClearFaults(id) == 0 {
				return nil, &adminError{http.StatusNotFound, "there is no fault " + strconv.Quote(r.PathValue("id"))}
			}
			return adminDone{true}, nil
		}},
	}, append(s.adminActs(), s.adminTerms()...)...)
}

// faultHelp explains a kind of fault.
type faultHelp struct {
	Kind FaultKind `json:"kind"`
	Help string    `json:"help"`
	// Market says that it is of the market's streams, and nothing of the account's.
	Market bool `json:"market,omitempty"`
}

func faultsHelp() []faultHelp {
	var list []faultHelp
	for _, k := range faultKinds() {
		list = append(list, faultHelp{k.kind, k.help, k.market})
	}
	return list
}
