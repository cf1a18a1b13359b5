// Package papisim is the exchange that Binance does not offer for trying things out: a
// Portfolio Margin account behind HTTP and websockets. It speaks papi, the sapi reads around
// it, the public fapi, dapi and api, the public streams and the user stream, with Binance's
// shapes, typos, weights, limits and error codes, and trades on package venue.
//
// It promises that a client which works against it unchanged does what it does for the
// reasons it would have on Binance; what is not documented is assumed to be the worse for a
// careless client, and is listed here. It shares no encoder or decoder with exchange/papi:
// the two are independent readings of one reference.
//
// The walk of a request: Sim.ServeHTTP is the gateway (gateway.go): host, faults, limits,
// route, key and signature. It lets time move to now (sim.go), calls the route's handler,
// and what the venue says meanwhile goes to the records (record.go), from which queries are
// answered, and to the user stream (userstream.go). The walk of the market: Sim.step takes
// the source's events as they come due and shows them to the venue and to package public,
// which answers the public requests and streams.
//
// Start reading at sim.go, then gateway.go.
//
// # The gateway
//
// Hosts go by the Host header, and on other names by path. A request is counted, then its
// route is looked up, then key, signature, rights and time are looked at, in that order; what
// the client has signed is query and body as they came, joined by nothing, without the
// signature wherever that stands. A path that is not there is answered with a page, and so is
// a body of more than a megabyte. Keys are HMAC, RSA or Ed25519 ones (keys.go). To trade on
// papi a key needs the box of Portfolio Margin and must not be older than the account's last
// switch to it; to read, the box for reading; and papi serves accounts of type PM_2 only, each
// else with -2015. The private paths of fapi and dapi answer -2015 to every key.
//
// Assumed:
//   - A missing or malformed key (not 64 letters and digits, unless it is configured) is
//     -2014 with 401; a wrong method is 405 with a page.
//   - A recvWindow beyond 60,000 is -1130. Neither the body of a GET is read,
//     nor one whose Content-Type is no form's. A form that is no
//     UTF-8 is -1100, a parameter that stands twice -1101; in query and body, the query's
//     counts.
//   - Where time passes faster than for the client, no clock of his can follow, so that a
//     timestamp need only be there.
//
// # Limits
//
// limits.go counts weights by minutes of the exchange's UTC clock: papi; fapi and dapi
// together; api; and each endpoint of sapi, by address or by account. fapi's fundingRate and
// fundingInfo count by five minutes, and so do its statistics, and no header tells. What is refused, or not there, costs
// as well. Orders are counted by account once their signature is good, also those that are
// refused later; X-MBX-ORDER-COUNT-1M is on answers to orders that were taken.
//
// Assumed: an address that is refused twenty times within a minute (429, -1015 included) is
// banned for two minutes, and each twenty requests of a banned one bring a ban twice as long,
// up to three days; bans are forgotten three days after the last one has ended. Five thousand
// requests in ten seconds close the firewall for five minutes (403 and a page). Faults that
// keep a request from being served cost nothing.
//
// # Faults and acts
//
// fault.go chooses whom a fault hits, faultkind.go says what each kind does, reply.go and
// faultstream.go do it; act.go moves time, prices and account; the admin port (admin.go)
// offers all of it to other processes. Delays of requests and answers are of the wall's
// clock, since that is what a client waits by; those of events, bans and Retry-After are of
// the exchange's.
//
// Faults of the market's streams (faultmarket.go) hit one connection at a time: a frame on its
// way to one socket, told by stream and route (public, market, coin, spot), a command, or a
// handshake. Where two connections hear one stream, as while a client replaces one by the
// other, each frame is two that a fault can hit, in the order of subscribing, so that the
// other connection hears what this one has lost. stream_dropped heals by another subscription,
// stream_dead only with another connection. In the admin port's lists, market marks what
// concerns the market's streams alone.
//
// Assumed: 503 Unknown error carries the code -1000 and Service Unavailable. the code 0; -1000,
// -1006 and -1007 come with status 400, so that whoever judges by the status is wrong; and a
// request of unknown outcome has been carried out, unless the fault says otherwise.
//
// # Orders of futures
//
// A dialect (dialect.go) reads what one of the four endpoints for new orders takes; the
// venue decides on numbers, margin and filters, and errors.go has Binance's words for its
// codes. Records (record.go, records.go) hold what the wire shows beyond the venue's order;
// learn.go keeps them by the venue's events. Between simulator and venue an order has a name
// of its own, so that client ids are unique as Binance wants them, among the open orders of
// one product and list, and a child of a conditional order, which the venue names itself,
// has ids like any other. testdata/refused has what each endpoint answers to bad parameters,
// with the place where Binance says so, and testdata/walk what happens to good orders.
//
// To the letter: parameters that an endpoint does not know are ignored, so that stopPrice on
// um/algo/order gives an order with trigger price 0 that never fires; orderId wins over a
// client id; the answers to new, amended and cancelled orders have no average price;
// cm/openOrder answers with a list; the um/conditional paths are not there; an order that
// ended without a fill is not found from three days after its end; OPPONENT_10 and
// OPPONENT_20 are withdrawn; an amend to no more than what has filled, or of a post-only
// order to where it would take, cancels the order and is answered with it.
//
// Assumed, where the reference is silent or says two things:
//   - ACK answers NEW with nothing filled, whatever has become of the order, and so does
//     RESULT for a limit order that may rest.
//   - A new FOK or post-only order that cannot be what it wants to be is refused with -5021
//     or -5022, and not recorded; one that a trigger makes expires.
//   - cm/allOpenOrders and cm/conditional/allOpenOrders say the code 200 as text.
//   - A price with a market order, a time in force with one (but GTC with those that a trigger
//     makes), goodTillDate without GTD, callbackRate without a trailing stop and the like are
//     -1106, and so is reduceOnly in hedge mode, even when it says false.
//   - Words are in capitals. A wrong side in an amend is -1117; a page size out of bounds
//     -1130; a window that is too long -4165, in cm/userTrades -1127.
//   - A second closePosition order of the same kind and direction is refused with -4130 of
//     fapi's page; there may be one stop and one take-profit.
//   - UM's pricePrecision has one decimal more than the tick needs, as BTCUSDT's has; decimals
//     beyond it are -1111, and so are those of CM's prices and of quantities beyond tick and
//     step.
//   - Without times, histories show the latest rows, else the earliest; amendments come the
//     latest first, as in the example. Orders that have filled are known for 90 days, fills
//     for six months, the newest half a million of each at the most, and a client id that was
//     used again means the newest order that was taken.
//   - A liquidation order shows as LIMIT and IOC at the worst price it has met.
//   - The ADL quantile goes by the share of the margin that a position has won; the
//     quantitative rules are counted over ten minutes and lock nothing.
//   - A conditional CM order that is refused at its trigger shows as EXPIRED, for CM has no
//     word for it.
//
// # Margin, account and history
//
// What the account is told of itself is told through one report (reported.go), so that it
// can be made to differ from the truth. Bookings of the venue go to a ledger (ledger.go),
// which income, loans, repayments, interest, conversions and the bulk files are read from.
// testdata/answers shows what each endpoint answers.
//
// Assumed of margin orders:
//   - All histories look at less than 24 hours, as is documented of trades.
//   - quantity with quoteOrderQty is -1128, a wrong selfTradePreventionMode or sideEffectType
//     -1130, a list that is not there -2013.
//   - A leg that is cancelled is answered like any order, and takes the other with it.
//   - openOrders wants a symbol: the page calls it mandatory, and has a weight for none.
//   - A stop that has triggered goes on under its own id and type.
//
// Assumed of loans: repayLoan takes no more than the debt; no debt at all, and more than
// 50,000 USD or twenty assets to sell for repay-debt, are -1130; records come newest first, and windows that are too
// long are -1127. A loan that the account starts with has no record.
//
// Assumed of the account:
//   - A flat position has no row in positionRisk, whether its symbol was asked for or not;
//     notional is signed, as on fapi; liquidationPrice is [venue.PositionMargin]'s.
//   - cmUnrealizedPNL is empty for assets that no CM contract settles in; available balance
//     and open loss are while a price is missing.
//   - A negative balance is told beyond its free threshold, as a negative number.
//   - notionalCoef is 1.0: brackets of the account's own stand in the list as they are.
//   - The quotas of auto-collection, bnb-transfer, the repay switch, bulk files and
//     max-leverage are answered with 429 and -1003.
//
// Assumed of history:
//   - interestRate is for a day everywhere, for so the published examples compute.
//   - Daily interest, deposits and CM's conversions are income of type TRANSFER.
//   - Income goes back 92 days. Its page is ignored, so that who still asks for the second
//     one gets the first again.
//   - A startTime without endTime goes on to now, or as far as a window may be.
//   - A bulk file has the columns of the lists, and its link leads to the exchange itself.
//
// Assumed of sapi: what is PM Pro's alone is -21001 for this account; the thousands comma of
// an example is not reproduced; the terms of plain cross margin are those of Portfolio
// Margin; delta mode is told and changes no margin. The types of capital-flow are assumed, but for
// BORROW.
//
// # Websockets
//
// streamhost.go says which way in an address is, socket.go is a socket's life, command.go what
// a client may say. The names /ws and /stream are those of fstream, dstream and spot alike:
// without Binance's host name they are found on ports of their own, [Sim.Handler]. Every
// SUBSCRIBE is acknowledged; what delivers where says package public.
//
// A socket has 1,024 streams (one more is code 4 and a close with 1008, and all are lost) and
// may send ten messages, pings and pongs a second (1008). It is pinged every three minutes and
// dropped ten minutes after a ping that it has not answered with the same payload; pings go
// by the wall's clock. It is closed with 1001 after a day of the exchange's time. A client that
// leaves more frames unread than Limits.Unread, or takes none for ten seconds, is dropped
// without a close frame. What waits for a client is written many frames at a time.
//
// Assumed: an address may open 300 websockets in five minutes on all hosts together, as is
// documented of spot, by the exchange's clock, and more are answered with 429 and a page,
// without a strike; the limit of messages is exact, though bursts of fifteen were seen to pass; an id
// that is a text is taken on spot and /pm, whose official client sends such, and refused
// elsewhere; dstream has no paths /public and /market; /private takes any key and is silent,
// for plain futures have no user data on this account.
//
// # The witness
//
// A recording can only be judged by who knows what the exchange has done. [Config.Witness]
// (witness.go) hears every stream that a client has once asked for, from the first time on and
// to the end, whoever is connected and whatever faults do: the very bytes, since a frame is made
// once for all. Of one stream the frames that a client gets are therefore a part of what the
// witness hears, in the same order; of a book it hears the snapshot of up to 1,000 levels a
// side that its differences begin after, so that the book at each update id can be made from
// it. [Told.AppendLine] makes lines of it that package backtest/tape/source/capture reads, and
// "pmbot sim --history DIR" writes them to DIR/um, DIR/cm and DIR/spot/history.jsonl.gz. The
// clock of these lines is the exchange's: what the exchange says at E stands at E.
//
// # The user stream
//
// narrate.go turns the news of the records into events, userframe.go, accountframe.go and
// reportframe.go are their forms; testdata/stream has walks. Everything goes through
// tellUser, where a fault can stand. Listen keys live in the exchange's time.
//
// To the letter: POST gives the living key again and extends it; DELETE and expiry leave
// sockets open and silent, after listenKeyExpired in the case of expiry; UM, CM and margin
// come on one socket, bare under /pm/ws and wrapped under /pm/stream, by address or by a
// SUBSCRIBE of the key. Commission, strategy, price match and modify id are absent where there
// are none, and so are positions in the account's update after funding. The status NORMAL and
// the mode of positions have no event.
//
// Assumed:
//   - A key that does not live, or never did, is accepted and silent.
//   - E and T are the instant of the event; frames are not delayed. Of one fill ORDER_TRADE_UPDATE
//     comes before ACCOUNT_UPDATE or after it, in turns, since either is possible.
//   - A liquidation's fill is CALCULATED with the order's own status, of type LIQUIDATION; ADL's
//     is TRADE. Deliveries are of reason ORDER, interest of ADJUSTMENT.
//   - bep is the entry moved by a taker's fee twice; b and a count open limit orders.
//   - A cancelled margin order has a client id of the cancel in c, and its own in C. A margin
//     stop that triggers is told as NEW once more, with w true. Lists have no event.
//   - outboundAccountPosition comes once after all that happened at an instant; openOrderLoss
//     has the whole loss as one of USDT; interest on loans is a liabilityChange INTEREST.
package papisim
