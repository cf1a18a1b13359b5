// Package plot draws charts over time for a page that must stand alone: one file, no
// request, vectors on paper, visible without JavaScript. A [Frame] is the time axis that
// all charts of a page share; a [Chart] is a figure of one or more [Panel]s, each with
// its own vertical scale; a panel has lines, steps, areas, bars, stacks, spans of prices
// and marks, shades behind them and named reference lines.
//
// A panel is filled first and drawn last: its scale follows from all that was added to
// it, so the order of calls only decides what lies on top. What is drawn has at most some
// thousand points a series, and the page's script gets more to draw from when a reader
// zooms; see [Frame.Data]. Neither loses an extreme: [Trace], [Marks] and [Trips] collect
// lists of any length in one pass and bounded memory.
//
// The page embeds [Style], [Script] and [Templates], and executes the template "plot" for
// each chart, and "plot-data" with the frame's data before the script. An element with
// the attribute data-plot-tools gets the buttons that choose a stretch of time. A link to a chart's id with the attribute data-from, in
// Unix milliseconds, zooms to that moment and points at it: data-to makes it a stretch,
// data-value says at what value. The address keeps the view; each panel's data-view is
// what it shows.
//
// Styles are named by class: s1 to s6 are the colors of series, see [SeriesStyle]; net,
// gain and loss have a meaning of their own; "thin" can be added to any of them.
//
// The report's page and its comparison of runs call it. The same input gives the same
// bytes. Texts are escaped by the template, and are expected without control characters.
package plot
