package main

import (
	"fmt"
	"time"
)

// watchState is how far a watchdog is.
type watchState string

const (
	// watchWaiting has not seen a heartbeat change yet.
	watchWaiting watchState = "WAITING"
	// watchArmed sees one that changes.
	watchArmed watchState = "ARMED"
	// watchFired has seen it stand still, and ends all orders.
	watchFired watchState = "FIRED"
	// watchSwept has ended them, and waits for the bot to come back.
	watchSwept watchState = "SWEPT"
	// watchIdle knows that the bot has stopped in order.
	watchIdle watchState = "IDLE"
)

// watchdog decides by heartbeats and the time between looks. It has no clock.
type watchdog struct {
	after time.Duration
	state watchState
	// last is the heartbeat that was seen last, nil before the first.
	last *heartbeat
	// silent is for how long it has not changed. A look that came late, because the watchdog
	// itself or the machine slept, counts as two: the bot may have slept as well.
	silent time.Duration
	looked time.Time
}

// look takes what was found, and says what has changed, "" for nothing. The heartbeat is nil
// where it could not be read.
func (d *watchdog) look(h *heartbeat, err error, now time.Time) string {
	if d.state == "" {
		d.state = watchWaiting
	}
	if !d.looked.IsZero() {
		d.silent += min(max(now.Sub(d.looked), 0), 2*watchLook)
	}
	d.looked = now
	if h == nil || d.last != nil && h.Pid == d.last.Pid && h.Beat == d.last.Beat && h.Ended == d.last.Ended {
		return d.stillness(err)
	}
	first := d.last == nil
	d.last, d.silent = h, 0
	switch {
	case h.Ended:
		if d.state == watchIdle {
			return ""
		}
		d.state = watchIdle
		return fmt.Sprintf("the bot, process %d, has stopped in order", h.Pid)
	case first || d.state == watchFired: // it may be an old one, or one from before the sweep
		return ""
	case d.state == watchArmed:
		return ""
	}
	d.state = watchArmed
	return fmt.Sprintf("process %d lives, %s", h.Pid, h.State)
}

// stillness is a look that has found nothing new.
func (d *watchdog) stillness(err error) string {
	if d.state != watchArmed || d.silent < d.after {
		return ""
	}
	d.state = watchFired
	why := ""
	if err != nil {
		why = ", and cannot be read: " + reason(err).Error()
	}
	return fmt.Sprintf("the heartbeat of process %d stands still for %v%s: every order is ended", d.last.Pid, d.after, why)
}

// swept says that all orders are gone.
func (d *watchdog) swept() { d.state, d.silent = watchSwept, 0 }
