package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// fetch is one archive on its way into the cache. One worker has it.
type fetch struct {
	client  *client
	archive Archive
	url     string
	// path is where the finished archive lies, part what has come so far, and mark where it
	// stands what that is the beginning of.
	path, part, mark string

	meter meter
	// sum is what the CHECKSUM file says, "" if there is none.
	sum      string
	replaced string
}

// rounds is how often an archive is fetched that does not agree with its CHECKSUM.
const rounds = 3

// newFetch begins with an archive below a cache. A part has a name of its own, which no
// import takes for an archive.
func newFetch(c *client, base, cache string, a Archive, total *atomic.Int64) *fetch {
	path := filepath.Join(cache, filepath.FromSlash(a.Path()))
	part := filepath.Join(filepath.Dir(path), ".part-"+filepath.Base(path))
	return &fetch{client: c, archive: a, url: a.url(base), path: path, part: part, mark: part + ".json", meter: meter{total: total}}
}

// run brings the archive into the cache unless the tape has it. An errNotFound says that
// the server has none.
func (f *fetch) run(ctx context.Context, known *tape.Known) (already bool, err error) {
	if err := f.readChecksum(ctx); err != nil {
		return false, err
	}
	if f.sum != "" {
		if known.Has(f.sum, f.archive.Key) || known.Empty(f.sum, f.archive.Key) {
			return true, nil
		}
		if named := known.Named(f.archive.Name(), f.archive.Key); len(named) > 0 && named[len(named)-1] != f.sum {
			f.replaced = named[len(named)-1]
		}
	}
	finished, err := f.finished()
	if err != nil || finished {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return false, err
	}
	for round := 1; ; round++ {
		if err := f.body(ctx); err != nil {
			return false, err
		}
		wrong, err := f.agrees(ctx)
		if err != nil {
			return false, err
		}
		if wrong == nil {
			return false, f.finish()
		}
		if err := f.discard(); err != nil {
			return false, err
		}
		if round == rounds {
			return false, fmt.Errorf("%w; it was fetched %d times", wrong, rounds)
		}
	}
}

// finished says whether the cache has the archive whole. A file that is another one than
// the CHECKSUM says is removed.
func (f *fetch) finished() (bool, error) {
	have, err := sumOf(f.path)
	if err != nil || have == "" {
		return false, err
	}
	if have == f.sum || f.sum == "" {
		return true, f.writeChecksum()
	}
	text, err := os.ReadFile(f.path + checksumSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if was, err := parseChecksum(text, f.archive.Name()); err == nil && was == have {
		f.replaced = have
	}
	return false, removeAll(f.path, f.path+checksumSuffix)
}

// agrees compares the part that is complete with the CHECKSUM, which is asked for once more
// if they differ: it may have been replaced, or come wrong. wrong says in what they differ.
func (f *fetch) agrees(ctx context.Context) (wrong, err error) {
	have, err := sumOf(f.part)
	if err != nil {
		return nil, err
	}
	if f.sum == "" {
		return f.sound()
	}
	if have == f.sum {
		return nil, nil
	}
	if err := f.readChecksum(ctx); err != nil {
		return nil, err
	}
	switch f.sum {
	case "":
		return f.sound()
	case have:
		return nil, nil
	}
	return fmt.Errorf("%w: the archive has the SHA-256 %s, its CHECKSUM file says %s", ErrChecksum, have, f.sum), nil
}

// sound reads through an archive that has no CHECKSUM: a zip has checksums of its own. A
// bomb is an error that fetching again does not cure.
func (f *fetch) sound() (wrong, err error) {
	file, wrong := source.Open(f.part)
	if wrong == nil {
		_, wrong = io.Copy(io.Discard, file)
		wrong = errors.Join(wrong, file.Close())
	}
	if errors.Is(wrong, source.ErrBomb) {
		return nil, errors.Join(wrong, f.discard())
	}
	return wrong, nil
}

// finish gives the complete part its name. The CHECKSUM comes first: a killed run leaves an
// archive that is verified, or none.
func (f *fetch) finish() error {
	if err := f.writeChecksum(); err != nil {
		return err
	}
	if err := os.Rename(f.part, f.path); err != nil {
		return err
	}
	return removeAll(f.mark)
}

func (f *fetch) writeChecksum() error {
	if f.sum == "" {
		return removeAll(f.path + checksumSuffix)
	}
	return os.WriteFile(f.path+checksumSuffix, []byte(checksumText(f.sum, f.archive.Name())), 0o644)
}

// discard removes what has come so far.
func (f *fetch) discard() error { return removeAll(f.part, f.mark) }

// remove removes the archive from the cache.
func (f *fetch) remove() error {
	return errors.Join(removeAll(f.path, f.path+checksumSuffix), f.discard())
}

func removeAll(paths ...string) error {
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// isDisk says that an error is one of our own files, which no server can cure.
func isDisk(err error) bool {
	_, path := errors.AsType[*fs.PathError](err)
	_, link := errors.AsType[*os.LinkError](err)
	return path || link
}
