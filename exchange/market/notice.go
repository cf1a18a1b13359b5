package market

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/socket"
)

// NoticeKind says what a [Notice] is about.
type NoticeKind uint8

const (
	// Socket: what package socket has to say of a connection or a stream, in Socket.
	Socket NoticeKind = iota + 1
	// BookLost: a book is out of sync, Text says why; From and To are the exchange's times of
	// the pieces around the loss. Its readers have been told a gap.
	BookLost
	// BookReady: a book is in sync, for the first time or again. Resync has what it took.
	BookReady
	// SnapshotFailed: the snapshot of a book could not be had, and will be asked for again.
	SnapshotFailed
	// TradesMissed: ids of trades are missing between the exchange's times From and To.
	TradesMissed
	// BarDiffers: a bar of ours, Old, is not the venue's, New. Text says which was delivered.
	BarDiffers
	// BarFilled: a bar is the venue's because trades are missing here.
	BarFilled
	// BarMissed: the bars that start from From up to To are nobody's and are not delivered.
	BarMissed
	// FundingMissed: the settlement of From has no rate that could be read; no more is asked
	// for it.
	FundingMissed
	// Listed: a symbol is new on the exchange; New is its status.
	Listed
	// Unlisted: a symbol is no longer on the exchange; Old was its status.
	Unlisted
	// StatusChanged: a symbol's status was Old and is New.
	StatusChanged
	// DeliveryChanged: its contract type or delivery was Old and is New.
	DeliveryChanged
	// RulesChanged: its filters were Old and are New, those of them that differ.
	RulesChanged
	// Dropped: the streams of a symbol are no longer listened to, because it does not trade.
	Dropped
	// Resumed: they are listened to again.
	Resumed
	// RequestFailed: a request for exchangeInfo, time, candles or rates failed, and is made
	// again.
	RequestFailed
	// ClockSet: the exchange's clock was measured; Text has the offset. It is told when the
	// offset moves by more than a quarter of a second.
	ClockSet
	// Unreadable: a part of an exchangeInfo answer could not be read; its symbols are unknown.
	Unreadable
)

var noticeNames = [...]string{
	Socket: "socket", BookLost: "book lost", BookReady: "book ready", SnapshotFailed: "snapshot failed",
	TradesMissed: "trades missed", BarDiffers: "bar differs", BarFilled: "bar filled", BarMissed: "bar missed",
	FundingMissed: "funding missed", Listed: "listed", Unlisted: "unlisted", StatusChanged: "status changed",
	DeliveryChanged: "delivery changed", RulesChanged: "rules changed", Dropped: "dropped", Resumed: "resumed",
	RequestFailed: "request failed", ClockSet: "clock set", Unreadable: "unreadable",
}

// String returns the kind in words, such as "book lost".
func (k NoticeKind) String() string {
	if int(k) < len(noticeNames) && noticeNames[k] != "" {
		return noticeNames[k]
	}
	return "NoticeKind(" + strconv.Itoa(int(k)) + ")"
}

// Notice is something that whoever relies on the feed should know. What is not of its kind is
// zero.
type Notice struct {
	// At is when it was found, by the local clock; it never decreases along notices and
	// events.
	At   exchange.Time
	Kind NoticeKind
	// Product and Symbol are what it is about; Inst is its number, 0 of a symbol that is none
	// of the feed's instruments.
	Product exchange.Product
	Symbol  string
	Inst    exchange.InstrumentID
	// From and To are a span of the exchange's clock.
	From, To exchange.Time
	// Old and New are a change, for people to read.
	Old, New string
	// Resync is what a BookReady took, Socket the notice of a Socket.
	Resync Resync
	Socket socket.Notice
	// Text is for people. Err is what failed.
	Text string
	Err  error
}

// String is the notice in one line without its time.
func (n Notice) String() string {
	if n.Kind == Socket {
		return socketText(&n.Socket)
	}
	var b strings.Builder
	b.WriteString(n.Kind.String())
	if n.Product != 0 {
		b.WriteString(" " + n.Product.String())
	}
	if n.Symbol != "" {
		b.WriteString(" " + n.Symbol)
	}
	if n.Old != "" || n.New != "" {
		fmt.Fprintf(&b, ": %s -> %s", orDash(n.Old), orDash(n.New))
	}
	if n.Kind == BookReady {
		r := &n.Resync
		fmt.Fprintf(&b, ": %s, took %v, pieces %d, snapshots %d, weight %d", r.Reason, r.Took().Round(time.Millisecond), r.Pieces, r.Asked, r.Weight)
	}
	if n.From != 0 {
		fmt.Fprintf(&b, " from %v to %v", n.From, n.To)
	}
	if n.Text != "" {
		b.WriteString(": " + n.Text)
	}
	if n.Err != nil {
		b.WriteString(": " + n.Err.Error())
	}
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// socketText is a connection's notice in one line.
func socketText(n *socket.Notice) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v", n.Kind, n.Route)
	if n.Conn != 0 {
		fmt.Fprintf(&b, " %d", n.Conn)
	}
	if n.Sub != nil {
		b.WriteString(" " + n.Sub.Name)
	}
	if n.From != 0 {
		fmt.Fprintf(&b, " from %v to %v", n.From, n.To)
	}
	if n.Text != "" {
		b.WriteString(": " + n.Text)
	}
	return b.String()
}
