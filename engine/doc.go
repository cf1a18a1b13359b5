// Package engine is the pure core that trades: the same code in a backtest, a dry run, a
// live run and a replay.
//
// [Kernel.Step] takes one event and returns the commands that follow from it. It knows
// no clock, no network and no goroutine; everything it decides is a function of the
// events before. [Driver] numbers the events, fires timers, shows events to the
// strategies and brings their wishes back as events. What differs between a backtest and
// a live run is who feeds the driver and what its [Broker] does.
//
// The walk of one event: Driver.Deliver gives it a number; Kernel.Step folds it into
// orders, positions and the guard's state; the strategies see it and wish; each wish is
// an event of its own, for which the kernel asks the guard and answers with an approval,
// sent to the broker, or a refusal, told to the strategy.
//
// Start reading at Kernel.Step in kernel.go; the life of an order is in order.go.
package engine
