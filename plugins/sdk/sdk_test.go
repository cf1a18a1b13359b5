package sdk_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

func TestMain(m *testing.M) {
	plugintest.Main(map[string]func() strategy.Strategy{"second": func() strategy.Strategy { return &plugintest.Probe{} }})
	goleak.VerifyTestMain(m)
}

// TestByHand starts a plugin as a person would.
func TestByHand(t *testing.T) {
	spec := plugintest.Spec(plugintest.Serve)
	cmd := exec.Command(spec.Path, spec.Args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || len(stdout) > 0 {
		t.Errorf("%v and %q on standard output, want exit status 2 and nothing", err, stdout)
	}
	want := `sdk.test holds the strategies probe, second for pmbot. It does nothing by itself: pmbot starts it.

Name it in the configuration of a run,

    [risk]
    [[strategy]]
    plugin = "PATH"

and start that with "pmbot backtest".
`
	if got := strings.ReplaceAll(stderr.String(), spec.Path, "PATH"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestSeveral holds that a program with several strategies wants one named.
func TestSeveral(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	_, err := p.Describe(t.Context(), "", nil)
	want := "plugin serve: the program has several strategies and none was named; name one of probe, second"
	if fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if d, err := p.Describe(t.Context(), "second", nil); err != nil || d.Manifest.Name != "probe" {
		t.Errorf("the second is %q (%v)", d.Manifest.Name, err)
	}
}

// TestBacktestErrors asks for runs that cannot be.
func TestBacktestErrors(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	for _, c := range []struct {
		config string
		kind   host.Kind
		want   string
	}{
		{`{`, host.Failed, `in a backtest: configuration: unexpected EOF`},
		{`{"sede": 1}`, host.Failed, `in a backtest: configuration: json: unknown field "sede"`},
		{`{"strategy": [{"plugin": "third"}]}`, host.NotFound, `no strategy "third" in this program; name one of probe, second`},
	} {
		_, err := p.Backtest(t.Context(), []byte(c.config), nil, nil)
		var e *host.Error
		if !errors.As(err, &e) || e.Kind != c.kind || e.Error() != "plugin serve: "+c.want {
			t.Errorf("%s: got %v\nwant %s", c.config, err, c.want)
		}
	}
}

// TestEnvironment holds that a plugin sees none of our variables, keys least of all.
func TestEnvironment(t *testing.T) {
	t.Setenv("BINANCE_API_KEY", "secret")
	p := plugintest.Open(t, plugintest.Serve)
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.Pid()))
	if err != nil {
		t.Skip("no /proc here: ", err)
	}
	for _, v := range strings.Split(strings.TrimRight(string(env), "\x00"), "\x00") {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case strings.HasPrefix(name, "PLUGIN_"), name == "PMBOT_PLUGIN", name == "PATH", name == "TZ", name == "TMPDIR":
		default:
			t.Errorf("the plugin sees %s", v)
		}
	}
}
