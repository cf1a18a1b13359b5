package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// pythonNeeds asks an interpreter for what the package needs, and for its own path.
const pythonNeeds = "import sys, grpc, google.protobuf; assert sys.version_info >= (3, 11); print(sys.executable)"

// pythonScript is the file of a strategy in Python, which is its program, too.
const pythonScript = "strategy.py"

// writePython makes a folder with a script that names its interpreter, and a link to the
// package in the checkout: the environment of a strategy's process has no PYTHONPATH.
func writePython(c *console, p *project) (*folder, error) {
	python, err := findPython(c.getenv("PMBOT_PYTHON"))
	if err != nil {
		return nil, err
	}
	dir, version, err := findModule(p.source)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, &failure{exitNotFound, fmt.Errorf("this pmbot is the release %s, whose Python package lies in the checkout", version), "clone it and name it with --source"}
	}
	f, err := fill("templates/python", p, python)
	if err != nil {
		return nil, err
	}
	f.links = map[string]string{"pmbot": filepath.Join(dir, "plugins/python/src/pmbot")}
	return f, nil
}

// findPython is the first Python that can run strategies: the one that is named, or that of
// the path, or the system's.
func findPython(named string) (string, error) {
	candidates := []string{named}
	if named == "" {
		candidates = []string{"python3", "/usr/bin/python3"}
	}
	for _, name := range candidates {
		if out, err := exec.Command(name, "-c", pythonNeeds).Output(); err == nil {
			return strings.TrimSpace(string(out)), nil
		}
	}
	return "", &failure{exitNotFound, fmt.Errorf("no Python 3.11 with grpcio and protobuf: asked %s", strings.Join(candidates, ", ")),
		"install python3-grpcio and python3-protobuf, or name one that has them with PMBOT_PYTHON"}
}

// isPython says whether a folder holds a strategy in Python.
func isPython(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, pythonScript))
	return err == nil && !exists(filepath.Join(dir, "go.mod"))
}

// testPython runs the tests of a folder with the interpreter that its script names.
func testPython(ctx context.Context, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, pythonScript))
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	words := strings.Fields(strings.TrimPrefix(line, "#!"))
	if !strings.HasPrefix(line, "#!") || len(words) == 0 {
		return &failure{exitConfig, fmt.Errorf("the first line of %s names no Python", pythonScript), "begin it with #!/usr/bin/env python3"}
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], "-B", "-m", "unittest")...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &failure{exitCheck, errors.Join(errors.New(strings.TrimSpace(string(out))), err), ""}
	}
	return nil
}
