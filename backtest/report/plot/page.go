package plot

import _ "embed"

// Style is the style sheet of the charts and the colors of the page, light and dark.
//
//go:embed plot.css
var Style string

//go:embed numbers.js
var numbersScript string

//go:embed plot.js
var plotScript string

// Script draws the crosshair and zooms. It has no globals, for its parts share a block, and
// asks for nothing; a page's own script may follow it in the same element.
var Script = "{\n" + numbersScript + plotScript + "}\n"

// Templates defines "plot", which is executed with a *[Chart], and "plot-data" with the
// [Data] of the frame.
//
//go:embed plot.tmpl.html
var Templates string
