package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/plugins/host"
)

func strategyBuildCommand(c *console) *cobra.Command {
	var asJSON bool
	var out string
	cmd := &cobra.Command{
		Use: "build [DIR]", Short: "Build a strategy's program, and print the checksum to pin",
		Long: `Build the Go strategy in DIR, the working directory by default, into a program beside its
source. Equal source, Go version and place of pmbot's checkout give an equal program, so its
SHA-256 can be pinned in a configuration: pmbot starts no other file then. Of a strategy in
Python it prints the checksum of strategy.py, which does not cover what that imports.`,
		Args: cobra.MaximumNArgs(1),
		RunE: action(func(ctx context.Context, args []string) error {
			dir := append(args, ".")[0]
			program, err := buildStrategy(ctx, dir, out)
			if err != nil {
				return err
			}
			return c.printBuilt(program, asJSON)
		}),
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "the program's file (default: in DIR, named as its module)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// moduleName is the last part of the path of the module in a directory.
func moduleName(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", &failure{exitNotFound, fmt.Errorf("there is no go.mod in %s, and no strategy.py", dir), `name the folder of a strategy; "pmbot strategy new NAME" makes one`}
	}
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if module, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return path.Base(strings.Trim(strings.TrimSpace(module), `"`)), nil
		}
	}
	return "", &failure{exitConfig, fmt.Errorf("%s names no module", filepath.Join(dir, "go.mod")), ""}
}

// buildStrategy compiles the program of a directory and returns its path.
func buildStrategy(ctx context.Context, dir, out string) (string, error) {
	if isPython(dir) { // the script is the program
		return filepath.Join(dir, pythonScript), nil
	}
	name, err := moduleName(dir)
	if err != nil {
		return "", err
	}
	if out == "" {
		out = filepath.Join(dir, name)
	}
	whole, err := filepath.Abs(out)
	if err != nil {
		return "", err
	}
	// -trimpath and no stamp of a repository: where it is built leaves no trace.
	if err := goTool(ctx, dir, "build", "-trimpath", "-buildvcs=false", "-o", whole, "."); err != nil {
		return "", err
	}
	return out, nil
}

// goTool runs the go command in a directory. Its words are the error's.
func goTool(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off") // a module of its own, whatever lies above it
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	text := strings.TrimSpace(said.String())
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return &failure{exitNotFound, errors.New("there is no go command"), "install Go, https://go.dev/dl, and see that it is on the PATH"}
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(text, "go mod tidy") || strings.Contains(text, "missing go.sum entry"):
		return &failure{exitCheck, fmt.Errorf("go %s:\n%s", args[0], text), "go mod tidy in " + dir + " adds what is missing"}
	default:
		return &failure{exitCheck, fmt.Errorf("go %s:\n%s", args[0], text), ""}
	}
}

func (c *console) printBuilt(program string, asJSON bool) error {
	sum, err := host.Checksum(program)
	if err != nil {
		return err
	}
	info, err := os.Stat(program)
	if err != nil {
		return err
	}
	if asJSON {
		return c.printJSON(struct {
			Schema string `json:"schema"`
			Path   string `json:"path"`
			SHA256 string `json:"sha256"`
			Bytes  int64  `json:"bytes"`
		}{"pmbot.strategy-build/1", program, sum, info.Size()})
	}
	_, err = fmt.Fprintf(c.out, "program %s, %s\nsha256  %s\n", program, bytesOf(info.Size()), sum)
	return err
}

// staleWords say that a program was built before its source was changed, "" if it was not.
func staleWords(program string) string {
	late := changedSince(program)
	if late == "" {
		return ""
	}
	return fmt.Sprintf("%s is older than %s: it runs as it was built; pmbot strategy build builds it anew", program, late)
}

// changedSince names a source of a program that is newer than it: one in its own directory, where
// that holds a module. It is "" for anything else, and for what cannot be looked at.
func changedSince(program string) string {
	dir := filepath.Dir(program)
	built, err := os.Stat(program)
	if err != nil || !built.Mode().IsRegular() || isPython(dir) {
		return ""
	}
	if _, err := moduleName(dir); err != nil {
		return ""
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		source := filepath.Ext(e.Name()) == ".go" && !strings.HasSuffix(e.Name(), "_test.go")
		if info, err := e.Info(); source && err == nil && info.ModTime().After(built.ModTime()) {
			return filepath.Join(dir, e.Name())
		}
	}
	return ""
}
