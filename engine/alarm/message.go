package alarm

import (
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Message is the body of a request to the webhook. Fields that a kind does not have are left
// out. Text is all of it in one line, where chats such as Slack and Mattermost look for it.
type Message struct {
	Schema string `json:"schema"` // pmbot.alert/1
	Text   string `json:"text"`
	// Kind is "alert" for one that begins or whose severity changes, "repeat" for one that
	// stands, "over" for one that has ended, "state" for a change of a trading state, "bot" for
	// the process itself, and "heartbeat".
	Kind     string            `json:"kind"`
	Severity exchange.Severity `json:"severity"`
	Account  string            `json:"account"`
	Mode     string            `json:"mode"` // live, dry or shadow
	// At is when it happened, by the bot's clock in UTC, and Seq the event in the journal.
	At  exchange.Time `json:"at"`
	Seq uint64        `json:"seq,omitzero"`
	// Control has found Value, which it holds against Limit.
	Control string `json:"control,omitzero"`
	Value   string `json:"value,omitzero"`
	Limit   string `json:"limit,omitzero"`
	// Since is when an alert that is told again, or is over, began.
	Since exchange.Time `json:"since,omitzero"`
	// Symbol, Strategy and Asset say of what; none of them is the account.
	Symbol   string `json:"symbol,omitzero"`
	Strategy string `json:"strategy,omitzero"`
	Asset    string `json:"asset,omitzero"`
	// State is what Cause holds now on that, ACTIVE if nothing any more.
	State  string `json:"state,omitzero"`
	Cause  string `json:"cause,omitzero"`
	By     string `json:"by,omitzero"`
	Reason string `json:"reason,omitzero"`
	// Dropped is how many messages could not be delivered before this one.
	Dropped int `json:"dropped,omitzero"`
}

// The kinds of messages.
const (
	kindAlert     = "alert"
	kindRepeat    = "repeat"
	kindOver      = "over"
	kindState     = "state"
	kindBot       = "bot"
	kindHeartbeat = "heartbeat"
)

// scope is what the message is about, in words.
func (m *Message) scope() string {
	var parts []string
	for _, part := range [...]string{m.Symbol, m.Strategy, m.Asset} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// line is the message in one line.
func (m *Message) line() string {
	words := []string{"pmbot", m.Account + ":", m.Severity.String()}
	add := func(list ...string) {
		for _, word := range list {
			if word != "" {
				words = append(words, word)
			}
		}
	}
	switch m.Kind {
	case kindState:
		of := m.scope()
		if of == "" {
			of = "account"
		}
		add(of, m.State, "by", m.Cause+":", m.Reason)
		if m.By != "" {
			add("(" + m.By + ")")
		}
	case kindBot, kindHeartbeat:
		add(m.Value)
	default:
		add(m.Control, m.scope())
		switch m.Kind {
		case kindOver:
			add("is over")
		case kindRepeat:
			add("still stands")
		}
		words[len(words)-1] += ":"
		add(m.Value)
		if m.Limit != "" {
			add("(limit " + m.Limit + ")")
		}
	}
	return strings.Join(words, " ")
}

// stateSeverity is how soon a person should look at what a cause holds.
func stateSeverity(c exchange.Cause) exchange.Severity {
	switch c {
	case exchange.CauseRisk, exchange.CauseTruth:
		return exchange.SeverityCritical
	case exchange.CauseStart:
		return exchange.SeverityInfo
	}
	return exchange.SeverityWarning
}
