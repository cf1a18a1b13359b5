package margin

// refresh brings everything up to date that changes have touched: legs first, then the
// flows of margin orders, then assets, then the losses of margin orders, which depend on
// the rates that the assets have come to.
func (p *Portfolio) refresh() {
	for len(p.staleLegs)+len(p.stalePairs)+len(p.staleAssets)+len(p.staleLosses) > 0 {
		for _, l := range p.staleLegs {
			l.stale = false
			p.updateLeg(l)
		}
		p.staleLegs = p.staleLegs[:0]
		for _, pr := range p.stalePairs {
			pr.stale = false
			p.updatePair(pr)
		}
		p.stalePairs = p.stalePairs[:0]
		for _, a := range p.staleAssets {
			a.stale = false
			p.updateAsset(a)
		}
		p.staleAssets = p.staleAssets[:0]
		for _, pr := range p.staleLosses {
			pr.staleLoss = false
			p.updateLosses(pr)
		}
		p.staleLosses = p.staleLosses[:0]
	}
}

// touchLeg is for a change of mark, position or leverage, and touchBook for orders.
func (p *Portfolio) touchLeg(l *leg) {
	l.repriced = true
	p.queueLeg(l)
}

func (p *Portfolio) queueLeg(l *leg) {
	if !l.stale {
		l.stale = true
		p.staleLegs = append(p.staleLegs, l)
	}
}

func (p *Portfolio) touchPair(pr *pair) {
	if !pr.stale {
		pr.stale = true
		p.stalePairs = append(p.stalePairs, pr)
	}
}

func (p *Portfolio) touchLosses(pr *pair) {
	if !pr.staleLoss {
		pr.staleLoss = true
		p.staleLosses = append(p.staleLosses, pr)
	}
}

func (p *Portfolio) touchAsset(a *asset) {
	if !a.stale {
		a.stale = true
		p.staleAssets = append(p.staleAssets, a)
	}
}

func (p *Portfolio) touchBook(b *book) {
	if b.leg != nil {
		p.queueLeg(b.leg)
		return
	}
	p.touchPair(b.pair)
}

// lack counts what has no price.
func (p *Portfolio) lack(before, now bool) {
	if before && !now {
		p.lacks--
	}
	if now && !before {
		p.lacks++
	}
}
