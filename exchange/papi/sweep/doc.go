// Package sweep ends every open order of an account and makes sure of it, by what the exchange
// says alone: no journal, no bot and no table of instruments is needed. It is what a halt, the
// watchdog and a person without a bot have in common.
//
// It promises that an end is only called confirmed when every list (UM, UM algo, CM, CM
// conditional, margin, OCO) was read empty twice, with a span between that outlasts whatever
// request was still on its way; that an answer which did not come, or says nothing, is asked
// for again until the context ends; that it waits as long as the exchange asks; and that it
// says what it could not confirm. It opens nothing and closes no position.
//
// Binance lists margin orders pair by pair. The pairs are those that the caller knows, those
// of open OCOs, and, where money stays locked that none of them explains, whatever the
// exchange answers without a pair; what is locked still is told, and nothing is confirmed.
//
// "pmbot halt" and "pmbot watchdog" call [Run]. Start reading there.
package sweep
