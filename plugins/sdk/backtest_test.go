package sdk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// probeRun is a run of the probe on generated bars.
func probeRun(days int, params map[string]string) *backtest.Config {
	cfg := &backtest.Config{Seed: 1, Risk: riskguard.DefaultLimits()}
	cfg.Risk.DailyLossMaxRatio, cfg.Risk.DrawdownMaxRatio = decimal.New(1, 0), decimal.New(1, 0) // nobody is there to resume
	cfg.Risk.StrategyDailyLossMaxRatio, cfg.Risk.StrategyDrawdownMaxRatio, cfg.Risk.LossStreakMax = decimal.New(1, 0), decimal.New(1, 0), 1_000_000
	cfg.Data.Generate = backtest.GenerateConfig{
		Coin: "BTC", Days: days, Bar: time.Minute, Start: exchange.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(100000, 0)}
	cfg.Strategies = []backtest.StrategyConfig{{Label: "mine", Plugin: "probe", Params: params}}
	return cfg
}

// runInside runs it inside the plugin and returns the log lines.
func runInside(t *testing.T, p *host.Plugin, cfg *backtest.Config, wanted bool) (lines []string, err error) {
	t.Helper()
	config, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log func(label, line string)
	if wanted {
		log = func(label, line string) { lines = append(lines, label+": "+line) }
	}
	_, err = p.Backtest(t.Context(), config, nil, log)
	return lines, err
}

// TestBacktestTrouble holds that a strategy which crashes, ends the process or does not
// return inside a whole run is reported with the event that it had in hand.
func TestBacktestTrouble(t *testing.T) {
	for _, c := range []struct {
		do   string
		kind host.Kind
		want string
	}{
		{"panic", host.Crashed, `OnBar crashed at probe.go:* in strategy probe handling BAR seq * at 2024-01-01T00:07:00Z: panic: event 7 is too much`},
		{"panic-start", host.Crashed, `Start crashed at probe.go:* in Start of strategy probe: panic: not today`},
		{"panic-stop", host.Crashed, `Stop crashed at probe.go:* in Stop of strategy probe: panic: not like this`},
		{"exit", host.Crashed, `crashed in a backtest: exit status 3: I quit`},
		{"hang", host.Hung, `no answer within 1s in strategy probe handling BAR seq * at 2024-01-01T00:07:00Z; a callback must return at once: it must not wait, or loop without end`},
		{"spin", host.Hung, `no answer within 1s in strategy probe handling BAR seq * at 2024-01-01T00:07:00Z; *`},
	} {
		t.Run(c.do, func(t *testing.T) {
			spec := plugintest.Spec(plugintest.Serve)
			spec.Timeout = time.Second
			if c.kind == host.Crashed {
				spec.Timeout = time.Minute
			}
			p, err := host.Open(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			// Bars only: the seventh of them is the one at 00:07.
			lines, err := runInside(t, p, probeRun(1, map[string]string{"do": c.do, "at": "7", "bars": "true"}), true)
			var e *host.Error
			pattern := "^plugin serve: " + strings.ReplaceAll(regexp.QuoteMeta(c.want), `\*`, ".*") + "$"
			if !errors.As(err, &e) || e.Kind != c.kind || !regexp.MustCompile(pattern).MatchString(e.Error()) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if c.kind == host.Hung && (len(lines) == 0 || lines[0] != "mine: watching UM:BTCUSDT") {
				t.Errorf("what it had logged before is lost: %q", lines)
			}
		})
	}
}

// TestBacktestLogs holds that log lines come out of a whole run as they do in this
// process, that there is an end to them, and that they are sent only if wanted.
func TestBacktestLogs(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	for _, days := range []int{1, 15} {
		cfg := probeRun(days, map[string]string{"bars": "true", "every": "2"})
		var want []string
		_, err := backtest.Run(t.Context(), cfg, backtest.Options{
			Programs: []backtest.Program{backtest.LocalProgram(func() strategy.Strategy { return &plugintest.Probe{} })},
			Log:      func(label, line string) { want = append(want, label+": "+line) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if more := len(want) - 10_000; more > 0 {
			want = append(want[:10_000], fmt.Sprintf(": %d more log lines dropped", more))
		} else if days > 1 {
			t.Fatalf("only %d lines, too few for the test", len(want))
		}
		got, err := runInside(t, p, cfg, true)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d days: %d lines, want %d (%v)", days, len(got), len(want), err)
		}
	}
	if _, err := runInside(t, p, probeRun(1, map[string]string{"bars": "true", "every": "2"}), false); err != nil {
		t.Error(err)
	}
}
