package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// ErrNotRunning says that nobody answers on the socket.
var ErrNotRunning = errors.New("the bot does not run")

// Client asks a running bot. It is safe for concurrent use.
type Client struct {
	path string
	http *http.Client
}

// NewClient makes a client of the bot that listens on a socket. It does not connect.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &Client{path, &http.Client{Transport: &http.Transport{DialContext: dial, DisableCompression: true, DisableKeepAlives: true}}}
}

// Get asks a question, such as "status", with parameters or nil, and decodes the answer.
// The error is ErrNotRunning if nobody is there, ErrNotThere for what the bot does not know,
// or context.DeadlineExceeded for an answer that did not come in time.
func (c *Client) Get(ctx context.Context, name string, query url.Values, answer any) error {
	body, err := c.open(ctx, http.MethodGet, name, query, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(answer)
}

// Post does an act and decodes what came of it. The errors are those of Get.
func (c *Client) Post(ctx context.Context, name string, act, answer any) error {
	text, err := json.Marshal(act)
	if err != nil {
		return err
	}
	body, err := c.open(ctx, http.MethodPost, name, nil, text)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(answer)
}

// Logs copies lines of the log to w, and with follow all that come until the context ends.
func (c *Client) Logs(ctx context.Context, w io.Writer, newest int, follow bool) error {
	body, err := c.open(ctx, http.MethodGet, "logs", url.Values{"newest": {fmt.Sprint(newest)}, "follow": {fmt.Sprint(follow)}}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err = io.Copy(w, body); ctx.Err() != nil {
		return nil
	}
	return err
}

func (c *Client) open(ctx context.Context, method, name string, query url.Values, act []byte) (io.ReadCloser, error) {
	u := url.URL{Scheme: "http", Host: "pmbot", Path: "/v1/" + name, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(act))
	if err != nil {
		return nil, err
	}
	r, err := c.http.Do(req)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: nobody answers on %s", ErrNotRunning, c.path)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &told{fmt.Sprintf("no answer to %s in time from the bot on %s", name, c.path), context.DeadlineExceeded}
	case err != nil:
		return nil, fmt.Errorf("ask the bot on %s: %w", c.path, err)
	case r.StatusCode == http.StatusOK:
		return r.Body, nil
	}
	defer r.Body.Close()
	var p Problem
	if err := json.NewDecoder(io.LimitReader(r.Body, bodyMax)).Decode(&p); err != nil {
		return nil, fmt.Errorf("ask the bot on %s: %s", c.path, r.Status)
	}
	return nil, p.err()
}

// err is the error that a problem was made of, as far as callers branch on it.
func (p *Problem) err() error {
	var kind error
	switch p.Kind {
	case "unknown":
		kind = ErrNotThere
	case "refused":
		kind = ErrNotClean
	case "timeout":
		kind = context.DeadlineExceeded
	default:
		return errors.New(p.Error)
	}
	return &told{p.Error, kind}
}

// told is an error of the bot with its kind.
type told struct {
	text string
	kind error
}

func (e *told) Error() string { return e.text }
func (e *told) Unwrap() error { return e.kind }
