package audit

import (
	"github.com/pmbot/pmbot/backtest/tape/row"
)

// rivalry is two files that hold one series at the same time.
type rivalry struct {
	key            row.Key
	first, against *origin
}

// rivals are the other strands of the series.
func (t *track) rivals() []strand {
	if len(t.series.strands) == 1 {
		return nil
	}
	var list []strand
	for _, s := range t.series.strands {
		if o := s.state(); o != t {
			list = append(list, s)
		}
	}
	return list
}

// compare holds an item against what another file has under its key. Whichever of the two
// comes second finds the other in its memory, so every pair is compared once, unless the
// files run so far apart that it was forgotten.
func compare[T any](mine, theirs *track, other *order[T], it *item[T], unlike func(a, b *T) string) {
	var met *item[T]
	why := ""
	seen := func(o *item[T]) (equal bool) {
		if o.key != it.key || o.at.source == it.at.source {
			return false
		}
		if said := unlike(&it.v, &o.v); said == "" {
			met, why = o, ""
			return true
		} else if met == nil {
			met, why = o, said
		}
		return false
	}
	items := other.recent.items
	i := other.recent.find(it.key)
	for i < len(items) && items[i].key == it.key && !seen(&items[i]) {
		i++
	}
	if met == nil || why != "" && other.several && other.lastKey == it.key {
		return // the other file may have more rows of this key
	}
	c := mine.a.rivalry(mine.series.key, met.at.source, it.at.source)
	c.Points++
	if why == "" {
		c.Equal++
		return
	}
	mine.find(Source, it.at, "differs from %s: %s", it.at.beside(met.at), why)
}

// rivalry finds the comparison of two files.
func (a *auditor) rivalry(key row.Key, one, two *origin) *Compared {
	if one.number > two.number {
		one, two = two, one
	}
	c := a.versus[rivalry{key, one, two}]
	if c == nil {
		c = &Compared{Check: Source, Series: key, Against: key, File: one.path, AgainstFile: two.path}
		a.versus[rivalry{key, one, two}] = c
	}
	return c
}

// agree says whether two sources say the same about a column. The times of the message
// are its own, a 0 is what a source has that does not say, and one may know the time of
// the exchange to the microsecond, the other to the millisecond.
func agree[R any](c *row.Column, a, b *R) bool {
	switch c.Type {
	case row.Volume:
		v, w := *row.WideAt(c, a), *row.WideAt(c, b)
		return v == w || v == row.Wide{} || w == row.Wide{}
	case row.Boolean:
		return *row.BoolAt(c, a) == *row.BoolAt(c, b)
	}
	v, w := *row.IntAt(c, a), *row.IntAt(c, b)
	if v == w || v == 0 || w == 0 || c.Name == "event" || c.Name == "local" {
		return true
	}
	return c.Type == row.Time && v/1000 == w/1000 && (v%1000 == 0 || w%1000 == 0)
}
