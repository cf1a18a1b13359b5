package tape

import "github.com/pmbot/pmbot/backtest/tape/source"

func OpenReader(f *source.File, spec source.Spec) (r source.Reader, recording bool, err error) {
	return nil, false, nil
}
