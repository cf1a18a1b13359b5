package frame

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/internal/raced"
)

var seed = flag.Uint64("seed", 1, "seed of the random frames")

// node is a JSON value whose fields have an order: names is nil for all but objects.
type node struct {
	scalar string
	names  []string
	nodes  []*node
	list   bool
}

// parse reads a golden message.
func parse(t testing.TB, d *json.Decoder) *node {
	t.Helper()
	token, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	delim, nested := token.(json.Delim)
	if !nested {
		b, _ := json.Marshal(token)
		return &node{scalar: string(b)}
	}
	n := &node{list: delim == '['}
	for d.More() {
		if !n.list {
			name, _ := d.Token()
			n.names = append(n.names, name.(string))
		}
		n.nodes = append(n.nodes, parse(t, d))
	}
	d.Token()
	return n
}

func (n *node) object() bool { return n.scalar == "" && !n.list }

// numeric are texts that hold a number above zero.
var numeric = regexp.MustCompile(`^"[0-9]*[1-9][0-9.]*"$`)

// write prints n as somebody else might: fields in any order, space anywhere, fields that
// nobody knows, escapes in texts, and other digits in numbers.
func (n *node) write(r *rand.Rand, b *strings.Builder) {
	space := func() { b.WriteString(strings.Repeat(" \n\t\r"[:1+r.IntN(4)], max(0, r.IntN(8)-6))) }
	space()
	defer space()
	if n.scalar != "" {
		b.WriteString(n.rewritten(r))
		return
	}
	order := make([]int, len(n.nodes))
	for i := range order {
		order[i] = i
	}
	open, end := "[", "]"
	if n.object() {
		open, end = "{", "}"
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	b.WriteString(open)
	space()
	comma := ""
	for _, i := range order {
		b.WriteString(comma)
		space()
		if comma = ","; n.object() {
			if r.IntN(10) == 0 {
				unknown := []string{`null`, `"\"\\\u00e9"`, `[[1,{"p":"7"}],-1.5E+3]`, `{"e":"trade","b":[["1"]]}`, `0`, `true`}
				fmt.Fprintf(b, `"unknown %d":%s,`, r.IntN(1e9), unknown[r.IntN(len(unknown))])
			}
			fmt.Fprintf(b, "%q", n.names[i])
			space()
			b.WriteString(":")
		}
		n.nodes[i].write(r, b)
	}
	b.WriteString(end)
}

// rewritten returns another scalar that a frame may have in the place of n's.
func (n *node) rewritten(r *rand.Rand) string {
	b := []byte(n.scalar)
	switch {
	case b[0] != '"':
		return n.scalar
	case numeric.Match(b):
		for i, c := range b {
			if c >= '0' && c <= '9' {
				b[i] = byte('1' + r.IntN(9))
			}
		}
		return string(b)
	case isLetter(b[1]) && r.IntN(4) == 0:
		return fmt.Sprintf(`"\u%04x%s`, b[1], b[2:])
	default:
		return n.scalar
	}
}

// spoil changes one thing somewhere in n: a field goes, comes twice, or becomes another's
// value. It says whether a field came twice, which the reference does not see.
func (n *node) spoil(r *rand.Rand) (twice bool) {
	for len(n.nodes) > 0 {
		i := r.IntN(len(n.nodes))
		if next := n.nodes[i]; len(next.nodes) > 0 && r.IntN(3) > 0 {
			n = next
			continue
		}
		bad := []string{`"-1"`, `"0"`, `"1"`, `-1`, `0`, `1`, `1.5`, `""`, `null`, `"x"`, `true`, `"0.000000001"`, `9999999999999999999`}
		switch r.IntN(4) {
		case 0:
			n.nodes = slices.Delete(n.nodes, i, i+1)
			if n.names != nil {
				n.names = slices.Delete(n.names, i, i+1)
			}
		case 1:
			n.nodes = append(n.nodes, n.nodes[i])
			if n.names != nil {
				n.names = append(n.names, n.names[i])
			}
			return true
		case 2:
			n.nodes[i] = n.nodes[r.IntN(len(n.nodes))]
		default:
			n.nodes[i] = &node{scalar: bad[r.IntN(len(bad))]}
		}
		return false
	}
	return false
}

// TestProperty rewrites good frames at random and holds that the same kinds come out,
// with what the reference reads; and spoils them, where the reference must agree that
// they are still good or not.
func TestProperty(t *testing.T) {
	rounds := raced.Fewer(30, 6)
	r := rand.New(rand.NewPCG(*seed, 1))
	var d Decoder
	good, spoilt, refusals := 0, 0, 0
	for _, msg := range cases(t, filepath.Join("testdata", "frames.txt")) {
		kinds, refused := check(t, &d, msg)
		if refused > 0 {
			continue
		}
		for range rounds {
			dec := json.NewDecoder(strings.NewReader(string(msg)))
			dec.UseNumber()
			n := parse(t, dec)
			if n.object() && !slices.Contains(n.names, "stream") && !slices.Contains(kinds, KindSnapshot) && r.IntN(2) == 0 {
				n = &node{names: []string{"stream", "data"}, nodes: []*node{{scalar: `"any@depth@100ms"`}, n}}
			}
			var b strings.Builder
			n.write(r, &b)
			got, refused := check(t, &d, []byte(b.String()))
			if refused > 0 || !slices.Equal(got, kinds) {
				_, err := d.Decode([]byte(b.String()))
				t.Fatalf("-seed=%d: %v, %v, want %v of\n%s\n%s", *seed, got, err, kinds, b.String(), msg)
			}
			good++
			twice := n.spoil(r)
			b.Reset()
			n.write(r, &b)
			_, refused = check(t, &d, []byte(b.String()))
			if _, errs := reference([]byte(b.String())); refused > 0 && !twice && errors.Join(errs...) == nil {
				_, err := d.Decode([]byte(b.String()))
				t.Fatalf("-seed=%d: refused without need: %v\n%s", *seed, err, b.String())
			}
			spoilt++
			refusals += min(refused, 1)
		}
	}
	if t.Logf("%d good frames; %d of %d spoilt ones refused", good, refusals, spoilt); refusals < spoilt/3 {
		t.Error("spoiling does too little")
	}
}

// TestReuse decodes all golden messages with one decoder in a random order, and each with
// one of its own: nothing may be left of the message before.
func TestReuse(t *testing.T) {
	r := rand.New(rand.NewPCG(*seed, 2))
	messages := append(cases(t, filepath.Join("testdata", "frames.txt")), cases(t, filepath.Join("testdata", "refusals.txt"))...)
	var used Decoder
	for range raced.Fewer(5000, 500) {
		msg := messages[r.IntN(len(messages))]
		if got, want := print(&used, msg), print(new(Decoder), msg); got != want {
			t.Fatalf("-seed=%d: %s\ngot\n%s\nwant\n%s", *seed, msg, got, want)
		}
	}
	if _, err := new(Decoder).Next(); err != io.EOF {
		t.Error(err)
	}
}
