// Package public is what everyone can see of the simulated exchange: the public endpoints
// of fapi, dapi and api, and the market streams. It keeps books, tickers, candles and trades
// of what the market has done so far and knows nothing of any account.
//
// One owner shows it the market's events in order and asks it in between. Start reading at
// Service.
package public
