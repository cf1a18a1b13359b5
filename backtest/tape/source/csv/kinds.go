package csv

// The tables of plain files: for each kind the columns of Binance's archives, in the order
// that files without a header have, then those that only our own exports have.

var aggTradeTable = table{archive: 7, columns: []column{
	{name: "id", header: "agg_trade_id", made: true},
	{name: "price", header: "price", need: true},
	{name: "qty", header: "quantity", need: true},
	{name: "first_id", header: "first_trade_id"},
	{name: "last_id", header: "last_trade_id"},
	{name: "time", header: "transact_time", need: true},
	{name: "buyer_maker", header: "is_buyer_maker", need: true, read: asWord, word: makerBought},
	{name: "event", blank: true},
	{name: "local", blank: true},
	{name: "type"},
}}

var tradeTable = table{archive: 6, columns: []column{
	{name: "id", header: "id", made: true},
	{name: "price", header: "price", need: true},
	{name: "qty", header: "qty", need: true},
	{name: "quote_qty", header: "quote_qty", read: asNothing},
	{name: "time", header: "time", need: true},
	{name: "buyer_maker", header: "is_buyer_maker", need: true, read: asWord, word: makerBought},
	{name: "event", blank: true},
	{name: "local", blank: true},
	{name: "first_id"},
	{name: "last_id"},
	{name: "type"},
}}

var barTable = table{archive: 12, columns: []column{
	{name: "time", header: "open_time", need: true},
	{name: "open", header: "open", need: true},
	{name: "high", header: "high", need: true},
	{name: "low", header: "low", need: true},
	{name: "close", header: "close", need: true},
	{name: "volume", header: "volume"},
	{name: "close_time", header: "close_time", read: asText},
	{name: "quote_volume", header: "quote_volume"},
	{name: "trades", header: "count"},
	{name: "taker_buy", header: "taker_buy_volume"},
	{name: "taker_buy_quote", header: "taker_buy_quote_volume"},
	{name: "ignore", header: "ignore", read: asNothing},
}}

var tickerTable = table{archive: 7, columns: []column{
	{name: "update_id", header: "update_id", made: true},
	{name: "bid", header: "best_bid_price", need: true},
	{name: "bid_qty", header: "best_bid_qty", need: true},
	{name: "ask", header: "best_ask_price", need: true},
	{name: "ask_qty", header: "best_ask_qty", need: true},
	{name: "time", header: "transaction_time", need: true},
	{name: "event", header: "event_time", blank: true},
	{name: "local", blank: true},
}}

// levelTable has, beside our own columns, those of the order book files that Binance gives
// on request. They have no order here: two sorts of them differ.
var levelTable = table{columns: []column{
	{name: "symbol", header: "symbol", read: asSymbol},
	{name: "time", header: "timestamp", need: true},
	{name: "first_id", header: "first_update_id"},
	{name: "last_id", header: "last_update_id", need: true},
	{name: "side", header: "side", need: true, read: asWord, word: levelSide},
	{name: "snapshot", header: "update_type", read: asWord, word: snapshotWord},
	{name: "price", header: "price", need: true},
	{name: "qty", header: "qty", need: true},
	{name: "prev_id", header: "pu"},
	{name: "begins"},
	{name: "event", blank: true},
	{name: "local", blank: true},
}}

var bucketTable = table{archive: 4, columns: []column{
	{name: "time", header: "timestamp", need: true},
	{name: "percent", header: "percentage", need: true},
	{name: "depth", header: "depth", need: true},
	{name: "notional", header: "notional", need: true},
}}

var markTable = table{columns: []column{
	{name: "time", need: true},
	{name: "local", blank: true},
	{name: "price", need: true},
	{name: "average", blank: true},
	{name: "index", blank: true},
	{name: "settle", blank: true},
	{name: "rate", blank: true},
	{name: "next_funding", blank: true},
}}

var fundingTable = table{archive: 3, columns: []column{
	{name: "time", header: "calc_time", need: true},
	{name: "interval_hours", header: "funding_interval_hours", blank: true},
	{name: "rate", header: "last_funding_rate", need: true},
	{name: "mark", header: "mark_price", blank: true},
}}

var metricTable = table{archive: 8, columns: []column{
	{name: "time", header: "create_time", need: true},
	{name: "symbol", header: "symbol", read: asSymbol},
	{name: "open_interest", header: "sum_open_interest", need: true, read: asRounded},
	{name: "open_interest_value", header: "sum_open_interest_value", need: true, read: asRounded},
	{name: "top_count_ratio", header: "count_toptrader_long_short_ratio", blank: true, read: asRounded},
	{name: "top_sum_ratio", header: "sum_toptrader_long_short_ratio", blank: true, read: asRounded},
	{name: "count_ratio", header: "count_long_short_ratio", blank: true, read: asRounded},
	{name: "taker_volume_ratio", header: "sum_taker_long_short_vol_ratio", blank: true, read: asRounded},
}}

var liquidationTable = table{archive: 11, columns: []column{
	{name: "time", header: "time", need: true},
	{name: "symbol", header: "symbol", read: asSymbol},
	{name: "side", header: "side", need: true, read: asWord, word: orderSide},
	{name: "order_type", header: "order_type", read: asWord, word: orderType},
	{name: "time_in_force", header: "time_in_force", read: asWord, word: timeInForce},
	{name: "qty", header: "original_quantity", need: true},
	{name: "price", header: "price", need: true},
	{name: "average", header: "average_price"},
	{name: "status", header: "order_status", read: asWord, word: liquidationStatus},
	{name: "last_qty", header: "last_fill_quantity"},
	{name: "filled", header: "accumulated_fill_quantity"},
	{name: "event", blank: true},
	{name: "local", blank: true},
}}
