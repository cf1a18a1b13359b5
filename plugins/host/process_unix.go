//go:build unix

package host

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup puts the plugin in a process group of its own: an interrupt at the terminal
// reaches only pmbot, which stops its plugins in good order.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends the plugin and its children.
func killGroup(p *os.Process) error {
	if err := p.Signal(syscall.Signal(0)); err != nil {
		return err // it has ended, so its number may belong to somebody else by now
	}
	return syscall.Kill(-p.Pid, syscall.SIGKILL)
}
