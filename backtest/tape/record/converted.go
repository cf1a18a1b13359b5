package record

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pmbot/pmbot/backtest/tape/source"
)

// convertedName is the file of what has been converted, a JSON object a line. It has no
// extension, so that nobody takes it for data.
const convertedName = "converted"

// readConverted reads which segments are on a tape. Lines that cannot be read count for
// nothing: their segments are imported again, which changes nothing.
func readConverted(dir, tape string) (map[string]converted, error) {
	done := map[string]converted{}
	file, err := os.Open(filepath.Join(dir, convertedName))
	if errors.Is(err, fs.ErrNotExist) {
		return done, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	tape = absolute(tape)
	lines := source.NewLines(file)
	for {
		text, err := lines.Next()
		switch {
		case err == io.EOF:
			return done, nil
		case err == source.ErrLine:
			if err := lines.Rest(); err != nil && err != io.EOF {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		var c converted
		if json.Unmarshal(text, &c) == nil && c.Tape == tape {
			done[c.Segment] = c
		}
	}
}

// appendConverted notes a segment, durable. A line that was cut off before stays one.
func appendConverted(dir string, c converted) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(dir, convertedName), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if info, err := file.Stat(); err == nil && info.Size() > 0 {
		end := make([]byte, 1)
		if _, err := file.ReadAt(end, info.Size()-1); err == nil && end[0] != '\n' {
			line = append([]byte("\n"), line...)
		}
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}
