package main

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"text/template"
)

// templates are the files of new strategies by language: common ones, and those of each
// scaffold.
//
//go:embed templates
var templates embed.FS

// ourModule is the module that strategies are built against.
const ourModule = "github.com/pmbot/pmbot"

// writeGo makes a module.
func writeGo(_ *console, p *project) (*folder, error) {
	f, err := fill("templates/go", p, "")
	if err != nil {
		return nil, err
	}
	dir, version, err := findModule(p.source)
	if err != nil {
		return nil, err
	}
	if dir == "" { // a released version: "pmbot strategy build" downloads what is missing
		f.files["go.mod"] = fmt.Appendf(nil, "module %s\n\ngo %s\n\nrequire %s %s\n", p.name, goVersion(), ourModule, version)
		return f, nil
	}
	if f.files["go.mod"], err = replacedModule(p.name, dir); err != nil {
		return nil, err
	}
	f.files["go.sum"], err = os.ReadFile(filepath.Join(dir, "go.sum"))
	return f, err
}

// fill makes the files of a scaffold from templates: those of the folder common, and its own.
// python is the interpreter of scripts.
func fill(root string, p *project, python string) (*folder, error) {
	values := struct {
		Name, Summary, Account, Risk, Params, Python string
		Conform                                      []string
	}{p.name, p.scaffold.summary, p.scaffold.account, p.scaffold.risk, p.scaffold.params, python, p.scaffold.conform}
	files := map[string][]byte{}
	for _, folder := range []string{"common", p.scaffold.name} {
		entries, err := fs.ReadDir(templates, path.Join(root, folder))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			text, err := fs.ReadFile(templates, path.Join(root, folder, e.Name()))
			if err != nil {
				return nil, err
			}
			name, isTemplate := strings.CutSuffix(e.Name(), ".tmpl")
			if !isTemplate { // scripts stand as they are
				files["testdata/"+name] = text
				continue
			}
			t, err := template.New(e.Name()).Parse(string(text))
			if err != nil {
				return nil, err
			}
			var b bytes.Buffer
			if err := t.Execute(&b, values); err != nil {
				return nil, err
			}
			if name == "gitignore" {
				name = ".gitignore"
			}
			files[name] = b.Bytes()
		}
	}
	return &folder{files: files}, nil
}

// findModule says where pmbot's source is: the checkout that was named, or the one that this
// program was built from, or else the released version that it is.
func findModule(source string) (dir, version string, err error) {
	cure := "name a checkout with --source"
	if source != "" {
		if dir, err = filepath.Abs(source); err == nil && !isCheckout(dir) {
			err = &failure{exitNotFound, fmt.Errorf("--source %s: there is no go.mod of %s", source, ourModule), "name the directory that you cloned pmbot into"}
		}
		return dir, "", err
	}
	// The compiler has noted where this file was, unless the program was built with -trimpath.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		if dir = filepath.Dir(filepath.Dir(filepath.Dir(file))); isCheckout(dir) && !strings.Contains(filepath.ToSlash(dir), "/pkg/mod/") {
			return dir, "", nil
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == ourModule && strings.HasPrefix(info.Main.Version, "v") &&
		!strings.Contains(info.Main.Version, "+dirty") {
		return "", info.Main.Version, nil
	}
	return "", "", &failure{exitNotFound, errors.New("the source of pmbot is not where this program was built, and it is no released version"), cure}
}

func isCheckout(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(text), "module "+ourModule+"\n")
}

// required are the blocks of a go.mod that require.
var required = regexp.MustCompile(`(?ms)^require \(\n.*?^\)\n`)

// replacedModule is the go.mod of a module that is built against a checkout. It requires
// what the checkout requires, so that a build needs no network and no "go mod tidy".
func replacedModule(name, dir string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "module %s\n\ngo %s\n\nrequire %s v0.0.0\n\nreplace %s => %s\n\n", name, goVersion(), ourModule, ourModule, quoted(dir))
	b.WriteString("// What pmbot is built with, so that this is built with the same; \"go mod tidy\" may prune it.\n")
	for _, block := range required.FindAll(text, -1) {
		for line := range strings.Lines(string(block)) {
			if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "\t") && !strings.Contains(line, "//") {
				line += " // indirect"
			}
			b.WriteString(line + "\n")
		}
	}
	return b.Bytes(), nil
}

// quoted is a path as go.mod wants it.
func quoted(dir string) string {
	if strings.ContainsAny(dir, " \t\"'`()[]{},") {
		return fmt.Sprintf("%q", dir)
	}
	return dir
}

// goVersion is the language version of this build, such as 1.26.8.
func goVersion() string {
	v, _, _ := strings.Cut(strings.TrimPrefix(runtime.Version(), "go"), " ")
	return cmp.Or(strings.TrimSpace(v), "1.26")
}
