package main

import "testing"

// TestCurrent holds that the generated files are those of plugin.proto.
func TestCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the generators")
	}
	if err := run(true); err != nil {
		t.Error(err)
	}
}
