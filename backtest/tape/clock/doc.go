// Package clock judges and corrects the clock of a recorder by the exchange's.
//
// A recording with two clocks gives every row a lag: its local receive time less the
// exchange's event time. Lag is the error of the local clock plus a latency above zero, so
// single lags tell nothing, but their lower envelope moves only as the clock does. A
// [Gauge] gathers that envelope as [Knot] values while rows pass, [Merge] joins those of
// several series of one leg, and [Fit] makes a [Model] of them: pieces between the steps
// of the clock, each the lower convex hull of its knots. This is the estimate of clock skew
// from one-way delays of S. B. Moon, P. Skelly and D. Towsley, "Estimation and Removal of
// Clock Skew from Network Delay Measurements", IEEE INFOCOM 1999.
//
// What lags can tell and what not: a negative lag proves a slow clock, at least by that
// much. A large one may be a fast clock or a long way. A change of the smallest lag for
// good may be a step of the clock or a new route, and both are called a step.
//
// The import of a tape stores knots and reports, verification prints [Model.Report], and
// the reader replays by [Model.Correct]. All times are integers and all arithmetic that
// decides one is exact, so a corrected time is the same on every machine. The package is
// pure, and a Model never changes once it is made. Start reading at [Gauge.Add].
package clock
