// Package plugintest lets tests run strategies as real plugin processes, well-behaved
// and not: a test binary starts itself as the plugin.
//
//	func TestMain(m *testing.M) {
//		plugintest.Main(map[string]func() strategy.Strategy{"mine": New})
//		os.Exit(m.Run())
//	}
//
//	func TestMine(t *testing.T) {
//		p := plugintest.Open(t, plugintest.Serve)
//		session, err := p.Start("mine", nil, instruments, 1)
//		...
//	}
//
// Authors use it to see their strategy cross the process boundary in a unit test; the
// tests of packages host and sdk use its [Modes], the ways in which a program can
// misbehave, and [Probe], a strategy that does so on demand. It promises that a plugin
// of a test ends with the test. Start at [Main].
package plugintest
