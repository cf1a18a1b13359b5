// Package pythontest finds the Python that tests of strategies in Python run them with. Only
// tests import it.
package pythontest

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// find looks for an interpreter once.
var find = sync.OnceValue(func() string {
	candidates := []string{os.Getenv("PMBOT_PYTHON")}
	if candidates[0] == "" {
		candidates = []string{"python3", "/usr/bin/python3"}
	}
	for _, c := range candidates {
		out, err := exec.Command(c, "-c", "import sys, grpc, google.protobuf; assert sys.version_info >= (3, 11); print(sys.executable)").Output()
		if err == nil {
			return strings.TrimSpace(string(out))
		}
	}
	return ""
})

// Interpreter is a Python that has what strategies need, or "". PMBOT_PYTHON names the only one
// that is tried.
func Interpreter() string { return find() }

// Need is Interpreter, or the test is skipped.
func Need(t testing.TB) string {
	t.Helper()
	if find() == "" {
		t.Skip("python not at hand: install python3-grpcio and python3-protobuf, or name an interpreter that has them with PMBOT_PYTHON")
	}
	return find()
}
