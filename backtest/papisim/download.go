package papisim

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// fileKind is what a bulk download has.
type fileKind uint8

const (
	fileOrders fileKind = iota
	fileTrades
	fileIncome
)

// download is a file that was asked for. It is written when somebody gets it.
type download struct {
	id   string
	kind fileKind
	when span
	// asked is when, and ready from when on the link is there; it is good for fileLife.
	asked, ready exchange.Time
}

const (
	// fileDelay is how long a file is being made.
	fileDelay = 10 * time.Second
	// fileLife is how long its link is good.
	fileLife = 7 * day
	// fileSpan is the longest time that a file can be of.
	fileSpan = 365 * day
	// fileCost is what avgCostTimestampOfLast30d says, in milliseconds.
	fileCost = 10_000
	// filePath is where links lead: to the exchange itself, as a CSV file. Binance's lead
	// to an archive elsewhere.
	filePath = "/papi/download/um"
)

// downloadRoutes ask for bulk files of UM.
func (s *Sim) downloadRoutes() []web.Route {
	list := []web.Route{{Host: web.PAPI, Method: "GET", Path: filePath, Security: web.None, Weight: 1, Serve: s.getFile}}
	for kind, name := range [...]string{fileOrders: "order", fileTrades: "trade", fileIncome: "income"} {
		kind := fileKind(kind)
		list = append(list,
			web.Route{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/" + name + "/asyn", Security: web.UserData, Weight: 1500,
				Serve: func(c *web.Call) (any, *web.Error) { return s.askFile(c, kind) }},
			web.Route{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/" + name + "/asyn/id", Security: web.UserData, Weight: 10,
				Serve: func(c *web.Call) (any, *web.Error) { return s.pollFile(c, kind) }},
		)
	}
	return list
}

// askFile begins a file. How many may be asked for in a month is counted in 30 days.
func (s *Sim) askFile(c *web.Call, kind fileKind) (any, *web.Error) {
	c.Need("startTime")
	c.Need("endTime")
	when := spanRule{most: fileSpan, tooLong: daysMax(365)}.read(c)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if wrong := s.quotas.files[kind].take(c.At); wrong != nil {
		return nil, wrong
	}
	f := download{
		id: strconv.FormatInt(540_000_000_000_000_000+s.records.random.Int64N(1e16), 10), kind: kind, when: when,
		asked: c.At, ready: c.At.Add(fileDelay),
	}
	s.downloads = append(s.downloads, f)
	if len(s.downloads) > downloadsMax {
		s.downloads = s.downloads[1:]
	}
	return struct {
		Cost int64  `json:"avgCostTimestampOfLast30d"`
		ID   string `json:"downloadId"`
	}{fileCost, f.id}, nil
}

// downloadsMax is how many files are remembered: more than the quotas allow in the life of
// a link.
const downloadsMax = 64

// fileAnswer tells how far a file is.
type fileAnswer struct {
	ID       string  `json:"downloadId"`
	Status   string  `json:"status"`
	URL      string  `json:"url"`
	S3       *string `json:"s3Link"`
	Notified bool    `json:"notified"`
	Expires  int64   `json:"expirationTimestamp"`
	Expired  *bool   `json:"isExpired"`
}

// pollFile tells how far a file is; s3Link and isExpired are null, as in the examples of
// the documentation.
func (s *Sim) pollFile(c *web.Call, kind fileKind) (any, *web.Error) {
	id := c.Need("downloadId")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	f := s.findFile(id)
	switch {
	case f == nil || f.kind != kind:
		return nil, invalid("downloadId")
	case c.At < f.ready:
		return fileAnswer{ID: f.id, Status: "processing", Expires: -1}, nil
	default:
		return fileAnswer{
			ID: f.id, Status: "completed", URL: c.Base + filePath + "?downloadId=" + f.id, Notified: true,
			Expires: f.ready.Add(fileLife).Millis(),
		}, nil
	}
}

func (s *Sim) findFile(id string) *download {
	for i := range s.downloads {
		if s.downloads[i].id == id {
			return &s.downloads[i]
		}
	}
	return nil
}

// getFile is the link: whoever has it gets the file, until it expires.
func (s *Sim) getFile(c *web.Call) (any, *web.Error) {
	f := s.findFile(c.Need("downloadId"))
	if f == nil || c.At < f.ready || c.At.Sub(f.ready) >= fileLife {
		return nil, &web.Error{Status: http.StatusForbidden, Code: -1002, Msg: "You are not authorized to execute this request."}
	}
	return web.File{Type: "text/csv", Body: s.writeFile(f)}, nil
}

// writeFile makes the file: a line of names and one for each order, trade or movement.
// Binance does not document its columns; they are those of the lists, which is assumed.
func (s *Sim) writeFile(f *download) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	line := func(fields ...string) { w.Write(fields) } //nolint:errcheck // a buffer takes everything
	switch f.kind {
	case fileOrders:
		s.fileOfOrders(f, line)
	case fileTrades:
		s.fileOfTrades(f, line)
	case fileIncome:
		line("time", "symbol", "incomeType", "income", "asset", "info", "tranId", "tradeId")
		for i := range s.ledger.bookings {
			if b := &s.ledger.bookings[i]; b.Wallet == exchange.WalletUM && f.when.has(b.at) {
				r := s.incomeOf(exchange.UM, b)
				line(fileTime(b.at), r.Symbol, r.Type, r.Income, r.Asset, r.Info, r.ID, r.Trade)
			}
		}
	}
	w.Flush()
	return b.Bytes()
}

func fileTime(at exchange.Time) string { return at.UTC().Format("2006-01-02 15:04:05") }

func (s *Sim) fileOfOrders(f *download, line func(...string)) {
	line("time", "symbol", "orderId", "clientOrderId", "side", "positionSide", "type", "timeInForce", "price", "origQty", "executedQty", "avgPrice", "status")
	for _, o := range s.records.all {
		if o.product != exchange.UM || o.list != listOrders || !f.when.has(o.Created) {
			continue
		}
		in, r := s.ins.At(o.Request.Inst), &o.Request
		line(fileTime(o.Created), in.Symbol, strconv.FormatInt(o.id, 10), o.name, r.Side.String(), r.PositionSide.String(), r.Type.String(),
			r.TimeInForce.String(), r.Price.String(), r.Qty.String(), o.Filled.String(), o.average(in).Round(exchange.FixedPlaces).String(), o.statusWord())
	}
}

func (s *Sim) fileOfTrades(f *download, line func(...string)) {
	line("time", "symbol", "id", "orderId", "side", "positionSide", "price", "qty", "quoteQty", "commission", "commissionAsset", "realizedPnl", "maker")
	for _, x := range s.records.fills {
		in := s.ins.At(x.inst)
		if in.Product != exchange.UM || !f.when.has(x.at) {
			continue
		}
		line(fileTime(x.at), in.Symbol, strconv.FormatInt(x.id, 10), strconv.FormatInt(x.order.id, 10), x.Side.String(), x.PositionSide.String(),
			x.Price.String(), x.Qty.String(), money8(x.quote), money8(x.Fee), x.FeeAsset, money8(x.Realized), strconv.FormatBool(x.Maker))
	}
}
