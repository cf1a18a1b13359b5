// Package configs carries the files that pmbot ships with: configurations and reference
// data, which the binary must find wherever it is started. It promises that every file
// in it is read by a test. Commands open them through [FS]; README.md beside this file
// tells where each figure comes from.
package configs

import "embed"

// FS holds the shipped files under their paths in this folder. exchangeinfo/fapi.json,
// dapi.json and api.json are exchangeInfo answers of UM, CM and spot, cut to the
// instruments of examples and tests; a live run asks Binance instead. demo.toml is what a
// backtest runs when no configuration is named; backtest.toml explains every key of a
// backtest, sim.toml every key of a simulated exchange and run.toml every key of a bot; sim-busy.toml is
// an exchange with much to tell, demo-bot.toml the bot of the demo, and watchdog.toml explains
// every key of a watchdog. scenarios are those of pmbot stress.
//
//go:embed *.toml exchangeinfo/*.json scenarios/*.toml
var FS embed.FS
