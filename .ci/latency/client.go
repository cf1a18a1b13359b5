package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// serveClient is the client's process: it says that it is ready, then tells what it has used
// whenever it is asked, until its standard input ends.
func serveClient() error {
	var t terms
	if err := json.Unmarshal([]byte(os.Getenv("PMBOT_LATENCY")), &t); err != nil {
		return err
	}
	c, err := x509.ParseCertificate(t.Certificate)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	switch t.Kind {
	case goBinance:
		err = loopGoBinance(&t, roots)
	case byHand:
		err = loopByHand(&t, roots)
	default:
		var b *bot
		if b, err = newBot(&t, roots); err == nil {
			defer b.close()
		}
	}
	if err != nil {
		return err
	}
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		u, err := used()
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(u); err != nil {
			return err
		}
	}
	return nil
}

// usage is what a process has used, and what the processes have that it has started.
type usage struct {
	CPU, Children time.Duration
	// Switches is how often its threads went to sleep.
	Switches int64
}

func used() (u usage, err error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return u, err
	}
	u.CPU, u.Switches = time.Duration(r.Utime.Nano()+r.Stime.Nano()), r.Nvcsw
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		return u, err
	}
	for _, list := range lists {
		pids, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, pid := range strings.Fields(string(pids)) {
			d, err := cpuOf(pid)
			if err != nil {
				return u, err
			}
			u.Children += d
		}
	}
	return u, nil
}

// cpuOf is the processor time of a process, to the hundredth of a second as the system tells it.
func cpuOf(pid string) (time.Duration, error) {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ") // behind the name, which may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%s/stat: %q", pid, b)
	}
	user, errUser := strconv.ParseInt(fields[11], 10, 64)
	system, errSystem := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / 100, errors.Join(errUser, errSystem)
}
