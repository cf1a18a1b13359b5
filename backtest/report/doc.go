// Package report shows what a backtest found out and keeps it: the console tables, the
// run directory with result.json, fills.csv, equity.csv and config.toml, and
// report.html, one file that opens from disk and asks the network for nothing.
//
// Everything comes from one [backtest.Result] and nothing else: no clock, no environment,
// so the same result gives the same bytes. Text that a strategy or a data file supplied
// is never trusted, neither by the terminal nor by the browser. The backtest commands
// call it. Start at [Write], [Console] and [HTML]; [Load] reads a run directory back.
//
// backtest/FORMAT.md documents the files. Money is exact up to the page: only [Ratios]
// and the positions of points in charts are float64.
package report
