package main

import "testing"

// TestProgramPrint: another program or another parameter is another strategy, the order of
// parameters is not.
func TestProgramPrint(t *testing.T) {
	one := programPrint("aa", map[string]string{"fast": "1", "slow": "2"})
	if programPrint("aa", map[string]string{"slow": "2", "fast": "1"}) != one {
		t.Error("the same is another")
	}
	for _, other := range []string{
		programPrint("ab", map[string]string{"fast": "1", "slow": "2"}), programPrint("aa", map[string]string{"fast": "1", "slow": "3"}),
		programPrint("aa", map[string]string{"fast": "1"}),
	} {
		if other == one {
			t.Error("another is the same")
		}
	}
	for _, plugin := range []string{"trend", "runprint_test.go"} {
		if sum, err := new(bot).programSum(plugin); err != nil || len(sum) != 64 {
			t.Errorf("%s: %q, %v", plugin, sum, err)
		}
	}
	if _, err := new(bot).programSum("/does/not/exist"); err == nil {
		t.Error("a program that is not there has a checksum")
	}
}
