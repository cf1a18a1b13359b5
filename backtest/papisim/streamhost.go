package papisim

import (
	"net/http"
	"strings"

	"github.com/pmbot/pmbot/backtest/papisim/public"
)

// StreamHost is one of Binance's websocket servers.
type StreamHost uint8

const (
	// FStream is fstream.binance.com: the streams of UM, and the user stream under /pm.
	FStream StreamHost = iota + 1
	// DStream is dstream.binance.com: the streams of CM.
	DStream
	// SpotStream is stream.binance.com: the streams of the margin leg's pairs.
	SpotStream
)

// Handler serves one websocket host alone, whatever it is called: for ports of their own,
// since the paths /ws and /stream are those of all three hosts.
func (s *Sim) Handler(host StreamHost) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, ok := entryOf(host, r)
		if !ok {
			page(http.StatusNotFound).send(w, r)
			return
		}
		s.serveSocket(w, r, e)
	})
}

// entry is how a socket comes in.
type entry struct {
	// way is the way into the market's streams; 0 is /pm and /private, where names are
	// listen keys, and user says that it is /pm: what PM accounts hear nothing of, /private,
	// is open and silent.
	way  public.Way
	user bool
	// combined says that frames name their stream. names are the streams in the address.
	combined bool
	names    []string
}

// streamEntry says whether a request is for a websocket, by the host's name, and on other
// names by a path that only one host has.
func streamEntry(r *http.Request) (entry, bool) {
	name, _, _ := strings.Cut(strings.ToLower(r.Host), ":")
	switch name {
	case "fstream.binance.com":
		return entryOf(FStream, r)
	case "dstream.binance.com":
		return entryOf(DStream, r)
	case "stream.binance.com":
		return entryOf(SpotStream, r)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch first {
	case "pm", "public", "market", "private":
		return entryOf(FStream, r)
	}
	return entry{}, false
}

// entryOf reads the path of a websocket on a host.
func entryOf(host StreamHost, r *http.Request) (entry, bool) {
	e := entry{way: public.WayPublic} // fstream without a path delivers what is public
	path := r.URL.Path
	switch host {
	case DStream:
		e.way = public.WayCoin
	case SpotStream:
		e.way = public.WaySpot
	default:
		path = e.cutClass(path)
	}
	if names, ok := strings.CutPrefix(path, "/ws"); ok && (names == "" || names[0] == '/') {
		e.names = namesIn(names)
		if key := r.URL.Query().Get("listenKey"); key != "" && e.way == 0 {
			e.names = append(e.names, key)
		}
		return e, true
	}
	if path != "/stream" && path != "/stream/" {
		return entry{}, false
	}
	e.combined, e.names = true, namesIn(r.URL.Query().Get("streams"))
	return e, true
}

// cutClass takes fstream's class of streams off a path.
func (e *entry) cutClass(path string) string {
	for _, class := range [...]struct {
		name string
		way  public.Way
		user bool
	}{{"/public", public.WayPublic, false}, {"/market", public.WayMarket, false}, {"/private", 0, false}, {"/pm", 0, true}} {
		if rest, ok := strings.CutPrefix(path, class.name); ok && strings.HasPrefix(rest, "/") {
			e.way, e.user = class.way, class.user
			return rest
		}
	}
	return path
}

// namesIn splits a list of names at its slashes.
func namesIn(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, "/") {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}
