package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pmbot/pmbot/exchange"
)

// metric is one number of a recording for Prometheus.
type metric struct {
	name, kind, help string
	value            func(*recordStatus) float64
}

// recordMetrics are all of them. Names are a promise: dashboards and alarms are made of them.
func recordMetrics() []metric {
	yes := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	return []metric{
		{"pmbot_record_frames_total", "counter", "Messages that came over all connections.", func(s *recordStatus) float64 { return float64(s.Frames) }},
		{"pmbot_record_received_bytes_total", "counter", "Bytes of these messages.", func(s *recordStatus) float64 { return float64(s.Bytes) }},
		{"pmbot_record_streams", "gauge", "Streams that are asked for.", func(s *recordStatus) float64 { return float64(s.Streams) }},
		{"pmbot_record_heard_streams", "gauge", "Streams that have sent something.", func(s *recordStatus) float64 { return float64(s.Heard) }},
		{"pmbot_record_silent_streams", "gauge", "Streams that are silent for longer than is normal for their kind.", func(s *recordStatus) float64 { return float64(s.Silent) }},
		{"pmbot_record_lag_seconds", "gauge", "How long the last message was under way, by the exchange's clock as measured.", func(s *recordStatus) float64 { return float64(s.LagMS) / 1000 }},
		{"pmbot_record_gaps_total", "counter", "Times in which a stream may have said what nobody heard.", func(s *recordStatus) float64 { return float64(s.Gaps) }},
		{"pmbot_record_lost_connections_total", "counter", "Connections that ended unasked.", func(s *recordStatus) float64 { return float64(s.Lost) }},
		{"pmbot_record_rotated_connections_total", "counter", "Connections that were replaced before Binance ends them.", func(s *recordStatus) float64 { return float64(s.Rotated) }},
		{"pmbot_record_resyncs_total", "counter", "Books that were read anew.", func(s *recordStatus) float64 { return float64(s.Resyncs) }},
		{"pmbot_record_undecoded_frames_total", "counter", "Messages that nobody could read; they are kept.", func(s *recordStatus) float64 { return float64(s.Undecoded) }},
		{"pmbot_record_disk_bytes_total", "counter", "Bytes written to raw segments.", func(s *recordStatus) float64 { return float64(s.DiskBytes) }},
		{"pmbot_record_waiting_segments", "gauge", "Closed segments that the tape does not have yet.", func(s *recordStatus) float64 { return float64(s.Waiting) }},
		{"pmbot_record_buffer_bytes", "gauge", "Bytes that wait to be written.", func(s *recordStatus) float64 { return float64(s.Buffer) }},
		{"pmbot_record_buffer_max_bytes", "gauge", "Bytes that may wait; more are dropped.", func(s *recordStatus) float64 { return float64(s.BufferMax) }},
		{"pmbot_record_dropped_frames_total", "counter", "Messages that were not written: the buffer or the disk was full.", func(s *recordStatus) float64 { return float64(s.Dropped) }},
		{"pmbot_record_behind_seconds", "gauge", "For how long the oldest message has waited for the disk.", func(s *recordStatus) float64 { return float64(s.BehindMS) / 1000 }},
		{"pmbot_record_disk_full", "gauge", "1 while the disk takes nothing.", func(s *recordStatus) float64 { return yes(s.DiskFull) }},
		{"pmbot_record_weight", "gauge", "Request weight used in this minute of fapi and dapi.", func(s *recordStatus) float64 { return float64(s.Weight) }},
		{"pmbot_record_weight_max", "gauge", "Request weight that Binance allows a minute.", func(s *recordStatus) float64 { return float64(s.WeightMax) }},
	}
}

// writeMetrics prints a status in Prometheus' text form.
func writeMetrics(w io.Writer, s *recordStatus) error {
	for _, m := range recordMetrics() {
		value := strconv.FormatFloat(m.value(s), 'g', -1, 64)
		if _, err := fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", m.name, m.help, m.name, m.kind, m.name, value); err != nil {
			return err
		}
	}
	return nil
}

// metricsServer answers /metrics and /livez on a loopback address. It reads snapshots only.
type metricsServer struct {
	listener net.Listener
	status   atomic.Pointer[recordStatus]
	now      func() exchange.Time
}

// livePeriod is how old the last status may be: it is taken every second.
const livePeriod = 10 * time.Second

// listenMetrics opens the port. Addresses that other machines can reach are refused: the
// figures tell what somebody trades.
func listenMetrics(addr string, now func() exchange.Time) (*metricsServer, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &failure{exitUsage, fmt.Errorf("--metrics %s is not HOST:PORT", addr), "write it like 127.0.0.1:9090"}
	}
	if !loopback(host) {
		return nil, &failure{exitSafety, fmt.Errorf("--metrics %s can be reached from other machines, and has no key", addr), "use 127.0.0.1, and let a proxy of yours serve others"}
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, &failure{exitFailed, fmt.Errorf("port of metrics: %w", err), "name another address with --metrics; port 0 takes a free one"}
	}
	return &metricsServer{listener: l, now: now}, nil
}

// run serves until the context ends, which is no error.
func (m *metricsServer) run(ctx context.Context, errorLog *log.Logger) error {
	server := &http.Server{Handler: m, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: errorLog}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(m.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("port of metrics: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	return g.Wait()
}

func (m *metricsServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := m.status.Load()
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
	case r.URL.Path == "/metrics" && s != nil:
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		// A client that has gone away is no concern of ours.
		_ = writeMetrics(w, s)
	case r.URL.Path == "/livez" && s != nil && m.now().Sub(s.At) <= livePeriod:
		fmt.Fprintln(w, "ok")
	case r.URL.Path == "/metrics" || r.URL.Path == "/livez":
		http.Error(w, "the recording does not move", http.StatusServiceUnavailable)
	default:
		http.Error(w, "there are /metrics and /livez", http.StatusNotFound)
	}
}
