package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// archiveAge is how old records are that only archived=true shows.
const archiveAge = 183 * day

// marginRecords picks those of a list, oldest first, that a request about margin records
// asks for: by transaction, else by time, newest first and by pages. Windows are 30 days at
// most, and the last 7 by default.
func marginRecords[Row any](c *web.Call, rows []Row, key func(*Row) (id int64, at exchange.Time, asset string), assetNeeded bool) rowsOf[Row] {
	read := c.Text
	if assetNeeded {
		read = c.Need
	}
	asset := read("asset")
	when := spanRule{usual: 7 * day, most: 30 * day, tooLong: web.Errorf(-1127, "Lookup interval is too big.")}.read(c)
	wanted, archived := c.Int("txId"), c.Bool("archived")
	found := []Row{}
	for i := len(rows) - 1; i >= 0; i-- {
		id, at, of := key(&rows[i])
		old := c.At.Sub(at) > archiveAge
		if (asset == "" || of == asset) && old == archived && (wanted != 0 && id == wanted || wanted == 0 && when.has(at)) {
			found = append(found, rows[i])
		}
	}
	return rowsOf[Row]{pageOf(c, found), len(found)}
}

// loanAnswer, repayAnswer and interestAnswer are rows of margin/marginLoan, repayLoan and
// marginInterestHistory.
type (
	loanAnswer struct {
		ID        int64  `json:"txId"`
		Asset     string `json:"asset"`
		Principal string `json:"principal"`
		Time      int64  `json:"timestamp"`
		Status    string `json:"status"`
	}
	repayAnswer struct {
		Amount    string `json:"amount"`
		Asset     string `json:"asset"`
		Interest  string `json:"interest"`
		Principal string `json:"principal"`
		Status    string `json:"status"`
		Time      int64  `json:"timestamp"`
		ID        int64  `json:"txId"`
	}
	interestAnswer struct {
		ID        int64        `json:"txId"`
		Time      int64        `json:"interestAccuredTime"`
		Asset     string       `json:"asset"`
		Raw       string       `json:"rawAsset"`
		Principal string       `json:"principal"`
		Interest  string       `json:"interest"`
		Rate      string       `json:"interestRate"`
		Kind      interestKind `json:"type"`
	}
)

// confirmed is the status of every loan and repayment here: they are done at once.
const confirmed = "CONFIRMED"

func (s *Sim) getLoans(c *web.Call) (any, *web.Error) {
	found := marginRecords(c, s.ledger.loans, func(r *loanRecord) (int64, exchange.Time, string) { return r.id, r.at, r.asset }, true)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	return rowsOf[loanAnswer]{eachOf(found.Rows, func(r loanRecord) loanAnswer {
		return loanAnswer{r.id, r.asset, money8(r.principal), r.at.Millis(), confirmed}
	}), found.Total}, nil
}

func (s *Sim) getRepays(c *web.Call) (any, *web.Error) {
	found := marginRecords(c, s.ledger.repays, func(r *repayRecord) (int64, exchange.Time, string) { return r.id, r.at, r.asset }, true)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	return rowsOf[repayAnswer]{eachOf(found.Rows, func(r repayRecord) repayAnswer {
		return repayAnswer{money8(r.interest.Add(r.principal)), r.asset, money8(r.interest), money8(r.principal), confirmed, r.at.Millis(), r.id}
	}), found.Total}, nil
}

func (s *Sim) getMarginInterest(c *web.Call) (any, *web.Error) {
	found := marginRecords(c, s.ledger.interest, func(r *interestRecord) (int64, exchange.Time, string) { return r.id, r.at, r.raw }, false)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	return rowsOf[interestAnswer]{eachOf(found.Rows, func(r interestRecord) interestAnswer {
		return interestAnswer{
			ID: r.id, Time: r.at.Millis(), Asset: r.asset, Raw: r.raw, Principal: money8(r.principal), Interest: money8(r.interest),
			Rate: money8(r.rate), Kind: r.kind,
		}
	}), found.Total}, nil
}
