package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pmbot/pmbot/backtest/papisim"
)

// simServer are the ports of a simulated exchange.
type simServer struct {
	sim *papisim.Sim
	log *slog.Logger
	// errors takes what net/http has to say: connections that fail, and panics of handlers,
	// which are defects of the exchange.
	errors *log.Logger
	tls    bool
	ports  []*port
}

// port is one of them.
type port struct {
	name     string // as it stands in the JSON document
	listener net.Listener
	handler  http.Handler
	secure   bool
}

// listen opens all ports, or none.
func (s *simServer) listen(f *simFlags) error {
	var conf *tls.Config
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.certKey)
		if err != nil {
			return &failure{codeOf(err), fmt.Errorf("certificate %s with key %s: %w", f.cert, f.certKey, err), "name PEM files that belong together"}
		}
		conf = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
		s.tls = true
	}
	addr := f.listen
	for _, p := range s.plan() {
		if p.name == "admin" && f.admin != "" {
			addr = f.admin
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			s.close()
			return &failure{exitFailed, fmt.Errorf("port of %s: %w", strings.Replace(p.name, "all", "all hosts", 1), err), "name other addresses with --listen and --admin; port 0 takes free ones"}
		}
		addr = nextPort(l, addr)
		p.listener = l
		if conf != nil && p.name != "admin" {
			p.listener, p.secure = tls.NewListener(l, conf), true
		}
		s.ports = append(s.ports, p)
	}
	return nil
}

// plan are the ports with what they serve.
func (s *simServer) plan() []*port {
	return []*port{
		{name: "all", handler: s.sim},
		{name: "fstream", handler: s.sim.Handler(papisim.FStream)},
		{name: "dstream", handler: s.sim.Handler(papisim.DStream)},
		{name: "stream", handler: s.sim.Handler(papisim.SpotStream)},
		{name: "admin", handler: s.sim.Admin()},
	}
}

// address is that of a port by its name.
func (s *simServer) address(name, scheme string) string {
	for _, p := range s.ports {
		if p.name == name {
			return p.url(scheme)
		}
	}
	return ""
}

// nextPort is the address after the one that was asked for. Port 0 stays 0.
func nextPort(l net.Listener, asked string) string {
	host, port, _ := net.SplitHostPort(asked)
	if port == "0" {
		return asked
	}
	next := l.Addr().(*net.TCPAddr).Port + 1
	return net.JoinHostPort(host, strconv.Itoa(next))
}

// url is the address of a port, with a scheme of HTTP or of websockets.
func (p *port) url(scheme string) string {
	if p.secure {
		scheme += "s"
	}
	return scheme + "://" + p.listener.Addr().String()
}

// close gives the ports back.
func (s *simServer) close() {
	for _, p := range s.ports {
		p.listener.Close()
	}
}

// stopTime is how long requests may take to end when the exchange stops.
const stopTime = 2 * time.Second

// run serves until the context ends, which is no error.
func (s *simServer) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.sim.Run(ctx) })
	for _, p := range s.ports {
		server := &http.Server{
			Handler: s.logged(p), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
			BaseContext: func(net.Listener) context.Context { return ctx },
			ErrorLog:    s.errors,
		}
		g.Go(func() error {
			if err := server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("%s port: %w", p.name, err)
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
			defer cancel()
			if server.Shutdown(stop) != nil {
				server.Close()
			}
			return nil
		})
	}
	return g.Wait()
}

// requestLog is where requests are logged, nil for nowhere.
func (c *console) requestLog(verbose bool) *slog.Logger {
	if !verbose {
		return nil
	}
	return slog.New(slog.NewTextHandler(c.err, nil))
}

// logged logs what a port serves: method, host and path, never parameters, which hold
// signatures, nor keys.
func (s *simServer) logged(p *port) http.Handler {
	if s.log == nil {
		return p.handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched, start := &statusWriter{ResponseWriter: w}, time.Now()
		defer func() {
			s.log.Info("request", "port", p.name, "method", r.Method, "host", r.Host, "path", withoutKey(r.URL.Path),
				"status", watched.status, "bytes", watched.bytes, "took", time.Since(start).Round(time.Microsecond))
		}()
		p.handler.ServeHTTP(watched, r)
	})
}

// withoutKey is a path without the listen key that the user stream's has.
func withoutKey(path string) string {
	before, key, found := strings.Cut(path, "/ws/")
	if !found || len(key) < 32 {
		return path
	}
	return before + "/ws/…"
}

// statusWriter sees what is answered. The status stays 0 when there is no answer.
type statusWriter struct {
	http.ResponseWriter
	status, bytes int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Flush lets an answer go out that breaks off.
func (w *statusWriter) Flush() { http.NewResponseController(w.ResponseWriter).Flush() }

// Hijack hands the connection over, to websockets.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.status = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}
