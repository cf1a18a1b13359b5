//go:build !unix

package host

import (
	"os"
	"os/exec"
)

// ownGroup does nothing: there are no process groups here.
func ownGroup(*exec.Cmd) {}

// killGroup ends the plugin.
func killGroup(p *os.Process) error { return p.Kill() }
