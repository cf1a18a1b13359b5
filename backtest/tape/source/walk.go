package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrLoop says that a directory contains itself through a symbolic link.
var ErrLoop = errors.New("directory loop")

// depthMax bounds how deep directories are nested.
const depthMax = 64

// Walk lists the files of data below paths, in the order of their names: files as they
// are named, and of directories all regular files but CHECKSUM files, those whose names
// begin with a dot, and those whose extension no source has. Symbolic links are followed;
// one that leads back into a directory above it is ErrLoop. A directory that several links
// lead to is listed once.
func Walk(paths []string) ([]string, error) {
	var w walker
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			w.list = append(w.list, p)
			continue
		}
		before := len(w.list)
		w.part = ""
		w.seen = map[string]bool{} // whoever names a directory twice wants that
		if err := w.walk(p, nil); err != nil {
			return nil, err
		}
		if len(w.list) == before && w.part != "" {
			return nil, fmt.Errorf("%s: only files that a recorder still writes, or has left, such as %s; name one to read what it holds: %w",
				p, w.part, fs.ErrNotExist)
		}
		if len(w.list) == before {
			return nil, fmt.Errorf("%s: no files of data in this directory: %w", p, fs.ErrNotExist)
		}
	}
	return w.list, nil
}

// walker lists files. seen are the directories below a path that it has been in, by their
// paths without links: thirty with two links each to the next would be a thousand million.
type walker struct {
	list []string
	seen map[string]bool
	// part is an open segment of a recording, which is passed over.
	part string
}

// walk lists a directory; above are those that lead to it.
func (w *walker) walk(dir string, above []os.FileInfo) error {
	here, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(above, func(up os.FileInfo) bool { return os.SameFile(up, here) }) {
		return fmt.Errorf("%w: %s leads to a directory above it; remove the link or name its files", ErrLoop, dir)
	}
	if len(above) == depthMax {
		return fmt.Errorf("%s: directories are nested more than %d deep", dir, depthMax)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || w.seen[real] {
		return err
	}
	w.seen[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	above = append(slices.Clip(above), here)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(path) // follows a link
		if errors.Is(err, fs.ErrNotExist) {
			continue // a link to nowhere leads to no data
		}
		if err != nil {
			return err
		}
		switch {
		case info.IsDir():
			if err := w.walk(path, above); err != nil {
				return err
			}
		case info.Mode().IsRegular() && ofData(e.Name()):
			w.list = append(w.list, path)
		case strings.HasSuffix(e.Name(), ".part"):
			w.part = path
		}
	}
	return nil
}

// ofData says whether a name in a directory may be that of recorded data: the rest, such
// as notes, programs and the tables of package record, is left alone.
func ofData(name string) bool {
	extension := strings.ToLower(filepath.Ext(name))
	if inside := filepath.Ext(name[:len(name)-len(extension)]); strings.ToLower(inside) == ".json" {
		return false
	}
	switch extension {
	case ".zip", ".csv", ".gz", ".zst", ".npz", ".jsonl", ".ndjson", ".txt":
		return true
	}
	// The numbered files of an older collector: NAME.ws.1.0.
	ext := filepath.Ext(name)
	return len(ext) > 1 && strings.Trim(ext[1:], "0123456789") == ""
}
