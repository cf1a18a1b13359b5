package download

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>data.binance.vision</Name>`

func TestParsePage(t *testing.T) {
	file := func(key string, size any) string {
		return fmt.Sprintf("<Contents><Key>%s</Key><ETag>&quot;0&quot;</ETag><Size>%v</Size></Contents>", key, size)
	}
	p, err := parsePage([]byte(head + "<IsTruncated>true</IsTruncated>" + file("data/a.zip", 7) + file("data/b.zip", 8) + "<CommonPrefixes><Prefix>data/c/</Prefix></CommonPrefixes></ListBucketResult>"))
	if err != nil || !p.more || p.next != "data/b.zip" || !slices.Equal(p.objects, []object{{"data/a.zip", 7}, {"data/b.zip", 8}}) {
		t.Errorf("%+v, %v", p, err)
	}
	for _, c := range []struct{ text, want string }{
		{"", "EOF"},
		{"<html><body>Log in</body></html>", `its outer element is "html"`},
		{`{"keys":[]}`, "EOF"},
		{head, "unexpected EOF"},
		{head + "</ListBucketResult><x/>", "something follows its end"},
		{head + file("", 1) + "</ListBucketResult>", `key ""`},
		{head + file("a&#10;b", 1) + "</ListBucketResult>", `key "a b"`},
		{head + file(strings.Repeat("k", 1025), 1) + "</ListBucketResult>", "key "},
		{head + file("a", -1) + "</ListBucketResult>", "a has a size of -1"},
		{head + file("a", "1e9") + "</ListBucketResult>", "invalid syntax"},
		{head + file("b", 1) + file("a", 1) + "</ListBucketResult>", "key a stands after b"},
		{head + "<IsTruncated>true</IsTruncated></ListBucketResult>", "it says that it goes on, but not where"},
		{head + "<IsTruncated>maybe</IsTruncated></ListBucketResult>", "invalid syntax"},
		{`<!DOCTYPE x [<!ENTITY a "` + strings.Repeat("b", 99) + `">]>` + strings.TrimPrefix(head, `<?xml version="1.0" encoding="UTF-8"?>`) + file("&a;", 1) + "</ListBucketResult>", "invalid character entity"},
	} {
		if p, err := parsePage([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), errListing.Error()) {
			t.Errorf("%.90s: %+v, %v, want %q", c.text, p, err, c.want)
		}
	}
}

// FuzzParsePage holds that a listing is refused, or is what it promises to be.
func FuzzParsePage(f *testing.F) {
	f.Add([]byte(head + "<IsTruncated>true</IsTruncated><NextMarker>x</NextMarker><Contents><Key>../../etc/passwd</Key><Size>1</Size></Contents></ListBucketResult>"))
	f.Add([]byte(head + "</ListBucketResult>"))
	f.Add([]byte("<ListBucketResult><Contents><Key>a</Key></Contents><Contents><Key>b</Key><Size>9223372036854775807</Size></Contents></ListBucketResult>"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsePage(text)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
				t.Errorf("error %q", err)
			}
			return
		}
		if p.more && p.next == "" {
			t.Error("a page goes on nowhere")
		}
		for i, o := range p.objects {
			if o.key == "" || len(o.key) > keyMax || o.size < 0 || i > 0 && o.key <= p.objects[i-1].key {
				t.Errorf("object %d is %+v", i, o)
			}
		}
		s := shelf{}
		s.add(&p, "data/")
		for path := range s {
			if !strings.HasPrefix(path, "data/") || !strings.HasSuffix(path, ".zip") {
				t.Errorf("the shelf has %q", path)
			}
		}
	})
}

// FuzzParseChecksum holds that what is taken for a checksum is one, of the archive.
func FuzzParseChecksum(f *testing.F) {
	f.Add([]byte(checksumText(strings.Repeat("0a", 32), "a.zip")))
	f.Add([]byte(strings.Repeat("0A", 32) + " *a.zip"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if sum, err := parseChecksum(text, "a.zip"); err == nil && (len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "") {
			t.Errorf("%q gives %q", text, sum)
		}
	})
}

// TestBadListing meets listings that lie, loop or are none: the run goes on without, or
// believes no more than names of its own.
func TestBadListing(t *testing.T) {
	f := files{}
	f.addAll(hours, at("2024-03-01"), at("2024-03-04"), false)
	want := f.clean(t)
	page := func(more bool, next string, keys ...string) string {
		text := head + fmt.Sprintf("<IsTruncated>%v</IsTruncated><NextMarker>%s</NextMarker>", more, next)
		for _, k := range keys {
			text += "<Contents><Key>" + k + "</Key><Size>5</Size></Contents>"
		}
		return text + "</ListBucketResult>"
	}
	first := oneDay.Path()
	for _, c := range []struct {
		name, body, notice string
		missing            int
	}{
		{"a page of a portal", "<!DOCTYPE html><p>Log in", "cannot be listed, so each archive is asked for: no good answer after 8 attempts: no listing of a bucket", 0},
		{"a circle", page(true, first, first), "it goes on at data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-03-01.zip", 0},
		{"paths to elsewhere", page(false, "", "../../../etc/passwd.zip", "/etc/passwd.zip", "data/futures/um/daily/klines/BTCUSDT/1h/../../../../../../x.zip"), "", 3},
		{"a wrong size", page(false, "", first), "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(f)
			mux := http.NewServeMux()
			lists := 0
			mux.HandleFunc("/bucket", func(w http.ResponseWriter, _ *http.Request) { lists++; fmt.Fprint(w, c.body) })
			mux.Handle("/", s)
			base := serveOn(t, mux)
			store := newTape(t)
			config := setup(t, base, store, "2024-03-01", "2024-03-04", hours)
			config.List = base + "/bucket"
			var told seen
			told.watch(&config)
			sum, err := Run(t.Context(), config)
			if err != nil || sum.Missing != c.missing || sum.Imported != 3-c.missing || lists > 8 {
				t.Errorf("%+v, %v, %d requests for the listing", sum, err, lists)
			}
			if said := strings.Join(told.notices, "\n"); !strings.Contains(said, c.notice) || c.notice == "" && said != "" {
				t.Errorf("notices %q, want %q", said, c.notice)
			}
			if c.missing == 0 && hashOf(store) != want {
				t.Error("the data differs from that of the clean files")
			}
		})
	}
}
