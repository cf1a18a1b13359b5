// Package report shows what a backtest found out: the console tables, and report.html, one
// file that opens from disk and asks the network for nothing.
//
// Everything comes from one [backtest.Result] and nothing else: no clock, no environment,
// so the same result gives the same bytes. Text that a strategy or a data file supplied
// is never trusted, neither by the terminal nor by the browser. Money is exact up to the
// page: only the positions of points in charts are float64.
//
// The backtest and report commands call it. It shows, and others compute: backtest/stats
// the figures, backtest/compare what sets runs apart, backtest/rundir keeps the files. Start
// at [Console] and [HTML]; for several runs at [CompareConsole] and [CompareHTML].
package report
