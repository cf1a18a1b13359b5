package sign

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret holds a text that must never be seen. However it is printed, logged or encoded, it
// shows as "[secret]", or as "[none]" when it is empty. The zero Secret is empty.
//
// It points at its text, because fmt cannot call methods on unexported fields: a struct that
// keeps a Secret in one prints an address.
type Secret struct{ text *string }

// NewSecret hides a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Equal says whether two have the same text, without showing it.
func (s Secret) Equal(other Secret) bool {
	return s.text == other.text || s.text != nil && other.text != nil && *s.text == *other.text
}

// Empty says that there is nothing to hide.
func (s Secret) Empty() bool { return s.text == nil }

// Reveal returns the text. It goes into a header or a signer and nowhere else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Ends returns the last four characters, by which a person tells API keys apart, and nothing
// of a text of fewer than sixteen, of which four would be too much.
func (s Secret) Ends() string {
	if s.text == nil || len(*s.text) < 16 {
		return ""
	}
	return (*s.text)[len(*s.text)-4:]
}

// String hides the text.
func (s Secret) String() string {
	if s.Empty() {
		return "[none]"
	}
	return "[secret]"
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// Format hides the text from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the text from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON hides the text from JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }
