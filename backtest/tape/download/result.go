package download

import (
	"errors"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
)

var (
	// ErrRefused says that a server answered with what no further attempt will change.
	ErrRefused = errors.New("refused")
	// ErrUnreachable says that a server failed again and again.
	ErrUnreachable = errors.New("no good answer")
	// ErrThrottled says that a server wants longer pauses than a run has patience for.
	ErrThrottled = errors.New("throttled")
	// ErrStalled says that a server's answer did not come in time.
	ErrStalled = errors.New("stalled")
	// ErrChecksum says that the bytes of an archive do not agree with its CHECKSUM file.
	ErrChecksum = tape.ErrChecksum
)

// State is what became of an archive.
type State uint8

const (
	// Imported: its rows are on the tape.
	Imported State = iota + 1
	// Empty: it has no rows, as of a day on which nothing was traded. The tape notes that.
	Empty
	// Already: the tape had it, by its checksum, or knew it to be empty.
	Already
	// Missing: the server has no such archive. A month whose days stand for it is not told.
	Missing
	// Failed: see the error.
	Failed
)

// String is the state's word in messages and JSON.
func (s State) String() string {
	return [...]string{"", "imported", "empty", "already", "missing", "failed"}[s]
}

// MarshalText writes the word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Result is how an archive, or a stretch filled over REST, ended.
type Result struct {
	Archive
	State State
	// OverREST says that the rows came over REST; From and To bound the stretch then.
	OverREST bool
	// SHA256 is that of the archive, "" if that did not come whole; Verified says that its
	// CHECKSUM file agreed.
	SHA256   string
	Verified bool
	// Replaced is the SHA-256 of another archive of this name that the tape or the cache
	// had: Binance has replaced the file since.
	Replaced string
	// Bytes is the archive's size, and Fetched how many of them, and of broken attempts,
	// came over the network in this run.
	Bytes, Fetched int64
	// Requests counts what was sent for it, CHECKSUM files and attempts included.
	Requests int
	// Reason says why an archive is missing. Early says that it will come.
	Reason string
	Early  bool
	// Report is the importer's, of archives that reached it.
	Report tape.Report
	// Err is why it failed.
	Err error
}

// Progress is how far a run is.
type Progress struct {
	// Files of Total archives have ended. Total grows when days stand for a month.
	Files, Total int
	// Bytes came over the network in Elapsed.
	Bytes int64
	// Ahead is how many bytes are still to come, as far as sizes are known; Known says that
	// all are.
	Ahead   int64
	Known   bool
	Elapsed time.Duration
	// Pause is how long all workers still wait because the server wants that.
	Pause time.Duration
}

// Rate is the bytes a second so far.
func (p Progress) Rate() int64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return int64(float64(p.Bytes) / p.Elapsed.Seconds())
}

// Share is the part of the work that is done, from 0 to 1: of bytes where all sizes are
// known, else of files.
func (p Progress) Share() float64 {
	if p.Known && p.Bytes+p.Ahead > 0 {
		return float64(p.Bytes) / float64(p.Bytes+p.Ahead)
	}
	return float64(p.Files) / float64(max(1, p.Total))
}

// ETA is how long the rest will take at the speed so far, 0 while nobody can tell.
func (p Progress) ETA() time.Duration {
	share := p.Share()
	if share <= 0 {
		return 0
	}
	return time.Duration(float64(p.Elapsed) * (1 - share) / share)
}

// Summary is a run as a whole.
type Summary struct {
	Imported, Empty, Already, Missing, Failed int
	// Rows are those that were new to the tape.
	Rows int64
	// Bytes and Requests are what the run cost the network.
	Bytes    int64
	Requests int
	Elapsed  time.Duration
	// Listed says that the bucket's listing was used.
	Listed bool
}

// Planned is an archive that a run would fetch.
type Planned struct {
	Archive
	// Bytes is its size, 0 if nobody has said.
	Bytes int64
	// Tape says that the tape has an archive of this name, and Cached that a finished file
	// waits for the import. Whether they are still the server's is seen by the run.
	Tape, Cached bool
	// Missing says why it cannot be fetched, "" if it can, as far as is known.
	Missing string
}
