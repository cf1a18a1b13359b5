package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A frame is four octets with the length of its payload and, in the last of them, a mark;
// four with the CRC-32C of these and the payload; and the payload, whose first octet says
// what it is. What one call writes is one frame, so that it is there whole or not at all.
const (
	frameHead = 8
	frameMark = 0xa5
	// payloadMax is the longest payload. The mark takes the place of longer lengths, so that
	// hardly anything in a file looks like a frame that is none.
	payloadMax = 1<<24 - 1
)

// Kinds of payload.
const (
	headerFrame   = 'H'
	pieceFrame    = 'P' // a piece of the snapshot, of which more follows
	snapshotFrame = 'S' // the last piece
	recordsFrame  = 'R'
	endFrame      = 'E' // sums over a segment that was left in peace
)

func knownFrame(kind byte) bool {
	switch kind {
	case headerFrame, pieceFrame, snapshotFrame, recordsFrame, endFrame:
		return true
	}
	return false
}

// castagnoli is the polynomial for which processors have an instruction.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// beginFrame leaves room for the head of a frame of a kind.
func beginFrame(b []byte, kind byte) []byte {
	return append(b, 0, 0, 0, 0, 0, 0, 0, 0, kind)
}

// sealFrame fills in the head of the frame that is all of b.
func sealFrame(b []byte) {
	binary.LittleEndian.PutUint32(b, uint32(len(b)-frameHead)|frameMark<<24)
	binary.LittleEndian.PutUint32(b[4:], frameSum(b))
}

// frameSum is the checksum of the frame that is all of b.
func frameSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:4], castagnoli), castagnoli, b[frameHead:])
}

// frameLength is the length of the payload behind a head of eight octets; ok is false where
// no frame begins so.
func frameLength(head []byte) (length int, ok bool) {
	n := binary.LittleEndian.Uint32(head)
	return int(n & payloadMax), n>>24 == frameMark && n&payloadMax > 0
}

// wholeFrame says whether a frame, head and payload, is what was written.
func wholeFrame(b []byte) bool {
	return binary.LittleEndian.Uint32(b[4:]) == frameSum(b) && knownFrame(b[frameHead])
}

// findFrame is where the first whole frame in b begins, or -1.
func findFrame(b []byte) int {
	for at := 0; ; at++ {
		mark := bytes.IndexByte(b[min(at+3, len(b)):], frameMark)
		if mark < 0 {
			return -1
		}
		at += mark
		if len(b)-at <= frameHead {
			return -1
		}
		length, ok := frameLength(b[at:])
		if ok && length <= len(b)-at-frameHead && knownFrame(b[at+frameHead]) && wholeFrame(b[at:at+frameHead+length]) {
			return at
		}
	}
}
