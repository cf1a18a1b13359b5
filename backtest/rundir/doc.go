// Package rundir keeps what a run found out: the run directory with result.json,
// config.toml, and the files of rows, such as fills.csv, each beside one in Parquet for
// notebooks.
//
// Everything in it comes from one [backtest.Result] and nothing else: no clock, no
// environment, so the same result gives the same bytes. A directory is there whole or not
// at all, and what it says is checked when it is read. The package knows nothing of pages:
// whoever writes a run passes those along. The backtest and report commands call it. Start
// at [Write] and [Load]; [Find] knows runs by the names that people give.
//
// backtest/FORMAT.md documents the files.
package rundir
