package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/report/plot"
)

//go:embed report.tmpl.html
var pageTemplate string

//go:embed report.css
var pageStyle string

//go:embed report.js
var pageScript string

// document is everything the template shows.
type document struct {
	Kind, Title, Period, Subtitle string
	ID, Hash                      string
	shell

	Figures  []figure
	Notices  []notice
	Warnings []warningGroup
	Front    frontTables
	Sections []section
}

// HTML writes the report as one page that needs nothing else: styles, script and charts
// are inside, and its own policy forbids every request and every other script. The tables
// and the charts are there without JavaScript; the script adds the crosshair, zoom,
// filters and sorting. Without any run it writes nothing and returns an error.
func HTML(w io.Writer, c Columns) error {
	r := c.first()
	if r == nil {
		return errors.New("report: there is no run to show")
	}
	t, err := template.New("report").Parse(pageTemplate + plot.Templates)
	if err != nil {
		return fmt.Errorf("report template: %w", err)
	}
	if err := t.Execute(w, newDocument(r, c)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// shell is what a page has around its content.
type shell struct {
	// Policy allows this script and the styles of the page, and nothing else.
	Policy string
	Style  template.CSS
	Script template.JS
	Data   plot.Data
}

// newShell is that of a page whose charts share a frame, with styles of its own.
func newShell(f *plot.Frame, style string) shell {
	script := plot.Script + pageScript
	sum := sha256.Sum256([]byte(script))
	return shell{
		Policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Style: template.CSS(plot.Style + pageStyle + style), Script: template.JS(script), Data: f.Data(),
	}
}

func newDocument(r *backtest.Result, c Columns) *document {
	p := newPage(r)
	sections := p.sections()
	return &document{
		Kind:     kindName(r.Kind),
		Title:    title(r),
		Period:   periodText(r),
		Subtitle: subtitle(r),
		ID:       readable.Clean(r.ID),
		Hash:     readable.Clean(r.Hash),
		shell:    newShell(p.frame, ""),
		Figures:  heroes(r, p.cut),
		Notices:  notices(r, p.cut),
		Warnings: warningGroups(r.Warnings),
		Front:    newFrontTables(c.list(p)),
		Sections: sections,
	}
}
