package tape

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/exchange"
)

// Origin is a file that rows of a series came from.
type Origin struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	// Repair says that its rows fill holes that other sources had left.
	Repair bool `json:"repair,omitempty"`
	// Rows is how many rows of a tape's file it gave; Duplicates and Skipped count its
	// rows in the same span that were left out.
	Rows       int64 `json:"rows"`
	Duplicates int64 `json:"duplicates,omitempty"`
	Skipped    int64 `json:"skipped,omitempty"`
	// From and To are the instants of its first and last row in the span.
	From exchange.Time `json:"from"`
	To   exchange.Time `json:"to"`
}

// meta is what a file of the tape says about itself, in keys that begin with "pmbot.".
type meta struct {
	schema, series string
	clock          string
	rows           int64
	// first and last are the instants of the outer rows.
	first, last exchange.Time
	// firstAfter is the id that the first linked row follows, lastID that of the last one;
	// both 0 where rows are not linked by ids.
	firstAfter, lastID int64
	// lagMin and lagMax bound what local times are later than instants, and knots are the
	// smallest lags by window of time; all 0 without local times.
	lagMin, lagMax time.Duration
	knots          []clock.Knot
	// step is the usual distance of rows, 0 where there is none.
	step    time.Duration
	holes   []Hole
	origins []Origin
	// hash is SHA-256 over the rows in canonical form, in hex.
	hash string
}

const (
	metaPrefix = "pmbot."
	// clockExchange says that times are the exchange's own, clockBoth that rows have the
	// recorder's beside them.
	clockExchange = "exchange"
	clockBoth     = "exchange,local"
)

// entry is one key of the metadata and where its value goes to and comes from.
type entry struct {
	key   string
	value any
}

func (m *meta) entries() []entry {
	return []entry{
		{"schema", &m.schema}, {"series", &m.series}, {"clock", &m.clock}, {"rows", &m.rows},
		{"first", &m.first}, {"last", &m.last}, {"first_after", &m.firstAfter}, {"last_id", &m.lastID},
		{"lag_min_ns", (*int64)(&m.lagMin)}, {"lag_max_ns", (*int64)(&m.lagMax)}, {"clock_knots", &m.knots},
		{"step_ns", (*int64)(&m.step)}, {"gaps", &m.holes}, {"sources", &m.origins}, {"rows_sha256", &m.hash},
	}
}

// write hands every entry over as text.
func (m *meta) write(set func(key, value string)) error {
	for _, e := range m.entries() {
		text := ""
		switch v := e.value.(type) {
		case *string:
			text = *v
		case *int64:
			text = strconv.FormatInt(*v, 10)
		case *exchange.Time:
			text = v.String()
		default:
			b, err := json.Marshal(v)
			if err != nil {
				return err
			}
			text = string(b)
		}
		set(metaPrefix+e.key, text)
	}
	return nil
}

// readMeta reads the metadata of a file of the tape. All keys must be there.
func readMeta(path string) (meta, error) {
	file, pf, err := openParquet(path)
	if err != nil {
		return meta{}, err
	}
	defer file.Close()
	m, err := parseMeta(pf)
	if err != nil {
		return meta{}, fmt.Errorf("%s: %w", path, err)
	}
	if m.rows != pf.NumRows() || m.rows == 0 {
		return meta{}, fmt.Errorf("%s: metadata says %d rows, the file has %d", path, m.rows, pf.NumRows())
	}
	return m, nil
}

func parseMeta(pf *parquet.File) (m meta, err error) {
	for _, e := range m.entries() {
		text, ok := pf.Lookup(metaPrefix + e.key)
		if !ok {
			return meta{}, fmt.Errorf("no metadata key %s%s: not a file of a tape", metaPrefix, e.key)
		}
		switch v := e.value.(type) {
		case *string:
			*v = text
		case *int64:
			*v, err = strconv.ParseInt(text, 10, 64)
		case *exchange.Time:
			err = v.UnmarshalText([]byte(text))
		default:
			err = json.Unmarshal([]byte(text), v)
		}
		if err != nil {
			return meta{}, fmt.Errorf("metadata key %s%s: %w", metaPrefix, e.key, err)
		}
	}
	return m, nil
}
