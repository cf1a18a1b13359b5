package host

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// limit sets what the system itself holds a process to.
func limit(pid int, l *Limits) error {
	var wrong []error
	set := func(what string, resource int, most uint64) {
		if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", what, err))
		}
	}
	if l.Files > 0 {
		set("open files", unix.RLIMIT_NOFILE, uint64(l.Files))
	}
	if l.Yield {
		set("size of dumps", unix.RLIMIT_CORE, 0)
		if err := yield(pid); err != nil {
			wrong = append(wrong, fmt.Errorf("priority: %w", err))
		}
	}
	return errors.Join(wrong...)
}

// yieldBy is how much the priority of a plugin is lowered, of at most 19.
const yieldBy = 5

// yield lowers the priority of every thread that the process has; threads that it makes later have
// that of their maker.
func yield(pid int) error {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, yieldBy); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

// resident is how many bytes of memory a process has.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm of process %d is %.60q", pid, text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
