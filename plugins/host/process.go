package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// process is a plugin's process, as go-plugin's runner wants it. It is ours and not
// go-plugin's own because we need to know what the first line was, how the process
// ended, and that it cannot read our standard input.
type process struct {
	cmd    *exec.Cmd
	stdout firstLine
	stderr io.ReadCloser
	// ended is closed when the process has ended and its output has been read.
	ended chan struct{}
	// The process is killed when life ends, or before opened is called when opening does.
	life, opening    context.Context
	detached, opened func() bool
}

// newProcess prepares a program. go-plugin's variables, in env, are all it adds to the
// environment.
func newProcess(life, opening context.Context, path string, args, env []string) (*process, error) {
	cmd := exec.Command(path, args...)
	cmd.Env = append(environment(), env...)
	ownGroup(cmd)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	never := func() bool { return false }
	return &process{
		cmd: cmd, stdout: firstLine{ReadCloser: stdout}, stderr: stderr, ended: make(chan struct{}),
		life: life, opening: opening, detached: never, opened: never,
	}, nil
}

// environment is what a plugin may see of ours: where programs and temporary files are,
// and no more. Time is UTC, so that no strategy depends on the machine's place.
func environment() []string {
	env := []string{"TZ=UTC"}
	for _, name := range []string{"PATH", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// Start starts the process.
func (p *process) Start(context.Context) error {
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.detached, p.opened = context.AfterFunc(p.life, p.abandon), context.AfterFunc(p.opening, p.abandon)
	return nil
}

// Wait waits for the end. go-plugin calls it once, after it has read all output.
func (p *process) Wait(context.Context) error {
	defer close(p.ended)
	return p.cmd.Wait()
}

// Kill ends the process and what it has started.
func (p *process) Kill(context.Context) error {
	if p.cmd.Process == nil {
		return nil
	}
	select {
	case <-p.ended:
		return nil
	default:
	}
	if err := killGroup(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// abandon ends the process and stops reading from it, even if something that it has
// started lives on and holds its output open.
func (p *process) abandon() {
	_ = p.Kill(context.Background())
	_ = p.stdout.Close()
	_ = p.stderr.Close()
}

// exit describes how the process ended, waiting a little for that: "exit status 2",
// "signal: killed", or "" while it is alive.
func (p *process) exit(wait time.Duration) string {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.String()
	case <-timer.C:
		return ""
	}
}

// Stdout and Stderr are the process's output streams.
func (p *process) Stdout() io.ReadCloser { return &p.stdout }

// Stderr is the standard error stream.
func (p *process) Stderr() io.ReadCloser { return p.stderr }

// Name is the path of the program.
func (p *process) Name() string { return p.cmd.Path }

// ID is the process id.
func (p *process) ID() string {
	if p.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose adds nothing: package host explains failures itself.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost and HostToPlugin leave addresses as they are, for both sides are on one
// machine.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin leaves addresses as they are.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// firstLine remembers the first line of a stream that somebody else reads.
type firstLine struct {
	io.ReadCloser
	// The mutex is between go-plugin's reader and whoever explains a failed handshake.
	mutex sync.Mutex
	line  []byte
	full  bool
}

func (f *firstLine) Read(b []byte) (int, error) {
	n, err := f.ReadCloser.Read(b)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if !f.full && n > 0 {
		piece, _, end := bytes.Cut(b[:n], []byte("\n"))
		f.line = append(f.line, piece[:min(len(piece), 4096-len(f.line))]...)
		f.full = end || len(f.line) == 4096
	}
	return n, err
}

// text is the line as far as it was read.
func (f *firstLine) text() string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return strings.TrimSpace(string(f.line))
}
