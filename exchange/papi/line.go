package papi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/pmbot/pmbot/exchange/internal/wire"
)

// line carries requests to a server.
type line interface {
	Do(context.Context, *wire.Request) (wire.Answer, error)
}

// foreign is a line over a transport of others. It cannot know when bytes leave, so that
// whatever it is given may have left.
type foreign struct {
	http.RoundTripper
	scheme, host string
}

// Do reads the request from the bytes that would leave.
func (f foreign) Do(ctx context.Context, r *wire.Request) (wire.Answer, error) {
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.Bytes)))
	if err != nil {
		return wire.Answer{}, err
	}
	request.RequestURI, request.URL.Scheme, request.URL.Host = "", f.scheme, f.host
	if r.Leave != nil && !r.Leave() {
		return wire.Answer{}, wire.ErrHeld
	}
	response, err := f.RoundTrip(request.WithContext(ctx))
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // without the URL, which holds the request
	}
	if err != nil {
		return wire.Answer{}, err
	}
	defer response.Body.Close()
	a := wire.Answer{Status: response.StatusCode, Header: response.Header}
	a.Body, a.Err = io.ReadAll(io.LimitReader(response.Body, wire.BodyMax+1))
	return a, nil
}
