package main

import (
	"fmt"
	"log/slog"
)

// logLevel reads how much a bot logs.
func logLevel(name string) (slog.Level, error) {
	for level, word := range map[slog.Level]string{slog.LevelDebug: "debug", slog.LevelInfo: "info", slog.LevelWarn: "warn", slog.LevelError: "error"} {
		if word == name {
			return level, nil
		}
	}
	return 0, fmt.Errorf("%q is none of debug, info, warn and error", name)
}
