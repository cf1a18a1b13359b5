//go:build !unix

package record

import "os"

// lockDirectory opens a directory; systems without flock rely on the user to run one
// recorder at a time.
func lockDirectory(path string) (*os.File, error) { return os.Open(path) }
