// Command genproto makes the Go code and the descriptor set of the plugin protocol. It
// needs nothing but Go: the compiler is a library, and the two generators are tools of
// this module.
//
//	go run ./plugins/proto/genproto          write the generated files
//	go run ./plugins/proto/genproto -check   fail when they are not current
//
// It runs in the root of the module or, through go generate, in plugins/proto.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

const (
	module = "github.com/pmbot/pmbot"
	source = "pmbot/v1/plugin.proto"
)

// descriptors are where the descriptor set is written: beside the protocol, and into the
// Python package, which is installed without the rest of the repository.
var descriptors = []string{"plugins/proto/pmbot.binpb", "plugins/python/src/pmbot/pmbot.binpb"}

func main() {
	check := flag.Bool("check", false, "compare the generated files with those on disk and write nothing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "genproto:", err)
		os.Exit(1)
	}
}

// generated is a file to be, with its path below the module's root.
type generated struct {
	path    string
	content []byte
}

func run(check bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	files, err := generate(root)
	if err != nil {
		return err
	}
	var stale []string
	for _, f := range files {
		path := filepath.Join(root, f.path)
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, f.content) {
			continue
		}
		if check {
			stale = append(stale, f.path)
		} else if err := os.WriteFile(path, f.content, 0o644); err != nil {
			return err
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("not current: %s; run go generate ./plugins/proto", strings.Join(stale, ", "))
	}
	return nil
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// generate compiles the protocol and returns the Go files and the descriptor set.
func generate(root string) ([]generated, error) {
	compiler := protocompile.Compiler{
		Resolver:       &protocompile.SourceResolver{ImportPaths: []string{filepath.Join(root, "plugins/proto")}},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	compiled, err := compiler.Compile(context.Background(), source)
	if err != nil {
		return nil, err
	}
	file := protodesc.ToFileDescriptorProto(compiled[0])
	var files []generated
	for _, tool := range []string{"protoc-gen-go", "protoc-gen-go-grpc"} {
		made, err := runTool(root, tool, file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tool, err)
		}
		files = append(files, made...)
	}
	file.SourceCodeInfo = nil // comments; whoever builds classes from the set needs none
	set, err := proto.MarshalOptions{Deterministic: true}.Marshal(
		&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{file}})
	if err != nil {
		return nil, err
	}
	for _, path := range descriptors {
		files = append(files, generated{path, set})
	}
	return files, nil
}

func runTool(root, tool string, file *descriptorpb.FileDescriptorProto) ([]generated, error) {
	request, err := proto.Marshal(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{source},
		Parameter:      proto.String("module=" + module),
		ProtoFile:      []*descriptorpb.FileDescriptorProto{file},
	})
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "tool", tool)
	cmd.Dir, cmd.Stdin, cmd.Stderr = root, bytes.NewReader(request), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(out, &response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, fmt.Errorf("%s", response.GetError())
	}
	var files []generated
	for _, f := range response.File {
		files = append(files, generated{f.GetName(), []byte(f.GetContent())})
	}
	slices.SortFunc(files, func(a, b generated) int { return strings.Compare(a.path, b.path) })
	return files, nil
}
