package budget

import (
	"slices"
	"time"
)

// quota remembers when its endpoint was last asked, at most N instants, oldest first.
type quota struct {
	Quota
	sent []time.Time
}

// free says whether one more is allowed, and if not, when it will be.
func (q *quota) free(now time.Time) (time.Time, bool) {
	if len(q.sent) < q.N {
		return time.Time{}, true
	}
	if q.N == 0 {
		return time.Time{}, false
	}
	until := q.sent[len(q.sent)-q.N].Add(q.Per)
	return until, !until.After(now)
}

func (q *quota) take(now time.Time) {
	if len(q.sent) == q.N {
		q.sent = slices.Delete(q.sent, 0, 1)
	}
	q.sent = append(q.sent, now)
}

// undo forgets a request that was not sent.
func (q *quota) undo(at time.Time) {
	if i := slices.IndexFunc(q.sent, at.Equal); i >= 0 {
		q.sent = slices.Delete(q.sent, i, i+1)
	}
}

// setBack moves what was sent by as much as the clock went back.
func (q *quota) setBack(d time.Duration) {
	for i := range q.sent {
		q.sent[i] = q.sent[i].Add(-d)
	}
}
