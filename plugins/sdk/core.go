package sdk

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime/debug"
)

const modulePath = "github.com/pmbot/pmbot"

// Version is the version of the pmbot module that the program was built with, or "devel"
// for a working copy.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	v := versions(info)[modulePath]
	if v == "" || v == "(devel)" {
		return "devel"
	}
	return v
}

// CoreHash identifies the code that computes a backtest's result: everything of pmbot
// that package backtest links, by its source ([coreSource], made by a test), and the
// third-party modules it computes with, by the versions that are in this program. Two
// programs with one hash give one result for one configuration. It holds for released
// versions, whose source cannot change; whoever changes the core in a copy of the
// repository runs the tests, which fail until the hash is made anew.
func CoreHash() string {
	var have map[string]string
	if info, ok := debug.ReadBuildInfo(); ok {
		have = versions(info)
	}
	h := sha256.New()
	fmt.Fprintln(h, coreSource)
	for _, m := range coreModules() {
		// A test binary does not know its modules; it has those of our go.mod.
		fmt.Fprintln(h, m.path, cmp.Or(have[m.path], m.version))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// module is a third-party module at the version of our go.mod.
type module struct{ path, version string }

// versions are the versions of the modules in the program; a replaced module has that of
// its replacement.
func versions(info *debug.BuildInfo) map[string]string {
	have := map[string]string{info.Main.Path: info.Main.Version}
	for _, m := range info.Deps {
		if m.Replace != nil {
			have[m.Path] = m.Replace.Version
		} else {
			have[m.Path] = m.Version
		}
	}
	return have
}
