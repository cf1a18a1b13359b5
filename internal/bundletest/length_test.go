package bundletest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestLength: a bundled strategy is read in one sitting, in less than 300 lines.
func TestLength(t *testing.T) {
	for _, name := range []string{"hedge", "carry", "basis", "mm", "grid", "trend"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "plugins", name, name+".go"))
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines >= 300 {
			t.Errorf("%s has %d lines", name, lines)
		}
	}
}
