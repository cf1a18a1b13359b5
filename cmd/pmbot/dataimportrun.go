package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
)

// importing is a run of "pmbot data import" or "pmbot data repair".
type importing struct {
	*console
	flags  *importFlags
	repair bool
	files  []string
	// bases counts the files of a name without its directory.
	bases map[string]int
	// errs are what files failed with, in their places.
	errs []error
	// done counts files that ended well, already those of them that the tape had before,
	// and added the rows that were new to it.
	done, already, added int64
	start                time.Time
	bar                  *progress
	// sizes are those of the files, total their sum, and passed the sum of those that
	// needed no reading.
	sizes         []int64
	total, passed int64
}

func (c *console) importFiles(ctx context.Context, f *importFlags, paths []string, repair bool) error {
	spec, err := f.series.spec()
	if err != nil {
		return err
	}
	files, err := dataFiles(paths)
	if err != nil {
		return err
	}
	t, err := tape.Create(f.tape)
	if err != nil {
		return tapeFailure(f.tape, err)
	}
	run := &importing{console: c, flags: f, repair: repair, files: files, errs: make([]error, len(files)), start: time.Now()}
	run.measure()
	run.bar = c.progress("rows", f.quiet || f.json)
	job := tape.Job{Workers: f.jobs, Again: f.again, Progress: run.tell, Done: run.ended}
	for _, name := range files {
		job.Specs = append(job.Specs, tape.ImportSpec{Path: name, Spec: spec, SkipBad: f.skipBad, Repair: repair})
	}
	reports, err := t.ImportAll(ctx, job)
	run.bar.finish()
	switch {
	case f.json && reports != nil:
		if err := c.printJSON(run.document(reports)); err != nil {
			return err
		}
	case !f.quiet && len(files) > 1 && run.done > 0:
		run.printSum()
	}
	if err != nil {
		return run.failure(ctx, reports, err)
	}
	return nil
}

// measure adds up the sizes of the files, so that the bar knows from the start how much
// there is. A file that cannot be looked at fails later, and counts nothing.
func (run *importing) measure() {
	run.sizes, run.bases = make([]int64, len(run.files)), map[string]int{}
	for i, name := range run.files {
		run.bases[filepath.Base(name)]++
		if info, err := os.Stat(name); err == nil {
			run.sizes[i] = info.Size()
			run.total += info.Size()
		}
	}
}

func (run *importing) tell(p tape.Progress) {
	run.bar.update(uint64(p.Rows), float64(p.Bytes+run.passed)/float64(max(run.total, 1)))
}

// ended takes note of a file's end and tells a person what it gave. Of many files, those
// that the tape has already are only counted: when an import goes on, they are most.
func (run *importing) ended(i int, r tape.Report, err error) {
	run.errs[i] = err
	if err != nil {
		return
	}
	run.done++
	if r.Already {
		run.already++
		run.passed += run.sizes[i]
	}
	for _, s := range r.Series {
		run.added += s.New
	}
	if run.flags.json || run.flags.quiet || r.Already && len(run.files) > 1 {
		return
	}
	run.bar.clear()
	run.printImported(run.name(i), r)
}

// name is what a file is called in messages: without its directory, as long as no other has
// the same name, as the hours of a recording have.
func (run *importing) name(i int) string {
	if base := filepath.Base(run.files[i]); run.bases[base] == 1 {
		return base
	}
	return run.files[i]
}

// printSum tells what all files together gave.
func (run *importing) printSum() {
	added := "new"
	if run.repair {
		added = "filled"
	}
	fmt.Fprintf(run.out, "%s of %s: %s %s", count(run.done), counted(int64(len(run.files)), "file"), counted(run.added, "row"), added)
	if run.already > 0 {
		fmt.Fprintf(run.out, "; the tape had %s already (--again reads such files)", counted(run.already, "file"))
	}
	fmt.Fprintf(run.out, "; took %v\n", time.Since(run.start).Round(10*time.Millisecond))
}
