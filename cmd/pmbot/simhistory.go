package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
)

// history writes down what a simulated exchange's market streams tell, whoever hears it: a
// file of lines for each host, which is opened when something is to be written.
//
// The exchange calls witness, which gathers lines; a goroutine packs and writes them. When the
// disk is slower than the exchange, the exchange waits: a history has no holes.
type history struct {
	dir string
	// mu guards gathered and over: a websocket may have the exchange tell something while the
	// program ends, which is no part of the history any more.
	mu   sync.Mutex
	over bool
	// gathered are the lines of each host that wait, queue those on their way to the disk.
	gathered map[exchange.Product][]byte
	queue    chan historyPart
	files    map[exchange.Product]*historyFile // the writer's
}

// historyPart is some whole lines of a host.
type historyPart struct {
	product exchange.Product
	lines   []byte
}

// historyFile is the file of a host.
type historyFile struct {
	file *os.File
	pack *gzip.Writer
}

// historyHosts are the hosts, in the order in which their files are finished.
func historyHosts() []exchange.Product {
	return []exchange.Product{exchange.UM, exchange.CM, exchange.Margin}
}

// historyPartSize is how many bytes are gathered before they are handed over, and
// historyQueue how many such parts wait, 8 MB in all.
const (
	historyPartSize = 128 << 10
	historyQueue    = 64
)

// newHistory makes a history in a directory, which must not be there yet; nil without one.
func newHistory(dir string) (*history, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
		return nil, &failure{exitUsage, fmt.Errorf("--history %s is there already", dir), "name a new directory, or remove it"}
	} else if err != nil {
		return nil, &failure{codeOf(err), fmt.Errorf("--history %s: %w", dir, reason(err)), "name a directory that can be made"}
	}
	return &history{
		dir: dir, gathered: map[exchange.Product][]byte{}, queue: make(chan historyPart, historyQueue),
		files: map[exchange.Product]*historyFile{},
	}, nil
}

// witness is whom the exchange tells, nil without a history.
func (h *history) witness() func(papisim.Told) {
	if h == nil {
		return nil
	}
	return func(t papisim.Told) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.over {
			return
		}
		lines := t.AppendLine(h.gathered[t.Product])
		if len(lines) >= historyPartSize {
			h.queue <- historyPart{t.Product, lines}
			lines = make([]byte, 0, historyPartSize+historyPartSize/8)
		}
		h.gathered[t.Product] = lines
	}
}

// during lets the exchange run, and writes meanwhile. It ends the exchange when it cannot
// write any more.
func (h *history) during(ctx context.Context, run func(context.Context) error) error {
	if h == nil {
		return run(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	g.Go(func() error {
		err := h.write()
		if err != nil {
			stop()
			for range h.queue { // the exchange may wait for room
			}
		}
		return err
	})
	err := run(ctx)
	h.finish()
	return errors.Join(err, g.Wait())
}

// finish hands over what is left and takes no more.
func (h *history) finish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	for _, p := range historyHosts() {
		if lines := h.gathered[p]; len(lines) > 0 {
			h.queue <- historyPart{p, lines}
		}
	}
	close(h.queue)
}

// write writes all that comes, and closes the files.
func (h *history) write() error {
	var failed error
	for part := range h.queue {
		f, err := h.file(part.product)
		if err == nil {
			_, err = f.pack.Write(part.lines)
		}
		if err != nil {
			failed = err
			break
		}
	}
	for _, p := range historyHosts() {
		if f := h.files[p]; f != nil {
			failed = errors.Join(failed, f.pack.Close(), f.file.Close())
		}
	}
	if failed != nil {
		return &failure{codeOf(failed), fmt.Errorf("history in %s: %w", h.dir, reason(failed)), "give --history a directory with room"}
	}
	return nil
}

// file is the file of a host: um, cm or spot/history.jsonl.gz.
func (h *history) file(p exchange.Product) (*historyFile, error) {
	if f := h.files[p]; f != nil {
		return f, nil
	}
	dir := filepath.Join(h.dir, [...]string{exchange.UM: "um", exchange.CM: "cm", exchange.Margin: "spot"}[p])
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(dir, "history.jsonl.gz"))
	if err != nil {
		return nil, err
	}
	pack, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	h.files[p] = &historyFile{file, pack}
	return h.files[p], nil
}
