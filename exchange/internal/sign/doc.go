// Package sign signs requests as Binance wants it: with an HMAC secret, an RSA key or an
// Ed25519 key. exchange/papi is its only caller.
//
// It promises that the signature is of the very bytes it is given, and that neither the key
// nor a part of it is in what it prints or in its errors. Start reading at sign.go.
package sign
