package papi

import "context"

// listenKey names a user stream. It is a secret: who has it reads the account.
type listenKey struct {
	ListenKey string `json:"listenKey"`
}

// A hollow answer without a key has been seen, and sent clients to a stream of no account.
func (k *listenKey) missing() string { return first(need{"listenKey", k.ListenKey != ""}) }

// NewListenKey opens the account's user stream for 60 minutes, or names the one that is
// open and extends it: all processes of an account share one key. The key reads the
// account; keep it out of logs.
func (c *Client) NewListenKey(ctx context.Context) (string, error) {
	k, err := call[listenKey](ctx, c, epNewListenKey, new(query))
	return k.ListenKey, err
}

// KeepListenKey extends the account's listenKey by 60 minutes. Code -1125 says that there
// is none any more: ask for a new one and connect again.
func (c *Client) KeepListenKey(ctx context.Context) error {
	_, err := call[empty](ctx, c, epKeepListenKey, new(query))
	return err
}

// CloseListenKey ends the account's user stream, also for all other processes that share
// its key.
func (c *Client) CloseListenKey(ctx context.Context) error {
	_, err := call[empty](ctx, c, epCloseListenKey, new(query))
	return err
}
