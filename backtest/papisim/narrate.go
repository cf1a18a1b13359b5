package papisim

// know takes down the positions that the account starts with.
func (s *Sim) know() {}

// narrate tells the account's owner what has happened.
func (s *Sim) narrate() {}
