package record

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
)

// running is a recorder under way in a bubble, whose clock begins at start.
type running struct {
	*Recorder
	began time.Time
	stop  func() error
}

func run(t *testing.T, c Config, d disk) *running {
	t.Helper()
	began := time.Now()
	c.Now = func() exchange.Time { return start.Add(time.Since(began)) }
	r := mustOpen(t, c, d)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return &running{r, began, func() error { cancel(); return <-done }}
}

// TestRun records two hours and converts what is closed while it goes on.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := Config{Dir: filepath.Join(dir, "recording"), Tape: filepath.Join(dir, "tape"), FreeMin: -1}
		r := run(t, c, realDisk())
		var worst Stats
		for i := range 240 {
			r.Message(exchange.UM, r.c.Now(), trade(i))
			<-time.After(30 * time.Second)
			if s := r.Stats(); s.Behind > worst.Behind || s.Unsynced > worst.Unsynced {
				worst = s
			}
		}
		if worst.Behind > c.Flush || worst.Unsynced > 10*time.Second {
			t.Errorf("behind %v, unsynced %v", worst.Behind, worst.Unsynced)
		}
		s := r.Stats()
		if s.Segments != 2 || s.Conversion.Converted != 2 || s.Conversion.Rows != 122 {
			t.Errorf("%+v", s)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		if s := r.Stats(); s.Segments != 3 || product(s, exchange.UM).Messages != 240 || s.Behind != 0 || s.Unsynced != 0 {
			t.Errorf("%+v", s)
		}
		if _, err := Convert(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		on, err := tape.Open(c.Tape)
		if err != nil {
			t.Fatal(err)
		}
		if list := on.Series(); len(list) != 1 || list[0].Rows != 240 {
			t.Errorf("%+v", list)
		}
	})
}

// slow is a disk that stands still: writes wait until it goes on.
type slow struct {
	file
	goOn chan struct{}
}

func (s slow) Write(b []byte) (int, error) {
	<-s.goOn
	return s.file.Write(b)
}

// TestDiskStands lets a write hang. Who gives messages does not wait, memory stays bounded,
// and a note tells what was dropped.
func TestDiskStands(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d, goOn := realDisk(), make(chan struct{})
		create := d.create
		d.create = func(path string) (file, error) {
			f, err := create(path)
			return slow{f, goOn}, err
		}
		r := run(t, Config{Dir: dir, BufferBytes: 1 << 20, FreeMin: -1}, d)
		const count = 20_000
		for i := range count {
			r.Message(exchange.UM, r.c.Now(), trade(i))
			if i%1000 == 0 {
				<-time.After(time.Second)
			}
		}
		s := r.Stats()
		um := product(s, exchange.UM)
		if um.Dropped == 0 || um.Dropped+um.Messages != count || s.Behind < 19*time.Second {
			t.Errorf("%+v", s)
		}
		r.mu.Lock()
		if r.buffer.total > 1<<20 {
			t.Errorf("%d bytes of memory", r.buffer.total)
		}
		r.mu.Unlock()
		close(goOn)
		<-time.After(2 * time.Second)
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		list := gaps(t, dir)
		if len(list) != 1 || list[0].Count != um.Dropped {
			t.Errorf("%+v; dropped were %d", list, um.Dropped)
		}
	})
}

// TestTogether gives from several goroutines at once; every message is kept, whole.
func TestTogether(t *testing.T) {
	dir := t.TempDir()
	var log strings.Builder
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Config{Dir: dir, FreeMin: -1, Log: slog.New(slog.NewTextHandler(&log, nil))}, realDisk())
		var givers sync.WaitGroup
		for g := range 4 {
			givers.Go(func() {
				p := exchange.Product(1 + g%3)
				for i := range 500 {
					r.Message(p, r.c.Now(), trade(i))
					if i%50 == 0 {
						r.Note(p, r.c.Now(), Note{Name: NoteConnected})
						r.Stats()
						if err := r.Table("um/leverageBracket", r.c.Now(), []byte(`[]`)); err != nil {
							t.Error(err)
						}
						<-time.After(300 * time.Millisecond)
					}
				}
			})
		}
		givers.Wait()
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		s := r.Stats()
		total := int64(0)
		for _, p := range s.Products {
			total += p.Messages
		}
		if total != 2000 || s.Tables != 1 || s.TablesAsked != 40 {
			t.Errorf("%+v", s)
		}
	})
	if got := strings.Count(all(t, dir), "btcusdt@trade"); got != 2000 {
		t.Errorf("%d messages are kept", got)
	}
	if log.Len() > 0 {
		t.Errorf("log: %s", log.String())
	}
}

// TestNoAllocations holds what giving a message costs.
func TestNoAllocations(t *testing.T) {
	c, _ := config(t, t.TempDir())
	r := mustOpen(t, c, realDisk())
	defer kill(t, r)
	m := trade(1)
	url := "https://fapi.binance.com/fapi/v1/depth"
	for range 2 * chunkBytes / len(m) { // two chunks have their memory
		r.Message(exchange.UM, start, m)
	}
	r.drain()
	if n := testing.AllocsPerRun(500, func() {
		r.Message(exchange.UM, start, m)
		r.Answer(exchange.UM, start, url, m)
	}); n > 0 {
		t.Errorf("%v allocations a message and answer", n)
	}
}
