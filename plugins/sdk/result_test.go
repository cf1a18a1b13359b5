package sdk

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// sent keeps what a backtest sends.
type sent struct {
	pb.StrategyService_BacktestServer
	pieces [][]byte
}

func (s *sent) Send(r *pb.BacktestResponse) error {
	s.pieces = append(s.pieces, r.GetResult())
	return nil
}

// A result of many samples arrives as it was, in pieces of which the first is there before
// anything is encoded. One that is cut off is an error.
func TestResultInPieces(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	want := &backtest.Result{Hash: "abc"}
	for i := range 24*samplesPiece + 7 {
		want.Equity = append(want.Equity, backtest.Sample{At: exchange.Time(i) * exchange.Time(time.Minute), Held: decimal.New(int64(i), -2),
			Assets: []backtest.AssetValue{{Asset: "USDT", Net: decimal.New(int64(i), -8)}}})
	}
	var s sent
	if err := sendResult(&s, want); err != nil {
		t.Fatal(err)
	}
	if len(s.pieces) < 3 || len(s.pieces[0]) != 0 {
		t.Fatalf("%d pieces, the first of %d bytes", len(s.pieces), len(s.pieces[0]))
	}
	var all []byte
	for _, piece := range s.pieces {
		if len(piece) > wire.ChunkBytesMax {
			t.Errorf("a piece of %d bytes", len(piece))
		}
		all = append(all, piece...)
	}
	got, err := DecodeResult(all)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Equity, got.Equity); diff != "" || got.Hash != want.Hash {
		t.Error(diff)
	}
	for _, n := range []int{0, 1, len(all) / 2, len(all) - 1} {
		if _, err := DecodeResult(all[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a result", n, len(all))
		}
	}
}
