package download

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
)

// run is a download under way. The goroutine that called Run owns all of it; workers and
// importer get one archive at a time and give it back.
type run struct {
	c      Config
	client *client
	bucket bucket
	known  *tape.Known
	// bytes came over the network, counted by whoever reads them.
	bytes atomic.Int64

	// queue are archives that nobody has begun, busy counts those with workers, ready wait
	// for the importer, and loading says that it has one.
	queue   []task
	busy    int
	ready   []arrival
	loading bool
	// stopped says that no more archives are begun, and why.
	stopped error
	// strikes counts the archives since the last good answer that the server failed.
	strikes int

	// dirs are the directories below the cache that the run used.
	dirs     map[string]bool
	records  map[row.Key]*record
	progress Progress
	// expected are the sizes of all archives as far as they are known; unsized says that
	// some are not.
	expected int64
	unsized  bool
	start    time.Time
	summary  Summary
	failures []error
}

// arrival is what became of an archive at a worker or at the importer.
type arrival struct {
	task   task
	fetch  *fetch
	result Result
	err    error
	// already says that the tape had it.
	already bool
}

const (
	// readyMax bounds the archives that wait for the importer, and with them the disk.
	readyMax = 4
	// strikesMax is how many archives running may fail before the run gives up.
	strikesMax = 8
	// tickEvery is how often progress is told.
	tickEvery = 200 * time.Millisecond
)

// Run downloads what a configuration wants. The error is nil if all archives that exist are
// on the tape; otherwise it joins the reasons of the [Result]s that failed, and what
// stopped the run. A run that was stopped, by its context or by a kill, goes on where it was
// when it is started again.
func Run(ctx context.Context, c Config) (s Summary, err error) {
	if c, err = c.check(); err != nil {
		return s, err
	}
	if c.Tape == nil {
		return s, errors.New("download: no tape is given")
	}
	if err := CheckCache(c.Cache, c.Tape.Dir()); err != nil {
		return s, fmt.Errorf("download: %w", err)
	}
	if err := os.MkdirAll(c.Cache, 0o755); err != nil {
		return s, fmt.Errorf("download: %w", err)
	}
	lock, err := tape.Lock(c.Cache, "another download is at work in this directory")
	if err != nil {
		return s, fmt.Errorf("download: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	r, err := newRun(c)
	if err != nil {
		return s, err
	}
	r.start = time.Now()
	defer r.client.close()
	if err := r.plan(ctx); err != nil {
		return s, err
	}
	r.work(ctx)
	r.fill(ctx)
	r.prune()
	r.verdicts(func(a Archive, reason string, early bool) {
		if !r.filled(a) {
			r.end(Result{Archive: a, State: Missing, Reason: reason, Early: early})
		}
	})
	r.summary.Requests += r.bucket.meter.requests
	r.summary.Bytes, r.summary.Elapsed, r.summary.Listed = r.bytes.Load(), time.Since(r.start), r.bucket.listed
	if ctx.Err() != nil {
		r.failures = append(r.failures, ctx.Err())
	}
	return r.summary, errors.Join(r.failures...)
}

// work fetches and imports the queue.
func (r *run) work(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tasks, loads := make(chan task), make(chan arrival)
	fetched, loaded := make(chan arrival), make(chan arrival)
	var all sync.WaitGroup
	for range min(r.c.Workers, max(1, len(r.queue))) {
		all.Go(func() {
			for t := range tasks {
				fetched <- r.fetch(ctx, t)
			}
		})
	}
	all.Go(func() {
		for a := range loads {
			loaded <- r.load(ctx, a)
		}
	})
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for r.busy > 0 || r.loading || len(r.ready) > 0 || r.wants(ctx) {
		var give, load = (chan<- task)(nil), (chan<- arrival)(nil)
		var next task
		var done arrival
		if r.wants(ctx) && len(r.ready) < readyMax {
			give, next = tasks, r.queue[0]
		}
		if len(r.ready) > 0 && !r.loading {
			load, done = loads, r.ready[0]
		}
		select {
		case give <- next:
			r.queue, r.busy = r.queue[1:], r.busy+1
		case load <- done:
			r.ready, r.loading = r.ready[1:], true
		case a := <-fetched:
			r.busy--
			r.arrived(a)
		case a := <-loaded:
			r.loading = false
			r.imported(a)
		case <-tick.C:
			r.tell()
		}
		if r.stopped != nil {
			stop()
		}
	}
	close(tasks)
	close(loads)
	all.Wait()
	if r.stopped != nil {
		r.failures = append(r.failures, r.stopped)
	}
	r.tell()
}

// wants says whether there is an archive that a worker should begin.
func (r *run) wants(ctx context.Context) bool { return len(r.queue) > 0 && ctx.Err() == nil }

// fetch is a worker's part.
func (r *run) fetch(ctx context.Context, t task) arrival {
	f := newFetch(r.client, r.c.Base, r.c.Cache, t.Archive, &r.bytes)
	already, err := f.run(ctx, r.known)
	if already && !r.c.Keep {
		err = errors.Join(err, f.remove()) // what a killed run has left
	}
	return arrival{task: t, fetch: f, already: already, err: err}
}

// arrived takes an archive from a worker.
func (r *run) arrived(a arrival) {
	f := a.fetch
	a.result = Result{Archive: a.task.Archive, Replaced: f.replaced, Bytes: sizeOf(f.path), Fetched: f.meter.bytes, Requests: f.meter.requests}
	if a.err == nil {
		a.result.SHA256, a.result.Verified = f.sum, f.sum != ""
	}
	r.dirs[filepath.Dir(f.path)] = true
	r.summary.Requests += f.meter.requests
	r.judge(a.err)
	switch {
	case errors.Is(a.err, context.Canceled):
		return
	case errors.Is(a.err, errNotFound):
		r.absent(a.task)
	case a.err != nil:
		r.fail(a.result, a.err)
	case a.already:
		a.result.State = Already
		r.end(a.result)
	default:
		r.ready = append(r.ready, a)
	}
	r.expected -= max(0, a.task.size-f.meter.bytes)
}

// sizeOf is the size of a file, 0 if it is not there.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// judge counts what the server fails in a row, and stops the run when more of the same
// would only cost time.
func (r *run) judge(err error) {
	switch {
	case err == nil, errors.Is(err, errNotFound), errors.Is(err, ErrChecksum):
		r.strikes = 0
	case errors.Is(err, ErrThrottled):
		r.stop(errors.New("the run stops here: the server wants fewer requests"))
	case errors.Is(err, syscall.ENOSPC):
		r.stop(errors.New("the run stops here: the disk is full"))
	case errors.Is(err, syscall.EWOULDBLOCK):
		r.stop(errors.New("the run stops here: the tape is held by another import"))
	case isDisk(err):
		r.stop(errors.New("the run stops here: the disk does not take or give files"))
	case errors.Is(err, ErrUnreachable), errors.Is(err, ErrRefused):
		if r.strikes++; r.strikes == strikesMax {
			r.stop(fmt.Errorf("the run stops here: the server failed %d archives running", strikesMax))
		}
	}
}

func (r *run) stop(why error) {
	if r.stopped == nil {
		r.stopped = why
	}
	r.queue = nil
}

// absent notes an archive that is not there, or puts its days in its place.
func (r *run) absent(t task) {
	rec := r.recordOf(t.Key)
	for i, p := range rec.present {
		if p == t.Archive {
			rec.present = append(rec.present[:i:i], rec.present[i+1:]...)
			break
		}
	}
	days := t.days()
	if !t.Monthly || len(days) == 0 {
		r.missing(t.Archive)
		r.progress.Files++
		return
	}
	if r.stopped != nil {
		return
	}
	var tasks []task
	for _, d := range days {
		r.present(d)
		tasks = append(tasks, task{Archive: d})
	}
	r.queue, r.unsized = append(tasks, r.queue...), true
	r.progress.Total += len(days) - 1
}

// load is the importer's part.
func (r *run) load(ctx context.Context, a arrival) arrival {
	a.result.Report, a.err = importFile(ctx, &r.c, a.fetch.path, a.task.Key)
	a.result.State = Imported
	if errors.Is(a.err, tape.ErrNoRows) {
		a.result.State, a.err = Empty, nil
	}
	switch {
	case a.err == nil && !r.c.Keep, a.err != nil && a.result.SHA256 == "" && ctx.Err() == nil:
		a.err = errors.Join(a.err, a.fetch.remove()) // what nobody has verified is not believed again
	}
	return a
}

// imported takes an archive from the importer.
func (r *run) imported(a arrival) {
	a.result.SHA256 = a.result.Report.SHA256
	if named := r.known.Named(a.task.Name(), a.task.Key); a.result.Replaced == "" && len(named) > 1 {
		a.result.Replaced = named[len(named)-2]
	}
	switch {
	case errors.Is(a.err, context.Canceled):
	case a.err != nil:
		r.judge(a.err)
		r.fail(a.result, a.err)
	default:
		r.end(a.result)
	}
}

func (r *run) fail(result Result, err error) {
	name := result.Path()
	if result.OverREST {
		name = restName(result.Archive)
	}
	result.State, result.Err = Failed, fmt.Errorf("%s: %w", name, err)
	r.failures = append(r.failures, result.Err)
	r.end(result)
}

// end counts an archive and tells of it.
func (r *run) end(result Result) {
	switch result.State {
	case Imported:
		r.summary.Imported++
	case Empty:
		r.summary.Empty++
	case Already:
		r.summary.Already++
	case Missing:
		r.summary.Missing++
	case Failed:
		r.summary.Failed++
	}
	for _, s := range result.Report.Series {
		r.summary.Rows += s.New
	}
	if result.State != Missing {
		r.progress.Files++
	}
	r.c.Done(result)
}

// prune removes the directories of archives that are empty by now. Others refuse to be
// removed, and those that the run has not used are somebody else's.
func (r *run) prune() {
	for dir := range r.dirs {
		for ; len(dir) > len(r.c.Cache) && os.Remove(dir) == nil; dir = filepath.Dir(dir) {
		}
	}
}

// tell tells how far the run is.
func (r *run) tell() {
	if r.c.Progress == nil {
		return
	}
	r.progress.Bytes, r.progress.Elapsed = r.bytes.Load(), time.Since(r.start)
	r.progress.Ahead, r.progress.Known = max(0, r.expected-r.progress.Bytes), !r.unsized
	r.progress.Pause = r.client.gate.left()
	r.c.Progress(r.progress)
}
