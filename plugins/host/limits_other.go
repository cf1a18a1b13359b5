//go:build !linux

package host

import "errors"

// limit cannot hold a process to anything here.
func limit(int, *Limits) error { return nil }

func resident(int) (int64, error) { return 0, errors.ErrUnsupported }
