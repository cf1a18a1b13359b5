// Package proto is the protocol between pmbot and strategy programs in other processes,
// as Go code made from pmbot/v1/plugin.proto. That file documents every call and field;
// start there.
//
// Packages wire, host and sdk use it, and nothing else does: the authors of strategies
// never see it. pmbot.binpb is the same protocol as a descriptor set, from which other
// languages can build their message classes without a generator; plugins/python does, and
// has a copy.
//
// The package promises that fields are only ever added, and that the generated files
// are current, which "go run ./plugins/proto/genproto -check" verifies.
package proto

//go:generate go run ./genproto
