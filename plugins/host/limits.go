package host

import (
	"context"
	"fmt"
	"time"
)

// Limits bound what a program may use of the machine, where the system allows it, which is on
// Linux. They are for bots that run for months beside it: the bot must live when a strategy leaks.
// The zero value bounds nothing.
type Limits struct {
	// Memory is how many bytes of memory the process may have resident. One that has more is
	// ended, and its session with it, by an error of kind [Greedy].
	Memory int64
	// Files is how many files and connections it may have open at a time.
	Files int
	// Yield has the process wait when the machine is busy: whoever trades goes first. No dump of
	// its memory is written when it crashes.
	Yield bool
}

// memoryEvery is how often the memory of a process is looked at.
const memoryEvery = 200 * time.Millisecond

// hold begins to bound the process.
func (p *Plugin) hold() {
	l := &p.spec.Limits
	if err := limit(p.Pid(), l); err != nil {
		p.output.log.Warn("the limits of the process could not be set: " + err.Error())
	}
	if l.Memory > 0 {
		go p.watchMemory(p.ctx, p.Pid(), l.Memory)
	}
}

// watchMemory ends the process when it has too much, or returns when it has ended or nobody can
// tell what it has.
func (p *Plugin) watchMemory(ctx context.Context, pid int, most int64) {
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.process.ended:
			return
		case <-tick.C:
		}
		has, err := resident(pid)
		if err != nil {
			return
		}
		if has > most {
			what := fmt.Sprintf("ended: it had %d MiB of memory, more than %d", has>>20, most>>20)
			p.greedy.Store(&what)
			_ = p.process.Kill(ctx)
			return
		}
	}
}
