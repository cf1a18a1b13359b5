package report

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"

	"github.com/chromedp/chromedp"
)

// printed demands that the page prints on paper without an empty sheet, and returns the
// number of sheets.
func (tb *tab) printed() int {
	tb.Helper()
	pdf, err := chromedp.Run(tb.ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground(), chromedp.PDFPreferCSSPageSize()))
	if err != nil {
		tb.Fatal(err)
	}
	sheets := sheetsOf(pdf)
	for i, texts := range sheets {
		if texts < textsMin {
			tb.Errorf("sheet %d of %d has %d pieces of text", i+1, len(sheets), texts)
		}
	}
	if len(sheets) == 0 {
		tb.Error("nothing is printed")
	}
	return len(sheets)
}

// textsMin is how many pieces of text a sheet has that is no accident.
const textsMin = 4

var (
	pdfObject   = regexp.MustCompile(`(?s)(\d+) 0 obj\n(.*?)\nendobj`)
	pdfPage     = regexp.MustCompile(`/Type /Page\b[^s]`)
	pdfContents = regexp.MustCompile(`/Contents (\d+) 0 R`)
	pdfText     = regexp.MustCompile(`T[jJ]\b`)
)

// sheetsOf counts the pieces of text on each sheet of a document that the browser wrote.
func sheetsOf(pdf []byte) []int {
	objects := map[string][]byte{}
	var pages [][]byte
	for _, m := range pdfObject.FindAllSubmatch(pdf, -1) {
		objects[string(m[1])] = m[2]
		if pdfPage.Match(m[2]) {
			pages = append(pages, m[2])
		}
	}
	var out []int
	for _, p := range pages {
		texts := 0
		if ref := pdfContents.FindSubmatch(p); ref != nil {
			texts = len(pdfText.FindAll(inflated(objects[string(ref[1])]), -1))
		}
		out = append(out, texts)
	}
	return out
}

// inflated is the content of a stream.
func inflated(object []byte) []byte {
	_, stream, ok := bytes.Cut(object, []byte("stream\n"))
	if !ok {
		return nil
	}
	r, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return stream
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return text
}
