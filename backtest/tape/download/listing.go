package download

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// page is one answer of S3's listing of a bucket.
type page struct {
	// objects are the files, in the ascending order of their keys.
	objects []object
	// more says that there are files beyond the last one, after the key next.
	more bool
	next string
}

// object is a file in a bucket.
type object struct {
	key  string
	size int64
}

const (
	// pageBytes and pageObjects bound one answer; S3 gives 1000 keys.
	pageBytes   = 4 << 20
	pageObjects = 10_000
	// keyMax is the longest key that S3 has.
	keyMax = 1024
)

// errListing says that a text is no listing.
var errListing = errors.New("no listing of a bucket")

// parsePage reads a listing in S3's XML. The keys are a server's words: they are compared
// with names of our own, and none becomes a path.
func parsePage(text []byte) (page, error) {
	var raw struct {
		XMLName     xml.Name
		IsTruncated bool
		NextMarker  string
		Contents    []struct {
			Key  string
			Size int64
		}
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&raw); err != nil {
		return page{}, fmt.Errorf("%w: %q: %w", errListing, clip(string(text[:min(len(text), 200)])), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return page{}, fmt.Errorf("%w: something follows its end", errListing)
	}
	if raw.XMLName.Local != "ListBucketResult" {
		return page{}, fmt.Errorf("%w: its outer element is %q", errListing, clip(raw.XMLName.Local))
	}
	if len(raw.Contents) > pageObjects {
		return page{}, fmt.Errorf("%w: %d keys on a page", errListing, len(raw.Contents))
	}
	p := page{more: raw.IsTruncated, next: raw.NextMarker}
	for _, o := range raw.Contents {
		switch {
		case o.Key == "" || len(o.Key) > keyMax || strings.ContainsFunc(o.Key, func(r rune) bool { return r < ' ' }):
			return page{}, fmt.Errorf("%w: key %q", errListing, clip(o.Key))
		case o.Size < 0:
			return page{}, fmt.Errorf("%w: %s has a size of %d", errListing, clip(o.Key), o.Size)
		case len(p.objects) > 0 && o.Key <= p.objects[len(p.objects)-1].key:
			return page{}, fmt.Errorf("%w: key %s stands after %s", errListing, clip(o.Key), clip(p.objects[len(p.objects)-1].key))
		}
		p.objects = append(p.objects, object{o.Key, o.Size})
	}
	if p.more && p.next == "" && len(p.objects) > 0 {
		p.next = p.objects[len(p.objects)-1].key // S3 gives no NextMarker without a delimiter
	}
	if p.more && p.next == "" {
		return page{}, fmt.Errorf("%w: it says that it goes on, but not where", errListing)
	}
	return p, nil
}

// shelf is what a listing says of one directory: the sizes of archives, by their paths.
type shelf map[string]int64

// add takes from a page what is below a prefix. It says whether a later page may have more
// of it.
func (s shelf) add(p *page, prefix string) {
	for _, o := range p.objects {
		if strings.HasPrefix(o.key, prefix) && strings.HasSuffix(o.key, ".zip") {
			s[o.key] = o.size
		}
	}
}

// before is a marker that stands before all archives of a series from an instant on.
func before(a Archive, from exchange.Time) string {
	a.From = from
	return a.prefix() + a.stem() + a.Date()
}
