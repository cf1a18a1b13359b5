//go:build !unix

package tape

import "os"

// lockDirectory opens the tape's directory; systems without flock rely on the user to
// run one import at a time.
func lockDirectory(path string) (*os.File, error) { return os.Open(path) }
