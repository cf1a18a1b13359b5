package sign

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const rsaBitsMin = 2048

// looksLikePEM tells a key file from an HMAC secret, which is letters and digits.
func looksLikePEM(text string) bool { return strings.Contains(text, "-----BEGIN") }

// parsePEM reads an RSA or Ed25519 private key from one block of PKCS#8 PEM. Its errors hold
// no bytes of the text, because those may be the key.
func parsePEM(text string) (crypto.PrivateKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("not readable as PEM: a line is missing or damaged")
	}
	if strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("more than one block of PEM: keep only the private key")
	}
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return nil, errors.New("encrypted with a passphrase: write it out without one, openssl pkcs8 -topk8 -nocrypt")
	case block.Type == "RSA PRIVATE KEY" || block.Type == "EC PRIVATE KEY":
		return nil, fmt.Errorf("%s is not PKCS#8: convert it, openssl pkcs8 -topk8 -nocrypt", block.Type)
	case strings.Contains(block.Type, "PUBLIC KEY"):
		return nil, errors.New("this is the public key, which is for Binance to keep; the private one is needed here")
	case block.Type != "PRIVATE KEY":
		return nil, errors.New("this block of PEM holds no private key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("damaged, or of a kind that is not known") // the cause could quote the key
	}
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return key, nil
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < rsaBitsMin {
			return nil, fmt.Errorf("RSA with %d bits: Binance wants %d at least", bits, rsaBitsMin)
		}
		return key, nil
	}
	return nil, fmt.Errorf("a key of type %T: Binance takes RSA and Ed25519", key)
}
