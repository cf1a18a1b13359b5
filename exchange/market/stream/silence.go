package stream

import "time"

// Silence is the longest time without a frame that is normal, counted from the
// subscription or the frame before; 0 is for ever. It is what Binance's table of update
// speeds promises, with room for what is normal beyond it:
//
//   - What is told at a fixed pace whatever happens (Mark, IndexPrice, CompositeIndex,
//     AssetIndex, TradingSession): four times the cadence, and at least 5 s.
//   - MarkKline, IndexKline: 30 s, for they follow marks and indexes, which move every second.
//   - All tickers and all book tickers: 30 s, because among hundreds of symbols something
//     changes every second.
//   - Depth, PartialDepth, RPIDepth and BookTicker of futures: 1 minute. Market makers
//     requote even dull contracts every few seconds: among 40 recorded streams the longest
//     silence was 13 s. Of spot, where pairs are duller: 5 minutes.
//   - AggTrade, Trade, MiniTicker, Ticker: 15 minutes, because without a trade there is
//     nothing to tell, and dull symbols have none for minutes.
//   - Kline and ContinuousKline: the interval and 2 minutes more, for the closing frame comes
//     without a trade, too; but not more than trades.
//   - Liquidation, ContractInfo: for ever. They tell what may not happen.
func (s Stream) Silence() time.Duration {
	const trades = 15 * time.Minute
	switch s.Kind {
	case Mark, IndexPrice, CompositeIndex, AssetIndex, TradingSession:
		return max(4*s.Cadence(), 5*time.Second)
	case MarkKline, IndexKline:
		return 30 * time.Second
	case Depth, PartialDepth, RPIDepth, BookTicker:
		switch {
		case s.All():
			return 30 * time.Second
		case s.Product == spot:
			return 5 * time.Minute
		}
		return time.Minute
	case AggTrade, Trade:
		return trades
	case MiniTicker, Ticker:
		if s.All() {
			return 30 * time.Second
		}
		return trades
	case Kline, ContinuousKline:
		return min(span(s.Interval)+2*time.Minute, trades)
	default:
		return 0
	}
}

// span is about how long a kline's interval is.
func span(interval string) time.Duration {
	switch interval {
	case "1s":
		return time.Second
	case "1m":
		return time.Minute
	case "3m":
		return 3 * time.Minute
	case "5m":
		return 5 * time.Minute
	default:
		return 15 * time.Minute
	}
}
