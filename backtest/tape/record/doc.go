// Package record keeps what the market says, raw, as it came.
package record
