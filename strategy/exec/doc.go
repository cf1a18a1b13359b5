// Package exec has what several strategies need to get their orders done, so that nobody
// copies it badly: patience after a no ([Backoff]), a budget of requests ([Pace]), the way
// out of an instrument ([Leave]), two legs that are held against each other by the bot's own pairs
// ([Pair]), a step put off behind the events of an instant ([Soon]), an order that follows the price
// ([Chase]), a quantity spread over a time ([TWAP]), and what funding is expected to be ([Forecast]).
// A stop that outlives the process is [strategy.Env.Protect].
//
// It promises what strategies must: everything follows from the view and the events, there
// is no clock and no randomness, and whatever is kept here may be lost in a restart without
// harm. Its values belong to the strategy that has them. Start reading at [Pair.Step].
package exec
