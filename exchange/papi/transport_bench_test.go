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
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/wire"
)

// BenchmarkTransport sends one order after the other over TLS on loopback to a server in a
// process of its own, and tells the processor time that one takes us (cpu-ns/op) and how long
// it takes (p50-us, p99-us), from making the request to judging the answer: by net/http, by
// the client's own connections, and by these without waiting.
func BenchmarkTransport(b *testing.B) {
	if os.Getenv("PMBOT_BENCH_SERVER") != "" {
		serveOrders(b)
		return
	}
	address, roots := startServer(b)
	b.Run("nethttp", func(b *testing.B) {
		var http1 http.Protocols
		http1.SetHTTP1(true)
		t := &http.Transport{Protocols: &http1, DisableCompression: true, TLSClientConfig: &tls.Config{RootCAs: roots}, MaxConnsPerHost: 64}
		defer t.CloseIdleConnections()
		c := newTestClient(b, nil)
		r := (*liveRow)(nil).request(exchange.MustFixed("50000"))
		benchmarkOrders(b, func() { byNetHTTP(b, c, t, address, umOrderOf("BTCUSDT", "pm-1-1", &r)) })
	})
	for name, waits := range map[string]bool{"wait": true, "start": false} {
		b.Run(name, func(b *testing.B) {
			r := newLiveRow(b, &nowhere{waits: waits})
			r.client.servers[hostPAPI].host = address
			pool := wire.New(wire.Config{Host: address, TLS: true, Roots: roots})
			r.client.servers[hostPAPI].line, r.client.servers[hostPAPI].pool = pool, pool
			defer pool.CloseIdle()
			benchmarkOrders(b, r.again())
		})
	}
}

// byNetHTTP places an order by net/http, with nothing of the client but its signature and its
// judgement of answers.
func byNetHTTP(b *testing.B, c *Client, t *http.Transport, address string, p newUMOrder) {
	s := epNewUMOrder.spec()
	params, err := c.complete(s, p.query(), c.ServerTime())
	if err != nil {
		b.Fatal(err)
	}
	request, err := http.NewRequest(s.method, "https://"+address+s.path, bytes.NewReader(params))
	if err != nil {
		b.Fatal(err)
	}
	request.Header["X-Mbx-Apikey"], request.Header["Content-Type"] = []string{testKey}, []string{"application/x-www-form-urlencoded"}
	response, err := t.RoundTrip(request)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	a := read(response.StatusCode, response.Header, body, err)
	if err := a.verdict(epNewUMOrder, 0, testKey); err != nil {
		b.Fatal(err)
	}
	var ack UMOrderAck
	if err := decode(body, &ack); err != nil {
		b.Fatal(err)
	}
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
