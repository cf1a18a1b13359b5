// Package lenient reads what Binance answers. It is called by the clients of the exchange, of
// which exchange/papi reads what is signed and exchange/market/rest what is public.
//
// It promises that an answer is read whole or refused with the field and what was found
// there; that numbers come from their digits and are never rounded; that a number may be a
// text and a text a number, "" and null are 0, and one object is a list of one; that fields
// nobody knows are passed over; and that a sender chooses neither memory nor time: bodies,
// numbers and what errors repeat are bounded.
//
// Start reading at Decode; scalar.go has how single values are read.
package lenient
