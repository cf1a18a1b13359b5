package rundir

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
)

// Entry is a directory in a directory of runs.
type Entry struct {
	Name string
	// Why says why it is no run; it is empty for one that is, as far as its name and the
	// presence of its result.json tell.
	Why string
	// Made is when the run began, by its name, or else when result.json was written.
	Made time.Time
}

// List returns the directories in a directory of runs, newest first. Hidden ones that no
// run has left are passed over, and so are files.
func List(runs string) ([]Entry, error) {
	found, err := os.ReadDir(runs)
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, f := range found {
		unfinished := strings.HasPrefix(f.Name(), unfinishedPrefix)
		info, err := os.Stat(filepath.Join(runs, f.Name()))
		if err != nil || !info.IsDir() || strings.HasPrefix(f.Name(), ".") && !unfinished {
			continue
		}
		e := Entry{Name: f.Name(), Made: info.ModTime()}
		if unfinished {
			e.Why = "is not finished: it is being written, or what wrote it was killed"
		} else if result, err := os.Stat(filepath.Join(runs, f.Name(), resultFile)); err != nil {
			e.Why = "has no " + resultFile
		} else if e.Made = result.ModTime(); len(e.Name) >= len(idTime) {
			if named, err := time.Parse(idTime, e.Name[:len(idTime)]); err == nil {
				// Runs of one second stand in the order in which they were written.
				e.Made = named.Add(min(max(0, e.Made.Sub(named)), time.Second-1))
			}
		}
		list = append(list, e)
	}
	slices.SortStableFunc(list, func(a, b Entry) int {
		return cmp.Or(b.Made.Compare(a.Made), strings.Compare(b.Name, a.Name))
	})
	return list, nil
}

// idTime is how the id of a run begins.
const idTime = "20060102T150405Z"

// Last is the label of the newest run; last~1 is the one before it, and so on.
const Last = "last"

// UnknownError says that a name stands for no run, or for several.
type UnknownError struct {
	Runs, Name string
	// Known are all runs, newest first, and Matches those that begin with the name.
	Known, Matches []string
}

func (e *UnknownError) Error() string {
	switch {
	case len(e.Known) == 0:
		return fmt.Sprintf("%s has no runs", e.Runs)
	case len(e.Matches) > matchesShown:
		return fmt.Sprintf("%q is the beginning of %d runs in %s, among them %s", e.Name, len(e.Matches), e.Runs, strings.Join(e.Matches[:matchesShown], ", "))
	case len(e.Matches) > 1:
		return fmt.Sprintf("%q is the beginning of %d runs in %s: %s", e.Name, len(e.Matches), e.Runs, strings.Join(e.Matches, ", "))
	default:
		return fmt.Sprintf("%s has no run %q", e.Runs, e.Name)
	}
}

const matchesShown = 5

// Find returns the directory of a run. Its name is that of a directory, an id in the
// directory of runs or the only one's beginning, or a label such as [Last]; no name is the
// newest. It is an [UnknownError] if there is none, or more than one, and fs.ErrNotExist if
// there is no directory of runs.
func Find(runs, name string) (dir string, err error) {
	label := name == "" || name == Last || strings.HasPrefix(name, Last+"~")
	if !label {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return filepath.Clean(name), nil
		}
	}
	list, err := List(runs)
	if err != nil && !(errors.Is(err, fs.ErrNotExist) && strings.ContainsRune(name, filepath.Separator)) {
		return "", err
	}
	unknown := &UnknownError{Runs: runs, Name: name}
	for _, e := range list {
		if e.Why == "" {
			unknown.Known = append(unknown.Known, e.Name)
		}
		if !label && e.Name == name {
			return filepath.Join(runs, name), nil
		}
		if !label && e.Why == "" && strings.HasPrefix(e.Name, name) {
			unknown.Matches = append(unknown.Matches, e.Name)
		}
	}
	if back, ok := stepsBack(name); label && ok && back < len(unknown.Known) {
		return filepath.Join(runs, unknown.Known[back]), nil
	}
	if len(unknown.Matches) == 1 {
		return filepath.Join(runs, unknown.Matches[0]), nil
	}
	return "", unknown
}

// stepsBack reads last, or last~2.
func stepsBack(label string) (int, bool) {
	if label == "" || label == Last {
		return 0, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(label, Last+"~"), 10, 31)
	return int(n), err == nil
}
