package exchange

// Kept is a copy of a market event that nobody else writes to: what the event points to
// lies in room of its own, which the next Keep uses again.
type Kept struct {
	Event Event
	bar   *Bar
	index *AssetIndex
	depth *Depth
}

// Keep copies a market event with its payload. The copy before is gone then.
func (k *Kept) Keep(e *Event) {
	k.Event = *e
	switch e.Kind {
	case KindBar:
		if k.bar == nil {
			k.bar = new(Bar)
		}
		*k.bar = *e.Bar()
		k.Event.SetBar(k.bar)
	case KindAssetIndex:
		if k.index == nil {
			k.index = new(AssetIndex)
		}
		*k.index = *e.AssetIndex()
		k.Event.SetAssetIndex(k.index)
	case KindDepth:
		if k.depth == nil {
			k.depth = new(Depth)
		}
		bids, asks := k.depth.Bids[:0], k.depth.Asks[:0]
		*k.depth = *e.Depth()
		k.depth.Bids, k.depth.Asks = append(bids, k.depth.Bids...), append(asks, k.depth.Asks...)
		k.Event.SetDepth(k.depth)
	case KindCadence: // seldom
		promise := *e.Cadence()
		k.Event.SetCadence(&promise)
	case KindGap:
		gap := *e.Gap()
		k.Event.SetGap(&gap)
	}
	k.Event.Flags = e.Flags
}
