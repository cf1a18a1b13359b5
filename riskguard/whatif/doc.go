// Package whatif answers what would be: what the guard would say of an order, how far an
// account is from each line of uniMMR, and what a stress scenario makes of it. Its answers
// are JSON documents that a running bot's control socket and pmbot's commands share. It
// changes nothing: a guard is asked through its copy, [riskguard.WhatIf], and an account
// through a [margin.Portfolio] that is the caller's.
//
// Start at [Look], [Order] and [Apply]; [ParseOrder] has the grammar of orders, and
// [Scenario] what a scenario may say. It is pure: no clock, no I/O.
package whatif
