package main

// simLimits are papisim.Limits in a file's words.
type simLimits struct {
	PAPI        int `toml:"papi"`
	Futures     int `toml:"futures"`
	Spot        int `toml:"spot"`
	SAPI        int `toml:"sapi"`
	SAPIUser    int `toml:"sapi_user"`
	Orders      int `toml:"orders"`
	Strikes     int `toml:"strikes"`
	Burst       int `toml:"burst"`
	Connections int `toml:"connections"`
	Unread      int `toml:"unread"`
}

// check finds limits that would let nothing through.
func (l *simLimits) check(wrong wrongFunc) {
	for _, limit := range []struct {
		name  string
		value int
	}{
		{"papi", l.PAPI}, {"futures", l.Futures}, {"spot", l.Spot}, {"sapi", l.SAPI}, {"sapi_user", l.SAPIUser},
		{"orders", l.Orders}, {"strikes", l.Strikes}, {"burst", l.Burst},
		{"connections", l.Connections}, {"unread", l.Unread},
	} {
		if limit.value < 1 {
			wrong("limits."+limit.name, "%d is not at least 1", limit.value)
		}
	}
	if l.Unread > 1_000_000 {
		wrong("limits.unread", "%d is above 1000000", l.Unread)
	}
}
