package tape

import "io"

// rowStream reads the files of a series one after the other.
type rowStream[R any] struct {
	parts []part
	file  *rowFile[R]
	// selected is what is wanted of them.
	selected *selection
}

// read fills rows with the next ones and returns how many; io.EOF ends.
func (s *rowStream[R]) read(rows []R) (int, error) {
	for {
		if s.file == nil {
			if len(s.parts) == 0 {
				return 0, io.EOF
			}
			file, err := openSelected[R](s.parts[0].path, s.selected)
			if err != nil {
				return 0, err
			}
			s.file, s.parts = file, s.parts[1:]
		}
		n, err := s.file.read(rows)
		if err != io.EOF {
			return n, err
		}
		if err := s.close(); err != nil {
			return 0, err
		}
	}
}

func (s *rowStream[R]) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.close()
	s.file = nil
	return err
}
