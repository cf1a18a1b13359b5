//go:build !unix

package journal

import (
	"fmt"
	"os"
)

// lock opens a directory; systems without flock rely on the user to run one bot at a time.
func lock(dir string) (*os.File, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return d, nil
}
