package main

import (
	"errors"
	"path/filepath"
)

// stateDir is where what a bot must remember lies by default: pmbot/ACCOUNT below
// $XDG_STATE_HOME, else below ~/.local/state. The journal is in "journal" there.
func stateDir(getenv func(string) string, account string) (string, error) {
	if base := getenv("XDG_STATE_HOME"); filepath.IsAbs(base) { // the standard: others are ignored
		return filepath.Join(base, "pmbot", account), nil
	}
	home := getenv("HOME")
	if home == "" {
		return "", &failure{exitConfig, errors.New("neither HOME nor XDG_STATE_HOME is set, so there is no place for what the bot must remember"), "name a directory in the configuration"}
	}
	return filepath.Join(home, ".local", "state", "pmbot", account), nil
}
