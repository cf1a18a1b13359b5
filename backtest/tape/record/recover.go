package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// mended is what was found in a segment that was left open.
type mended struct {
	// last is the time of the last line kept, 0 if none was; ended says that the line is
	// the note of a recorder that stopped as it should.
	last  exchange.Time
	ended bool
	// size is what was kept, cut what was not, in bytes.
	size, cut int64
	// sum is the checksum of what was kept.
	sum string
}

// recoverLane brings a lane in order: it closes what was left open and finds out when the
// last line was written.
func (r *Recorder) recoverLane(l *lane) error {
	if err := clearHidden(l.directory(r.c.Dir)); err != nil {
		return err
	}
	list, err := l.segments(r.c.Dir)
	if err != nil {
		return err
	}
	for _, s := range list {
		if !s.Open {
			continue
		}
		if _, err := mend(s.Path, r.c.Log); err != nil {
			// A disk that is full now may have room later: what comes is recorded all the same.
			r.c.Log.Error("an open segment will be closed later", "path", s.Path, "err", err)
			r.writer.left[s.Path] = r.c.Now()
		}
	}
	if list, err = l.segments(r.c.Dir); err != nil || len(list) == 0 {
		return err
	}
	path := list[len(list)-1].Path
	m, err := scan(path)
	if err != nil {
		r.c.Log.Warn("the last segment cannot be read, so the gap since then is not noted", "path", path, "err", err)
		return nil
	}
	l.before, l.killed = m.last, !m.ended
	return nil
}

// mend closes a segment that was left open. Its whole frames are kept, up to the first that
// is not, and the rest is cut off: after a kill this is what was being written, after a
// loss of power what had not been forced to the disk. Without any frame the file is
// removed; one that cannot be read is set aside.
func mend(path string, log *slog.Logger) (mended, error) {
	m, err := scan(path)
	if err != nil {
		log.Error("open segment cannot be read and is set aside", "path", path+damagedSuffix, "err", err)
		return m, errors.Join(os.Rename(path, path+damagedSuffix), nil)
	}
	final := strings.TrimSuffix(path, partSuffix)
	if m.size == 0 {
		log.Info("open segment held no whole frame and is removed", "path", path, "bytes", m.cut)
		return m, os.Remove(path)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return m, err
	}
	if m.cut > 0 {
		err = f.Truncate(m.size)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return m, err
	}
	log.Info("open segment closed", "path", final, "bytes", m.size, "cut", m.cut, "last", m.last)
	return m, finish(final, m.sum)
}

// scan reads a segment as far as it has whole frames.
func scan(path string) (m mended, err error) {
	file, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return m, err
	}
	f, err := newFrames(file)
	if err != nil {
		return m, err
	}
	defer f.close()
	sum := sha256.New()
	for {
		err := f.next()
		if err == io.EOF || errors.Is(err, errFrame) {
			m.size, m.cut, m.sum = f.end, info.Size()-f.end, hex.EncodeToString(sum.Sum(nil))
			return m, nil
		}
		if err != nil {
			return m, err
		}
		sum.Write(f.packed)
		line := f.content[bytes.LastIndexByte(f.content[:len(f.content)-1], '\n')+1:]
		m.last, m.ended = timeOf(line), bytes.Contains(line, []byte(`{"e":"`+prefix+NoteStopped+`"`))
	}
}

// timeOf is the local time of a line, 0 if it has none.
func timeOf(line []byte) exchange.Time {
	if url, rest, ok := bytes.Cut(line, []byte(arrow)); ok && isURL(string(url)) && len(url) > 0 {
		line = rest
	}
	digits, _, _ := bytes.Cut(line, []byte(" "))
	n, err := strconv.ParseInt(string(bytes.TrimSuffix(digits, []byte(":"))), 10, 64)
	if err != nil || n < int64(localMin) {
		return 0
	}
	return exchange.Time(n)
}
