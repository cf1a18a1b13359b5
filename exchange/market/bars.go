package market

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
)

// kline takes a closed candle of the venue's.
func (f *Feed) kline(in *listener, fr *frame.Frame) {
	if k := in.keeper(fr.Bar.Interval); k != nil {
		f.venueBar(in, k, fr.Bar.Bar)
		return
	}
	if fr.Bar.Interval > 0 { // three days or a week: no bar of ours could be like it
		bar := fr.Bar.Bar
		f.tellBar(in, &bar)
	}
}

// venueBar gives a bar of the venue's to its keeper and delivers what is decided by it.
func (f *Feed) venueBar(in *listener, k *barKeeper, b exchange.Bar) {
	if ours, differs := k.venue(b); differs {
		f.barDiffers(in, k, &ours, &b, "ours was delivered")
	}
	f.deliverBars(in, k)
}

// deliverBars tells the bars of a keeper that are decided.
func (f *Feed) deliverBars(in *listener, k *barKeeper) {
	for v, ok := k.take(); ok; v, ok = k.take() {
		if v.hole != 0 {
			f.missedBars(in, k, v.hole, v.bar.Start)
		}
		switch {
		case v.differs && v.ours:
			f.barDiffers(in, k, &v.bar, &v.other, "ours was delivered")
		case v.differs:
			f.barDiffers(in, k, &v.other, &v.bar, "the venue's was delivered")
		case v.missed:
			n := in.about(BarFilled)
			n.From, n.To, n.New = v.bar.Start, v.bar.Start.Add(k.interval), barText(&v.bar)
			f.notify(n)
		}
		if v.ours {
			f.stats.BarsOurs++
		} else {
			f.stats.BarsVenues++
		}
		k.out = v.bar
		f.tellBar(in, &k.out)
	}
}

func (f *Feed) tellBar(in *listener, b *exchange.Bar) {
	f.begin(in.in.ID, b.Start.Add(b.Interval)).SetBar(b)
	f.tell()
}

func (f *Feed) barDiffers(in *listener, k *barKeeper, ours, venues *exchange.Bar, text string) {
	f.stats.BarsDiffer++
	n := in.about(BarDiffers)
	n.From, n.To, n.Old, n.New = ours.Start, ours.Start.Add(k.interval), barText(ours), barText(venues)
	n.Text = text
	f.notify(n)
}

func barText(b *exchange.Bar) string {
	return fmt.Sprintf("%v %v %v %v, %v of %v in %d", b.Open, b.High, b.Low, b.Close, b.Volume, b.QuoteVolume, b.Trades)
}

// passBars lets time pass for the bars of an instrument, by the exchange's clock, and delivers
// those that close by it. What nobody has told is asked for.
func (f *Feed) passBars(in *listener, now exchange.Time) {
	for _, k := range in.bars {
		k.tick(now)
		f.deliverBars(in, k)
		if _, _, ok := k.wants(now); !ok || in.dropped {
			continue
		}
		if f.c.REST != nil {
			f.plan(in.fills, f.now)
		} else if from, to := k.answered(now); to != 0 { // by nobody
			f.missedBars(in, k, from, to)
			f.deliverBars(in, k)
		}
	}
}

// missedBars tells bars that nobody could tell, from one start up to another.
func (f *Feed) missedBars(in *listener, k *barKeeper, from, to exchange.Time) {
	n := in.about(BarMissed)
	n.From, n.To, n.Text = from, to, k.name
	f.stats.BarsMissed += int64(to.Sub(from) / k.interval)
	f.notify(n)
	f.gap(in.in.ID, exchange.KindBar, from, to, fmt.Sprintf("bars of %s could not be had", k.name))
}

// doubt notes that trades of an instrument may be missed until an id proves otherwise.
func (in *listener) doubt() {
	for _, k := range in.bars {
		k.doubt = true
	}
}
