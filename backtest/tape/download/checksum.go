package download

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// checksumSuffix follows an archive's name in that of the file with its SHA-256, whose
// length checksumMax bounds.
const (
	checksumSuffix = ".CHECKSUM"
	checksumMax    = 4 << 10
)

// parseChecksum reads a CHECKSUM file: the SHA-256 in hex, two blanks, the archive's name.
func parseChecksum(text []byte, name string) (string, error) {
	words := strings.Fields(string(text))
	if len(words) != 2 {
		return "", fmt.Errorf("its CHECKSUM file is none: %q", clip(string(text)))
	}
	if raw, err := hex.DecodeString(words[0]); err != nil || len(raw) != sha256.Size {
		return "", fmt.Errorf("its CHECKSUM file does not begin with a SHA-256 in hex but with %q", clip(words[0]))
	}
	if of := strings.TrimPrefix(words[1], "*"); of != name {
		return "", fmt.Errorf("its CHECKSUM file is of %q", clip(of))
	}
	return strings.ToLower(words[0]), nil
}

// checksumText is a CHECKSUM file.
func checksumText(sum, name string) string { return sum + "  " + name + "\n" }

// sumOf is the SHA-256 of a file on disk, "" if there is none.
func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// readChecksum asks for the CHECKSUM of the archive, which is "" if there is none.
func (f *fetch) readChecksum(ctx context.Context) error {
	f.sum = ""
	err := f.client.small(ctx, &f.meter, f.url+checksumSuffix, checksumMax, func(text []byte) (err error) {
		f.sum, err = parseChecksum(text, f.archive.Name())
		return err
	})
	if errors.Is(err, errNotFound) {
		return nil
	}
	return err
}
