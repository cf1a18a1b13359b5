// Package plugintest lets tests run strategies as real plugin processes, well-behaved
// and not: a test binary starts itself as the plugin.
//
//	func TestMain(m *testing.M) {
//		plugintest.Main(map[string]func() strategy.Strategy{"mine": New})
//		os.Exit(m.Run())
//	}
//
//	func TestMine(t *testing.T) {
//		wishes := plugintest.Same(t, "mine", New, nil, instruments, events)
//		...
//	}
//
// Authors use [Same] to see that their strategy wishes the same across the process boundary
// as in a test of package strategytest, and [Start] to play it there by hand.
//
// Hosts use the ways in which a program can misbehave, each a mode for [Open] or [Spec]:
// [Garbage], [Exit], [CrashStart], [HangStart], [FloodStart], [OldProtocol] and [NoServer]
// fail before or in the handshake; [Lies] break the protocol of calls and [LiveLies] that of
// the live socket, by the names in lie.go and livelie.go. [Probe], which [Serve] serves as
// "probe", is a strategy that sees everything and misbehaves at the event that its parameter
// at counts to, by its parameter do: it panics, exits, hangs, spins, floods the log, floods
// intents, prints, cannot save, or fails in Start or Stop. The package promises that a plugin
// of a test ends with the test. Start at [Main].
package plugintest
