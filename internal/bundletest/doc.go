// Package bundletest is what tests of bundled strategies share: a backtest of one strategy
// on a generated market ([Config], [Run]), deaths of its process at any event
// ([Program], [Deaths]), and the table of parameters in its README ([Readme]).
package bundletest
