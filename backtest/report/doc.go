// Package report shows what a backtest found out: the console tables, and report.html, one
// file that opens from disk and asks the network for nothing.
//
// Everything comes from one [backtest.Result] and nothing else: no clock, no environment,
// so the same result gives the same bytes. Text that a strategy or a data file supplied
// is never trusted, neither by the terminal nor by the browser. The backtest commands
// call it; backtest/rundir keeps the files. Start at [Console] and [HTML].
//
// Money is exact up to the page: only [Ratios]
// and the positions of points in charts are float64.
package report
