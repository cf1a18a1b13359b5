package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// simulated is a "pmbot sim" that runs in this process.
type simulated struct {
	URL, Admin, Key, Secret  string
	FStream, DStream, Stream string
}

// startSim runs the command and reads the addresses that it prints.
func startSim(t *testing.T, config string, args ...string) simulated {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan int)
	var errors bytes.Buffer
	go func() {
		all := append([]string{"sim", "-c", "-", "--listen", "127.0.0.1:0", "--json"}, args...)
		code := run(ctx, all, strings.NewReader(config), in, &errors, func(string) string { return "" })
		in.Close()
		ended <- code
	}()
	t.Cleanup(func() {
		stop()
		go io.Copy(io.Discard, out) // whatever is still written, so that the command can end
		if code := <-ended; code != 0 {
			t.Errorf("sim ended with %d: %s", code, errors.String())
		}
	})
	var s simulated
	if err := json.NewDecoder(out).Decode(&s); err != nil {
		stop()
		t.Fatalf("addresses of sim: %v", err)
	}
	return s
}

// do asks the admin port for something.
func (s *simulated) do(t *testing.T, path, body string) {
	t.Helper()
	answer, err := http.Post(s.Admin+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		t.Fatalf("POST %s %s: %s: %s", path, body, answer.Status, text)
	}
}

// clear ends all faults.
func (s *simulated) clear(t *testing.T) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.Admin+"/faults", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

const (
	doctorKey    = "doctordoctordoctordoctordoctordoctordoctordoctordoctordoctor0000"
	doctorSecret = "not-a-secret-of-anybody"
)

// doctorSim is an account that nothing is wrong with, and a key that may do what it must.
const doctorSim = `
[market]
coins = ["BTC"]
warmup = "0s"
[account.margin]
USDT = "10000"
[account.um]
USDT = "1000"
[[position]]
symbol = "UM:BTCUSDT"
qty = "0.1"
entry = "60000"
[[key]]
id = "` + doctorKey + `"
secret = "` + doctorSecret + `"
reading = true
portfolio_margin = true
ips = ["127.0.0.1"]
`

// judged is what a script reads of the JSON.
type judged struct {
	MayTrade bool `json:"may_trade"`
	Verdicts []struct{ ID, Level string }
}

// diagnose runs doctor against a simulated exchange.
func (s *simulated) diagnose(t *testing.T, args ...string) (judged, int) {
	t.Helper()
	env := map[string]string{"PMBOT_KEY": doctorKey, "PMBOT_SECRET": doctorSecret}
	var out, errors bytes.Buffer
	all := append([]string{"doctor", "--at", s.URL, "--json", "--set", `instruments=["UM:BTCUSDT"]`}, args...)
	code := run(context.Background(), all, strings.NewReader(""), &out, &errors, func(name string) string { return env[name] })
	var d judged
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatalf("exit %d: %v\n%s\n%s", code, err, out.String(), errors.String())
	}
	return d, code
}

// TestDoctor makes one thing after another wrong with a simulated account, and looks for the
// verdict.
func TestDoctor(t *testing.T) {
	const trading = "portfolio_margin = true"
	for _, c := range []struct {
		// config is replaced in the simulated exchange's configuration; then the admin port is
		// asked for body at path.
		config, with string
		path, body   string
		args         []string
		want         string // levels and ids
		code         exitCode
	}{
		{want: "ok clock, ok key, ok reading, ok trading-right, ok futures-stripped, ok no-withdrawals, ok no-transfers, ok address-bound, ok pm, ok delta-off, ok mode, ok status, ok unimmr, ok account-equal, ok tables-read, ok orders, warn foreign-positions, ok fees-plain, ok user-stream"},
		{config: trading, with: "", want: "fail right-missing", code: exitCheck},
		{config: trading, with: "", args: []string{"--set", "account.pm_since=2099-01-01"}, want: "fail key-before-pm", code: exitCheck},
		{config: trading, with: trading + "\ncreated = 2020-01-01", path: "/account", body: `{"activated":1609459200000}`, want: "fail right-frozen", code: exitCheck},
		{config: trading, with: "futures = true", path: "/account", body: `{"kind":""}`, want: "warn futures-right, fail not-pm", code: exitCheck},
		{config: trading, with: trading + "\nwithdrawals = true", want: "fail withdrawals", code: exitCheck},
		{config: trading, with: trading + "\nuniversal_transfer = true", want: "warn transfers"},
		{config: `ips = ["127.0.0.1"]`, want: "warn address-open"},
		{config: `"127.0.0.1"`, with: `"10.0.0.1"`, want: "fail key-refused", code: exitCheck},
		{path: "/account", body: `{"kind":""}`, want: "fail not-pm", code: exitCheck},
		{path: "/account", body: `{"kind":"PM_1"}`, want: "fail pm-pro", code: exitCheck},
		{path: "/account", body: `{"kind":"PM_3"}`, want: "fail pm-span", code: exitCheck},
		{path: "/account", body: `{"delta_mode":true}`, want: "fail delta-on", code: exitCheck},
		{args: []string{"--set", "account.hedge_mode=true"}, want: "fail mode-unexpected", code: exitCheck},
		{path: "/report", body: `{"status":"REDUCE_ONLY"}`, want: "fail status", code: exitCheck},
		{path: "/report", body: `{"uniMMR":"1.1"}`, want: "fail unimmr-low", code: exitCheck},
		{path: "/report", body: `{"uniMMR":"1.8"}`, want: "warn unimmr-near"},
		{path: "/report", body: `{"equity":"9000"}`, want: "fail account-differs", code: exitCheck},
		{path: "/report", body: `{"equity":"10900"}`, want: "warn account-drifts"},
		{config: `USDT = "10000"`, with: "USDT = \"10000\"\nBTC = \"0.1\"\n[account.loans]\nUSDT = \"500\"\n", want: "warn foreign-positions"},
		{config: "[[position]]\nsymbol = \"UM:BTCUSDT\"\nqty = \"0.1\"\nentry = \"60000\"", want: "ok flat, ok unimmr-free"},
		{args: []string{"--set", `instruments=["CM:BTCUSD_PERP"]`}, want: "warn model-partial"},
		{path: "/time", body: `{"clock_ahead":"3s"}`, want: "fail clock-off", code: exitCheck},
		{path: "/time", body: `{"clock_ahead":"-700ms"}`, want: "warn clock-drifts"},
	} {
		config := strings.Replace(doctorSim, c.config, c.with, 1)
		if c.config != "" && config == doctorSim {
			t.Fatalf("%q is not in the configuration", c.config)
		}
		s := startSim(t, config)
		if c.path != "" {
			s.do(t, c.path, c.body)
		}
		d, code := s.diagnose(t, c.args...)
		var got []string
		for _, v := range d.Verdicts {
			got = append(got, v.Level+" "+v.ID)
		}
		for want := range strings.SplitSeq(c.want, ", ") {
			if !slices.Contains(got, want) {
				t.Errorf("%s is missing: %s", want, strings.Join(got, ", "))
			}
		}
		if code != int(c.code) || d.MayTrade != (c.code == exitOK) {
			t.Errorf("%s: exit %d, may trade: %v: %s", c.want, code, d.MayTrade, strings.Join(got, ", "))
		}
	}
}

// TestDoctorRefused is about keys that no exchange knows, and exchanges that are not there.
func TestDoctorRefused(t *testing.T) {
	s := startSim(t, doctorSim)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	for _, c := range []struct{ key, secret, at, want string }{
		{"no-such-key", doctorSecret, s.URL, "key-"},
		{strings.Repeat("K", 64), doctorSecret, s.URL, "key-refused"},
		{doctorKey, "another-secret", s.URL, "key-secret"},
		{doctorKey, doctorSecret, "http://" + nobody.Addr().String(), "unreachable"},
	} {
		env := map[string]string{"PMBOT_KEY": c.key, "PMBOT_SECRET": c.secret}
		var out, errors bytes.Buffer
		code := run(context.Background(), []string{"doctor", "--at", c.at, "--json"}, strings.NewReader(""), &out, &errors, func(name string) string { return env[name] })
		want := int(exitCheck)
		if c.want == "unreachable" {
			want = int(exitExchange)
		}
		text := out.String() + errors.String()
		if code != want || !strings.Contains(text, `"id": "`+c.want) {
			t.Errorf("%s: exit %d\n%s", c.want, code, text)
		}
		if strings.Contains(text, c.secret) {
			t.Errorf("%s: the secret is in what was printed:\n%s", c.want, text)
		}
	}
}
