package download

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// pagesMax bounds the pages of one directory: a thousand have half a million archives.
const pagesMax = 1000

// bucket lists what exists. After the first failure nobody asks it any more: the archives
// themselves are asked for then.
type bucket struct {
	client *client
	// base is empty where there is no listing.
	base   string
	meter  meter
	listed bool
}

// list reads a directory of archives from the first wanted one to the last. ok is false
// where there is no listing.
func (b *bucket) list(ctx context.Context, first, last Archive, notice func(string)) (s shelf, ok bool, err error) {
	if b.base == "" {
		return nil, false, nil
	}
	s = shelf{}
	err = b.pages(ctx, first, last, s)
	if ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	if err != nil {
		notice(fmt.Sprintf("%s cannot be listed, so each archive is asked for: %v", b.base, err))
		b.base = ""
		return nil, false, nil
	}
	b.listed = true
	return s, true, nil
}

func (b *bucket) pages(ctx context.Context, first, last Archive, s shelf) error {
	marker := before(first, first.From)
	for range pagesMax {
		query := url.Values{"delimiter": {"/"}, "prefix": {first.prefix()}, "marker": {marker}}
		var p page
		err := b.client.small(ctx, &b.meter, b.base+"?"+query.Encode(), pageBytes, func(text []byte) (err error) {
			p, err = parsePage(text)
			return err
		})
		if err != nil {
			return err
		}
		s.add(&p, first.prefix())
		if !p.more || len(p.objects) > 0 && p.objects[len(p.objects)-1].key > last.Path() {
			return nil
		}
		if p.next <= marker {
			return fmt.Errorf("%w: after %s it goes on at %s", errListing, clip(marker), clip(p.next))
		}
		marker = p.next
	}
	return errors.New("the listing has no end")
}
