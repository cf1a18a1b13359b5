package tape

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/durable"
	"github.com/pmbot/pmbot/backtest/tape/row"
)

// stage holds the new files of an import until all of them are complete, so that an
// import that fails or is killed leaves the tape as it was. It is a directory inside
// the tape, because only there a rename is one step.
type stage struct {
	tape  string
	dir   string
	files []stagedFile
	begun int
	// create opens a new file; tests let it fail.
	create func(path string) (sealer, error)
}

// sealer is a file being written: an *os.File, or one that fails in tests.
type sealer interface {
	io.WriteCloser
	Sync() error
}

// stagedFile is a complete or growing file and the place that it is meant for. key and
// part say what of the tape it is, part being empty for files of rejected rows.
type stagedFile struct {
	sealer
	temp, target, part string
	key                row.Key
}

const stagePrefix = ".import-"

// clearStages removes what killed imports have left. The caller holds the tape.
func clearStages(tape string) error {
	entries, err := os.ReadDir(tape)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), stagePrefix) && err == nil {
			err = os.RemoveAll(filepath.Join(tape, e.Name()))
		}
	}
	return err
}

// openStage begins an import. The caller holds the tape.
func openStage(tape string, create func(string) (sealer, error)) (*stage, error) {
	dir, err := os.MkdirTemp(tape, stagePrefix)
	if err != nil {
		return nil, fmt.Errorf("stage an import: %w", err)
	}
	return &stage{tape: tape, dir: dir, create: create}, nil
}

// begin opens a file that is meant for a place in the tape.
func (s *stage) begin(key row.Key, target, part string) (stagedFile, error) {
	s.begun++
	temp := filepath.Join(s.dir, fmt.Sprintf("%d%s", s.begun, filepath.Ext(target)))
	file, err := s.create(temp)
	if err != nil {
		return stagedFile{}, err
	}
	return stagedFile{file, temp, target, part, key}, nil
}

// keep marks a sealed file for the commit.
func (s *stage) keep(f stagedFile) { s.files = append(s.files, f) }

// commit moves the kept files to their places. Each move is one step; a failure between
// two leaves complete files, and importing again finishes the work.
func (s *stage) commit() error {
	for _, f := range s.files {
		directory := filepath.Dir(f.target)
		if err := durable.MakeDirectory(directory); err != nil {
			return err
		}
		if err := os.Rename(f.temp, f.target); err != nil {
			return err
		}
		if err := durable.SyncDirectory(directory); err != nil {
			return err
		}
	}
	return nil
}

// close removes what was not committed.
func (s *stage) close() error { return os.RemoveAll(s.dir) }

// seal makes a written file durable and closes it.
func (f stagedFile) seal() error {
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func (f stagedFile) abandon() {
	f.Close() // the error does not matter: the file is removed
}

func createFile(path string) (sealer, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
}
