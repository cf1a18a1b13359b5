package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rogpeppe/go-internal/testscript"
)

// simulate starts "pmbot sim --json" with some arguments on free ports, asks it what a file
// says, and stops it: "simulate requests.txt -c sim.toml". The answers are in the file
// "answers", a line each, and what it wrote to standard error in "log".
//
// A request is "GET /path", with "signed" in front with key and signature of key k and
// secret s; "admin POST /path body" goes to the admin port, "host NAME GET /path" says another Host,
// and "hear /market/stream?streams=a/b 3" reads three frames of fstream.
func simulate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: simulate requests.txt arguments...")
	}
	program, err := exec.LookPath("pmbot")
	ts.Check(err)
	run := exec.Command(program, append([]string{"sim", "--json", "--listen", "127.0.0.1:0"}, args[1:]...)...)
	run.Dir = ts.MkAbs(".")
	var log bytes.Buffer
	run.Stderr = &log
	stdout, err := run.StdoutPipe()
	ts.Check(err)
	ts.Check(run.Start())
	var at simAddresses
	decoded := json.NewDecoder(bufio.NewReader(stdout)).Decode(&at)
	var answers strings.Builder
	if decoded == nil {
		c := simClient{at: at, http: trusting(ts, args)}
		for line := range strings.Lines(ts.ReadFile(args[0])) {
			if line = strings.TrimSpace(line); line != "" {
				fmt.Fprintln(&answers, c.obey(line))
			}
		}
		ts.Check(run.Process.Signal(syscall.SIGTERM))
	}
	if _, err := io.Copy(io.Discard, stdout); err != nil && !errors.Is(err, os.ErrClosed) {
		ts.Check(err)
	}
	err = run.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("log"), log.Bytes(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("answers"), []byte(answers.String()), 0o644))
	if decoded != nil || err != nil {
		ts.Fatalf("pmbot sim: %v, %v\n%s", decoded, err, log.String())
	}
}

// startExchange starts "pmbot sim --json" on free ports until the script ends, puts the
// addresses of its ports into files, in the place of $URL, $FSTREAM, $DSTREAM and $STREAM, and
// sets these variables: "exchange record.toml -c sim.toml".
func startExchange(ts *testscript.TestScript, neg bool, args []string) {
	n := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") })
	if n < 0 {
		n = len(args)
	}
	if neg || n == 0 {
		ts.Fatalf("usage: exchange file... [arguments of sim]")
	}
	program, err := exec.LookPath("pmbot")
	ts.Check(err)
	run := exec.Command(program, append([]string{"sim", "--json", "--listen", "127.0.0.1:0"}, args[n:]...)...)
	run.Dir = ts.MkAbs(".")
	stdout, err := run.StdoutPipe()
	ts.Check(err)
	ts.Check(run.Start())
	ts.Defer(func() {
		ts.Check(run.Process.Signal(syscall.SIGTERM))
		_, _ = io.Copy(io.Discard, stdout)
		ts.Check(run.Wait())
	})
	var at simAddresses
	ts.Check(json.NewDecoder(stdout).Decode(&at))
	values := map[string]string{"URL": at.URL, "FSTREAM": at.FStream, "DSTREAM": at.DStream, "STREAM": at.Stream}
	for name, value := range values {
		ts.Setenv(name, value)
	}
	ts.Setenv("ADMIN", at.Admin)
	for _, name := range args[:n] {
		text := os.Expand(ts.ReadFile(name), func(name string) string { return values[name] })
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}

// injectFault lets the exchange of a script fail, or ends all faults: "fault {"kind":"reset"}".
func injectFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: fault [fault]")
	}
	c := simClient{at: simAddresses{Admin: ts.Getenv("ADMIN")}, http: &http.Client{Timeout: time.Minute}}
	method := "POST"
	if len(args) == 0 {
		method = "DELETE"
	}
	if answer := c.ask(method, c.at.Admin+"/faults", "", strings.Join(args, " ")); !strings.HasPrefix(answer, "200") {
		ts.Fatalf("%s", answer)
	}
}

// signalBot sends SIGUSR1 to the bot of a state directory: "usr1 state/pmbot/main".
func signalBot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: usr1 directory")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[0] + "/lock")))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, syscall.SIGUSR1))
}

// trusting is a client that trusts the certificate among some arguments.
func trusting(ts *testscript.TestScript, args []string) *http.Client {
	pool := x509.NewCertPool()
	for i, a := range args {
		if a == "--tls-cert" {
			pool.AppendCertsFromPEM([]byte(ts.ReadFile(args[i+1])))
		}
	}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}}
}

// simClient asks a simulated exchange.
type simClient struct {
	at   simAddresses
	http *http.Client
}

// obey does what a line says and returns what came of it.
func (c *simClient) obey(line string) string {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "signed":
		method, path, _ := strings.Cut(rest, " ")
		path, params, _ := strings.Cut(path, "?")
		_, now, _ := strings.Cut(c.ask("GET", c.at.URL+"/fapi/v1/time", "", ""), `{"serverTime":`)
		params = strings.TrimPrefix(params+"&timestamp="+strings.TrimSuffix(now, "}"), "&")
		h := hmac.New(sha256.New, []byte("s"))
		io.WriteString(h, params)
		return c.ask(method, c.at.URL+path+"?"+params+"&signature="+hex.EncodeToString(h.Sum(nil)), "", "")
	case "admin":
		method, path, _ := strings.Cut(rest, " ")
		path, body, _ := strings.Cut(path, " ")
		return strings.Join(strings.Fields(c.ask(method, c.at.Admin+path, "", body)), " ")
	case "hear":
		return hear(c.at.FStream, rest)
	case "host":
		host, rest, _ := strings.Cut(rest, " ")
		method, path, _ := strings.Cut(rest, " ")
		return c.ask(method, c.at.URL+path, host, "")
	default:
		return c.ask(word, c.at.URL+rest, "", "")
	}
}

// hear subscribes to streams of fstream and reads some frames.
func hear(host, line string) string {
	path, count, _ := strings.Cut(line, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return err.Error()
	}
	conn, answer, err := websocket.DefaultDialer.Dial(host+path, nil)
	if err != nil {
		return err.Error()
	}
	answer.Body.Close()
	defer conn.Close()
	for range n {
		if _, _, err := conn.ReadMessage(); err != nil {
			return err.Error()
		}
	}
	return "heard " + count
}

func (c *simClient) ask(method, url, host, body string) string {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	if host != "" {
		r.Host = host
	}
	r.Header.Set("X-MBX-APIKEY", "k")
	w, err := c.http.Do(r)
	if errors.Is(err, syscall.ECONNRESET) {
		return "reset"
	}
	if err != nil {
		return errors.Unwrap(err).Error()
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil {
		return fmt.Sprintf("%d %s and then %v", w.StatusCode, answer, err)
	}
	return fmt.Sprintf("%d %s", w.StatusCode, strings.ReplaceAll(string(answer), "\r\n", " "))
}

// certificate writes a certificate of 127.0.0.1 and its key: "certificate cert.pem key.pem".
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: certificate cert.pem key.pem")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	for i, b := range []*pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: private}} {
		ts.Check(os.WriteFile(ts.MkAbs(args[i]), pem.EncodeToMemory(b), 0o600))
	}
}

// TestLoopback tells addresses of this machine from others.
func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.8.8.8": true, "localhost": true, "::1": true, "0.0.0.0": false, "": false, "::": false, "10.0.0.1": false, "example.com": false,
	} {
		if got := loopback(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
