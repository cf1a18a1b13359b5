package plot

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Class is a kind of mark: how it looks and what the legend calls it. Style is buy, sell
// or forced; hollow marks differ from full ones without color.
type Class struct {
	Style, Name string
	Hollow      bool
}

// Mark is an event on a panel, such as a fill at its price, or the extreme one of several
// that stand too close together to be told apart.
type Mark struct {
	At    exchange.Time
	Value float64
	Class int
	// Words and Numbers are what is told of it, one after another and beginning with a
	// word: words repeat and are kept once for all marks.
	Words   []string
	Numbers []exchange.Fixed
	// Stands is how many marks it stands for, itself included.
	Stands int
}

// Marks collects marks in bounded memory: all of them up to a limit, and then of each
// class and each stretch of time the lowest and the highest.
type Marks struct {
	frame   *Frame
	classes []Class
	limit   int
	// counts are the marks added of each class, low and high their reach.
	counts    []int
	low, high float64
	kept      []Mark
	// groups take the place of kept when the limit is reached: one for each class of
	// each stretch.
	groups []group
}

// group is the lowest and the highest of count marks; high stands for none while all have
// one value.
type group struct {
	low, high Mark
	count     int
}

// NewMarks makes an empty set of at most limit marks.
func (f *Frame) NewMarks(limit int, classes ...Class) *Marks {
	return &Marks{frame: f, classes: classes, limit: max(limit, 2*len(classes)), counts: make([]int, len(classes)),
		low: math.Inf(1), high: math.Inf(-1)}
}

// Add counts a mark, and returns where to put what is told of it: the kept mark, with
// neither words nor numbers, or nil if others stand for it. The pointer is good until the
// next call. Marks are added in time order, and class is an index of the set's classes.
func (m *Marks) Add(at exchange.Time, value float64, class int) *Mark {
	mark := Mark{At: at, Value: value, Class: class, Stands: 1}
	m.counts[class]++
	m.low, m.high = min(m.low, value), max(m.high, value)
	if m.groups != nil {
		return m.group(mark)
	}
	if len(m.kept) < m.limit {
		m.kept = append(m.kept, mark)
		return &m.kept[len(m.kept)-1]
	}
	m.groups = make([]group, m.limit/(2*len(m.classes))*len(m.classes))
	for _, k := range m.kept {
		if place := m.group(k); place != nil {
			*place = k
		}
	}
	m.kept = nil
	return m.group(mark)
}

// group counts a mark in its group, and returns its place there, nil if it has none.
func (m *Marks) group(mark Mark) *Mark {
	stretch := m.frame.part(mark.At, len(m.groups)/len(m.classes))
	g := &m.groups[stretch*len(m.classes)+mark.Class]
	g.count++
	switch {
	case g.count == 1:
		g.low = mark
		return &g.low
	case mark.Value < g.low.Value:
		if g.high.Stands == 0 {
			g.high = g.low
		}
		g.low = mark
		return &g.low
	case g.high.Stands == 0 && mark.Value > g.low.Value, g.high.Stands != 0 && mark.Value > g.high.Value:
		g.high = mark
		return &g.high
	}
	return nil
}

// Len is how many marks were added.
func (m *Marks) Len() int {
	n := 0
	for _, c := range m.counts {
		n += c
	}
	return n
}

// Kept is how many marks stand for them.
func (m *Marks) Kept() int { return len(m.list()) }

// list returns the kept marks in time order.
func (m *Marks) list() []Mark {
	if m == nil {
		return nil
	}
	if m.groups == nil {
		return m.kept
	}
	var out []Mark
	for _, g := range m.groups {
		switch {
		case g.count == 0:
		case g.high.Stands == 0:
			g.low.Stands = g.count
			out = append(out, g.low)
		default:
			g.low.Stands, g.high.Stands = g.count/2, g.count-g.count/2
			out = append(out, g.low, g.high)
		}
	}
	slices.SortStableFunc(out, func(a, b Mark) int { return cmp.Compare(a.At, b.At) })
	return out
}

// thinned is at most limit of the kept marks, by the same rule.
func (m *Marks) thinned(limit int) []Mark {
	list := m.list()
	if len(list) <= limit {
		return list
	}
	fewer := m.frame.NewMarks(limit, m.classes...)
	for _, mark := range list {
		fewer.Add(mark.At, mark.Value, mark.Class)
	}
	return fewer.list()
}

// marksData is marks for the script. Classes has a digit for each mark. Words lists what
// is told of marks in words, Word which of the lists it is of each, and Numbers, in turn
// between the words, the numbers. Stands is left out if each stands for itself.
type marksData struct {
	Names   []string   `json:"names"`
	At      instants   `json:"at"`
	Values  column     `json:"values"`
	Classes string     `json:"classes"`
	Words   [][]string `json:"words"`
	Word    string     `json:"word"`
	Numbers []column   `json:"numbers"`
	Stands  string     `json:"stands,omitempty"`
}

func (m *Marks) data(places int) *marksData {
	list := m.list()
	if len(list) == 0 {
		return nil
	}
	out := &marksData{Words: [][]string{}, Numbers: []column{}}
	for _, c := range m.classes {
		out.Names = append(out.Names, c.Name)
	}
	values, classes := make([]float64, len(list)), make([]byte, len(list))
	word, stands := make([]int64, len(list)), make([]int64, len(list))
	known := map[string]int{}
	numbers, alone := 0, true
	for i, mark := range list {
		values[i], classes[i], stands[i] = mark.Value, '0'+byte(mark.Class), int64(mark.Stands)
		alone = alone && mark.Stands == 1
		numbers = max(numbers, len(mark.Numbers))
		text := strings.Join(mark.Words, "\x00")
		n, ok := known[text]
		if !ok {
			n = len(out.Words)
			known[text] = n
			out.Words = append(out.Words, slices.Concat([]string{}, mark.Words))
		}
		word[i] = int64(n)
	}
	out.At = packInstants(len(list), func(i int) exchange.Time { return list[i].At })
	out.Values = packValues(values, packPlaces(places, m.low, m.high))
	out.Classes, out.Word = string(classes), packWhole(word)
	for k := range numbers {
		out.Numbers = append(out.Numbers, packNumbers(list, k))
	}
	if !alone {
		out.Stands = packWhole(stands)
	}
	return out
}

// packNumbers packs the k-th number of each mark, 0 for one that has none, without the
// zeros that all have at the end.
func packNumbers(list []Mark, k int) column {
	whole := make([]int64, len(list))
	for i, mark := range list {
		if k < len(mark.Numbers) {
			whole[i] = int64(mark.Numbers[k])
		}
	}
	places := exchange.FixedPlaces
	for places > 0 && !slices.ContainsFunc(whole, func(v int64) bool { return v%10 != 0 }) {
		for i := range whole {
			whole[i] /= 10
		}
		places--
	}
	return column{places, packWhole(whole)}
}
