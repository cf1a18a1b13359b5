package tape

import (
	"bufio"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// rejects is the file of what an import sets aside: line, reason and text of each. It is
// staged like all others.
type rejects struct {
	file stagedFile
	out  *bufio.Writer
}

func (r *importRun) openRejects() (*rejects, error) {
	name := fmt.Sprintf("%s-%s.txt", r.file.Name, r.file.SHA256[:8])
	file, err := r.stage.begin(row.Key{}, filepath.Join(r.tape.dir, "rejected", name), "")
	if err != nil {
		return nil, err
	}
	return &rejects{file, bufio.NewWriter(file)}, nil
}

func (r *rejects) add(bad source.Bad) error {
	_, err := fmt.Fprintf(r.out, "%d\t%v\t%s\n", bad.Line, bad.Reason, bad.Text)
	return err
}

func (r *rejects) finish() (stagedFile, error) {
	if err := r.out.Flush(); err != nil {
		return r.file, errors.Join(err, r.file.Close())
	}
	return r.file, r.file.seal()
}
