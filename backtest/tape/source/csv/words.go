package csv

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// truth reads true or false in any case, or 1 or 0.
func truth(b []byte) (int64, error) {
	switch {
	case equalFold(b, "true") || string(b) == "1":
		return 1, nil
	case equalFold(b, "false") || string(b) == "0":
		return 0, nil
	}
	return 0, fmt.Errorf("%q is neither true nor false", source.Clip(b))
}

// equalFold compares with a word in small letters.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// makerBought reads whether the buyer rested: as a truth, or from the side of the one who
// did not.
func makerBought(b []byte) (int64, error) {
	switch {
	case equalFold(b, "sell"):
		return 1, nil
	case equalFold(b, "buy"):
		return 0, nil
	}
	v, err := truth(b)
	if err != nil {
		err = fmt.Errorf("%w, nor the taker's side, buy or sell", err)
	}
	return v, err
}

// levelSide reads the side of a level, as a word, a letter or the tape's number.
func levelSide(b []byte) (int64, error) {
	switch {
	case equalFold(b, "bid") || equalFold(b, "b") || string(b) == "1":
		return row.Bid, nil
	case equalFold(b, "ask") || equalFold(b, "a") || string(b) == "2":
		return row.Ask, nil
	case string(b) == "0":
		return row.NoSide, nil
	}
	return 0, fmt.Errorf("%q is neither bid nor ask", source.Clip(b))
}

// isAsk reads the processor's column of that name.
func isAsk(b []byte) (int64, error) {
	switch string(b) {
	case "0":
		return row.Bid, nil
	case "1":
		return row.Ask, nil
	}
	return 0, fmt.Errorf("%q is neither 0, a bid, nor 1, an ask", source.Clip(b))
}

// snapshotWord reads whether a level is of a snapshot: as a truth, or in the words of
// Binance's order book files.
func snapshotWord(b []byte) (int64, error) {
	switch {
	case equalFold(b, "snap"):
		return 1, nil
	case equalFold(b, "set"):
		return 0, nil
	}
	return truth(b)
}

// orderSide reads the side of an order.
func orderSide(b []byte) (int64, error) {
	switch {
	case equalFold(b, "buy"):
		return int64(exchange.Buy), nil
	case equalFold(b, "sell"):
		return int64(exchange.Sell), nil
	}
	if v, ok := digits(b); ok {
		return v, nil
	}
	return 0, fmt.Errorf("%q is neither BUY nor SELL", source.Clip(b))
}

func orderType(b []byte) (int64, error) {
	if v, ok := digits(b); ok {
		return v, nil
	}
	t, err := exchange.ParseOrderType(strings.ToUpper(string(b)))
	return int64(t), err
}

func timeInForce(b []byte) (int64, error) {
	if v, ok := digits(b); ok {
		return v, nil
	}
	t, err := exchange.ParseTimeInForce(strings.ToUpper(string(b)))
	return int64(t), err
}

func liquidationStatus(b []byte) (int64, error) {
	if v, ok := digits(b); ok {
		return v, nil
	}
	i := slices.Index(row.LiquidationStatuses[:], strings.ToUpper(string(b)))
	if i < 0 {
		return 0, fmt.Errorf("%w status %q; known are %s", exchange.ErrUnknownName, source.Clip(b), strings.Join(row.LiquidationStatuses[:], ", "))
	}
	return int64(i), nil
}
