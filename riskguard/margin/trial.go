package margin

// trial is what must be put back after a change that was only tried. A projection
// applies its orders to the portfolio itself, by the same code that applies real ones,
// reads the result and restores the few legs, assets, pairs and books it has touched.
type trial struct {
	on     bool
	totals []total
	stakes stakes
	lacks  int

	legs   []*leg
	legWas []leg
	legAt  []legAt

	assets   []*asset
	assetWas []asset
	valued   []*asset // those of which the scenarios have changed, too
	assetAt  []assetAt

	pairs   []*pair
	pairWas []pair
	pairAt  []pairAt

	books  []*book
	length []int
	orders []order
}

// try starts a trial on an up-to-date portfolio. Trials do not nest.
func (p *Portfolio) try() {
	p.refresh()
	t := &p.trial
	t.on, t.lacks, t.stakes = true, p.lacks, p.stakes
	t.totals = append(t.totals[:0], p.totals...)
}

// keepLeg saves a leg before its first change in a trial; the other keeps likewise.
func (p *Portfolio) keepLeg(l *leg) {
	if t := &p.trial; t.on && !l.kept {
		l.kept = true
		t.legs = append(t.legs, l)
		t.legWas = append(t.legWas, *l)
		t.legAt = append(t.legAt, l.at...)
	}
}

func (p *Portfolio) keepAsset(a *asset) {
	if t := &p.trial; t.on && !a.kept {
		a.kept = true
		t.assets = append(t.assets, a)
		t.assetWas = append(t.assetWas, *a)
	}
}

// keepScenarios saves an asset with its scenarios, which not every change touches.
func (p *Portfolio) keepScenarios(a *asset) {
	p.keepAsset(a)
	if t := &p.trial; t.on && !a.keptAt {
		a.keptAt = true
		t.valued = append(t.valued, a)
		t.assetAt = append(t.assetAt, a.at...)
	}
}

func (p *Portfolio) keepPair(pr *pair) {
	if t := &p.trial; t.on && !pr.kept {
		pr.kept = true
		t.pairs = append(t.pairs, pr)
		t.pairWas = append(t.pairWas, *pr)
		t.pairAt = append(t.pairAt, pr.at...)
	}
}

// keepBook saves a book as often as it is asked: the first copy is put back last.
func (p *Portfolio) keepBook(b *book) {
	if t := &p.trial; t.on {
		t.books = append(t.books, b)
		t.length = append(t.length, len(b.orders))
		t.orders = append(t.orders, b.orders...)
	}
}

// undo ends the trial and puts everything back.
func (p *Portfolio) undo() {
	t := &p.trial
	n := len(p.totals)
	for i, l := range t.legs {
		*l = t.legWas[i]
		copy(l.at, t.legAt[i*n:])
		l.kept = false
	}
	for i, a := range t.assets {
		*a = t.assetWas[i]
		a.kept, a.keptAt = false, false
	}
	for i, a := range t.valued {
		copy(a.at, t.assetAt[i*n:])
	}
	for i, pr := range t.pairs {
		*pr = t.pairWas[i]
		copy(pr.at, t.pairAt[i*n:])
		pr.kept = false
	}
	end := len(t.orders)
	for i := len(t.books) - 1; i >= 0; i-- {
		start := end - t.length[i]
		t.books[i].orders = append(t.books[i].orders[:0], t.orders[start:end]...)
		end = start
	}
	copy(p.totals, t.totals)
	p.lacks, p.stakes = t.lacks, t.stakes
	p.forgetStale()
	t.on = false
	t.legs, t.legWas, t.legAt = t.legs[:0], t.legWas[:0], t.legAt[:0]
	t.assets, t.assetWas, t.valued, t.assetAt = t.assets[:0], t.assetWas[:0], t.valued[:0], t.assetAt[:0]
	t.pairs, t.pairWas, t.pairAt = t.pairs[:0], t.pairWas[:0], t.pairAt[:0]
	t.books, t.length, t.orders = t.books[:0], t.length[:0], t.orders[:0]
}

// forgetStale drops what the trial has touched and not computed; it began up to date.
func (p *Portfolio) forgetStale() {
	for _, l := range p.staleLegs {
		l.stale = false
	}
	for _, a := range p.staleAssets {
		a.stale = false
	}
	for _, pr := range p.stalePairs {
		pr.stale = false
	}
	for _, pr := range p.staleLosses {
		pr.staleLoss = false
	}
	p.staleLegs, p.staleAssets = p.staleLegs[:0], p.staleAssets[:0]
	p.stalePairs, p.staleLosses = p.stalePairs[:0], p.staleLosses[:0]
	for _, l := range p.trial.legs {
		l.stale = false
	}
	for _, a := range p.trial.assets {
		a.stale = false
	}
	for _, pr := range p.trial.pairs {
		pr.stale, pr.staleLoss = false, false
	}
}
