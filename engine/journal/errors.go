package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Errors of this package. Callers test them with errors.Is.
var (
	// ErrEmpty says that a directory has no segment to begin with; it is fs.ErrNotExist, too.
	ErrEmpty = fmt.Errorf("there is no journal: %w", fs.ErrNotExist)
	// ErrLocked says that another process writes the journal.
	ErrLocked = errors.New("another process writes this journal")
	// ErrDamaged says that what was once whole is not any more; the error is a *Damage.
	ErrDamaged = errors.New("the journal is damaged")
	// ErrDead says that the disk has failed in a way after which nobody knows what is on it.
	ErrDead = errors.New("the journal takes nothing any more; start again when the disk is well")
)

// Damage is a place where a journal is not what was written.
type Damage struct {
	// Path is the segment's file, Offset the place in it.
	Path   string
	Offset int64
	// What says what is wrong there.
	What string
}

// Error names file, place and what to do.
func (d *Damage) Error() string {
	return fmt.Sprintf("%s, octet %d: %s; pmbot journal verify --dir %s tells all that is wrong", d.Path, d.Offset, d.What, filepath.Dir(d.Path))
}

// Is says that every Damage is ErrDamaged.
func (d *Damage) Is(err error) bool { return err == ErrDamaged }
