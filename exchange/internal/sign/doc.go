// Package sign signs requests as Binance wants it: with an HMAC secret, an RSA key or an
// Ed25519 key. It is called by exchange/papi alone.
package sign
