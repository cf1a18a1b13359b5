package record

import (
	"encoding/json"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Note is what a recording says about itself, as a line among the messages of its product:
// <local time> {"e":"pmbot.gap","stream":"btcusdt@depth","from":"2026-...","to":"2026-..."}.
type Note struct {
	// Name says what it is: one of the names below, or another word of at most 40 small
	// letters, digits, dots and dashes. What is none becomes "other".
	Name string
	// Stream names the stream that it is about, empty for all of the product.
	Stream string
	// From and To bound the time that it is about, 0 where it is about an instant.
	From, To exchange.Time
	// Count is how many messages, levels or attempts it is about, 0 for unknown.
	Count int64
	// Text says the rest, for people. It is cut after 1,000 bytes.
	Text string
}

// Names of notes. NoteGap and NoteDropped say that messages are missing; package capture tells
// them to whoever reads the recording.
const (
	// NoteGap: messages between From and To may be missing.
	NoteGap = "gap"
	// NoteDropped: Count messages were given to the recorder and not kept, for its buffer was
	// full. The recorder writes it itself.
	NoteDropped = "dropped"
	// NoteStarted and NoteStopped are the recorder's, at the beginning and end of its run.
	NoteStarted = "started"
	NoteStopped = "stopped"
	// NoteClock: the machine's clock was set, from From to To.
	NoteClock = "clock"
	// NoteTable: a table was asked for. Stream is its name, Text the SHA-256 of its content.
	NoteTable = "table"

	// NoteConnected, NoteLost and NoteRotated tell of connections.
	NoteConnected = "connected"
	NoteLost      = "lost"
	NoteRotated   = "rotated"
	// NoteResync: a book was lost and built anew.
	NoteResync = "resync"
	// NoteSilent: a stream says nothing for longer than is normal; NoteHeard: it speaks again.
	NoteSilent = "silent"
	NoteHeard  = "heard"
)

// raw is the name of notes that hold a message which cannot be a line.
const raw = "raw"

// prefix is before the names of all notes: no event of Binance's begins so.
const prefix = "pmbot."

const (
	noteNameMax   = 40
	noteStreamMax = 200
	noteTextMax   = 1000
)

// noteLine is a note as it is written.
type noteLine struct {
	Event  string        `json:"e"`
	Stream string        `json:"stream,omitempty"`
	From   exchange.Time `json:"from,omitzero"`
	To     exchange.Time `json:"to,omitzero"`
	Count  int64         `json:"count,omitempty"`
	Text   string        `json:"text,omitempty"`
	// Part of Parts and Data are of a raw note: the bytes in base64.
	URL   string `json:"url,omitempty"`
	Part  int    `json:"part,omitempty"`
	Parts int    `json:"parts,omitempty"`
	Data  []byte `json:"base64,omitempty"`
}

// encode is a note as JSON text. Texts that are not UTF-8 are mended, so it cannot fail.
func (n Note) encode() []byte {
	name := n.Name
	if name == "" || len(name) > noteNameMax || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		name = "other"
	}
	return mustEncode(noteLine{
		Event: prefix + name, Stream: clip(n.Stream, noteStreamMax), From: n.From, To: n.To, Count: n.Count, Text: clip(n.Text, noteTextMax),
	})
}

// mustEncode panics for what the type cannot hold.
func mustEncode(n noteLine) []byte {
	b, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return b
}

func clip(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
