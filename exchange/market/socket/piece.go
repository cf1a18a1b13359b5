package socket

import (
	"hash/maphash"

	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// order is how the messages of a stream tell which of two came first, and which are the
// same.
type order uint8

const (
	// loose messages have no order that could be relied on: lists, and streams of many
	// symbols. Two are the same if their bytes are.
	loose order = iota
	// rising messages have the instant when they were sent, which several may share: those
	// that do are the same if their bytes are.
	rising
	// unique messages have an id, or are a state, that no other of the stream is, and that
	// only grows.
	unique
)

// orderOf returns the order of a stream's messages.
func orderOf(s stream.Stream) order {
	pairOfCM := s.Kind == stream.Mark && s.Route() == stream.Coin // may be a list
	switch s.Kind {
	case stream.Trade, stream.AggTrade, stream.BookTicker, stream.Depth, stream.PartialDepth, stream.Kline, stream.Liquidation:
		if !s.All() {
			return unique
		}
	case stream.ContractInfo, stream.TradingSession:
	default:
		if !s.All() && !pairOfCM {
			return rising
		}
	}
	return loose
}

// piece is a message as a lane sees it.
type piece struct {
	raw []byte
	// key orders the messages of a stream, if keyed. prev is the key of the message before,
	// if chained.
	key, prev      int64
	keyed, chained bool
	// conn is the number of the connection that brought it.
	conn int
	// print tells whether two messages have the same bytes; 0 is not computed yet.
	print uint64
	// message is the decoded form, nil if the piece was held back: then raw is decoded again.
	message *Message
}

// read sets what a frame says of its place in its stream.
func (p *piece) read(f *frame.Frame) {
	p.key, p.keyed = f.Key()
	switch {
	case !p.keyed:
	case f.Kind == frame.KindTrade, f.Kind == frame.KindAggTrade: // ids without gaps
		p.prev, p.chained = p.key-1, true
	case f.Kind == frame.KindDepth && f.Depth.Prev != 0:
		p.prev, p.chained = f.Depth.Prev, true
	}
}

// seed is that of all prints of this process: they are compared with one another only.
var seed = maphash.MakeSeed()

func (p *piece) printed() uint64 {
	if p.print == 0 {
		p.print = maphash.Bytes(seed, p.raw) | 1
	}
	return p.print
}

// windowMax is how many prints a window has; the oldest make room.
const windowMax = 4096

// window is the prints of what the owner of a stream has brought lately.
type window []uint64

func (w *window) add(print uint64) {
	if len(*w) == windowMax {
		*w = append((*w)[:0], (*w)[windowMax/2:]...)
	}
	*w = append(*w, print)
}

func (w window) index(print uint64) int {
	for i := len(w) - 1; i >= 0; i-- {
		if w[i] == print {
			return i
		}
	}
	return -1
}

// take removes one message of that print: it has been seen on both connections now.
func (w *window) take(print uint64) {
	if i := w.index(print); i >= 0 {
		*w = append((*w)[:i], (*w)[i+1:]...)
	}
}
