package sdk

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
	programs, failure := s.programsOf(cfg)
	if failure != nil {
		return fail(failure)
	}
	var result *backtest.Result
	var err error
	c := catch(func() {
		result, err = backtest.Run(stream.Context(), cfg, backtest.Options{
			Programs: programs, Mode: "plugin",
			Progress: func(p backtest.Progress) {
				// A host that is gone cancels the stream's context, which ends the run.
				_ = stream.Send(&pb.BacktestResponse{Response: &pb.BacktestResponse_Progress{
					Progress: &pb.Progress{Events: p.Events, Done: p.Done},
				}})
			},
		})
	})
	if c != nil {
		if fail(c.failure(-1)) == nil {
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
	case errors.Is(err, backtest.ErrConfig):
		f.Fault = pb.Fault_FAULT_CONFIG
	}
	return f
}

// programsOf finds each configured strategy in this program: by name, or as the only one
// where the configuration gives a path.
func (s *service) programsOf(cfg *backtest.Config) ([]backtest.Program, *pb.Failure) {
	var list []backtest.Program
	for _, c := range cfg.Strategies {
		name := c.Plugin
		if _, ok := s.programs[name]; !ok && len(s.programs) == 1 {
			name = ""
		}
		fresh, failure := s.find(name)
		if failure != nil {
			return nil, failure
		}
		list = append(list, backtest.LocalProgram(fresh))
	}
	return list, nil
}

func sendResult(stream pb.StrategyService_BacktestServer, result *backtest.Result) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(result); err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	for chunk := range slices.Chunk(b.Bytes(), wire.ChunkBytesMax) {
		if err := stream.Send(&pb.BacktestResponse{Response: &pb.BacktestResponse_Result{Result: chunk}}); err != nil {
			return err
		}
	}
	return nil
}

// DecodeResult reads what a plugin's backtest has sent, for the host's side. The bytes
// come from a program with the host's own core hash; foreign ones are an error.
func DecodeResult(b []byte) (*backtest.Result, error) {
	r := &backtest.Result{}
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(r); err != nil {
		return nil, fmt.Errorf("the plugin's result is unreadable: %w", err)
	}
	return r, nil
}
