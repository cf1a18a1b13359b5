package exchange

// An OCO is sent as one order and becomes a list of two, its legs, for one quantity: the
// limit leg, a LIMIT_MAKER, and the stop leg, a STOP_LOSS or, with StopPrice, a
// STOP_LOSS_LIMIT. As soon as one of them deals, even in part, triggers or ends, the
// exchange ends the other.

// OCOLegs are the client ids of the legs of an OCO, made of the list's. They are known
// before anything is sent, so that the legs can be asked for by name. The list's must
// leave room for two characters.
func OCOLegs(clientID string) (limit, stop string) { return clientID + "-l", clientID + "-s" }

// OCOLegs are the orders that an OCO becomes. Its time in force is that of the stop leg's
// limit.
func (r OrderRequest) OCOLegs() (limit, stop OrderRequest) {
	limit, stop = r, r
	limit.Type, limit.TimeInForce, limit.Trigger, limit.StopPrice = Limit, GTX, 0, 0
	stop.Type, stop.Price, stop.StopPrice, stop.Iceberg = StopMarket, r.StopPrice, 0, 0
	if stop.Price != 0 {
		stop.Type = Stop
	}
	return limit, stop
}
