// Package python_test holds the Python package to what the Go packages do: the same strategy
// asks for the same in both languages, in lockstep and live, through the process boundary.
package python_test
