package host

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// Spec says which program to run and how.
type Spec struct {
	// Path is the program's file; it is not searched for. Args are its arguments.
	Path string
	Args []string
	// SHA256 is the checksum that the file must have, in hex; empty for any.
	SHA256 string
	// Name is the plugin's name in messages; Path if empty.
	Name string
	// Limits bound what the process may use.
	Limits Limits
	// Log gets what the program prints, and go-plugin's own words at debug level; nil
	// for nothing.
	Log *slog.Logger
	// NoSocket keeps lockstep on the gRPC stream, as for programs that know no socket.
	NoSocket bool
	// Timeout is how long the program may take for any one answer, the start included;
	// 0 is 10 s.
	Timeout time.Duration
	// Silence is how long a backtest inside the plugin may show no progress; 0 is 2 min,
	// because reading the data in comes before any.
	Silence time.Duration
}

// Plugin is a running strategy program. Its methods may be used from several goroutines.
type Plugin struct {
	spec Spec
	// ctx is the plugin's life, and opening the part of it that has a deadline.
	ctx, opening context.Context
	cancel       context.CancelCauseFunc
	process      *process
	output       *output
	client       *plugin.Client
	service      pb.StrategyServiceClient
	list         *pb.ListResponse
	// greedy says that the process was ended because it had too much.
	greedy atomic.Pointer[string]
	// tls is our side of the connection, and certificate what the process is shown of it.
	tls         *tls.Config
	certificate string
	// sockets is the directory that go-plugin has made for the connection.
	sockets string
}

// Open starts the program, shakes hands and asks who it is. The context bounds the
// plugin's life: when it ends the process is killed, and whoever waits for it gets the
// context's error. The caller must Close the plugin. Errors are of type *Error.
func Open(ctx context.Context, spec Spec) (*Plugin, error) {
	if spec.Name == "" {
		spec.Name = spec.Path
	}
	if spec.Timeout == 0 {
		spec.Timeout = 10 * time.Second
	}
	if spec.Silence == 0 {
		spec.Silence = 2 * time.Minute
	}
	if spec.Log == nil {
		spec.Log = slog.New(slog.DiscardHandler)
	}
	if err := check(&spec); err != nil {
		return nil, err
	}
	p := &Plugin{spec: spec, output: &output{log: spec.Log.With("plugin", spec.Name)}}
	var err error
	if p.tls, p.certificate, err = certificate(); err != nil {
		return nil, p.fail(Failed, "no certificate for its connection: "+err.Error(), "", err)
	}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.client = plugin.NewClient(p.config())
	if err := p.handshake(); err != nil {
		if p.process != nil {
			p.process.abandon() // whatever it is, it need not be asked to leave
		}
		p.Close()
		return nil, err
	}
	p.hold()
	return p, nil
}

// check finds what is wrong with the file before it is run.
func check(spec *Spec) error {
	fail := func(kind Kind, what, cure string, err error) error {
		return &Error{Kind: kind, Plugin: spec.Name, What: what, Cure: cure, Err: err}
	}
	info, err := os.Stat(spec.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(NotFound, "there is no file "+spec.Path, cureForMissing(spec.Path), err)
	case err != nil:
		return fail(NotFound, err.Error(), "", err)
	case info.IsDir():
		return fail(NotPlugin, spec.Path+" is a directory", "build the program in it, with go build, and name that", nil)
	case filepath.Ext(spec.Path) == ".go":
		return fail(NotPlugin, spec.Path+" is source of Go", "build the program in "+filepath.Dir(spec.Path)+", with pmbot strategy build, and name that", nil)
	case !executable(info):
		return fail(NotPlugin, spec.Path+" is not executable", "if it is a plugin: chmod +x "+spec.Path, nil)
	case spec.SHA256 == "":
		return nil
	}
	sum, err := Checksum(spec.Path)
	if err != nil {
		return fail(NotPlugin, err.Error(), "", err)
	}
	if !strings.EqualFold(sum, spec.SHA256) {
		return fail(BadChecksum, fmt.Sprintf("%s has checksum %s, but %s is pinned", spec.Path, sum, spec.SHA256),
			"if you trust the file as it is, pin its checksum", nil)
	}
	return nil
}

// Checksum is SHA-256 of a file in hex: what Spec.SHA256 is compared with.
func Checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// config is how go-plugin is to run the program.
func (p *Plugin) config() *plugin.ClientConfig {
	stderr := p.output.stream("stderr", true)
	return &plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{wire.ProtocolVersion: {wire.ServiceName: &dispenser{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		TLSConfig:        p.tls,
		SkipHostEnv:      true,
		RunnerFunc:       p.run,
		StartTimeout:     p.spec.Timeout + time.Minute, // ours is sooner
		Stderr:           stderr,
		SyncStdout:       p.output.stream("stdout", false),
		SyncStderr:       p.output.stream("stderr", true),
		Logger:           newPluginLog(p.output.log),
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.AnswerBytesMax), grpc.MaxCallSendMsgSize(wire.RequestBytesMax)),
			grpc.WithInitialWindowSize(wire.WindowBytes), grpc.WithInitialConnWindowSize(wire.WindowBytes),
		},
	}
}

// run makes the process. The pinned checksum is checked once more, as close to the start
// as it gets; go-plugin checks only processes of its own making.
func (p *Plugin) run(_ hclog.Logger, cmd *exec.Cmd, sockets string) (runner.Runner, error) {
	p.sockets = sockets
	path, err := filepath.Abs(p.spec.Path)
	if err != nil {
		return nil, err
	}
	if p.spec.SHA256 != "" {
		want, err := hex.DecodeString(p.spec.SHA256)
		if err != nil {
			return nil, err
		}
		pin := plugin.SecureConfig{Checksum: want, Hash: sha256.New()}
		if ok, err := pin.Check(path); err != nil || !ok {
			return nil, errors.Join(errors.New("the file changed while it was opened"), err)
		}
	}
	if p.process, err = newProcess(p.ctx, p.opening, path, p.spec.Args, append(cmd.Env, certificateVariable+"="+p.certificate)); err != nil {
		return nil, err
	}
	return p.process, nil
}

// Pid is the number of the plugin's process.
func (p *Plugin) Pid() int { return p.process.cmd.Process.Pid }

// Close ends the process: in good order if it obeys within two seconds, else by force.
// Sessions that are open fail from then on.
func (p *Plugin) Close() {
	if p.process != nil {
		force := time.AfterFunc(3*time.Second, p.process.abandon)
		defer force.Stop()
	}
	p.client.Kill()
	if p.process != nil {
		p.process.detached()
	}
	p.cancel(errClosed)
	if p.sockets != "" {
		_ = os.RemoveAll(p.sockets)
	}
}

// errClosed is why a session ends whose plugin was closed.
var errClosed = errors.New("the plugin was closed")

// fail makes an error about this plugin.
func (p *Plugin) fail(kind Kind, what, cure string, err error) *Error {
	return &Error{Kind: kind, Plugin: p.spec.Name, What: what, Cure: cure, Stderr: p.output.tail(), Err: err}
}

func executable(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && (info.Mode().Perm()&0o111 != 0 || os.PathSeparator == '\\')
}
