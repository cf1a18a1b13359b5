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
	stretches := len(m.groups) / len(m.classes)
	share := float64(mark.At-m.frame.from) / float64(m.frame.to-m.frame.from)
	stretch := min(max(int(share*float64(stretches)), 0), stretches-1)
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

// keys are the legend of the classes that have marks.
func (m *Marks) keys() []key {
	if m == nil {
		return nil
	}
	var out []key
	for i, c := range m.classes {
		if m.counts[i] == 0 {
			continue
		}
		style := "mark " + c.Style
		if c.Hollow {
			style += " open"
		}
		out = append(out, key{style, c.Name, "", -1})
	}
	return out
}

// text joins words and numbers.
func (m *Mark) text() string {
	var b strings.Builder
	for i, w := range m.Words {
		b.WriteString(w)
		if i < len(m.Numbers) {
			b.WriteString(grouped(m.Numbers[i].String()))
		}
	}
	return b.String()
}
