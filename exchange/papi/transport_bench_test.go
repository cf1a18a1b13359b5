//go:build unix

package papi

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
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
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// BenchmarkTransport sends one order after the other over TLS on loopback to a server in a
// process of its own, and tells the processor time that one takes us (cpu-ns/op) and how long
// it takes (p50-us, p99-us): by the client's own transport, by one that writes HTTP/1.1 by
// hand on a kept connection, and by the same without http.Request, http.Response and context.
// Signing and reading the answer are in all three; approval and budget not in the last one.
func BenchmarkTransport(b *testing.B) {
	if os.Getenv("PMBOT_BENCH_SERVER") != "" {
		serveOrders(b)
		return
	}
	address, roots := startServer(b)
	config := &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
	b.Run("nethttp", func(b *testing.B) {
		t := newTransport()
		t.TLSClientConfig = config
		defer t.CloseIdleConnections()
		benchmarkOrders(b, submitter(b, address, t))
	})
	b.Run("bare-transport", func(b *testing.B) {
		w := dialBare(b, address, config)
		benchmarkOrders(b, submitter(b, address, w))
	})
	b.Run("bare", func(b *testing.B) {
		w := dialBare(b, address, config)
		c := newLiveRow(b, &nowhere{RoundTripper: w}).client
		r := (*liveRow)(nil).request(exchange.MustFixed("50000"))
		benchmarkOrders(b, func() {
			if err := w.order(c, umOrderOf("BTCUSDT", "pm-1-1", &r)); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// order places an order with nothing of the client but its signature and its judgement of
// answers.
func (w *bare) order(c *Client, p newUMOrder) error {
	params, err := c.complete(epNewUMOrder.spec(), p.query(), c.ServerTime())
	if err != nil {
		return err
	}
	status, body, err := w.ask(http.MethodPost, epNewUMOrder.spec().path, params)
	if err != nil {
		return err
	}
	a := read(status, nil, body, nil)
	if err := a.verdict(epNewUMOrder, 0, testKey); err != nil {
		return err
	}
	var ack UMOrderAck
	return decode(body, &ack)
}

// submitter sends one order after the other by a client with a transport.
func submitter(b *testing.B, address string, t http.RoundTripper) func() {
	r := newLiveRow(b, &nowhere{RoundTripper: t})
	r.client.servers[hostPAPI].scheme, r.client.servers[hostPAPI].host = "https", address
	_, r.client.ours = t.(*http.Transport)
	return r.again()
}

// benchmarkOrders measures.
func benchmarkOrders(b *testing.B, send func()) {
	send() // connects
	var took []time.Duration
	measured(b, func() {
		began := time.Now()
		send()
		took = append(took, time.Since(began))
	})
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-us")
}

// bare writes HTTP/1.1 by hand on one connection, and reads the answer in the goroutine that
// asked.
type bare struct {
	conn net.Conn
	in   *bufio.Reader
	head []byte
	out  []byte
	body []byte
}

func dialBare(b *testing.B, address string, config *tls.Config) *bare {
	b.Helper()
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &bare{conn: conn, in: bufio.NewReader(conn), head: []byte(" HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: pmbot\r\nX-Mbx-Apikey: " + testKey +
		"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ")}
}

func (w *bare) ask(method, path string, params []byte) (status int, body []byte, err error) {
	w.out = append(append(append(w.out[:0], method...), ' '), path...)
	w.out = strconv.AppendInt(append(w.out, w.head...), int64(len(params)), 10)
	w.out = append(append(w.out, "\r\n\r\n"...), params...)
	if err := w.conn.SetDeadline(time.Now().Add(timeoutDefault)); err != nil {
		return 0, nil, err
	}
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, nil, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case first && len(line) > 12:
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, nil, err
			}
		case len(line) == 0:
			w.body = slices.Grow(w.body[:0], length)[:length]
			_, err := io.ReadFull(w.in, w.body)
			return status, w.body, err
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(string(line[16:])); err != nil || length > bodyBytesMax {
				return 0, nil, errors.New("no length")
			}
		}
	}
}

// RoundTrip is ask for a client.
func (w *bare) RoundTrip(r *http.Request) (*http.Response, error) {
	params, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status, body, err := w.ask(r.Method, r.URL.Path, params)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}, nil
}

// startServer starts the server, which ends with its standard input.
func startServer(b *testing.B) (address string, roots *x509.CertPool) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	tells, told, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer tells.Close()
	server := exec.CommandContext(b.Context(), self, "-test.run=^$", "-test.bench=^BenchmarkTransport$", "-test.benchtime=1x")
	server.Env, server.ExtraFiles = append(os.Environ(), "PMBOT_BENCH_SERVER=1"), []*os.File{told}
	stdin, err := server.StdinPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	told.Close()
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = server.Wait()
	})
	line, err := bufio.NewReader(tells).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	address, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(cert)
	return address, roots
}

// serveOrders answers whatever comes as if it were one order, and tells on descriptor 3 where
// and with which certificate.
func serveOrders(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		b.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		b.Fatal(err)
	}
	tells := os.NewFile(3, "tells")
	if _, err := fmt.Fprintf(tells, "%v %s\n", l.Addr(), base64.StdEncoding.EncodeToString(der)); err != nil {
		b.Fatal(err)
	}
	tells.Close()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		l.Close()
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			room := make([]byte, 16<<10)
			for {
				if _, err := conn.Read(room); err != nil {
					return
				}
				if _, err := io.WriteString(conn, liveHTTP); err != nil {
					return
				}
			}
		}()
	}
}
