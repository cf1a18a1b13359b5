package market

import (
	"errors"

	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// newSet makes the connections; package socket has them soon.
func newSet(socket.Config, []stream.Stream) (sockets, error) {
	return nil, errors.New("package socket has no Set yet")
}
