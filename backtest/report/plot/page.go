package plot

import _ "embed"

// DataID is the id of the script element in which the page's script finds [Data].
const DataID = "chart-data"

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

// Templates defines "plot", which is executed with a *[Chart].
//
//go:embed plot.tmpl.html
var Templates string
