package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// load asks fapi and dapi for three times what they give, every 100 ms. Half of it is what
// can wait, half is not.
func (s *onSimulator) load(ctx context.Context, length time.Duration, judge func(error)) {
	for end := time.Now().Add(length); time.Now().Before(end); pass(100 * time.Millisecond) {
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		_, _, err := s.BookTickers(short, exchange.UM, "")
		judge(err)
		_, _, err = s.Klines(short, exchange.CM, KlinesQuery{Symbol: "BTCUSD_PERP", Interval: "1m", Limit: 99})
		judge(err)
		_, _, err = s.Depth(short, exchange.UM, "BTCUSDT", 50)
		judge(err)
		_, _, err = s.Depth(short, exchange.CM, "BTCUSD_PERP", 100)
		judge(err)
		cancel()
	}
}

// TestSimLimits asks fapi and dapi for three times what they give, for five minutes of
// virtual time, and while another process draws on the same address. As the simulated
// exchange counts, which was written apart, the share of 80% of 2400 is not exceeded, and no
// answer is a 429.
func TestSimLimits(t *testing.T) {
	for _, other := range []int{0, 6} {
		t.Run(fmt.Sprint("another process of ", other*100, " a minute"), func(t *testing.T) {
			onSim(t, time.Hour+17*time.Second, func(ctx context.Context, s *onSimulator) {
				sent, refused, foreign := 0, 0, 0
				s.load(ctx, 5*time.Minute, func(err error) {
					switch {
					case err == nil:
						sent++
					case errors.Is(err, ErrLimited):
						refused++
					default:
						t.Fatal(err)
					}
					if foreign++; foreign%4 == 0 && foreign/4%6 == 0 { // every 600 ms
						for range other {
							r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://dapi.binance.com/dapi/v1/ping", nil)
							if w, err := s.RoundTrip(r); err == nil {
								_ = w.Body.Close()
							}
						}
					}
				})
				s.check(t, sent, refused, 100*other)
			})
		})
	}
}

// check holds what was used in each minute: no more than the share, and what the other process
// goes on to use when nothing more is sent here.
func (s *onSimulator) check(t *testing.T, sent, refused, foreign int) {
	t.Helper()
	minutes := make([]int64, 0, len(s.used))
	for m := range s.used {
		minutes = append(minutes, m)
	}
	slices.Sort(minutes)
	for i, m := range minutes {
		t.Logf("minute %d: weight %d of 2400", i, s.used[m])
		if s.used[m] > 1920+foreign*3/4 {
			t.Errorf("minute %d uses %d, and 80%% are 1920", i, s.used[m])
		}
		if i > 0 && i < len(minutes)-1 && s.used[m] < 1700 {
			t.Errorf("minute %d uses %d, less than there is", i, s.used[m])
		}
	}
	t.Logf("%d sent, %d refused here, %d answers 429 or 418", sent, refused, s.limited)
	if s.limited > 0 || refused < sent || len(minutes) < 6 {
		t.Errorf("%d sent, %d refused, %d limited, %d minutes", sent, refused, s.limited, len(minutes))
	}
}

// TestSimQueue lets many who wait for as long as it takes have their snapshots: 36,000 of
// weight, with the clock and exchangeInfo asked for in between. All are served, none too many
// in a minute.
func TestSimQueue(t *testing.T) {
	onSim(t, time.Hour, func(ctx context.Context, s *onSimulator) {
		var wg sync.WaitGroup
		for i := range 300 {
			p := []exchange.Product{exchange.UM, exchange.CM}[i%2]
			wg.Go(func() {
				for range 6 {
					if _, _, err := s.Depth(ctx, p, simSymbols[p], 1000); err != nil {
						t.Error(err)
					}
				}
			})
		}
		start := time.Now()
		for range 10 {
			pass(time.Minute)
			if _, err := s.MeasureClock(ctx); err != nil {
				t.Error(err)
			}
			if _, _, err := s.ExchangeInfo(ctx, exchange.UM); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		t.Logf("36,000 of weight in %v", time.Since(start))
		for m, used := range s.used {
			if used > 1920 {
				t.Errorf("minute %d uses %d", m, used)
			}
		}
		if s.limited > 0 || len(s.used) < 19 || len(s.used) > 22 {
			t.Errorf("%d limited, %d minutes", s.limited, len(s.used))
		}
	})
}

// TestSimLimitsWithoutBudget sends the same load as it comes: 429, then a ban.
func TestSimLimitsWithoutBudget(t *testing.T) {
	onSim(t, time.Hour, func(ctx context.Context, s *onSimulator) {
		limited, banned := 0, 0
		for range 600 {
			for _, e := range []*endpoint{find(exchange.UM, "ticker/bookTicker"), find(exchange.CM, "premiumIndex")} {
				_, _, err := s.send(ctx, e, s.bases[e.product]+e.path)
				if errors.Is(err, ErrBanned) {
					banned++
				} else if errors.Is(err, ErrLimited) {
					limited++
				}
			}
			pass(100 * time.Millisecond)
		}
		t.Logf("%d answers 429, %d answers 418", limited, banned)
		if limited == 0 || banned < limited {
			t.Errorf("%d answers 429, %d answers 418", limited, banned)
		}
	})
}
