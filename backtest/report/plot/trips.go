package plot

import (
	"cmp"
	"math"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Trip is a round trip, drawn as a thin line from entry to exit once few enough are in
// view to be told apart.
type Trip struct {
	From, To    exchange.Time
	Entry, Exit float64
	Won         bool
}

// Trips collects round trips in bounded memory: all of them up to a limit, and then of
// each stretch of time, by From, the one whose prices differ most of those won and of
// those lost.
type Trips struct {
	frame  *Frame
	limit  int
	kept   []Trip
	groups []tripGroup
}

type tripGroup struct {
	trip   Trip
	filled bool
}

// NewTrips makes an empty set of at most limit round trips.
func (f *Frame) NewTrips(limit int) *Trips { return &Trips{frame: f, limit: max(limit, 2)} }

// Add adds a round trip; the order does not matter.
func (t *Trips) Add(trip Trip) {
	if t.groups == nil && len(t.kept) < t.limit {
		t.kept = append(t.kept, trip)
		return
	}
	if t.groups == nil {
		t.groups = make([]tripGroup, t.limit/2*2)
		for _, k := range t.kept {
			t.put(k)
		}
		t.kept = nil
	}
	t.put(trip)
}

func (t *Trips) put(trip Trip) {
	i := 2 * t.frame.part(trip.From, len(t.groups)/2)
	if trip.Won {
		i++
	}
	g := &t.groups[i]
	if !g.filled || math.Abs(trip.Exit-trip.Entry) > math.Abs(g.trip.Exit-g.trip.Entry) {
		*g = tripGroup{trip, true}
	}
}

// list returns the kept ones by From.
func (t *Trips) list() []Trip {
	if t == nil {
		return nil
	}
	out := slices.Clone(t.kept)
	for _, g := range t.groups {
		if g.filled {
			out = append(out, g.trip)
		}
	}
	slices.SortStableFunc(out, func(a, b Trip) int { return cmp.Compare(a.From, b.From) })
	return out
}

// tripsData is round trips for the script: Lengths in milliseconds, and Won "1" or "0" for
// each.
type tripsData struct {
	From    instants `json:"from"`
	Lengths string   `json:"lengths"`
	Entry   column   `json:"entry"`
	Exit    column   `json:"exit"`
	Won     string   `json:"won"`
}

func (t *Trips) data(places int) *tripsData {
	list := t.list()
	if len(list) == 0 {
		return nil
	}
	entry, exit := make([]float64, len(list)), make([]float64, len(list))
	lengths, won := make([]int64, len(list)), make([]byte, len(list))
	low, high := math.Inf(1), math.Inf(-1)
	for i, trip := range list {
		entry[i], exit[i], won[i] = trip.Entry, trip.Exit, '0'
		low, high = min(low, trip.Entry, trip.Exit), max(high, trip.Entry, trip.Exit)
		lengths[i] = trip.To.Millis() - trip.From.Millis()
		if trip.Won {
			won[i] = '1'
		}
	}
	places = packPlaces(places, low, high)
	return &tripsData{
		From:    packInstants(len(list), func(i int) exchange.Time { return list[i].From }),
		Lengths: packWhole(lengths), Entry: packValues(entry, places), Exit: packValues(exit, places), Won: string(won),
	}
}
