package socket

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange/frame"
)

const (
	// commandEvery keeps commands below five a second. Binance closes a connection for more
	// than ten messages a second, and the pongs of package ws are four at most.
	commandEvery = 200 * time.Millisecond
	// namesMost is how many names a command has: as many were seen to work.
	namesMost = 200
	// answerMost is how long an answer may take, and unansweredMost how many commands in a
	// row may stay without a good one before the connection is given up.
	answerMost     = 10 * time.Second
	unansweredMost = 3
	// refusedFor is how long a stream is not asked for that the exchange has refused alone.
	refusedFor = 5 * time.Minute
	// goneFor is how long messages of a removed stream are expected.
	goneFor = time.Minute
)

// codeTooMany is the error that ends a connection which has asked for too many streams.
const codeTooMany = 4

// commands are what a link was told.
type commands struct {
	lastID int64
	sentAt time.Duration
	// drop are the names to be unsubscribed, which goes before all else.
	drop []string
	// pending are the commands without an answer.
	pending    []pending
	unanswered int
}

type pending struct {
	id int64
	at time.Duration
}

// command sends the next command of a link, if there is one and its time has come.
func (l *lane) command(k *link) {
	c := &k.commands
	if !l.overdue(k) || c.lastID > 0 && l.now-c.sentAt < commandEvery {
		return
	}
	id := c.lastID + 1
	method, names := "UNSUBSCRIBE", c.drop[:min(namesMost, len(c.drop))]
	c.drop = c.drop[len(names):]
	if len(names) == 0 {
		method, names = "SUBSCRIBE", l.wanted(k, id)
	}
	if len(names) == 0 {
		return
	}
	text, err := json.Marshal(struct {
		Method string   `json:"method"`
		Params []string `json:"params"`
		ID     int64    `json:"id"`
	}{method, names, id})
	if err != nil {
		panic("socket: a command: " + err.Error()) // texts and numbers have a JSON form
	}
	c.lastID, c.sentAt = id, l.now
	c.pending = append(c.pending, pending{id, l.now})
	k.stats.commands++
	l.shell.send(k, text)
}

// wanted marks streams that a link lacks as asked for by the command id. One that was in a
// refused command is with fewer others each time.
func (l *lane) wanted(k *link, id int64) []string {
	var names []string
	most := namesMost
	for _, t := range l.tracks {
		a := &t.asks[k.slot]
		if a.state == refused && l.now-a.at >= refusedFor {
			*a = ask{most: 1}
		}
		if with := orDefault(a.most, namesMost); a.state == wanted && len(names) < min(most, with) {
			most = min(most, with)
			a.state, a.id = asked, id
			names = append(names, t.Name)
		}
	}
	return names
}

// askAgain unsubscribes a stream and asks for it anew.
func (l *lane) askAgain(k *link, t *track) {
	k.commands.drop = append(k.commands.drop, t.Name)
	t.asks[k.slot] = ask{}
}

// overdue tries commands again that got no answer, or a bad one. It says whether the link
// is still of use.
func (l *lane) overdue(k *link) bool {
	c := &k.commands
	for len(c.pending) > 0 && l.now-c.pending[0].at >= answerMost {
		late := c.pending[0].id
		c.pending = c.pending[1:]
		l.tell(Notice{Kind: Refused, Conn: k.conn, Text: fmt.Sprintf("command %d has no good answer after %v", late, answerMost)})
		if c.unanswered++; c.unanswered == unansweredMost {
			l.fail(k, fmt.Sprintf("%d commands in a row without a good answer", unansweredMost))
			return false
		}
		for _, t := range l.tracks {
			if a := &t.asks[k.slot]; a.state == asked && a.id == late {
				*a = ask{most: a.most}
			}
		}
	}
	return true
}

// reply takes the answer to a command. A good one proves nothing but that messages sent
// before it may be missing, and those after it not.
func (l *lane) reply(k *link, r *frame.Reply) {
	if l.links[k.slot] != k {
		return
	}
	k.lastAt = l.at
	if r.Failed {
		l.refused(k, r)
		return
	}
	c := &k.commands
	i := slices.IndexFunc(c.pending, func(p pending) bool { return p.id == r.ID })
	if i < 0 {
		return
	}
	c.pending = slices.Delete(c.pending, i, i+1)
	c.unanswered = 0
	for _, t := range l.tracks {
		if a := &t.asks[k.slot]; a.state == asked && a.id == r.ID {
			*a = ask{state: acknowledged, at: l.now}
			if t.owner == k.slot {
				l.subscribed(t)
			}
		}
	}
}

// subscribed notes that the owner of a stream will bring what is sent from now on.
func (l *lane) subscribed(t *track) {
	if t.lastAt == 0 {
		t.lastAt = l.at
	}
	l.settle(t)
	t.watch.restart(l.now, t.Silence)
}

// refused tells of an error. If it names a command, its streams are asked for again by halves;
// if not, they are when the answer is overdue. A
// connection with too many streams is lost in any case, and they are split, unless another
// one has them: then that will be told the same.
func (l *lane) refused(k *link, r *frame.Reply) {
	l.tell(Notice{Kind: Refused, Conn: k.conn, Text: fmt.Sprintf("code %d: %s", r.Code, clip(r.Message))})
	if r.Code == codeTooMany {
		l.split = k.slot == l.main && l.links[1-k.slot] == nil && len(l.tracks) > 1
		l.fail(k, "the exchange takes fewer streams on a connection")
		return
	}
	l.narrow(k, r.ID)
}

// narrow looks for the name for which a command was refused. Where that is found, and others
// were not refused, the stream has to do without.
func (l *lane) narrow(k *link, id int64) {
	var in []*track
	others := false
	for _, t := range l.tracks {
		switch a := &t.asks[k.slot]; {
		case a.state == acknowledged:
			others = true
		case a.state == asked && a.id == id:
			in = append(in, t)
		}
	}
	if len(in) == 0 || len(in) == 1 && !others {
		return // it is not the name
	}
	c := &k.commands
	c.pending = slices.DeleteFunc(c.pending, func(p pending) bool { return p.id == id })
	for _, t := range in {
		t.asks[k.slot] = ask{most: len(in) / 2}
	}
	if len(in) == 1 {
		t := in[0]
		t.asks[k.slot] = ask{state: refused, at: l.now}
		l.tell(Notice{Kind: Refused, Sub: t.Sub, Conn: k.conn, Text: fmt.Sprintf("asked for again in %v", refusedFor)})
	}
}

// clip bounds what a notice repeats of what came.
func clip(b []byte) string {
	const most = 120
	if len(b) <= most {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%q...", b[:most])
}
