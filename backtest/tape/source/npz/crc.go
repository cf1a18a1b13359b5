package npz

import "hash/crc32"

// joinCRC is the CRC-32 (IEEE) of a followed by b, from that of each and the length of b.
// A checksum is the remainder of a polynomial over GF(2), bits reflected; that of a moves
// up by the bits of b, which multiplies it by x^(8·length), and adds to that of b.
func joinCRC(a, b uint32, length int64) uint32 {
	const one, x8 = 1 << 31, 1 << 23
	power, square := uint32(one), uint32(x8)
	for n := uint64(length); n > 0; n >>= 1 {
		if n&1 != 0 {
			power = multiplyCRC(power, square)
		}
		square = multiplyCRC(square, square)
	}
	return multiplyCRC(a, power) ^ b
}

// multiplyCRC multiplies modulo the polynomial of CRC-32.
func multiplyCRC(a, b uint32) (product uint32) {
	for bit := uint32(1 << 31); bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= crc32.IEEE
		}
	}
	return product
}
