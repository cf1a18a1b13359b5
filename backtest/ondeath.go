package backtest

import "fmt"

// OnDeath says what becomes of a strategy's open orders when its process is gone or too late.
type OnDeath uint8

const (
	// DeathCancels cancels them, but for stops that only close.
	DeathCancels OnDeath = iota
	// DeathKeeps leaves them: for orders that may fill with nobody to answer it.
	DeathKeeps
)

var onDeathNames = [...]string{DeathCancels: "cancel", DeathKeeps: "keep"}

func (d OnDeath) String() string { return onDeathNames[d] }

// MarshalText writes the name.
func (d OnDeath) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "cancel" or "keep".
func (d *OnDeath) UnmarshalText(text []byte) error {
	for i, name := range onDeathNames {
		if string(text) == name {
			*d = OnDeath(i)
			return nil
		}
	}
	return fmt.Errorf("on_death is %.40q; it must be \"cancel\" or \"keep\"", text)
}
