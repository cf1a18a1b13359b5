package sign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// The keys of Binance's public documentation.
const (
	papiSecret = "YtP1BudNOWZE1ag5uzCkh4hIC7qSmQOu797r5EJBFGhxBYivjj8HIX0iiiPof5yG"
	spotSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
)

func TestHMAC(t *testing.T) {
	const order = "side=BUY&type=LIMIT&timeInForce=GTC&quantity="
	for _, c := range []struct{ name, secret, payload, want string }{
		{"papi", papiSecret, "symbol=BTCUSDT&" + order + "1&price=2000&recvWindow=5000&timestamp=1611825601400",
			"4c633cd74726176f44d7a81ac9c86ffd6045169b3fadac568b577285ac95ca45"},
		{"query and body, no & between", papiSecret,
			"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC" + "quantity=0.01&price=2000&recvWindow=5000&timestamp=1611825601400",
			"9de499863c33b6e74b625a72b39f252653b62ca6c31c2c0c8fc4e8b87c711129"},
		{"a Chinese symbol", papiSecret, "symbol=%E6%B5%8B%E8%AF%95USDT&" + order + "1&price=2000&recvWindow=5000&timestamp=1611825601400",
			"b743ea33afe20e0c1af25bf0e89aea13615055986807a349b93cab82a08740a6"},
		{"spot", spotSecret, "symbol=LTCBTC&" + order + "1&price=0.1&recvWindow=5000&timestamp=1499827319559",
			"c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"},
	} {
		s := newSigner(t, c.secret, "HMAC")
		for range 2 { // the state is kept from one request to the next
			got, err := s.Append([]byte("before "), []byte(c.payload))
			if err != nil || string(got) != "before "+c.want {
				t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
			}
		}
	}
}

// TestEd25519 holds the first two vectors of RFC 8032, section 7.1, and one of our own.
func TestEd25519(t *testing.T) {
	for _, c := range []struct{ seed, payload, want string }{
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "\x72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
		{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "symbol=BTCUSDT&timestamp=1611825601400", ""},
	} {
		seed, err := hex.DecodeString(c.seed)
		if err != nil {
			t.Fatal(err)
		}
		key := ed25519.NewKeyFromSeed(seed)
		got := unbase64(t, newSigner(t, pkcs8(t, key), "Ed25519"), c.payload)
		if !ed25519.Verify(key.Public().(ed25519.PublicKey), []byte(c.payload), got) {
			t.Errorf("%q: the signature does not verify", c.payload)
		}
		if c.want != "" && hex.EncodeToString(got) != c.want {
			t.Errorf("%q: %x, want %s", c.payload, got, c.want)
		}
	}
}

func TestRSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const payload = "symbol=BTCUSDT&side=SELL&timestamp=1611825601400"
	got := unbase64(t, newSigner(t, pkcs8(t, key), "RSA"), payload)
	digest := sha256.Sum256([]byte(payload))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], got); err != nil {
		t.Error(err)
	}
}

func TestConcurrent(t *testing.T) {
	s := newSigner(t, papiSecret, "HMAC")
	want, err := s.Append(nil, []byte("a=1"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got, err := s.Append(nil, []byte("a=1")); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s, %v; want %s", got, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestWrongKeys wants errors that name the mistake, and no piece of the key.
func TestWrongKeys(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := pkcs8(t, edwards)
	block := func(kind string, headers map[string]string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Headers: headers, Bytes: []byte("hush-hush-hush")}))
	}
	for _, c := range []struct{ name, key, want string }{
		{"nothing", "", "the secret is empty"},
		{"a line break", "hushhush\n", "the secret has a space, a line break or a character that is not ASCII at position 9"},
		{"a space", "hush hush", "at position 5"},
		{"not ASCII", "hushé", "at position 5"},
		{"cut off", good[:len(good)/2], "not readable as PEM"},
		{"two blocks", good + good, "more than one block of PEM"},
		{"a passphrase", block("ENCRYPTED PRIVATE KEY", nil), "encrypted with a passphrase"},
		{"an old passphrase", block("RSA PRIVATE KEY", map[string]string{"DEK-Info": "AES-128-CBC,00"}), "encrypted with a passphrase"},
		{"PKCS#1", block("RSA PRIVATE KEY", nil), "RSA PRIVATE KEY is not PKCS#8"},
		{"SEC 1", block("EC PRIVATE KEY", nil), "EC PRIVATE KEY is not PKCS#8"},
		{"public", block("PUBLIC KEY", nil), "this is the public key"},
		{"RSA public", block("RSA PUBLIC KEY", nil), "this is the public key"},
		{"a certificate", block("CERTIFICATE", nil), "holds no private key"},
		{"damaged", block("PRIVATE KEY", nil), "damaged, or of a kind that is not known"},
		{"small", pkcs8(t, small), "RSA with 1024 bits: Binance wants 2048 at least"},
		{"another curve", pkcs8(t, curve), "a key of type *ecdsa.PrivateKey: Binance takes RSA and Ed25519"},
	} {
		_, err := New(NewSecret(c.key))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		} else if strings.Contains(err.Error(), "hush") || len(c.key) > 100 && strings.Contains(err.Error(), c.key[30:40]) {
			t.Errorf("%s: the error shows the key: %v", c.name, err)
		}
	}
}

// TestSecretHides prints secrets in every way there is.
func TestSecretHides(t *testing.T) {
	s := NewSecret(papiSecret)
	signer := newSigner(t, papiSecret, "HMAC")
	type holder struct {
		Open   Secret
		closed Secret
		Point  *Secret
		Signer *Signer
		signer *Signer
	}
	h := holder{s, s, &s, signer, signer}
	var out bytes.Buffer
	for _, v := range []any{s, &s, h, &h, []Secret{s}, map[string]Secret{"k": s}, fmt.Errorf("key %v", s), signer, *signer} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p", "%t", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v, s.String(), s.GoString())
		if text, err := json.Marshal(v); err == nil {
			out.Write(text)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("key", "value", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "value", v)
	}
	for _, form := range []string{papiSecret, hex.EncodeToString([]byte(papiSecret)), fmt.Sprint([]byte(papiSecret))} {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(form[:20])) {
			t.Errorf("the secret shows as %s in:\n%s", form[:20], out.String())
		}
	}
	if s.Reveal() != papiSecret || fmt.Sprint(s) != "[secret]" || fmt.Sprint(NewSecret("")) != "[none]" {
		t.Errorf("%q, %v, %v", s.Reveal(), s, NewSecret(""))
	}
	if !new(Secret).Empty() || new(Secret).Reveal() != "" || s.Empty() {
		t.Error("the zero Secret is not empty, or another is")
	}
}

func newSigner(t testing.TB, key, kind string) *Signer {
	t.Helper()
	s, err := New(NewSecret(key))
	if err != nil {
		t.Fatal(err)
	}
	if s.Kind() != kind {
		t.Fatalf("kind %s, want %s", s.Kind(), kind)
	}
	return s
}

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func unbase64(t testing.TB, s *Signer, payload string) []byte {
	t.Helper()
	text, err := s.Append(nil, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	got, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func BenchmarkSign(b *testing.B) {
	payload := []byte("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000&recvWindow=5000&timestamp=1611825601400")
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	for _, key := range []struct{ kind, text string }{{"HMAC", papiSecret}, {"Ed25519", pkcs8(b, edwards)}, {"RSA", pkcs8(b, private)}} {
		b.Run(key.kind, func(b *testing.B) {
			s, dst := newSigner(b, key.text, key.kind), make([]byte, 0, 512)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Append(dst[:0], payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestSecretEnds tells four characters of a long text and nothing of a short one.
func TestSecretEnds(t *testing.T) {
	for text, want := range map[string]string{"": "", "fifteen-letters": "", "sixteen--letters": "ters", papiSecret: papiSecret[len(papiSecret)-4:]} {
		if got := NewSecret(text).Ends(); got != want {
			t.Errorf("the end of a text of %d is %q", len(text), got)
		}
	}
}
