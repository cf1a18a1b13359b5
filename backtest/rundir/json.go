package rundir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// document is result.json: a result, and what there is of files of rows.
type document struct {
	backtest.Result
	Files []File `json:"files,omitempty"`
}

// JSON writes a result as one document: everything but fills, trades and ledger, indented,
// ending in a newline. Numbers that are money, prices or ratios are strings, so that no
// reader rounds them. The lists of the result itself are [] when they are empty, never
// null.
func JSON(w io.Writer, r *backtest.Result) error { return encode(w, &document{Result: whole(r)}) }

// writeResult writes result.json: a document without samples and prices, which are in files
// of their own; the series of prices are named.
func writeResult(w io.Writer, r *backtest.Result, files []File) error {
	short := whole(r)
	short.Prices = withoutPoints(short.Prices)
	return encode(w, struct {
		document
		Equity *struct{} `json:"equity,omitempty"` // in place of the result's
	}{document: document{short, files}})
}

func encode(w io.Writer, document any) error {
	b, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// whole has empty lists where the result has none.
func whole(r *backtest.Result) backtest.Result {
	copied := *r
	fields := reflect.ValueOf(&copied).Elem()
	for i := range fields.NumField() {
		if f := fields.Field(i); f.Kind() == reflect.Slice && f.IsNil() {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	return copied
}

// ReadJSON reads what [JSON] has written. Fields it does not know are passed over, for
// later versions add some; another schema, a broken value, and a number or a time outside
// every reason are errors that name line and field.
func ReadJSON(r io.Reader) (*backtest.Result, error) {
	doc, err := readDocument(r)
	if err != nil {
		return nil, err
	}
	return &doc.Result, nil
}

func readDocument(r io.Reader) (*document, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var doc document
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, locate(b, err)
	}
	if doc.Schema != backtest.ResultSchema {
		return nil, fmt.Errorf("schema is %.40q, this program reads %q", doc.Schema, backtest.ResultSchema)
	}
	if err := checkValues(reflect.ValueOf(&doc.Result).Elem(), ""); err != nil {
		return nil, err
	}
	return &doc, nil
}

// locate says where in the text decoding failed: by the decoder's own word for broken
// syntax, else by decoding each field, and each element of a list, alone.
func locate(b []byte, failed error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](failed); ok {
		return fmt.Errorf("line %d: %w", lineAt(b, syntax.Offset), failed)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return failed
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return failed
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return failed
		}
		name, _ := key.(string)
		start := d.InputOffset() - int64(len(raw))
		if err := decodeField(name, raw); err != nil {
			element, offset, inner := locateElement(name, raw, err)
			if wrong, ok := errors.AsType[*json.UnmarshalTypeError](inner); ok {
				inner = fmt.Errorf("%s in place of %v", wrong.Value, wrong.Type)
			}
			return fmt.Errorf("line %d, field %s%s: %w", lineAt(b, start+offset), name, element, inner)
		}
	}
	return failed
}

func decodeField(name string, raw json.RawMessage) error {
	alone, err := json.Marshal(map[string]json.RawMessage{name: raw})
	if err != nil {
		return err
	}
	return json.Unmarshal(alone, new(document))
}

// locateElement finds the element of a list that does not decode.
func locateElement(name string, raw json.RawMessage, failed error) (element string, offset int64, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return "", 0, failed
	}
	for i := 0; d.More(); i++ {
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			break
		}
		if err := decodeField(name, append(append([]byte{'['}, one...), ']')); err != nil {
			return fmt.Sprintf("[%d]", i), d.InputOffset() - int64(len(one)), err
		}
	}
	return "", 0, failed
}

func lineAt(b []byte, offset int64) int {
	return 1 + bytes.Count(b[:min(max(offset, 0), int64(len(b)))], []byte{'\n'})
}

// exponentMax bounds how many zeros a number may stand for.
const exponentMax = 64

// checkValues refuses numbers that would print as gigabytes and times that no market has
// seen, and names the field.
func checkValues(v reflect.Value, path string) error {
	switch x := v.Interface().(type) {
	case decimal.Decimal:
		if e := x.Exponent(); e > exponentMax || e < -exponentMax || x.NumDigits() > exponentMax {
			return fmt.Errorf("field %s: the number is out of range", path)
		}
		return nil
	case exchange.Time:
		if err := checkTime(x); err != nil {
			return fmt.Errorf("field %s: %w", path, err)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			switch {
			case name == "-": // a list of rows, which is in a file of its own
				continue
			case name == "":
				name = path
			case path != "":
				name = path + "." + name
			}
			if err := checkValues(v.Field(i), name); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := checkValues(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkTime refuses instants outside the years 2000 to 2199; 0 is "not known".
func checkTime(t exchange.Time) error {
	first := exchange.TimeOf(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	last := exchange.TimeOf(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))
	if t != 0 && (t < first || t >= last) {
		return fmt.Errorf("%v is outside the years 2000 to 2199", t)
	}
	return nil
}
