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
	out := writers{}
	for _, s := range t.Series() {
		for _, p := range t.shelf[s.Key] {
			c, err := t.compactPart(ctx, s.Key, p, out)
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

// writers has a writer for each schema, which all files of it use: its buffers, and those
// of the strongest compression, are large.
type writers map[string]any

func (t *Tape) compactPart(ctx context.Context, key row.Key, p part, out writers) (c Compacted, err error) {
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
	if err := f.rewrite(ctx, p, file, out); err != nil {
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
func (f *rowFormat[R, P]) rewrite(ctx context.Context, p part, file stagedFile, of writers) error {
	rows, err := openRows[R](p.path)
	if err != nil {
		return err
	}
	defer rows.close()
	out, ok := of[p.meta.schema].(*packer[R])
	if !ok {
		out = newPacker[R](&zstd.Codec{Level: zstd.SpeedBestCompression})
		of[p.meta.schema] = out
	}
	out.begin(file)
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
		if err := out.pack(buf[:n]); err != nil {
			return err
		}
	}
	if got := out.hash(); got != p.meta.hash {
		return changed(p.path, got, p.meta.hash)
	}
	if err := out.end(&p.meta); err != nil {
		return err
	}
	return file.seal()
}
