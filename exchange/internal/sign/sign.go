package sign

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
)

// Signer signs with one key. It is safe for concurrent use.
type Signer struct {
	kind string
	sign func(dst, payload []byte) ([]byte, error)
}

// New makes a signer from an HMAC secret as Binance showed it, or from an RSA or Ed25519
// private key in PKCS#8 PEM. An error says what is wrong with the key and shows nothing of
// it.
func New(key Secret) (*Signer, error) {
	text := key.Reveal()
	switch {
	case text == "":
		return nil, errors.New("the secret is empty")
	case looksLikePEM(text):
		private, err := parsePEM(text)
		if err != nil {
			return nil, fmt.Errorf("the private key: %w", err)
		}
		if private, ok := private.(ed25519.PrivateKey); ok {
			return &Signer{kind: "Ed25519", sign: ed25519Signer(private)}, nil
		}
		return &Signer{kind: "RSA", sign: rsaSigner(private.(*rsa.PrivateKey))}, nil
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return nil, fmt.Errorf("the secret has a space, a line break or a character that is not ASCII at position %d", i+1)
		}
	}
	return &Signer{kind: "HMAC", sign: hmacSigner(text)}, nil
}

// Kind is "HMAC", "RSA" or "Ed25519".
func (s *Signer) Kind() string { return s.kind }

// Append appends the signature of a payload to dst: in hexadecimal for HMAC, in base64 for
// RSA and Ed25519. Base64 must be percent-encoded before it is sent.
func (s *Signer) Append(dst, payload []byte) ([]byte, error) { return s.sign(dst, payload) }

// Format prints the kind, whatever the verb.
func (s *Signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.kind+" signer") }

// hmacSigner keeps the keyed state, because hashing the key anew for each request costs
// more than all the rest of a signature.
func hmacSigner(secret string) func(dst, payload []byte) ([]byte, error) {
	state := &struct {
		// The state is used by one request at a time: waiting for a third of a
		// microsecond is cheaper than a goroutine that owns it.
		sync.Mutex
		hash.Hash
		sum [sha256.Size]byte
	}{Hash: hmac.New(sha256.New, []byte(secret))}
	return func(dst, payload []byte) ([]byte, error) {
		state.Lock()
		defer state.Unlock()
		state.Reset()
		state.Write(payload)
		return hex.AppendEncode(dst, state.Sum(state.sum[:0])), nil
	}
}

func rsaSigner(key *rsa.PrivateKey) func(dst, payload []byte) ([]byte, error) {
	return func(dst, payload []byte) ([]byte, error) {
		digest := sha256.Sum256(payload)
		sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if err != nil {
			return dst, errors.New("the RSA key cannot sign") // the cause could describe the key
		}
		return base64.StdEncoding.AppendEncode(dst, sig), nil
	}
}

func ed25519Signer(key ed25519.PrivateKey) func(dst, payload []byte) ([]byte, error) {
	return func(dst, payload []byte) ([]byte, error) {
		return base64.StdEncoding.AppendEncode(dst, ed25519.Sign(key, payload)), nil
	}
}
