package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// Loop is whoever runs the kernel: package loop's.
type Loop interface {
	// Do calls f with the kernel between two events and waits for it.
	Do(ctx context.Context, f func(*engine.Kernel)) error
	// Operate lets an operator's event happen and waits until it has; see package loop.
	Operate(ctx context.Context, e exchange.Event) error
	// CatchUp asks for the exchange's account to be read, and does not wait.
	CatchUp(why string)
}

// Config is what a server tells of, and to whom it speaks. All up to Recent, About and Clock
// are needed.
type Config struct {
	Loop        Loop
	Guard       *riskguard.Guard // read between two events only
	Instruments *exchange.Instruments
	// Strategies are the labels, in the order of the configuration.
	Strategies []string
	Recent     *Recent
	// About tells of the process; it is called by several goroutines.
	About func() About
	// Reload reads the configuration again and says what would change; with apply it makes
	// the limits the guard's. nil is a process that cannot.
	Reload func(ctx context.Context, apply bool, by, reason string) (*Reloaded, error)
	// Swap puts the program and parameters that the configuration has now in the place of those of
	// a running strategy; without apply it says what would change. nil is a process that cannot.
	Swap func(ctx context.Context, strategy string, apply bool, by, reason string) (*Swapped, error)
	// Sweep ends every order of the account and answers when that is confirmed or the context
	// has ended, with a document that says which; it goes on meanwhile. Resumed ends what goes
	// on so. nil ends the orders that the kernel knows.
	Sweep   func(ctx context.Context, what Sweep) any
	Resumed func()
	// Barred says what forbids to resume, "" for nothing; accept is the person's who takes the
	// exchange's account as it is.
	Barred func(accept bool) string
	// Drain stops the process once it is flat, or when the time is over.
	Drain func(Drain)
	// Log is the file of the process's log, JSON lines; "" is none.
	Log string
	// Clock is the loop's.
	Clock func() exchange.Time
}

// Reloaded is what a reload changes.
type Reloaded struct {
	Schema string `json:"schema"` // pmbot.reload/1
	// Changes are the limits that differ, with the old and the new value; Refused those keys of
	// the configuration that only a new start takes.
	Changes []Change `json:"changes"`
	Refused []Change `json:"needs_restart"`
	// Applied says that the changes are in force, since At.
	Applied bool          `json:"applied"`
	At      exchange.Time `json:"at"`
}

// Swapped is what a swap changes.
type Swapped struct {
	Schema   string `json:"schema"` // pmbot.swap/1
	Strategy string `json:"strategy"`
	// Changes are of the program (its checksum), its version, the parameters and other keys.
	Changes []Change `json:"changes"`
	// Stopped says that the strategy does not run, so that a swap starts it even if nothing differs.
	Stopped bool `json:"stopped,omitempty"`
	// Applied says that the new program trades, since At. Note is for people.
	Applied bool          `json:"applied"`
	At      exchange.Time `json:"at"`
	Note    string        `json:"note,omitempty"`
}

// Change is a key of the configuration with both values.
type Change struct {
	Key string `json:"key"`
	Old string `json:"old"`
	New string `json:"new"`
	// Swap is the strategy that takes it by a swap, empty for what no swap takes.
	Swap string `json:"swap,omitempty"`
}

// Server answers on a local socket.
type Server struct {
	config Config
	mux    *http.ServeMux
}

// New makes a server. It listens to nobody before Run.
func New(c Config) (*Server, error) {
	if c.Loop == nil || c.Guard == nil || c.Instruments == nil || c.Recent == nil || c.About == nil || c.Clock == nil {
		return nil, errors.New("monitor: loop, guard, instruments, recent, about and clock are needed")
	}
	s := &Server{config: c, mux: http.NewServeMux()}
	get(s, "status", func(ctx context.Context, _ int) (any, error) { return s.status(ctx) })
	get(s, "orders", func(ctx context.Context, _ int) (any, error) { return s.orders(ctx) })
	get(s, "fills", func(ctx context.Context, n int) (any, error) { return s.fills(ctx, n) })
	get(s, "positions", func(ctx context.Context, _ int) (any, error) { return s.positions(ctx) })
	get(s, "margin", func(ctx context.Context, _ int) (any, error) { return s.margin(ctx) })
	get(s, "funding", func(ctx context.Context, _ int) (any, error) { return s.funding(ctx) })
	get(s, "limits", func(ctx context.Context, _ int) (any, error) { return s.limits(ctx) })
	get(s, "loans", func(ctx context.Context, _ int) (any, error) { return s.loans(ctx) })
	s.mux.HandleFunc("GET /v1/logs", s.logs)
	s.mux.HandleFunc("GET /v1/order", s.orderVerdict)
	post(s, "stress", s.stress)
	post(s, "halt", s.halt)
	post(s, "resume", s.resume)
	post(s, "drain", s.drain)
	post(s, "cancel", s.cancel)
	post(s, "flatten", s.flatten)
	post(s, "reload", s.reload)
	post(s, "swap", s.swap)
	post(s, "borrow", func(ctx context.Context, l Loan) (any, error) { return s.lend(ctx, l, exchange.IntentBorrow) })
	post(s, "repay", func(ctx context.Context, l Loan) (any, error) { return s.lend(ctx, l, exchange.IntentRepay) })
	return s, nil
}

// Handler answers requests, for tests.
func (s *Server) Handler() http.Handler { return s.mux }

// newestDefault is how many fills are told to who does not say.
const newestDefault = 50

// get is a question.
func get(s *Server, name string, answer func(ctx context.Context, newest int) (any, error)) {
	s.mux.HandleFunc("GET /v1/"+name, func(w http.ResponseWriter, r *http.Request) {
		newest := newestDefault
		if text := r.URL.Query().Get("newest"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > keptMax {
				reply(w, nil, fmt.Errorf("newest %q is not a number from 1 to %d", text, keptMax))
				return
			}
			newest = n
		}
		a, err := answer(r.Context(), newest)
		reply(w, a, err)
	})
}

// bodyMax bounds what an operator may say.
const bodyMax = 1 << 20

// post is an act. An unknown field is an error: a misspelt scope must not halt everything, or
// nothing.
func post[T any](s *Server, name string, do func(ctx context.Context, what T) (any, error)) {
	s.mux.HandleFunc("POST /v1/"+name, func(w http.ResponseWriter, r *http.Request) {
		var what T
		d := json.NewDecoder(io.LimitReader(r.Body, bodyMax))
		d.DisallowUnknownFields()
		if err := d.Decode(&what); err != nil {
			reply(w, nil, fmt.Errorf("%s: %w", name, err))
			return
		}
		a, err := do(r.Context(), what)
		reply(w, a, err)
	})
}

// Problem is what is told in place of an answer.
type Problem struct {
	Error string `json:"error"`
	// Kind is "bad", "unknown", "refused", "timeout" or "failed".
	Kind string `json:"kind"`
}

// ErrNotThere is an order, symbol or strategy that the bot does not know.
var ErrNotThere = errors.New("not known")

func reply(w http.ResponseWriter, a any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		code, kind := http.StatusBadRequest, "bad"
		switch {
		case errors.Is(err, ErrNotThere):
			code, kind = http.StatusNotFound, "unknown"
		case errors.Is(err, ErrNotClean):
			code, kind = http.StatusConflict, "refused"
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			code, kind = http.StatusGatewayTimeout, "timeout"
		}
		w.WriteHeader(code)
		a = Problem{err.Error(), kind}
	}
	_ = json.NewEncoder(w).Encode(a) // who has gone need not be told
}

// pathMax is how long the path of a socket may be on Linux.
const pathMax = 107

// CheckPath says whether a socket can have a path.
func CheckPath(path string) error {
	if len(path) > pathMax {
		return fmt.Errorf("control socket %s: the path is longer than the %d bytes that a socket may have; choose a shorter state directory", path, pathMax)
	}
	return nil
}

// Listen makes the socket, in a directory that only its owner can enter. A socket that a
// killed process left is replaced; the account's lock has shown that nobody serves it.
func Listen(path string) (net.Listener, error) {
	if err := CheckPath(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if at, err := os.Lstat(path); err == nil && at.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("control socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return l, nil
}

// Run answers whoever connects until the context ends, and closes the listener.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 16,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("control socket: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}
