# The commands of every day. Nothing here is needed: each is one line of Go.

.PHONY: build test check fuzz seeds margin mutants bench bench-guard bench-plugins latency pictures generate clean

build: ## the pmbot program in this directory
	go build -o pmbot ./cmd/pmbot

test: ## every test
	go test ./...

check: ## what must pass before a change goes in
	.ci/run

# Go fuzzes one target at a time, and spends most of it on making findings small unless
# told otherwise. TMPDIR on a memory disk makes FuzzImport ten times as fast.
fuzz: FUZZTIME ?= 1m
fuzz: ## every decoder of outside bytes, each for FUZZTIME
	@grep -rn --include='*_test.go' -o '^func Fuzz[A-Za-z]*' . | sed 's,/[^/]*:[0-9]*:func , ,' | while read -r package name; do \
		echo "$$package $$name"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$package" || exit 1; \
	done

seeds: SEEDS ?= 1000
seeds: ## the simulated exchange over SEEDS random runs, each twice, with a second set of books, through a faulty link; and orders that must not break a limit
	PMBOT_SEEDS=$(SEEDS) go test ./backtest/venue -run 'TestDeterminism|TestConservation' -v -timeout 60m
	PMBOT_SEEDS=$(SEEDS) go test ./backtest/venue/link -run TestRandom -v -timeout 60m
	PMBOT_SEEDS=$(SEEDS) go test ./riskguard -run TestNoSequence -v -timeout 60m

margin: WORLDS ?= 100000
margin: ## the margin model against a slow one that is written from the formulas, on WORLDS random accounts, to the last digit
	PMBOT_MARGIN_WORLDS=$(WORLDS) go test ./riskguard/margin -run 'TestModelEqualsOracle|TestWorstCaseBounds' -v -timeout 120m

mutants: ## mistakes in the risk guard, of which a test must notice each; see riskguard/mutants_test.go
	PMBOT_MUTANTS=all go test ./riskguard -run TestMutants -v -timeout 20m

bench: ## large runs: recording a busy one, a million fills and their page; the live path, from frame to signed request; 1024 streams
	go test -run '^$$' -bench 'Busy$$|Samples$$|Rows' -benchtime 3x -benchmem ./backtest
	go test -run '^$$' -bench 'Run$$' -benchtime 1x -benchmem ./backtest/rundir
	go test -run '^$$' -bench 'Page' -benchtime 3x ./backtest/report
	go test -run '^$$' -bench 'Live' -benchmem ./exchange/papi
	go test -run '^$$' -bench 'Decode' -benchmem ./exchange/frame
	go test -run '^$$' -bench 'LivePath' -benchmem ./exchange/market
	go test -run '^$$' -bench 'Load' -benchtime 1000000x ./exchange/market

bench-guard: ## what a check costs, and how it grows with instruments, open orders and assets
	go test -run '^$$' -bench 'Check' -benchmem ./riskguard

bench-plugins: ## what the process boundary of strategies costs, in Go and Python, beside its targets: one table, in some two minutes
	go run ./.ci/pluginbench

latency: TICKS ?= 2000
latency: ## from a quote to the order that answers it, beside a bare loop of go-binance; see .ci/latency/main.go
	cd .ci/latency && go build -o latency . && ./latency -ticks $(TICKS)

pictures: ## the picture in each bundled strategy's README, of the run that README shows; it needs Chromium
	@for name in hedge carry basis mm grid trend; do \
		page=$$(go run ./cmd/pmbot backtest -c configs/$$name.toml | sed -n 's/^report: //p') && \
		PMBOT_REPORT=$$page PMBOT_PICTURE=plugins/$$name/$$name.png go test ./backtest/report -run 'TestPicture$$' -count=1 || exit 1; \
	done

generate: ## the code made from the plugin protocol
	go run ./plugins/proto/genproto

clean:
	rm -rf pmbot runs .cache
