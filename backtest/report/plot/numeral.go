package plot

import (
	"math"
	"strconv"

	"github.com/pmbot/pmbot/backtest/readable"
)

// numeral prints a value with that many decimals, a hyphen for none.
func numeral(v float64, places int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return readable.Undefined
	}
	return readable.Page.Grouped(strconv.FormatFloat(v, 'f', places, 64))
}
