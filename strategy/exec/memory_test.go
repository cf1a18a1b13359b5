package exec

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestMemory: patience and pace go on where they were saved, under the bounds that hold now.
func TestMemory(t *testing.T) {
	const second = exchange.Time(time.Second)
	type memory struct {
		Noes Backoff
		Pace Pace
	}
	m := memory{Backoff{Least: time.Second, Most: time.Minute}, Pace{Most: 2}}
	m.Noes.No(0)
	m.Noes.No(second)
	m.Pace.Take(second)
	text, err := json.Marshal(m)
	if err != nil || string(text) != `{"Noes":[2000000000,3000000000],"Pace":[1000000000,1]}` {
		t.Fatalf("%s, %v", text, err)
	}
	next := memory{Backoff{Least: time.Second, Most: 3 * time.Second}, Pace{Most: 2}}
	if err := json.Unmarshal(text, &next); err != nil {
		t.Fatal(err)
	}
	if next.Noes.Ready(3*second-1) || !next.Noes.Ready(3*second) || next.Pace.Left(second) != 1 {
		t.Errorf("%+v", next)
	}
	next.Noes.No(3 * second)
	if next.Noes.Ready(6*second-1) || !next.Noes.Ready(6*second) {
		t.Errorf("the most is not 3s: %+v", next.Noes)
	}
	if err := json.Unmarshal([]byte(`{"Noes":"x"}`), &next); err == nil {
		t.Error("no numbers are taken")
	}
}
