package download

import (
	"context"
	"fmt"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
)

// task is an archive to fetch. size is its size by the listing, 0 if nobody has said;
// absent says that the listing does not have it.
type task struct {
	Archive
	size   int64
	absent bool
}

// Look says what Run would do, and asks no more of a server than its listing. Archives
// whose existence nobody has told are in the list as if they were there.
func Look(ctx context.Context, c Config) ([]Planned, error) {
	c, err := c.check()
	if err != nil {
		return nil, err
	}
	r, err := newRun(c)
	if err != nil {
		return nil, err
	}
	defer r.client.close()
	if err := r.plan(ctx); err != nil {
		return nil, err
	}
	var list []Planned
	for _, t := range r.queue {
		f := newFetch(r.client, c.Base, c.Cache, t.Archive, &r.bytes)
		list = append(list, Planned{Archive: t.Archive, Bytes: t.size, Tape: r.onTape(t.Archive), Cached: sizeOf(f.path) > 0})
	}
	r.verdicts(func(a Archive, reason string, _ bool) { list = append(list, Planned{Archive: a, Missing: reason}) })
	return list, nil
}

// onTape says whether the tape has an archive of the name.
func (r *run) onTape(a Archive) bool {
	return r.c.Tape != nil && len(r.known.Named(a.Name(), a.Key)) > 0
}

// plan fills the queue, and notes what the listing does not have.
func (r *run) plan(ctx context.Context) error {
	for _, k := range r.c.Want {
		list := plan(k, r.c.From, r.c.To, r.c.Now(), r.onTape)
		if len(list) == 0 {
			r.c.Notice(fmt.Sprintf("%s: nothing that is over yet lies between %v and %v, so that there are no archives", k, r.c.From, r.c.To))
		}
		tasks, err := r.existing(ctx, list)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			if t.absent {
				r.missing(t.Archive)
				continue
			}
			r.present(t.Archive)
			r.queue = append(r.queue, t)
			r.expected += t.size
			r.unsized = r.unsized || t.size == 0
		}
	}
	r.progress.Total = len(r.queue)
	return nil
}

// existing looks archives up in the listing. Days stand for a month that it lacks.
func (r *run) existing(ctx context.Context, list []Archive) ([]task, error) {
	tasks, err := r.lookUp(ctx, list, true)
	if err != nil {
		return nil, err
	}
	var split []Archive
	for _, t := range tasks {
		if days := t.days(); t.Monthly && t.absent && len(days) > 0 {
			split = append(split, days...)
		} else {
			split = append(split, t.Archive)
		}
	}
	days, err := r.lookUp(ctx, split, false)
	if err != nil {
		return nil, err
	}
	for i, d := range days {
		if d.Monthly {
			days[i] = taskOf(tasks, d.Archive)
		}
	}
	return days, nil
}

func taskOf(tasks []task, a Archive) task {
	for _, t := range tasks {
		if t.Archive == a {
			return t
		}
	}
	return task{Archive: a}
}

// lookUp asks the listing for the monthly archives of a list, or for its daily ones. The
// others come back as they are.
func (r *run) lookUp(ctx context.Context, list []Archive, monthly bool) ([]task, error) {
	tasks := make([]task, len(list))
	var first, last *Archive
	for i, a := range list {
		tasks[i].Archive = a
		if a.Monthly == monthly {
			if first == nil {
				first = &list[i]
			}
			last = &list[i]
		}
	}
	if first == nil {
		return tasks, nil
	}
	shelf, ok, err := r.bucket.list(ctx, *first, *last, r.c.Notice)
	if err != nil || !ok {
		return tasks, err
	}
	for i, t := range tasks {
		if t.Monthly == monthly {
			size, there := shelf[t.Path()]
			tasks[i].size, tasks[i].absent = size, !there
		}
	}
	return tasks, nil
}

// record is what is known of the archives of one series.
type record struct {
	present, missing []Archive
}

func (r *run) recordOf(k row.Key) *record {
	if r.records[k] == nil {
		r.records[k] = &record{}
	}
	return r.records[k]
}

func (r *run) present(a Archive) {
	rec := r.recordOf(a.Key)
	rec.present = append(rec.present, a)
}

func (r *run) missing(a Archive) {
	rec := r.recordOf(a.Key)
	rec.missing = append(rec.missing, a)
}

// newRun opens what a run needs.
func newRun(c Config) (*run, error) {
	known := &tape.Known{}
	if c.Tape != nil {
		var err error
		if known, err = c.Tape.Known(); err != nil {
			return nil, fmt.Errorf("download: %w", err)
		}
	}
	r := &run{c: c, client: newClient(&c), known: known, dirs: map[string]bool{}, records: map[row.Key]*record{}}
	r.bucket = bucket{client: r.client, base: c.List, meter: meter{total: &r.bytes}}
	return r, nil
}
