package wire

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/strategy"
)

// EncodeOutput translates what a strategy asked for, apart from its log lines and
// subscriptions, which travel beside it.
func EncodeOutput(out *strategy.Output) *pb.Output {
	p := &pb.Output{}
	for i := range out.Intents {
		p.Intents = append(p.Intents, encodeIntent(&out.Intents[i]))
	}
	for _, t := range out.Timers {
		p.Timers = append(p.Timers, &pb.Timer{Id: t.ID, Due: int64(t.Due)})
	}
	return p
}

// AppendLogs adds the log lines that belong to one event of a batch. Lines that are too
// long are cut and lines over [LogsMax] dropped, with a last line that says so.
func AppendLogs(list []*pb.Log, event int, lines []string) []*pb.Log {
	for _, line := range lines {
		switch {
		case len(list) >= LogsMax:
			return list
		case len(list) == LogsMax-1:
			line = fmt.Sprintf("more than %d log lines in one answer; the rest is dropped", LogsMax)
		}
		list = append(list, &pb.Log{Event: uint32(event), Text: LogText(line)})
	}
	return list
}

// LogText is a log line as it travels: valid UTF-8, cut at [LogBytesMax].
func LogText(line string) string {
	if len(line) > LogBytesMax {
		line = line[:LogBytesMax-3] + "..."
	}
	return valid(line)
}

func encodeIntent(i *exchange.Intent) *pb.Intent {
	return &pb.Intent{
		Kind: pb.IntentKind(i.Kind), Ref: i.Ref, Tag: []byte(i.Tag), Request: encodeRequest(&i.Request), Asset: valid(i.Asset), Amount: int64(i.Amount),
		Pair: encodePair(&i.Pair),
	}
}

func encodeRequest(r *exchange.OrderRequest) *pb.OrderRequest {
	return &pb.OrderRequest{
		Instrument: uint32(r.Inst), Side: pb.Side(r.Side), PositionSide: pb.PositionSide(r.PositionSide),
		Type: pb.OrderType(r.Type), TimeInForce: pb.TimeInForce(r.TimeInForce),
		Qty: int64(r.Qty), Price: int64(r.Price), Trigger: int64(r.Trigger), StopPrice: int64(r.StopPrice),
		WorkingType: pb.WorkingType(r.WorkingType), PriceProtect: r.PriceProtect,
		Activation: int64(r.Activation), Callback: int64(r.Callback),
		ReduceOnly: r.ReduceOnly, ClosePosition: r.ClosePosition, GoodTill: int64(r.GoodTill),
		PriceMatch: pb.PriceMatch(r.PriceMatch), Stp: pb.STP(r.STP), SideEffect: pb.SideEffect(r.SideEffect),
		QuoteQty: int64(r.QuoteQty), Iceberg: int64(r.Iceberg),
	}
}

// Decoder decodes what belongs to one play: a strategy by its number and the run's
// instruments. The host decodes outputs with it, the SDK events.
type Decoder struct {
	Instruments *exchange.Instruments
	Strategy    exchange.StrategyID
	// LastRef is the highest ref that the strategy has given; new ones must be above.
	LastRef uint64
}

// Output translates intents and timers into out, whose slices it reuses, and checks
// them: known kinds and values, instruments of the run, order numbers that rise, and no
// more than the limits. After an error the plugin is not to be trusted.
func (d *Decoder) Output(p *pb.Output, out *strategy.Output) error {
	out.Intents, out.Timers = out.Intents[:0], out.Timers[:0]
	if n := len(p.GetIntents()); n > IntentsMax {
		return fmt.Errorf("%d intents for one event, more than %d", n, IntentsMax)
	}
	if n := len(p.GetTimers()); n > TimersMax {
		return fmt.Errorf("%d timers for one event, more than %d", n, TimersMax)
	}
	for n, i := range p.GetIntents() {
		if err := d.checkIntent(i); err != nil {
			return fmt.Errorf("intent %d of %d: %w", n+1, len(p.GetIntents()), err)
		}
		intent := d.intent(i)
		intent.Strategy = d.Strategy
		out.Intents = append(out.Intents, intent)
	}
	for _, t := range p.GetTimers() {
		out.Timers = append(out.Timers, exchange.Timer{Strategy: d.Strategy, ID: t.GetId(), Due: exchange.Time(t.GetDue())})
	}
	return nil
}

func (d *Decoder) checkIntent(i *pb.Intent) error {
	r := i.GetRequest()
	if err := known("kind", i.GetKind(), pb.IntentKind_name, 1); err != nil {
		return err
	}
	if len(i.GetTag()) > 32 {
		return fmt.Errorf("tag of %d bytes, more than 32", len(i.GetTag()))
	}
	if len(i.GetAsset()) > 32 {
		return fmt.Errorf("asset of %d bytes, more than 32", len(i.GetAsset()))
	}
	switch i.GetKind() {
	case pb.IntentKind_INTENT_KIND_NEW, pb.IntentKind_INTENT_KIND_BORROW, pb.IntentKind_INTENT_KIND_REPAY,
		pb.IntentKind_INTENT_KIND_PAIR, pb.IntentKind_INTENT_KIND_PROTECT:
		if i.GetRef() <= d.LastRef {
			return fmt.Errorf("ref %d after %d; refs rise", i.GetRef(), d.LastRef)
		}
		if i.GetRef() > exchange.RefMax {
			return fmt.Errorf("ref %d, more than %d", i.GetRef(), uint64(exchange.RefMax))
		}
		d.LastRef = i.GetRef()
	}
	if isNew := i.GetKind() == pb.IntentKind_INTENT_KIND_NEW; isNew || r.GetInstrument() != 0 {
		if _, err := instrument(r.GetInstrument(), d.Instruments); err != nil {
			return err
		}
	}
	if p := i.GetPair(); p != nil {
		if _, err := instrument(p.GetHedge(), d.Instruments); err != nil {
			return fmt.Errorf("hedge of a pair: %w", err)
		}
	}
	if err := known("position side", i.GetPair().GetHedgeSide(), pb.PositionSide_name, 0); err != nil {
		return err
	}
	return checkRequest(r, i.GetKind())
}

// checkRequest checks the values of enumerations. Side and type may be missing where
// the intent does not read them.
func checkRequest(r *pb.OrderRequest, kind pb.IntentKind) error {
	least := int32(0)
	if kind == pb.IntentKind_INTENT_KIND_NEW {
		least = 1
	}
	for _, err := range []error{
		known("side", r.GetSide(), pb.Side_name, pb.Side(least)),
		known("position side", r.GetPositionSide(), pb.PositionSide_name, 0),
		known("order type", r.GetType(), pb.OrderType_name, pb.OrderType(least)),
		known("time in force", r.GetTimeInForce(), pb.TimeInForce_name, 0),
		known("working type", r.GetWorkingType(), pb.WorkingType_name, 0),
		known("price match", r.GetPriceMatch(), pb.PriceMatch_name, 0),
		known("self-trade prevention", r.GetStp(), pb.STP_name, 0),
		known("side effect", r.GetSideEffect(), pb.SideEffect_name, 0),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// intent translates without judging; the values have been checked or are the host's.
func (d *Decoder) intent(i *pb.Intent) exchange.Intent {
	return exchange.Intent{
		Kind: exchange.IntentKind(i.GetKind()), Ref: i.GetRef(), Tag: string(i.GetTag()), Request: decodeRequest(i.GetRequest()),
		Asset: i.GetAsset(), Amount: exchange.Fixed(i.GetAmount()),
		Pair: decodePair(i.GetPair()),
	}
}

func decodeRequest(r *pb.OrderRequest) exchange.OrderRequest {
	return exchange.OrderRequest{
		Inst: exchange.InstrumentID(r.GetInstrument()), Side: exchange.Side(r.GetSide()),
		PositionSide: exchange.PositionSide(r.GetPositionSide()), Type: exchange.OrderType(r.GetType()),
		TimeInForce: exchange.TimeInForce(r.GetTimeInForce()),
		Qty:         exchange.Fixed(r.GetQty()), Price: exchange.Fixed(r.GetPrice()),
		Trigger: exchange.Fixed(r.GetTrigger()), StopPrice: exchange.Fixed(r.GetStopPrice()),
		WorkingType: exchange.WorkingType(r.GetWorkingType()), PriceProtect: r.GetPriceProtect(),
		Activation: exchange.Fixed(r.GetActivation()), Callback: exchange.Fixed(r.GetCallback()),
		ReduceOnly: r.GetReduceOnly(), ClosePosition: r.GetClosePosition(), GoodTill: exchange.Time(r.GetGoodTill()),
		PriceMatch: exchange.PriceMatch(r.GetPriceMatch()), STP: exchange.STP(r.GetStp()),
		SideEffect: exchange.SideEffect(r.GetSideEffect()),
		QuoteQty:   exchange.Fixed(r.GetQuoteQty()), Iceberg: exchange.Fixed(r.GetIceberg()),
	}
}
