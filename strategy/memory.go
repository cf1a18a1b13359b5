package strategy

import (
	"encoding/json"
	"fmt"
)

// SaveJSON is the Save of a [Saver] whose memory is a plain value:
//
//	func (s *My) Save() (int, []byte, error) { return strategy.SaveJSON(1, s.memory) }
//	func (s *My) Restore(v int, state []byte) error { return strategy.RestoreJSON(v, state, 1, &s.memory) }
//
// Fields may be added under the same version: what was not saved stays as Start has left it.
func SaveJSON(version int, memory any) (int, []byte, error) {
	state, err := json.Marshal(memory)
	return version, state, err
}

// RestoreJSON reads what [SaveJSON] wrote, if it is of the one version that is known.
func RestoreJSON(version int, state []byte, known int, memory any) error {
	if version != known {
		return fmt.Errorf("version %d is not %d, the only one known", version, known)
	}
	return json.Unmarshal(state, memory)
}
