package papi

import "github.com/go-json-experiment/json"

// decode reads an answer or event of Binance into v, whose fields are plain types. Names
// are matched exactly, for case matters in Binance's events; unknown fields are passed
// over.
func decode(data []byte, v any) error { return json.Unmarshal(data, v) }
