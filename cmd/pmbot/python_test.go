package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// python is an interpreter that has what strategies in Python need, or "".
var python = sync.OnceValue(func() string {
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

// offerPython tells scripts of the interpreter and of the Python package.
func offerPython(env *testscript.Env) error {
	env.Setenv("PYTHON", python())
	folder, err := filepath.Abs("../../plugins/python")
	env.Setenv("PYTHON_PACKAGE", folder)
	return err
}
