package record

import (
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// chunkBytes is the size of a frame before it is packed. Captured streams pack best, at
// 6.8 to 7.7 to 1, in frames of 64 to 256 KiB: BenchmarkFrames.
const chunkBytes = 256 << 10

// chunk is some whole lines of a lane, of one segment: a frame to be.
type chunk struct {
	lane *lane
	// span is the beginning of the time that the segment is for. anew says that it must be
	// a new one, for the clock has gone back.
	span exchange.Time
	anew bool
	// first and last are the times of the outer lines, born is when the first one came.
	first, last exchange.Time
	born        time.Time
	text        []byte
}

// buffer has what waits for the disk, in memory of at most limit bytes.
type buffer struct {
	limit, size int64
	// closed says that nothing more is taken.
	closed bool
	// total is the memory of all chunks, free ones included, and of tables.
	total int64
	// queue has sealed chunks, the oldest first; free are empty ones.
	queue, free []*chunk
	tables      []polled
	// kick wakes the writer.
	kick chan struct{}
}

// freeMax bounds how many empty chunks keep their memory.
const freeMax = 8

func newBuffer(limit int) buffer {
	return buffer{limit: int64(limit), size: int64(min(chunkBytes, limit/16)), kick: make(chan struct{}, 1)}
}

// get returns an empty chunk for at least need bytes, nil if there is no room.
func (b *buffer) get(need int) *chunk {
	if b.closed {
		return nil
	}
	size := max(b.size, int64(need))
	if n := len(b.free); n > 0 && size == b.size {
		c := b.free[n-1]
		b.free = b.free[:n-1]
		return c
	}
	if !b.take(size) {
		return nil
	}
	return &chunk{text: make([]byte, 0, size)}
}

// take reserves memory, that of free chunks if need be.
func (b *buffer) take(size int64) bool {
	for b.total+size > b.limit && len(b.free) > 0 {
		b.free = b.free[:len(b.free)-1]
		b.total -= b.size
	}
	if b.closed || b.total+size > b.limit {
		return false
	}
	b.total += size
	return true
}

// release takes a written chunk back.
func (b *buffer) release(c *chunk) {
	if size := int64(cap(c.text)); size != b.size || len(b.free) == freeMax {
		b.total -= size
		return
	}
	*c = chunk{text: c.text[:0]}
	b.free = append(b.free, c)
}

// wake has the writer look at the queue.
func (b *buffer) wake() {
	select {
	case b.kick <- struct{}{}:
	default: // it has been woken and has not looked yet
	}
}

// lane is one directory of segments: those of a product, or the recorder's own.
type lane struct {
	product exchange.Product
	name    string

	// The Recorder's mu guards these. fill is the chunk that lines go to, last the time of
	// the last line; anew says that the next chunk begins a new segment.
	fill  *chunk
	last  exchange.Time
	anew  bool
	begun bool
	lost  loss
	stats ProductStats
	// before is the time of the last line that an earlier recorder has left, 0 if none did,
	// and killed says that it did not end as it should.
	before exchange.Time
	killed bool

	// segment is the open one. It is Run's.
	segment *segment
}

// loss is what was dropped since the last note that told of it.
type loss struct {
	from, to exchange.Time
	count    int64
}

const (
	// lanesMax is a lane for each product and one for notes that concern none.
	lanesMax = 4
	// ownLane is the directory of notes that concern no product.
	ownLane = "recorder"
)

// laneOf is the index of a product's lane.
func laneOf(p exchange.Product) int {
	if row.MarketOf(p) == "" {
		return 0
	}
	return int(p)
}

func newLanes() (lanes [lanesMax]*lane) {
	for i := range lanes {
		p := exchange.Product(i)
		lanes[i] = &lane{product: p, name: row.MarketOf(p), stats: ProductStats{Product: p}}
	}
	lanes[0].name = ownLane
	return lanes
}
