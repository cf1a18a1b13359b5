// Package wire translates between the domain and the plugin protocol: events, orders,
// instruments and what strategies say about themselves, in both directions.
//
// Packages host and sdk call it, each for its own side. It promises that decoding
// outside bytes never panics, that what is encoded and decoded again is equal to the
// last bit, and that nothing decoded from a plugin breaks a rule of the protocol:
// unknown instruments, enumeration values, order numbers out of turn and oversized
// answers are errors. Market events, of which there are millions, travel as rows of
// words ([AppendRow], [Rows]) without a message each; all else is ordinary messages.
//
// Start at [Decoder], which holds what one play needs to judge what it is sent.
package wire

// The handshake of hashicorp/go-plugin. The cookie tells a plugin that a host started
// it; it is a courtesy to people, not a secret.
const (
	CookieKey   = "PMBOT_PLUGIN"
	CookieValue = "9c3d0b1e-strategy-over-grpc"
	// ServiceName is the name of the one service in go-plugin's plugin set.
	ServiceName = "strategy"
	// ProtocolVersion is the version of the protocol in package proto.
	ProtocolVersion = 1
)

// Limits of the protocol, both sides.
const (
	// BatchMax is the most events in one batch.
	BatchMax = 8192
	// IntentsMax and TimersMax are the most that a strategy may ask for in reply to one
	// event; more ends the plugin.
	IntentsMax = 4096
	TimersMax  = 4096
	// LogsMax is the most log lines in one answer and LogBytesMax the longest of them.
	// The SDK drops and cuts what is more, and says so.
	LogsMax     = 1024
	LogBytesMax = 4096
	// RunLogsMax is the most log lines that a whole backtest sends; more are counted.
	RunLogsMax = 10_000
	// AnswerBytesMax is the largest message that a plugin may send.
	AnswerBytesMax = 8 << 20
	// ChunkBytesMax is the largest piece of a backtest's result.
	ChunkBytesMax = 1 << 20
	// MemoryBytesMax is the most that a strategy may save.
	MemoryBytesMax = 4 << 20
	// TokenBytes is the length of the token that a plugin sends on a live play's socket.
	TokenBytes = 32
	// RequestBytesMax is the largest message that the host sends: a start with all
	// instruments of the exchange.
	RequestBytesMax = 64 << 20
	// WindowBytes is the flow-control window of both sides: above the largest batch.
	WindowBytes = 4 << 20
)
