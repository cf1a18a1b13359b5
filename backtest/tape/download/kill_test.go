package download

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
)

// What a child process reads from its environment: it downloads aMonth from a base into a
// directory until it is done or killed.
const (
	childBase = "PMBOT_TEST_DOWNLOAD_BASE"
	childDir  = "PMBOT_TEST_DOWNLOAD_DIR"
)

func TestMain(m *testing.M) {
	if os.Getenv(childBase) == "" {
		os.Exit(m.Run())
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child() error {
	dir := os.Getenv(childDir)
	store, err := tape.Create(filepath.Join(dir, "tape"))
	if err != nil {
		return err
	}
	_, want := aMonth(1)
	_, err = Run(context.Background(), Config{
		Tape: store, Want: want, From: at("2024-03-01"), To: at("2024-04-01"), Base: os.Getenv(childBase), Cache: filepath.Join(dir, "cache"), Workers: killWorkers,
		Now:    func() exchange.Time { return at("2024-05-10") },
		Limits: Limits{Backoff: time.Millisecond, BackoffMax: 2 * time.Millisecond, Stall: time.Minute},
	})
	return err
}

const killWorkers = 3

// TestKilled kills the process that downloads, with SIGKILL and in the middle of a body, and
// starts it again until it ends by itself. The tape is that of the clean files; and from a
// sound server no archive that was whole is fetched again. Under the race detector the
// month has five days; see TestFaults.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process a dozen times")
	}
	t.Parallel()
	f, _ := aMonth(daysOfMonth())
	hash := f.clean(t)
	for _, faulty := range []bool{false, true} {
		t.Run(fmt.Sprintf("faults %v", faulty), func(t *testing.T) {
			t.Parallel()
			s := newServer(f)
			trouble := &turns{s: s, hits: map[string]int{}}
			k := killer{s: s, due: make(chan chan struct{}), left: len(f) / 8}
			s.fault = func(w http.ResponseWriter, r *http.Request, path string, n int) bool {
				return k.fault(w, r, path) || faulty && trouble.fault(w, r, path, n)
			}
			base, dir := s.open(t), t.TempDir()
			least := len(f) / 20
			if faulty { // most requests end badly there
				least *= 4
			}
			kills, random := 0, rand.New(rand.NewPCG(7, 7))
			for k.run(t, base, dir) {
				kills++
				k.arm(least + random.IntN(1+len(f)/12))
			}
			store, err := tape.Open(filepath.Join(dir, "tape"))
			if err != nil {
				t.Fatal(err)
			}
			if got := hashOf(store); got != hash || kills < 5 {
				t.Errorf("after %d kills the data's hash is %s, of the clean files %s", kills, got, hash)
			}
			archives := 0 // those that exist
			for path := range f {
				if strings.HasSuffix(path, ".zip") {
					archives += s.asked[path]
				}
			}
			if most := len(f)/2 + kills*killWorkers; !faulty && archives > most {
				t.Errorf("%d requests for %d archives, want at most %d", archives, len(f)/2, most)
			}
			if left := treeOf(t, filepath.Join(dir, "cache")); len(left) > 0 {
				t.Errorf("the cache keeps %v", left)
			}
			t.Logf("%d kills, %d requests for %d archives, %d of them for ranges; %v", kills, archives, len(f)/2, k.ranges, trouble.hits)
		})
	}
}

// killer kills the child in the middle of an answer, when so many archives were asked for.
type killer struct {
	s *server
	// due takes the wish for a kill, with what is closed after it.
	due          chan chan struct{}
	left, ranges int
}

func (k *killer) arm(n int) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	k.left = n
}

func (k *killer) fault(w http.ResponseWriter, r *http.Request, path string) bool {
	k.s.mu.Lock()
	content := k.s.files[path]
	if !strings.HasSuffix(path, ".zip") || content == nil {
		k.s.mu.Unlock()
		return false
	}
	if r.Header.Get("Range") != "" {
		k.ranges++
	}
	k.left--
	now := k.left == 0
	k.s.mu.Unlock()
	if !now {
		return false
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, len(content)))
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	if r.Header.Get("Range") == "" {
		_, _ = w.Write(content[:len(content)*2/3])
		_ = http.NewResponseController(w).Flush()
	}
	dead := make(chan struct{})
	k.due <- dead
	<-dead
	panic(http.ErrAbortHandler)
}

// run starts a child and says whether it was killed.
func (k *killer) run(t *testing.T, base, dir string) bool {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childBase+"="+base, childDir+"="+dir)
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("%v: %s", err, said.String())
		}
		return false
	case dead := <-k.due:
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-ended
		close(dead)
		return true
	}
}
