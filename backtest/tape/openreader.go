package tape

import (
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/backtest/tape/source/capture"
	"github.com/pmbot/pmbot/backtest/tape/source/csv"
	"github.com/pmbot/pmbot/backtest/tape/source/npz"
)

// OpenReader finds out what an opened file holds and reads it. A recording is a file
// that somebody's program wrote while it listened: lines may be bad there, and rows come
// in the order of their arrival.
func OpenReader(f *source.File, spec source.Spec) (r source.Reader, recording bool, err error) {
	head, err := f.Peek(64 << 10)
	if err != nil {
		return nil, false, err
	}
	switch {
	case npz.Detect(head, f.Name):
		r, err = npz.Open(f, spec)
		return r, true, err
	case capture.Detect(head):
		r, err = capture.Open(f, spec)
		return r, true, err
	}
	if r, err = csv.Open(f, spec); err != nil {
		return nil, false, err
	}
	layout, ok := r.(interface{ Recording() bool })
	return r, ok && layout.Recording(), nil
}
