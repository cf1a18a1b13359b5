package frame

import (
	"fmt"
	"io"
)

// MessageMax is the length in bytes that a message may have. The longest that Binance
// sends are exchangeInfo answers of some megabytes; frames have a thousandth of that.
const MessageMax = 64 << 20

// Decoder turns messages into frames. Its zero value is ready. It keeps what memory the
// longest message so far has needed, and is for one goroutine.
type Decoder struct {
	frame Frame
	// outer is the message or its wrapping {"stream":…,"data":…}; inner is the data, or
	// one element of a list; nested is an object inside of a payload.
	outer, inner, nested object

	stream []byte
	// text is the message, next the index where an element of its list begins, 0 at the
	// end; element is the number of the last one, from 1.
	text          text
	next, element int
}

// Decode reads one message, as it came over a websocket or as the body of a REST answer,
// and returns its first frame. Messages of several frames (lists such as !markPrice@arr)
// give the others through [Decoder.Next]:
//
//	for f, err := d.Decode(msg); err != io.EOF; f, err = d.Next() {
//		if err != nil {
//			... // this frame is bad, the next may be good
//			continue
//		}
//		...
//	}
//
// Whoever expects a single frame may leave Next out. An error names the kind, the symbol
// and the field, and what was found. A message that is not JSON from its first byte to
// its last is refused as a whole, with [ErrSyntax]; of an empty list the error is io.EOF.
func (d *Decoder) Decode(msg []byte) (*Frame, error) {
	d.stream, d.next, d.element = nil, 0, 0
	if len(msg) > MessageMax {
		return nil, fmt.Errorf("message of %d bytes is longer than %d", len(msg), MessageMax)
	}
	t := text(msg)
	d.text = t
	start := t.space(0)
	var end int
	var err error
	switch {
	case t.at(start, '{'):
		end, err = d.outer.scan(t, start, 1, &d.inner)
	case t.at(start, '['):
		end, err = t.skip(start, 0)
	default:
		err = t.unexpected(start, "an object or a list")
	}
	if err != nil {
		return nil, err
	}
	if end = t.space(end); end < len(t) {
		return nil, t.unexpected(end, "the end")
	}
	if t[start] == '[' {
		return d.list(start)
	}
	return d.unwrap()
}

// unwrap tells a combined frame from a raw one. Both names must be there: a field "data"
// alone is one that Binance has added since.
func (d *Decoder) unwrap() (*Frame, error) {
	o := &d.outer
	if !o.has(keyStream) || !o.has(keyData) {
		return d.payload(o)
	}
	d.stream = o.letters(keyStream)
	v := o.fields[keyData]
	if v.shape != shapeObject && v.shape != shapeList {
		o.fail(keyData, "is no object and no list but the %s %q", shapeNames[v.shape], clip(o.text[v.start:v.end]))
	}
	switch {
	case o.err != nil:
		return nil, fmt.Errorf("combined frame: %w", o.err)
	case v.shape == shapeList:
		return d.list(v.start)
	default:
		return d.payload(&d.inner)
	}
}

// list returns the first frame of the list at byte i.
func (d *Decoder) list(i int) (*Frame, error) {
	if d.next = d.text.space(i + 1); d.text[d.next] == ']' {
		d.next = 0
	}
	return d.Next()
}

// Next returns the next frame of the message, io.EOF behind the last. After any other
// error it goes on with the frame behind the bad one.
func (d *Decoder) Next() (*Frame, error) {
	if d.next == 0 {
		return nil, io.EOF
	}
	d.element++
	end, err := d.inner.element(d.text, d.next)
	d.next = 0
	if i, more, _ := d.text.more(end, ']'); more {
		d.next = i
	}
	var f *Frame
	if err == nil {
		f, err = d.payload(&d.inner)
	}
	if err != nil {
		return nil, fmt.Errorf("element %d of the list: %w", d.element, err)
	}
	return f, nil
}

// element scans the element of a list at byte i, and returns the index behind it whatever
// it is: Decode has passed over it before.
func (o *object) element(t text, i int) (end int, err error) {
	if t[i] == '{' {
		if end, err = o.scan(t, i, 0, nil); err == nil {
			return end, nil
		}
	}
	end, _ = t.skip(i, 0)
	if err == nil {
		err = fmt.Errorf("%q is no object", clip(t[i:end]))
	}
	return end, err
}

// payload reads a payload out of o into the frame.
func (d *Decoder) payload(o *object) (*Frame, error) {
	f := &d.frame
	*f = Frame{Stream: d.stream}
	if f.identify(o); f.Kind == 0 {
		return nil, o.err
	}
	switch f.Kind {
	case KindTrade:
		f.readTrade(o)
	case KindAggTrade:
		f.readAggTrade(o)
	case KindBookTicker:
		f.readBookTicker(o)
	case KindDepth, KindPartialDepth, KindSnapshot:
		f.readDepth(o)
	case KindMark:
		f.readMark(o)
	case KindIndexPrice:
		f.readIndexPrice(o)
	case KindBar:
		f.readBar(o, &d.nested)
	case KindLiquidation:
		f.readLiquidation(o, &d.nested)
	case KindAssetIndex:
		f.readAssetIndex(o)
	case KindContractInfo:
		f.readContractInfo(o)
	case KindReply:
		f.readReply(o, &d.nested)
	case KindOther:
		f.readOther(o)
	}
	if o.err != nil {
		return nil, f.refuse(o.err)
	}
	return f, nil
}

// refuse names the frame that err is about, as far as it is known.
func (f *Frame) refuse(err error) error {
	if len(f.Symbol) == 0 {
		return fmt.Errorf("%v: %w", f.Kind, err)
	}
	return fmt.Errorf("%v of %q: %w", f.Kind, clip(f.Symbol), err)
}
