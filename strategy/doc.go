// Package strategy is the contract between pmbot and the authors of strategies, and all
// that an author needs to read.
//
// A strategy is a type with three methods ([Strategy]) and as many of the optional ones
// as it cares for: [BarHandler], [TradeHandler], [FillHandler] and so on, found by type
// assertion. Its callbacks get an [Env]: the clock, the [View] of what has happened, the
// order factory ([Buy], [Sell]) and timers. Callbacks run one after another, never at
// once, and must not block, read clocks or use randomness of their own: what a strategy
// does depends on the events it was given and on nothing else, so that a backtest, a dry
// run and a live run of one strategy are one thing.
//
//	type Follow struct{ p struct {
//		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to trade"`
//		Qty    exchange.Fixed  `default:"0.01" min:"0.001" unit:"coin" help:"order size"`
//	} }
//
//	func (f *Follow) Manifest() strategy.Manifest { return strategy.Manifest{Name: "follow", Version: "1.0.0"} }
//	func (f *Follow) Params() any                 { return &f.p }
//	func (f *Follow) Start(env *strategy.Env) error {
//		in, err := env.Instrument(f.p.Symbol)
//		if err != nil {
//			return err
//		}
//		env.Bars(in, time.Minute, 0)
//		return nil
//	}
//	func (f *Follow) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
//		if env.Held(in) == 0 && len(env.Orders()) == 0 {
//			env.Send(strategy.Buy(in, f.p.Qty).Market().Tag("enter"))
//		}
//	}
//
// Indicators such as [SMA] and [ATR] turn bars into decisions; [Lots] and [Snap] bring
// what was decided to a quantity and a price that the exchange takes.
//
// What must survive the strategy's process, and ours, the bot does by itself: two legs traded
// against each other ([Env.Pair]) and a stop that is as large as the position ([Env.Protect]).
// Packages beside this one help with the rest of getting orders done: exec.
//
// [Runtime] runs a strategy: backtests, the plugin host and tests all use it, so a
// strategy sees the same sequence of calls everywhere. Start reading at [Strategy].
package strategy
