package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// showFlags say what of a journal is shown.
type showFlags struct {
	journalFlags
	from, to, order, symbol string
	kinds                   []string
	strategy                int
	limit                   int
	follow, json            bool
}

func journalShowCommand(c *console) *cobra.Command {
	f := &showFlags{}
	cmd := &cobra.Command{
		Use: "show", Short: "Show events and the decisions on them", Args: cobra.NoArgs,
		Long: `Show the events of a journal in their order, one a line: number, time, kind, instrument,
and what it says that is not zero; behind -> what was decided. Filters narrow it down, and
what passes all of them is shown.`,
		Example: `  pmbot journal show --kind INTENT,FILL --from 2026-11-23
  pmbot journal show --order 17
  pmbot journal show --symbol "UM BTCUSDT" --kind FILL --json
  pmbot journal show --follow --strategy 1`,
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "from this time on, such as 2026-11-23T04:00:00Z")
	flags.StringVar(&f.to, "to", "", "before this time")
	flags.StringSliceVar(&f.kinds, "kind", nil, "kinds of events, such as FILL,ORDER_UPDATE; may be repeated")
	flags.IntVar(&f.strategy, "strategy", -1, "number of a strategy, by its place in the configuration; 0 is the house")
	flags.StringVar(&f.order, "order", "", "number of an order, or its client id")
	flags.StringVar(&f.symbol, "symbol", "", `symbol, such as BTCUSDT or "UM BTCUSDT"`)
	flags.IntVar(&f.limit, "limit", 0, "end after so many; 0 is no limit")
	flags.BoolVar(&f.follow, "follow", false, "wait for more at the end, until interrupted")
	flags.BoolVar(&f.json, "json", false, "print one JSON document a line")
	cmd.RunE = action(func(ctx context.Context, _ []string) error {
		want, err := f.filter()
		if err != nil {
			return err
		}
		dir, err := c.journalDir(&f.journalFlags)
		if err != nil {
			return err
		}
		return journalReadFailure(dir, c.showJournal(ctx, dir, f, want))
	})
	return cmd
}

// recordFilter is what a record must be to be shown.
type recordFilter struct {
	from, to exchange.Time
	kinds    []exchange.Kind
	strategy int
	order    string
	symbol   string
}

func (f *showFlags) filter() (*recordFilter, error) {
	want := &recordFilter{to: exchange.Never, strategy: f.strategy, order: f.order, symbol: strings.ToUpper(f.symbol)}
	for _, t := range []struct {
		flag, text string
		at         *exchange.Time
	}{{"--from", f.from, &want.from}, {"--to", f.to, &want.to}} {
		if t.text == "" {
			continue
		}
		at, err := parseTime(t.text)
		if err != nil {
			return nil, &failure{exitUsage, fmt.Errorf("%s: %w", t.flag, err), ""}
		}
		*t.at = at
	}
	if f.limit < 0 || f.strategy < -1 {
		return nil, &failure{exitUsage, errors.New("--limit and --strategy are not below 0"), ""}
	}
	for _, text := range f.kinds {
		name := strings.ToUpper(strings.ReplaceAll(text, "-", "_"))
		kind, err := exchange.ParseKind(name)
		if err != nil {
			known := kindNames()
			cure := "there are " + strings.Join(known, ", ")
			if near := strategy.Nearest(name, known); near != "" {
				cure = "did you mean " + near + "?"
			}
			return nil, &failure{exitUsage, fmt.Errorf("--kind: there is no kind of event %q", text), cure}
		}
		want.kinds = append(want.kinds, kind)
	}
	return want, nil
}

// kindNames are the names of all kinds of events.
func kindNames() []string {
	var names []string
	for k := range exchange.Kind(128) {
		if name := k.String(); !strings.Contains(name, "(") {
			names = append(names, name)
		}
	}
	return names
}

// passes says whether a record is to be shown.
func (f *recordFilter) passes(r *journal.Record, d *describer) bool {
	e := &r.Event
	if e.At < f.from || e.At >= f.to || len(f.kinds) > 0 && !slices.Contains(f.kinds, e.Kind) {
		return false
	}
	if f.symbol != "" && !d.isSymbol(e.Inst, f.symbol) && !mentionsIn(r, func(_ string, v reflect.Value) bool {
		id, ok := v.Interface().(exchange.InstrumentID)
		return ok && d.isSymbol(id, f.symbol)
	}) {
		return false
	}
	if f.strategy >= 0 && (e.Kind.Market() || !mentionsIn(r, func(_ string, v reflect.Value) bool {
		id, ok := v.Interface().(exchange.StrategyID)
		return ok && int(id) == f.strategy
	})) {
		return false
	}
	return f.order == "" || !e.Kind.Market() && mentionsIn(r, f.isOrder)
}

// isOrder says whether a field names the order.
func (f *recordFilter) isOrder(name string, v reflect.Value) bool {
	switch x := v.Interface().(type) {
	case exchange.OrderID:
		return x != 0 && strconv.FormatUint(uint64(x), 10) == f.order
	case string:
		return x == f.order && (name == "ClientID" || name == "Child" || name == "Order")
	}
	return false
}

func mentionsIn(r *journal.Record, is func(string, reflect.Value) bool) bool {
	payload := payloadOf(&r.Event)
	return payload != nil && mentions(reflect.ValueOf(payload), is) || r.Decision != nil && mentions(reflect.ValueOf(r.Decision), is)
}

func (d *describer) isSymbol(id exchange.InstrumentID, symbol string) bool {
	if id == 0 || int(id) > len(d.instruments) {
		return false
	}
	in := &d.instruments[id-1]
	return in.Symbol == symbol || in.Name() == symbol
}

// followEvery is how often the end of a journal is looked at.
const followEvery = 200 * time.Millisecond

func (c *console) showJournal(ctx context.Context, dir string, f *showFlags, want *recordFilter) error {
	r, err := journal.Read(dir, want.from)
	if err != nil {
		return err
	}
	defer r.Close()
	out := bufio.NewWriter(c.out)
	defer out.Flush()
	shown := 0
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var one journal.Record
		switch err := r.Next(&one); {
		case err == io.EOF && !f.follow:
			return out.Flush()
		case err == io.EOF:
			if err := out.Flush(); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil // who follows ends so
			case <-time.After(followEvery):
			}
			continue
		case err != nil:
			return err
		}
		d := &describer{r.Segment().Instruments}
		if !want.passes(&one, d) {
			continue
		}
		if err := printRecord(out, &one, d, f.json); err != nil {
			return err
		}
		if shown++; shown == f.limit {
			return out.Flush()
		}
	}
}

// recordShown is the JSON of a record.
type recordShown struct {
	Schema   string        `json:"schema"`
	Seq      uint64        `json:"seq"`
	At       exchange.Time `json:"at"`
	Exchange exchange.Time `json:"exchange_at"`
	Kind     string        `json:"kind"`
	Inst     string        `json:"instrument,omitempty"`
	Derived  bool          `json:"derived,omitempty"`
	Share    bool          `json:"share,omitempty"`
	Payload  fields        `json:"payload"`
	Decision *fields       `json:"decision,omitempty"`
}

func printRecord(out io.Writer, r *journal.Record, d *describer, asJSON bool) error {
	e := &r.Event
	shown := recordShown{Schema: "pmbot.journal-event/1", Seq: e.Seq, At: e.At, Exchange: e.Exchange, Kind: e.Kind.String(),
		Derived: e.Derived(), Share: e.Share(), Payload: fields{}}
	if e.Inst != 0 {
		shown.Inst = d.name(e.Inst)
	}
	if payload := payloadOf(e); payload != nil {
		shown.Payload = d.fields(reflect.ValueOf(payload))
	}
	if r.Decision != nil {
		said := *r.Decision
		if !asJSON {
			said = brief(e, said)
		}
		decision := d.fields(reflect.ValueOf(&said))
		shown.Decision = &decision
	}
	if asJSON {
		line := json.NewEncoder(out)
		line.SetEscapeHTML(false)
		return line.Encode(shown)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%9d  %-30v  %-12v", e.Seq, e.At, e.Kind)
	for _, part := range []struct {
		there bool
		text  string
	}{
		{shown.Inst != "", shown.Inst}, {shown.Derived, "derived"}, {shown.Share, "share"},
		{len(shown.Payload) > 0, shown.Payload.String()}, {r.Decision != nil, "-> " + decisionText(shown.Decision)},
	} {
		if part.there {
			b.WriteString("  " + part.text)
		}
	}
	_, err := fmt.Fprintln(out, b.String())
	return err
}

// brief is a decision without what the line has said of the wish before.
func brief(e *exchange.Event, d exchange.Decision) exchange.Decision {
	if e.Kind != exchange.KindIntent {
		return d
	}
	if wish := e.Intent(); d.Order.Request == wish.Request {
		d.Order.Request = exchange.OrderRequest{}
	}
	if d.Refusal != nil && d.Refusal.Intent == *e.Intent() {
		refusal := *d.Refusal
		refusal.Intent = exchange.Intent{}
		d.Refusal = &refusal
	}
	return d
}

func decisionText(f *fields) string {
	if f == nil || len(*f) == 0 {
		return "nothing"
	}
	return f.String()
}
