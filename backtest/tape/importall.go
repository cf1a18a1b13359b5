package tape

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// Job is an import of many files.
type Job struct {
	Specs []ImportSpec
	// Workers is how many files are read at a time, 1 if it is 0. Files of one series, and
	// those with several or whose series nobody knows before they are read, are never read
	// at the same time.
	Workers int
	// Again reads files that the tape remembers, too.
	Again bool
	// Progress is told how far all files together have come, and Done of each that has
	// ended, in no fixed order. They are called by one goroutine at a time and may be nil.
	Progress func(Progress)
	Done     func(i int, r Report, err error)
}

// ImportAll imports files. Each is taken whole or not at all; one that fails does not
// stop the others, unless the disk is full. Reports and errors are in the order of the
// files, and a file that the tape remembers is not read again, so that a job that was
// stopped goes on where it was.
func (t *Tape) ImportAll(ctx context.Context, job Job) (reports []Report, err error) {
	lock, err := lockDirectory(t.dir)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := clearStages(t.dir); err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	known := memory(nil)
	if !job.Again {
		if known, err = t.remembered(); err != nil {
			return nil, fmt.Errorf("import: %w", err)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &jobRun{tape: t, job: job, known: known, stop: stop, reports: make([]Report, len(job.Specs)), errs: make([]error, len(job.Specs)),
		at: make([]Progress, len(job.Specs))}
	for _, i := range r.together(ctx) {
		r.file(ctx, i, row.Key{})
	}
	return r.reports, errors.Join(r.errs...)
}

// jobRun is a job under way.
type jobRun struct {
	tape  *Tape
	job   Job
	known memory
	stop  context.CancelFunc
	// reports and errs have a place for each file, written by who imports it.
	reports []Report
	errs    []error
	// mu orders the calls of Progress and Done, and guards at, how far each file is, and
	// others, files that had more series than their paths said.
	mu     sync.Mutex
	at     []Progress
	others []int
}

// together imports the files whose series are known, those of one series one after the
// other, and returns the others.
func (r *jobRun) together(ctx context.Context) (alone []int) {
	groups := map[row.Key][]int{}
	var order []row.Key
	for i, spec := range r.job.Specs {
		run := importRun{spec: spec, named: source.ReadPath(spec.Path)}
		key := run.known()
		if key.Check() != nil {
			alone = append(alone, i)
			continue
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], i)
	}
	work := make(chan row.Key)
	var workers sync.WaitGroup
	for range max(1, r.job.Workers) {
		workers.Go(func() {
			for key := range work {
				for _, i := range groups[key] {
					r.file(ctx, i, key)
				}
			}
		})
	}
	for _, key := range order {
		work <- key
	}
	close(work)
	workers.Wait()
	alone = append(alone, r.others...)
	slices.Sort(alone)
	return alone
}

// file imports one file, unless the job has been stopped. If it has other series than
// only, it is left to be read alone: two files that are read at the same time must not
// write the same series.
func (r *jobRun) file(ctx context.Context, i int, only row.Key) {
	if err := ctx.Err(); err != nil {
		r.errs[i] = err
		return
	}
	report, err := r.tape.importFile(ctx, r.job.Specs[i], r.known, only, func(p Progress) { r.tell(i, p) })
	if errors.Is(err, errOthers) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.others, r.at[i] = append(r.others, i), Progress{}
		return
	}
	r.reports[i], r.errs[i] = report, err
	if errors.Is(err, syscall.ENOSPC) {
		r.stop()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.job.Done != nil {
		r.job.Done(i, report, err)
	}
}

// tell adds up how far the files are.
func (r *jobRun) tell(i int, p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at[i] = p
	var sum Progress
	for _, p := range r.at {
		sum.Rows += p.Rows
		sum.Bytes += p.Bytes
		sum.Total += p.Total
	}
	if r.job.Progress != nil {
		r.job.Progress(sum)
	}
}
