// Package preflight looks at a key and its account before anything is traded with them:
// what the key may do, what kind of account it is of, and whether our picture of the account
// is the exchange's. "pmbot doctor" prints what it finds, and a live run begins with it.
//
// Collect asks, and knows no judgement; Examine judges, and asks nobody: it is a function of
// the facts, so that each verdict can be seen in a test. Every verdict says what was found
// and, where it is not good, what to do about it. Start reading at Examine.
package preflight
