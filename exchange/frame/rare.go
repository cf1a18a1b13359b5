package frame

import "bytes"

// readAssetIndex reads an asset's index price. Only the price must be there: what Binance
// makes of it is for its own use.
func (f *Frame) readAssetIndex(o *object) {
	f.readHeader(o)
	a := &f.AssetIndex
	a.Asset = bytes.TrimSuffix(f.Symbol, []byte("USD"))
	a.Price = o.price('i')
	if o.has('B') {
		a.Bid = o.quantity('B')
	}
	if o.has('A') {
		a.Ask = o.quantity('A')
	}
	if o.has('Q') {
		a.AutoBid = o.quantity('Q')
	}
	if o.has('G') {
		a.AutoAsk = o.quantity('G')
	}
}

// readContractInfo reads what changed about a contract. The brackets are passed over:
// their rates are JSON numbers, and REST gives those that hold.
func (f *Frame) readContractInfo(o *object) {
	f.readHeader(o)
	c := &f.ContractInfo
	c.Status = o.letters(keyContractStatus)
	if o.has(keyContractType) {
		c.Type = o.lettersOrNone(keyContractType)
	}
	if o.has(keyDelivery) {
		c.Delivery = o.time(keyDelivery)
	}
	if o.has(keyOnboard) {
		c.Onboard = o.time(keyOnboard)
	}
	if o.has(keyBrackets) && o.fields[keyBrackets].shape == shapeList {
		v := o.fields[keyBrackets]
		c.Brackets = o.text.space(v.start+1) < v.end-1
	}
}

// readOther reads the time of what is not known. As nothing is known of it, a time that is
// none is no fault.
func (f *Frame) readOther(o *object) {
	if !o.has('E') || o.fields['E'].shape != shapeNumber {
		return
	}
	if f.Event = o.time('E'); o.err != nil {
		f.Event, o.err = 0, nil
	}
}
