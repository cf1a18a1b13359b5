package tape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// Compacted is what compacting did to one file of a tape.
type Compacted struct {
	Path          string
	Before, After int64 // bytes; equal if the file was left as it was
}

// Compact writes the files of a tape again with the strongest compression, which takes
// some times as long as an import and saves what it saves; rows, metadata and hashes
// stay. A file that would hardly shrink is left alone. Every row is compared with the
// file's checksum on the way, and a damaged file is an error and stays. done is called
// after each file with how many of all are done; it may be nil.
func (t *Tape) Compact(ctx context.Context, done func(c Compacted, files, of int)) (list []Compacted, err error) {
	lock, err := lockDirectory(t.dir)
	if err != nil {
		return nil, fmt.Errorf("compact: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := clearStages(t.dir); err != nil {
		return nil, fmt.Errorf("compact: %w", err)
	}
	files := 0
	for _, parts := range t.shelf {
		files += len(parts)
	}
	for _, s := range t.Series() {
		for _, p := range t.shelf[s.Key] {
			c, err := t.compactPart(ctx, s.Key, p)
			if err != nil {
				return list, fmt.Errorf("compact: %w", err)
			}
			list = append(list, c)
			if done != nil {
				done(c, len(list), files)
			}
		}
	}
	return list, nil
}

// worthwhile says whether a file has shrunk by a twentieth.
func worthwhile(before, after int64) bool { return after < before-before/20 }

func (t *Tape) compactPart(ctx context.Context, key row.Key, p part) (c Compacted, err error) {
	f, err := formatOf(key.Kind)
	if err != nil {
		return c, err
	}
	now, err := t.find(key, p.name) // another process may have imported since the tape was opened
	if err != nil {
		return c, err
	}
	if now == nil {
		return Compacted{Path: p.path}, nil
	}
	p = *now
	before, err := os.Stat(p.path)
	if err != nil {
		return c, err
	}
	c = Compacted{p.path, before.Size(), before.Size()}
	s, err := openStage(t.dir, t.create)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	file, err := s.begin(key, p.path, p.name)
	if err != nil {
		return c, err
	}
	if err := f.rewrite(ctx, p, file); err != nil {
		file.abandon()
		return c, err
	}
	after, err := os.Stat(file.temp)
	if err != nil || !worthwhile(before.Size(), after.Size()) {
		return c, err
	}
	c.After = after.Size()
	s.keep(file)
	return c, s.commit()
}

// rewrite copies a part into a staged file with the strongest compression.
func (f *rowFormat[R, P]) rewrite(ctx context.Context, p part, file stagedFile) error {
	rows, err := openRows[R](p.path)
	if err != nil {
		return err
	}
	defer rows.close()
	packer := newPacker[R](&zstd.Codec{Level: zstd.SpeedBestCompression})
	packer.begin(file)
	buf := make([]R, batchRows)
	for {
		n, err := rows.read(buf)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := packer.pack(buf[:n]); err != nil {
			return err
		}
	}
	if got := packer.hash(); got != p.meta.hash {
		return changed(p.path, got, p.meta.hash)
	}
	if err := packer.end(&p.meta); err != nil {
		return err
	}
	return file.seal()
}
