package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// terms are what a client is told of its exchange.
type terms struct {
	Kind, Sync, Dir string
	Plugin          bool
	// Orders is the address of the server of REST, over TLS with Certificate; Streams that of
	// the websockets.
	Orders, Streams string
	Certificate     []byte
}

// runner is a way that runs: the exchange here, the client in a process of its own.
type runner struct {
	way
	exchange *venue
	client   *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	dir      string

	took          []time.Duration
	lost          int
	before, after usage
}

// run starts a way and waits until it listens.
func run(w way) (*runner, error) {
	r := &runner{way: w}
	var err error
	if r.exchange, err = newVenue(w.kind == pmbot); err != nil {
		return nil, err
	}
	if r.dir, err = os.MkdirTemp("", "latency"); err != nil {
		return nil, err
	}
	t := terms{
		Kind: w.kind, Sync: w.sync, Plugin: w.plugin, Dir: r.dir,
		Orders: r.exchange.orders.Addr().String(), Streams: r.exchange.streams.Addr().String(), Certificate: r.exchange.certificate,
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r.client = exec.Command(self, "client")
	r.client.Env, r.client.Stderr = append(os.Environ(), "PMBOT_LATENCY="+string(text)), os.Stderr
	if r.in, err = r.client.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.client.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.out = bufio.NewReader(out)
	if err := r.client.Start(); err != nil {
		return nil, err
	}
	line, err := r.out.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "ready" {
		return nil, fmt.Errorf("the client says %q, %w", line, errors.Join(err))
	}
	return r, nil
}

// tick writes a frame and waits for the order.
func (r *runner) tick() {
	took, ok := r.exchange.tick()
	if !ok {
		r.lost++
		return
	}
	r.took = append(r.took, took)
}

// usage asks the client what it has used.
func (r *runner) usage(u *usage) error {
	if _, err := io.WriteString(r.in, "usage\n"); err != nil {
		return err
	}
	line, err := r.out.ReadString('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(line), u)
}

func (r *runner) close() {
	_ = r.in.Close()
	_ = r.client.Wait()
	r.exchange.close()
	_ = os.RemoveAll(r.dir)
}
