//go:build !unix

package tape

import "os"

// lockDirectory holds a tape for one import, see [Lock].
func lockDirectory(path string) (*os.File, error) { return Lock(path, "") }

// Lock opens a directory; systems without flock rely on the user to run one command at a
// time.
func Lock(path, _ string) (*os.File, error) { return os.Open(path) }
