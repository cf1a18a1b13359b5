package download

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// mark says of which bytes a part is the beginning.
type mark struct {
	// Validator is the server's ETag, or its Last-Modified where it has no strong one; "" if
	// it has neither, so that the part cannot be continued.
	Validator string `json:"validator"`
	// SHA256 is what the CHECKSUM file said when the part was begun.
	SHA256 string `json:"sha256"`
}

const (
	// unsizedMax bounds an archive whose server does not say how long it is.
	unsizedMax = 1 << 30
	// zipMagic begins every archive; empty ones there are none.
	zipMagic = "PK\x03\x04"
)

// body fetches the archive into its part, from where that ends.
func (f *fetch) body(ctx context.Context) error {
	furthest := f.partSize()
	return f.client.try(ctx, func() int64 {
		furthest = max(furthest, f.partSize())
		return furthest
	}, f.attempt)
}

func (f *fetch) partSize() int64 { return sizeOf(f.part) }

// attempt sends one request for what is missing of the archive.
func (f *fetch) attempt(ctx context.Context) error {
	from, header, err := f.resume()
	if err != nil {
		return err
	}
	a, err := f.client.get(ctx, &f.meter, f.url, header)
	if err != nil {
		return err
	}
	defer a.end()
	size, err := f.place(a, from)
	switch {
	case err != nil:
		return errors.Join(err, f.discard())
	case a.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return nil // the part is whole
	case a.StatusCode == http.StatusOK:
		from = 0
	}
	if size > f.client.limits.ArchiveBytes {
		return fmt.Errorf("%w: the archive is said to have %d bytes, more than %d", ErrRefused, size, f.client.limits.ArchiveBytes)
	}
	return f.write(a, from, size)
}

// resume says where to go on and how to ask for that.
func (f *fetch) resume() (int64, http.Header, error) {
	size := f.partSize()
	text, err := os.ReadFile(f.mark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, nil, err
	}
	var m mark
	if size == 0 || json.Unmarshal(text, &m) != nil || m.Validator == "" || m.SHA256 != f.sum {
		return 0, nil, f.discard()
	}
	return size, http.Header{"Range": {fmt.Sprintf("bytes=%d-", size)}, "If-Range": {m.Validator}}, nil
}

// place says how large the whole archive is, -1 if nobody knows, and refuses an answer that
// does not continue the part where that ends.
func (f *fetch) place(a *answer, from int64) (size int64, err error) {
	if a.StatusCode == http.StatusOK {
		return a.ContentLength, nil
	}
	if from == 0 {
		return 0, fmt.Errorf("the server answers %s to a plain request", status(a.Response))
	}
	text := a.Header.Get("Content-Range")
	span, total, _ := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	size, err = strconv.ParseInt(total, 10, 64)
	if err != nil || size < 0 {
		return 0, fmt.Errorf("the server continues the archive with the Content-Range %q", clip(text))
	}
	want := fmt.Sprintf("%d-%d", from, size-1)
	if a.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		want = "*"
		if size != from {
			return 0, fmt.Errorf("the server has %d bytes of the archive and gives none after %d", size, from)
		}
	}
	if span != want {
		return 0, fmt.Errorf("the server continues the archive with the Content-Range %q, want bytes %s/%d", clip(text), want, size)
	}
	return size, nil
}

// write appends what comes to the part, or begins it anew.
func (f *fetch) write(a *answer, from, size int64) (err error) {
	body := a.body
	if from == 0 {
		if body, err = beginsAsZip(body); err != nil {
			return err
		}
		if err := f.note(a); err != nil {
			return err
		}
	}
	part, err := os.OpenFile(f.part, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	if err := part.Truncate(from); err != nil {
		return err
	}
	if _, err := part.Seek(from, io.SeekStart); err != nil {
		return err
	}
	most := size
	if size < 0 {
		most = min(unsizedMax, f.client.limits.ArchiveBytes)
	}
	n, err := io.Copy(part, io.LimitReader(body, most-from+1))
	switch at := from + n; {
	case err != nil:
		return err
	case size < 0 && at > most:
		return errors.Join(fmt.Errorf("%w: the archive comes without a length and does not end after %d bytes", ErrRefused, most), f.discard())
	case size >= 0 && at != size:
		return fmt.Errorf("the connection ended after %d of %d bytes", at, size)
	}
	return nil
}

// note writes down what the part is the beginning of.
func (f *fetch) note(a *answer) error {
	m := mark{Validator: a.Header.Get("ETag"), SHA256: f.sum}
	if m.Validator == "" || strings.HasPrefix(m.Validator, "W/") {
		m.Validator = a.Header.Get("Last-Modified")
	}
	if err := f.discard(); err != nil {
		return err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(f.mark, text, 0o644)
}

// beginsAsZip looks at the first bytes before a byte is written: a page of a portal, or an
// error with a good status, is no archive.
func beginsAsZip(body io.Reader) (io.Reader, error) {
	head := make([]byte, len(zipMagic))
	n, err := io.ReadFull(body, head)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if string(head[:n]) != zipMagic {
		rest := excerpt(io.MultiReader(bytes.NewReader(head[:n]), body))
		return nil, fmt.Errorf("the answer is no zip archive; it begins with %q", rest)
	}
	return io.MultiReader(bytes.NewReader(head), body), nil
}
