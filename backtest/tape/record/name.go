package record

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// format is the name and version of what FORMAT.md describes. It stands in the file
	// formatName of the directory.
	format     = "pmbot.recording/1"
	formatName = "format"

	rawDirectory = "raw"
	extension    = ".jsonl.zst"
	// partSuffix is behind the name of a segment that is being written, checksumSuffix
	// behind that of the file with the checksum of a closed one.
	partSuffix     = ".part"
	checksumSuffix = ".CHECKSUM"
	// damagedSuffix is behind the name of an open segment that cannot be read.
	damagedSuffix = ".damaged"
	// hidden is before the names of files that are not complete.
	hidden = ".new-"

	hourLayout   = "2006-01-02T15"
	minuteLayout = "2006-01-02T15-04"
	// numbersMax bounds how many segments are of one span of time.
	numbersMax = 9999
)

// Segment is a file of a recording.
type Segment struct {
	// Product is whose messages it has; 0 for the recorder's own notes.
	Product exchange.Product
	// Path is the file.
	Path string
	// Start is the beginning of the hour, or whatever the span is, that it is for. Number
	// counts the segments of that, from 1.
	Start  exchange.Time
	Number int
	// Bytes is its size on the disk.
	Bytes int64
	// Open says that it is being written, or that a killed recorder has left it.
	Open bool
}

// Segments lists the segments of a recording by product, time and number. It may be called
// while the recording is written.
func Segments(dir string) ([]Segment, error) {
	var list []Segment
	for _, l := range newLanes() {
		found, err := l.segments(dir)
		if err != nil {
			return nil, fmt.Errorf("segments of %s: %w", dir, err)
		}
		list = append(list, found...)
	}
	return list, nil
}

// directory is where the lane's segments are.
func (l *lane) directory(dir string) string { return filepath.Join(dir, rawDirectory, l.name) }

// segments lists those of a lane.
func (l *lane) segments(dir string) ([]Segment, error) {
	directory := l.directory(dir)
	entries, err := os.ReadDir(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Segment
	for _, e := range entries {
		s, ok := parseName(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was closed or removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		s.Product, s.Path, s.Bytes = l.product, filepath.Join(directory, e.Name()), info.Size()
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Number, b.Number))
	})
	return list, nil
}

// segmentName is the name of a closed segment: 2026-11-23T04.jsonl.zst, and from the second
// of the hour on 2026-11-23T04_0002.jsonl.zst, which sorts behind it.
func segmentName(start exchange.Time, number int, span time.Duration) string {
	layout := hourLayout
	if span%time.Hour != 0 {
		layout = minuteLayout
	}
	name := start.UTC().Format(layout)
	if number > 1 {
		name += fmt.Sprintf("_%04d", number)
	}
	return name + extension
}

// parseName reads the name of a segment, open or closed.
func parseName(name string) (Segment, bool) {
	name, open := strings.CutSuffix(name, partSuffix)
	stem, ok := strings.CutSuffix(name, extension)
	if !ok {
		return Segment{}, false
	}
	day, digits, several := strings.Cut(stem, "_")
	s := Segment{Number: 1, Open: open}
	if several {
		n, err := strconv.Atoi(digits)
		if err != nil || len(digits) != 4 || n < 2 {
			return Segment{}, false
		}
		s.Number = n
	}
	layout := hourLayout
	if len(day) == len(minuteLayout) {
		layout = minuteLayout
	}
	at, err := time.Parse(layout, day)
	if err != nil {
		return Segment{}, false
	}
	s.Start = exchange.TimeOf(at)
	return s, true
}
