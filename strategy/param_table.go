package strategy

import "strings"

// ParamTable writes parameters as the Markdown table of a strategy's README, so that a
// test can hold the README against the source.
func ParamTable(list []Param) string {
	var b strings.Builder
	b.WriteString("| parameter | kind | default | bounds | unit | meaning |\n|---|---|---|---|---|---|\n")
	for _, p := range list {
		def := "`" + p.Default + "`"
		if p.Required {
			def = "must be set"
		} else if p.Default == "" {
			def = "none"
		}
		for i, cell := range []string{"`" + p.Name + "`", p.Kind, def, p.limits(), p.Unit, p.Help} {
			if i == 0 {
				b.WriteString("|")
			}
			b.WriteString(" " + strings.ReplaceAll(cell, "|", `\|`) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// limits says which values a parameter takes.
func (p *Param) limits() string {
	switch {
	case len(p.Choices) > 0:
		return strings.Join(p.Choices, ", ")
	case p.Min != "" && p.Max != "":
		return p.Min + " to " + p.Max
	case p.Min != "":
		return "at least " + p.Min
	case p.Max != "":
		return "at most " + p.Max
	default:
		return ""
	}
}
