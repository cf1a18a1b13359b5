// Package paper is the simulated Portfolio Margin exchange as the broker of a loop that lives:
// a dry run has live public data, and this for an account. Orders are filled by
// backtest/venue, behind backtest/venue/link where requests and answers shall take time or go
// wrong; fees, fundings, interest, triggers, deliveries and the ladder of liquidation are the
// venue's.
//
// It promises that a dry run is what a backtest of the same market would be: the same events
// in the same order give the same fills, bookings and account (TestConformance); that nothing
// reaches the venue whose approval does not hold; and that what the venue says is told in its
// order, before the market event that it answers.
//
// Start reading at [Broker] in broker.go. The walk of a market event: the feed gives it to
// [Broker.Take] and then to the loop. Take lets the exchange's own chores happen that were due
// before it, shows it to the venue together with what is derived from it, and hands what the
// venue answers, then what was derived, to Config.Deliver, which puts it in the loop's inbox:
// so the kernel has the fill before it has the trade that made it.
//
// # Time
//
// The exchange's clock is the local one. Run lets it pass while no market event comes: GTD
// orders end, interest is charged, contracts are delivered, answers arrive. The venue sees the
// market when we do, which is later than it happened by the way of the data to us: give the
// delay of requests (entry) as the way to the exchange and back. The delay of market data
// itself is real, so it cannot be simulated, and neither can an outage of the market's data.
//
// # What a dry run cannot know
//
//   - Our orders move nobody: the market goes on as if they were not there.
//   - A funding is settled when the feed tells its rate, some seconds after the instant, on
//     what is held then.
//   - Bars alone fill nothing at their opening, for a live feed tells bars when they close.
//     Subscribe to trades or best prices of whatever is traded.
//
// # Derived inputs
//
// What the account's value needs and the feed does not bring is derived by the rules of
// backtest/derive, the same as in a backtest, flagged as such and listed by
// [Broker.Warnings], as are rates and brackets of the embedded tables.
//
// # A restart
//
// The venue is not written down. Balances, positions and open orders come back from the
// journal's kernel by [Opening]: what the journal has not seen has not happened, since the
// exchange of a dry run ends with its process. Lost are places in line (an order stands
// behind everything that is shown at its price), the peaks of trailing stops (they follow
// anew from the first price), the running mean of a delivery, the count of orders a minute,
// and which loans of open orders could be given back. While the process was down no time
// passed for the account: no funding, no interest, no fill. A new order that the journal
// knows but no answer to has NotArrived; a cancel or an amend on its way was not carried out.
//
// # A shadow
//
// [Shadow] trades live and has the simulated exchange do the same beside it, from a copy of the
// first reading of the live account. What the simulation answers enters no kernel. Each order
// is a pair of courses that are compared when both are over (pair.go), and [Report] counts the
// causes of what differs and adds up what it cost. A simulated order that outlives the live one
// by the grace is cancelled, so that the accounts do not part for good; they drift apart by
// what filled in one only, which the report tells. Assumed: the leverage of every symbol is the
// configuration's; orders of others on the live account have no shadow.
package paper
