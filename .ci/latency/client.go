package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
)

// serveClient is the client's process: it says that it is ready, then tells its processor time
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
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return err
		}
		fmt.Println(u.Utime.Nano() + u.Stime.Nano())
	}
	return nil
}
