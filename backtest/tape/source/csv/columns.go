package csv

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// column is a line of a layout's table: a column of the file and what it fills.
type column struct {
	// name is the tape's column, or a word for what is only looked at or passed over.
	name string
	// header is the file's name of the column; a plain file may use either.
	header string
	// need says that a file must have the column, blank that its fields may be empty: they
	// are 0 then.
	need, blank bool
	// made says that rows get a value where the file lacks the column.
	made bool
	// read says how; 0 is by the type of the tape's column.
	read reading
	// word reads the fields of asWord.
	word func(b []byte) (int64, error)
}

// reading is how the text of a field becomes a value.
type reading uint8

const (
	// asRounded is a decimal or volume with any number of decimals, see rounded.
	asRounded reading = iota + 1
	// asWord is one of some words.
	asWord
	// asText is kept as it is for the layout's own rules.
	asText
	// asSymbol must be the symbol of the series.
	asSymbol
	// asNothing is passed over.
	asNothing
)

// cell reads one field of each line into a column of a row.
type cell struct {
	column
	to    row.Column
	at    int
	clock clock
	// symbol is what asSymbol must say, text what asText has read.
	symbol string
	text   []byte
}

// cells makes the cells of a table. at has the place of each column in the file, -1 where
// the file lacks it.
func cells[R any](table []column, at []int, symbol string) []cell {
	var list []cell
	columns := row.Columns[R]()
	for i, c := range table {
		if at[i] < 0 || c.read == asNothing {
			continue
		}
		one := cell{column: c, at: at[i], symbol: symbol}
		if c.read != asText && c.read != asSymbol {
			k := slices.IndexFunc(columns, func(to row.Column) bool { return to.Name == c.name })
			if k < 0 {
				panic(fmt.Sprintf("csv: no column %q in a row of %T", c.name, *new(R)))
			}
			one.to = columns[k]
		}
		list = append(list, one)
	}
	return list
}

// cellOf finds the cell of a column, nil if the file lacks it.
func cellOf(list []cell, name string) *cell {
	for i := range list {
		if list[i].name == name {
			return &list[i]
		}
	}
	return nil
}

// decode reads the fields of a line into a row. Columns that the file lacks stay as they
// are.
func decode[R any](list []cell, f *fields, r *R) error {
	for i := range list {
		c := &list[i]
		b := f.value[c.at]
		var err error
		switch {
		case c.read == asText:
			c.text = b
		case c.read == asSymbol:
			err = c.sameSymbol(b)
		case c.to.Type == row.Volume:
			*row.WideAt(&c.to, r), err = c.volume(b)
		case c.to.Type == row.Boolean:
			var v int64
			v, err = c.number(b)
			*row.BoolAt(&c.to, r) = v != 0
		default:
			*row.IntAt(&c.to, r), err = c.number(b)
		}
		if err != nil {
			return &row.Fault{Column: c.name, Err: err}
		}
	}
	return nil
}

// number reads a value of 64 bits, or a truth as 0 or 1.
func (c *cell) number(b []byte) (int64, error) {
	if c.blank && (len(b) == 0 || len(b) == 1 && (b[0] == '-' || b[0] == '0')) {
		return 0, nil // rows print an unknown time as "-"
	}
	switch {
	case c.read == asWord:
		return c.word(b)
	case c.read == asRounded:
		return roundedDecimal(b)
	}
	switch c.to.Type {
	case row.Decimal:
		return decimal(b)
	case row.Time:
		t, err := c.clock.read(b)
		return t / 1000, err
	case row.Nanos:
		return c.clock.read(b)
	case row.Boolean:
		return truth(b)
	}
	return integer(b)
}

func (c *cell) volume(b []byte) (row.Wide, error) {
	switch {
	case c.blank && len(b) == 0:
		return row.Wide{}, nil
	case c.read == asRounded:
		return roundedVolume(b)
	}
	return volume(b)
}

var errSymbol = errors.New("the row is of another symbol")

func (c *cell) sameSymbol(b []byte) error {
	if string(b) != c.symbol {
		return fmt.Errorf("%w: %q, and the file is of %s", errSymbol, source.Clip(b), c.symbol)
	}
	return nil
}

// table says what the plain files of a kind look like.
type table struct {
	// columns are those of the archives in their order, then those that only our own
	// files and column maps have.
	columns []column
	// archive is how many columns the archives have, 0 if there are no archives.
	archive int
}

// bind finds a table's columns in a file.
func (t *table) bind(h *header, named source.Columns) ([]int, error) {
	if h.data {
		return t.bindByOrder(h.width, named)
	}
	return t.bindByName(h.names, named)
}

func (t *table) bindByOrder(width int, named source.Columns) ([]int, error) {
	if len(named) > 0 {
		return nil, errors.New("a column map needs a file with a header line, and this one begins with a number")
	}
	if t.archive == 0 {
		return nil, fmt.Errorf("begins with a number: no archive has this kind of data, so a header line must name its columns, %s", quoted(t.names()))
	}
	symbol := slices.IndexFunc(t.columns, func(c column) bool { return c.read == asSymbol })
	lacksSymbol := symbol >= 0 && width == t.archive-1 // some archives are without it
	if width < t.archive && !lacksSymbol {
		return nil, fmt.Errorf("%w: %d, an archive without a header line has %d", errField, width, t.archive)
	}
	at := make([]int, len(t.columns))
	place := 0
	for i := range at {
		at[i] = -1
		if i < t.archive && !(lacksSymbol && i == symbol) {
			at[i] = place
			place++
		}
	}
	return at, nil
}

func (t *table) bindByName(names []string, named source.Columns) ([]int, error) {
	place := func(name string) int { return slices.Index(names, name) }
	taken := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !slices.Contains(t.names(), name) {
			return nil, fmt.Errorf("column map: %w column %q; this kind of data has %s", exchange.ErrUnknownName, name, quoted(t.names()))
		}
		if place(named[name]) < 0 {
			return nil, fmt.Errorf("column map: %s=%s, but the file has no column %q; it has %s", name, named[name], named[name], quoted(names))
		}
		taken[named[name]] = true
	}
	at := make([]int, len(t.columns))
	for i, c := range t.columns {
		at[i] = -1
		if column, ok := named[c.name]; ok {
			at[i] = place(column)
			continue
		}
		for _, name := range []string{c.name, c.header} {
			if at[i] < 0 && name != "" && !taken[name] {
				at[i] = place(name)
			}
		}
		if at[i] < 0 && c.need {
			return nil, fmt.Errorf("no column %s; the file has %s: name it in the column map, as in %s=column", c.both(), quoted(names), c.name)
		}
	}
	for i, name := range names {
		if first := place(name); first != i && slices.Contains(at, first) {
			return nil, fmt.Errorf("the header has column %q twice", name)
		}
	}
	return at, nil
}

// both are the names of a column in a message.
func (c *column) both() string {
	if c.header == "" {
		return fmt.Sprintf("%q", c.name)
	}
	return fmt.Sprintf("%q (%q in Binance's archives)", c.name, c.header)
}

// names are what a column map can name.
func (t *table) names() []string {
	var names []string
	for _, c := range t.columns {
		if c.read != asNothing {
			names = append(names, c.name)
		}
	}
	return names
}

// absent lists the columns of the archives that a file lacks and that read as 0.
func (t *table) absent(at []int) []string {
	var names []string
	for i, c := range t.columns {
		if at[i] < 0 && c.header != "" && !c.made && c.read != asNothing && c.read != asText && c.read != asSymbol {
			names = append(names, c.name)
		}
	}
	return names
}

// bindHeaders finds the columns of a recorder's table by their headers alone.
func bindHeaders(layout string, columns []column, h *header) ([]int, error) {
	at := make([]int, len(columns))
	for i, c := range columns {
		at[i] = slices.Index(h.names, c.header)
		if at[i] < 0 && c.need {
			return nil, fmt.Errorf("no column %q, which a file of %s has; the file has %s", c.header, layout, quoted(h.names))
		}
	}
	return at, nil
}
