package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// heartbeatFile is where a bot says that it lives, in its state directory.
const heartbeatFile = "heartbeat"

// heartbeatEvery is how often.
const heartbeatEvery = time.Second

// heartbeat is one line of JSON. A watchdog looks for changes of Beat and Pid, by its own clock;
// the rest is for people.
type heartbeat struct {
	Schema string `json:"schema"` // pmbot.heartbeat/1
	Pid    int    `json:"pid"`
	// Beat rises by one each time, and begins anew with each process.
	Beat uint64 `json:"beat"`
	// Seq is the number of the kernel's last event, At the bot's time.
	Seq   uint64        `json:"seq"`
	At    exchange.Time `json:"at"`
	State string        `json:"state"`
	// Ended says that the process has stopped in order: nothing needs to be watched.
	Ended bool `json:"ended,omitempty"`
}

// write puts the heartbeat in the place of the one before, whole.
func (h *heartbeat) write(dir string) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, heartbeatFile)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// heartbeatMax bounds the file, in bytes.
const heartbeatMax = 4096

// readHeartbeat reads the heartbeat in a state directory.
func readHeartbeat(dir string) (*heartbeat, error) {
	f, err := os.Open(filepath.Join(dir, heartbeatFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, heartbeatMax))
	if err != nil {
		return nil, err
	}
	h := &heartbeat{}
	if err := json.Unmarshal(text, h); err != nil || h.Schema != "pmbot.heartbeat/1" {
		return nil, fmt.Errorf("%s is no heartbeat", f.Name())
	}
	return h, nil
}

// lastBeat tells a watchdog that the bot has stopped in order and left what it should. A bot
// that ends otherwise leaves its heartbeat to get old.
func (b *bot) lastBeat() {
	h := heartbeat{Schema: "pmbot.heartbeat/1", Pid: os.Getpid(), At: b.clock.Now(), State: "ENDED", Ended: true}
	if err := h.write(b.dir); err != nil {
		b.fileLog.Warn("heartbeat: "+err.Error(), "part", "heartbeat")
	}
}

// beat writes heartbeats until the context ends. Each goes through the kernel: one that does
// not answer any more has no heartbeat, though its process may live.
func (b *bot) beat(ctx context.Context) error {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	h := heartbeat{Schema: "pmbot.heartbeat/1", Pid: os.Getpid()}
	said := false
	for {
		err := b.loop.Do(ctx, func(k *engine.Kernel) { h.Seq, h.At, h.State = k.Seq(), k.Now(), b.guard.State(0, 0).String() })
		if err == nil {
			h.Beat++
			err = h.write(b.dir)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, b.loop.Err()) && !said {
			said = true // a watchdog will see; who reads the log should, too
			b.log.Warn("heartbeat: "+err.Error(), "part", "heartbeat")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
