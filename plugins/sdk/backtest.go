package sdk

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// Backtest runs a whole backtest in this process, at the speed of linked-in code.
func (s *service) Backtest(r *pb.BacktestRequest, stream pb.StrategyService_BacktestServer) error {
	fail := func(f *pb.Failure) error {
		return stream.Send(&pb.BacktestResponse{Response: &pb.BacktestResponse_Failure{Failure: f}})
	}
	cfg := &backtest.Config{}
	strict := json.NewDecoder(bytes.NewReader(r.GetConfig()))
	strict.DisallowUnknownFields()
	if err := strict.Decode(cfg); err != nil {
		return fail(&pb.Failure{Fault: pb.Fault_FAULT_PMBOT, What: "configuration: " + err.Error(), Event: -1})
	}
	told := &report{send: stream.Send}
	programs, failure := s.programsOf(cfg, told)
	if failure != nil {
		return fail(failure)
	}
	options := backtest.Options{Programs: programs, Mode: "plugin", Progress: told.progress, Handling: told.handle}
	if r.GetLogs() {
		options.Log = told.log
	}
	result, c, err := told.run(stream.Context(), cfg, options)
	if c != nil {
		f := c.failure(-1)
		f.Handling = told.handling()
		if fail(f) == nil {
			s.exitAfterCrash(stream.Context(), c)
		}
		return nil
	}
	// Data that a strict run does not accept has a result beside the error; the host judges
	// that again.
	if err != nil && !errors.Is(err, backtest.ErrStrict) {
		return fail(runFailure(err))
	}
	return sendResult(stream, result)
}

// runFailure says whose the error of a run is: what the configuration names and is not
// there, or cannot be used, is no fault of the strategy.
func runFailure(err error) *pb.Failure {
	f := failureOf(err)
	switch {
	case errors.Is(err, exchange.ErrUnknownInstrument), errors.Is(err, fs.ErrNotExist), errors.Is(err, backtest.ErrNoData):
		f.Fault = pb.Fault_FAULT_NOT_FOUND
	case errors.Is(err, backtest.ErrDamaged):
		f.Fault = pb.Fault_FAULT_DATA
	case errors.Is(err, backtest.ErrConfig):
		f.Fault = pb.Fault_FAULT_CONFIG
	}
	return f
}

// programsOf finds each configured strategy in this program: by name, or as the only one
// where the configuration gives a path.
func (s *service) programsOf(cfg *backtest.Config, told *report) ([]backtest.Program, *pb.Failure) {
	var list []backtest.Program
	names := slices.Sorted(maps.Keys(s.programs))
	for _, c := range cfg.Strategies {
		name := c.Plugin
		if _, ok := s.programs[name]; !ok && len(names) == 1 {
			name = names[0]
		}
		fresh, failure := s.find(name)
		if failure != nil {
			return nil, failure
		}
		list = append(list, told.add(name, fresh))
	}
	return list, nil
}

// samplesPiece is how many samples are encoded at once.
const samplesPiece = 4096

// sendResult sends a result in pieces, so that the host sees it move: its samples come after
// all else and a few at a time, for a run may have a million. The first piece is empty, and
// says that the run is over.
func sendResult(stream pb.StrategyService_BacktestServer, result *backtest.Result) error {
	p := &pieces{stream: stream}
	if err := p.send(nil); err != nil {
		return err
	}
	out, short := gob.NewEncoder(p), *result
	short.Equity = nil
	err := errors.Join(out.Encode(&short), out.Encode(len(result.Equity)))
	for list := range slices.Chunk(result.Equity, samplesPiece) {
		if err != nil {
			break
		}
		err = out.Encode(list)
	}
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	return p.send(p.rest)
}

// pieces sends what is written in messages of a size that the connection takes.
type pieces struct {
	stream pb.StrategyService_BacktestServer
	rest   []byte
}

func (p *pieces) Write(b []byte) (int, error) {
	written := len(b)
	for len(p.rest)+len(b) >= wire.ChunkBytesMax {
		room := wire.ChunkBytesMax - len(p.rest)
		if err := p.send(append(p.rest, b[:room]...)); err != nil {
			return 0, err
		}
		p.rest, b = make([]byte, 0, wire.ChunkBytesMax), b[room:] // a message is the connection's
	}
	p.rest = append(p.rest, b...)
	return written, nil
}

func (p *pieces) send(b []byte) error {
	return p.stream.Send(&pb.BacktestResponse{Response: &pb.BacktestResponse_Result{Result: b}})
}

// DecodeResult reads what a plugin's backtest has sent, for the host's side. The bytes
// come from a program with the host's own core hash; foreign ones are an error.
func DecodeResult(b []byte) (*backtest.Result, error) {
	r, samples := &backtest.Result{}, 0
	in := gob.NewDecoder(bytes.NewReader(b))
	err := errors.Join(in.Decode(r), in.Decode(&samples))
	for err == nil && len(r.Equity) < samples {
		var list []backtest.Sample
		if err = in.Decode(&list); err == nil && len(list) == 0 {
			err = io.ErrUnexpectedEOF
		}
		r.Equity = append(r.Equity, list...)
	}
	if err != nil {
		return nil, fmt.Errorf("the plugin's result is unreadable: %w", err)
	}
	return r, nil
}
