package strategy

import (
	"fmt"
	"reflect"
	"strings"
)

// checkCallbacks finds methods that are meant as callbacks and would never be called: one with
// a callback's name and another signature, and one with a name that is nearly a callback's.
func checkCallbacks(s Strategy) error {
	wanted := callbackTypes()
	var known []string
	for _, w := range wanted {
		known = append(known, w.Method(0).Name)
	}
	t := reflect.TypeOf(s)
	for i := range t.NumMethod() {
		m := t.Method(i)
		if !strings.HasPrefix(m.Name, "On") || m.Type.NumIn() < 2 || m.Type.In(1) != reflect.TypeFor[*Env]() {
			continue // a method of the author's own
		}
		near := Nearest(m.Name, known)
		if near == "" || editDistance(m.Name, near) > 2 {
			continue
		}
		for _, w := range wanted {
			switch handler := w.Method(0); {
			case handler.Name != near || t.Implements(w):
			case m.Name == near:
				return fmt.Errorf("%s would never be called: it is %s, and a %s has %s",
					m.Name, signature(m.Type, 1), w.Name(), signature(handler.Type, 0))
			default:
				return fmt.Errorf("%s is no callback and would never be called; did you mean %s?", m.Name, near)
			}
		}
	}
	return nil
}

func callbackTypes() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[BarHandler](), reflect.TypeFor[TradeHandler](), reflect.TypeFor[BookTickerHandler](), reflect.TypeFor[MarkHandler](),
		reflect.TypeFor[FundingHandler](), reflect.TypeFor[FillHandler](), reflect.TypeFor[OrderHandler](), reflect.TypeFor[LoanHandler](),
		reflect.TypeFor[TaskHandler](), reflect.TypeFor[RefusalHandler](), reflect.TypeFor[AccountHandler](), reflect.TypeFor[TimerHandler](),
		reflect.TypeFor[StateHandler](),
	}
}

// signature is the type of a method as Go writes it, without its first arguments.
func signature(t reflect.Type, skip int) string {
	var in []string
	for i := skip; i < t.NumIn(); i++ {
		in = append(in, t.In(i).String())
	}
	text := "func(" + strings.Join(in, ", ") + ")"
	for i := range t.NumOut() {
		text += " " + t.Out(i).String()
	}
	return text
}
