package papisim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/backtest/papisim/public"
)

// command is a client's message on a websocket.
type command struct {
	method string
	params []json.RawMessage
	id     json.RawMessage // as it came; nil without one
}

// names are the texts among the parameters: the streams that it is about.
func (c *command) names() []string {
	var names []string
	for _, p := range c.params {
		var name string
		if json.Unmarshal(p, &name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// commandError is what the server says of a wrong one.
type commandError struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
}

// commandReply has a result, which may be null, or an error.
type commandReply struct {
	Result any             `json:"result"`
	ID     json.RawMessage `json:"id"`
}

type commandFailure struct {
	Error commandError    `json:"error"`
	ID    json.RawMessage `json:"id,omitempty"`
}

// methods are what a client may ask for.
const methods = "SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY, GET_PROPERTY"

// readCommand reads a message. Ids are unsigned integers; spot and the user stream, whose
// official client sends texts, take these as well.
func readCommand(data []byte, texts bool) (c command, wrong *commandError) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) || len(data) == 0 {
			column := int64(1)
			if syntax != nil {
				column = max(1, syntax.Offset)
			}
			return c, &commandError{3, fmt.Sprintf("Invalid JSON: expected value at line %d column %d", 1+strings.Count(string(data), "\n"), column)}
		}
		return c, &commandError{2, "Invalid request: expected an object"}
	}
	if id, ok := fields["id"]; ok {
		_, err := strconv.ParseUint(string(id), 10, 64)
		if text := len(id) > 0 && id[0] == '"'; err != nil && !(text && texts) {
			return c, &commandError{2, "Invalid request: request ID must be an unsigned integer"}
		}
		c.id = id
	}
	method, ok := fields["method"]
	if !ok {
		return c, &commandError{2, fmt.Sprintf("Invalid request: missing field `method` at line 1 column %d", len(data))}
	}
	if json.Unmarshal(method, &c.method) != nil || !slices.Contains(strings.Split(methods, ", "), c.method) {
		return c, &commandError{2, fmt.Sprintf("Invalid request: unknown variant `%s`, expected one of %s at line 1 column %d", strings.Trim(string(method), `"`), methods, len(data))}
	}
	if params, ok := fields["params"]; ok && json.Unmarshal(params, &c.params) != nil {
		return c, &commandError{2, "Invalid request: params must be a list"}
	}
	return c, nil
}

// command serves a message of a client.
func (s *Sim) command(k *socket, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.step(s.clock.now()); err != nil {
		k.drop()
		return
	}
	c, wrong := readCommand(data, k.way == 0 || k.way == public.WaySpot)
	var result any
	var lost *Fault
	if wrong == nil && k.way != 0 {
		lost = s.faults.strikeMarket(ofCommand, k.way, c.names()...)
	}
	if wrong == nil && (lost == nil || !lost.NotExecuted) {
		result, wrong = s.perform(k, &c)
	}
	switch {
	case lost != nil:
	case wrong == nil:
		k.say(commandReply{result, orNull(c.id)})
	case wrong.Code == tooManyStreams:
		k.tooMany()
	default:
		k.say(commandFailure{*wrong, c.id})
	}
	s.tell()
}

func orNull(id json.RawMessage) json.RawMessage {
	if id == nil {
		return json.RawMessage("null")
	}
	return id
}

// tooManyStreams is the code of the one error that ends a socket.
const tooManyStreams = 4

// tooMany says that a client wants too much and ends its socket.
func (k *socket) tooMany() {
	k.say(commandFailure{Error: commandError{tooManyStreams, "Too many subscriptions"}})
	k.shut(websocket.ClosePolicyViolation, "Too many subscriptions")
}

// say answers a command. Answers name no stream, in either mode.
func (k *socket) say(v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic("papisim: an answer on a websocket: " + err.Error())
	}
	k.send(message{text: body})
}

// perform does what a command asks for.
func (s *Sim) perform(k *socket, c *command) (any, *commandError) {
	switch c.method {
	case "LIST_SUBSCRIPTIONS":
		return append([]string{}, k.subscribed...), nil
	case "SET_PROPERTY", "GET_PROPERTY":
		return k.property(c)
	}
	var names []string
	for _, p := range c.params {
		var name string
		if json.Unmarshal(p, &name) != nil {
			return nil, &commandError{2, "Invalid request: stream name must be a string"}
		}
		names = append(names, name)
	}
	if c.method == "UNSUBSCRIBE" {
		s.unsubscribe(k, names)
		return nil, nil
	}
	if !s.subscribe(k, names) {
		return nil, &commandError{Code: tooManyStreams}
	}
	return nil, nil
}

// property reads or sets whether frames name their stream.
func (k *socket) property(c *command) (any, *commandError) {
	most := 1
	if c.method == "SET_PROPERTY" {
		most = 2
	}
	if len(c.params) > most {
		return nil, &commandError{2, "Invalid request: too many parameters"}
	}
	var name string
	if len(c.params) == 0 || json.Unmarshal(c.params[0], &name) != nil {
		return nil, &commandError{2, "Invalid request: property name must be a string"}
	}
	if name != "combined" {
		return nil, &commandError{0, "Unknown property"}
	}
	if most == 1 {
		return k.combined, nil
	}
	if len(c.params) < 2 || string(c.params[1]) != "true" && string(c.params[1]) != "false" {
		return nil, &commandError{1, "Invalid value type: expected Boolean"}
	}
	k.combined = string(c.params[1]) == "true"
	return nil, nil
}

// subscribe adds streams to a socket: false, and none, if they are too many. A name that
// does not deliver here, or not at all, is taken like any other.
func (s *Sim) subscribe(k *socket, names []string) bool {
	var fresh []string
	for _, name := range names {
		if !slices.Contains(k.subscribed, name) && !slices.Contains(fresh, name) {
			fresh = append(fresh, name)
		}
	}
	if len(k.subscribed)+len(fresh) > streamsMax {
		return false
	}
	k.subscribed = append(k.subscribed, fresh...)
	for _, name := range fresh {
		if key := public.KeyOn(k.way, name); k.way != 0 && !k.dead[key] && s.public.Carries(k.way, name) {
			s.follow(k.way, key)
			s.public.Listen(key, s.clock.now())
			s.hearers[key] = append(s.hearers[key], k)
		}
	}
	return true
}

// unsubscribe takes streams off a socket.
func (s *Sim) unsubscribe(k *socket, names []string) {
	for _, name := range names {
		at := slices.Index(k.subscribed, name)
		if at < 0 {
			continue
		}
		k.subscribed = slices.Delete(k.subscribed, at, at+1)
		s.unhear(k, public.KeyOn(k.way, name))
	}
}

// unhear lets a socket hear no more of a stream, if it does.
func (s *Sim) unhear(k *socket, key public.Key) {
	at := slices.Index(s.hearers[key], k)
	if at < 0 {
		return
	}
	delete(k.held, key)
	s.public.Leave(key)
	s.hearers[key] = slices.Delete(s.hearers[key], at, at+1)
	if len(s.hearers[key]) == 0 {
		delete(s.hearers, key)
	}
}

// broadcast sends the frames of the market's streams to those who hear them.
func (s *Sim) broadcast(frames []public.Frame) {
	for i := range frames {
		f := &frames[i]
		s.overhear(f)
		hearers := s.hearers[f.Key]
		if s.faults.market > 0 { // a fault may take some off
			hearers = slices.Clone(hearers)
		}
		for _, k := range hearers {
			text := f.Body
			if k.combined {
				text = f.Wrapped
			}
			s.tellSocket(k, f.Key, text)
		}
	}
}
