package papisim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/exchange"
)

// delayMax bounds a fault's delay.
const delayMax = Duration(72 * time.Hour)

// check says what is wrong with a fault.
func (f *Fault) check() error {
	k, known := kindOf(f.Kind)
	if !known {
		var names []string
		for _, k := range faultKinds() {
			names = append(names, string(k.kind))
		}
		return fmt.Errorf("kind %q is none of %s", f.Kind, strings.Join(names, ", "))
	}
	if err := f.checkPlace(k); err != nil {
		return err
	}
	switch {
	case f.Count < -1 || f.After < 0:
		return errors.New("count is at least -1, for all, and after at least 0")
	case f.Probability < 0 || f.Probability > exchange.FixedOne:
		return fmt.Errorf("probability %v is not within 0 to 1", f.Probability)
	case f.Delay < 0 || f.Delay > delayMax:
		return fmt.Errorf("delay %v is not within 0s to %v", time.Duration(f.Delay), time.Duration(delayMax))
	case k.late && f.Delay == 0:
		return fmt.Errorf("%s needs a delay, such as \"2s\"", f.Kind)
	case f.NotExecuted && !k.open:
		return fmt.Errorf("%s leaves nothing open: not_executed goes with kinds whose outcome nobody knows", f.Kind)
	case f.Kind == FaultAnswer && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not within 200 to 599", f.Status)
	case f.Kind == FaultMarketRefused && f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status %d is not within 400 to 599", f.Status)
	case k.closes && f.Code != 0 && !closeCode(f.Code):
		return fmt.Errorf("code %d is none that a connection is closed with: 1000, 1001, 1008, 1011 to 1013, 3000 to 4999, or 0 for no close frame, which clients call 1006", f.Code)
	case k.closes && len(f.Msg) > closeTextMax:
		return fmt.Errorf("msg is longer than the %d bytes of a close frame", closeTextMax)
	}
	return f.checkAnswer(k)
}

// closeTextMax is how long the text of a close frame can be.
const closeTextMax = 123

// checkAnswer says whether a fault has an answer that its kind has no use for.
func (f *Fault) checkAnswer(k faultKind) error {
	switch {
	case f.Kind == FaultAnswer, f.Status == 0 && f.Code == 0 && f.Msg == "" && f.Body == "":
	case f.Kind == FaultMarketRefused && f.Code == 0 && f.Msg == "" && f.Body == "":
	case k.closes && f.Status == 0 && f.Body == "":
	case k.closes:
		return fmt.Errorf("%s has code and msg, of its close frame, and neither status nor body", f.Kind)
	default:
		return fmt.Errorf("%s has an answer of its own; status, code, msg and body go with %s", f.Kind, FaultAnswer)
	}
	return nil
}

// checkPlace says whether a fault is told by what its kind has not.
func (f *Fault) checkPlace(k faultKind) error {
	request, event, market := f.Method != "" || f.Path != "" || f.ClientID != "", f.Event != "", f.Stream != "" || f.Route != ""
	switch {
	case k.stream && (request || market):
		return fmt.Errorf("%s is of the user stream: it can be told by event, not by method, path, client_id, stream or route", f.Kind)
	case k.market && (request || event):
		return fmt.Errorf("%s is of market streams: it can be told by stream and route, not by method, path, client_id or event", f.Kind)
	case !k.stream && !k.market && (event || market):
		return fmt.Errorf("%s is of requests: it can be told by method, path and client_id, not by event, stream or route", f.Kind)
	case f.Route != "" && !slices.Contains(public.Ways(), f.Route):
		return fmt.Errorf("route %q is none of %s", f.Route, strings.Join(public.Ways(), ", "))
	case f.Stream != "" && k.of == ofConnect:
		return fmt.Errorf("%s is of handshakes: it can be told by route, not by stream", f.Kind)
	}
	return nil
}

// closeCode says whether a close frame can have a code.
func closeCode(code int) bool {
	return code == websocket.CloseNormalClosure || code == websocket.CloseGoingAway || code == websocket.ClosePolicyViolation ||
		code >= websocket.CloseInternalServerErr && code <= websocket.CloseTryAgainLater || code >= 3000 && code <= 4999
}
