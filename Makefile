# The commands of every day. Nothing here is needed: each is one line of Go.

.PHONY: build test check generate clean

build: ## the pmbot program in this directory
	go build -o pmbot ./cmd/pmbot

test: ## every test
	go test ./...

check: ## what must pass before a change goes in
	.ci/run

generate: ## the code made from the plugin protocol
	go run ./plugins/proto/genproto

clean:
	rm -rf pmbot runs .cache
