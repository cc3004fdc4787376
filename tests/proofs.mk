# Longer tests and benchmarks, not part of `make check`. Their figures are in
# docs/performance.md and docs/reliability.md.
#
# make fuzz       every fuzz target, FUZZ_SECONDS each
# make fuzz-all   the same; keeps inputs that reach new code, prints a table
# make bench      a process that polls 20, 2,000 and 10,000 DTUs
# make bench-http  hm-metrics under slow clients and many requests
# make bench-history  answers of the history: of 400 days of 3 inverters within
#                 50 ms, of ten years of 60 inverters within 100 ms
# make bench-chain  memory and CPU of the chain under s6, over CHAIN_SECONDS;
#                 MHD=FILE: once more with that libmicrohttpd, e.g. one without HTTPS
# make bench-store  a week of 100 DTUs into SQLite, beside sqlite3's .import
# make bench-filter  hm-filter with a database beside one without
# make bench-latency  from a DTU's last byte to a subscriber, a row and an event of
#                 the page: LATENCY_RUNS runs of LATENCY_SECONDS for each chain
# make bench-peers  hm beside hoymiles-mqtt and telegraf (TELEGRAF=its program) for
#                 PEER_SECONDS, and beside hoymiles-wifi at a prompt
# make bench-fleet-chain  all eight tools with FLEET_DTUS for FLEET_SECONDS
# make bench-fleet  batches of SITES into one PostgreSQL through pgbouncer, beside
#                 COPY of the same rows
# make bench-compare  the tools in OLD against those built here, ROUNDS each
# make bench-replay  version 0.1.0, built beside, against the tools built here:
#                 instructions or CPU time of a poll, and POLLS through a chain;
#                 POLLS=5000 takes a minute
# make bench-publish  hm-publish with 10, 400 and 2,000 inverters, beside version
#                 0.1.0 and the tools in OLD, if given: PUBLISH_ROUNDS polls of each
# make property   DAYS of a port's readings through the energy guard; SEED is
#                 the seed of the first day
# make property-control  STREAMS of random commands through the rules for orders;
#                 SEED is the seed of the first
# make property-limit  LIMIT_DAYS of households whose inverters are limited, and
#                 their export beside that of an oracle
# make property-hybrid  HYBRID_DAYS of random houses with batteries through
#                 hm-decode, hm-filter and hm-store: energies against those of
#                 hm-sim's ledger
# make property-statistics  EVENTS in the life of a plant, with the real chain
#                 and a model of Home Assistant's recorder; RUNS from SEED on
# make mutants    break the energy guard on purpose, MUTANT_DAYS of readings each
# make soak-kills  kill hm-filter and hm-store with SIGKILL, KILLS times each
# make soak-chain  a supervised chain that reads CHAIN_DTUS: kill its tools,
#                  supervisors, loggers and holder CHAIN_KILLS times, its broker
#                  BROKER_KILLS times, and stop the whole chain STOPS times
# make soak-clocks  chains whose clock is set while they run, or is wrong at the
#                 start, by days, years, over 2038 and the end of summer time
# make soak-floods  HOSTILE DTUs of each kind flood hm-poll for FLOOD_SECONDS,
#                 beside HEALTHY ones
# make soak-orders  commands from a broker to DTUs with every fault of orders:
#                 kill hm-poll, hm-subscribe and the broker ORDER_KILLS times
# make soak-limit  the recorded day of property-limit once more, with hm-sim,
#                 hm-poll and hm-limit in a loop whose clock is LIMIT_SPEED times
#                 as fast; PLANT=hms-w: with the meter of the DTU, in watts
# make soak-power  cut the power of the disk of a chain that reads POWER_DTUS
#                 CUTS times; needs root. LIES=1: a disk that ignores flushes,
#                 for which it must fail
# make soak-ship  a site and a centre under faults: the centre away for OUTAGE
#                 minutes, SHIP_KILLS kills of everything, SHIP_LINKS cuts and
#                 silences of the link, SHIP_CUTS power cuts of each side, and a
#                 standby promoted; needs root. LIES=1: a disk of the centre that
#                 ignores flushes, for which it must fail
# make soak-lines  LINES random and mutated lines through sanitized builds
# make soak-memory  the memory of the chain over MINUTES
# make check-homeassistant  the chain with a real Home Assistant: the newest one
#                 for Debian 13's Python, or HA=VERSION, in HA_RELEASE of
#                 Debian; CHECK="day units": the scripts with these names
# make check-peers  orders, gateways of hybrid inverters, and other people's
#                 programs: hoymiles-wifi's client, a DTU and a gateway of its
#                 messages, and pymodbus, all from PyPI; the PEERS are versions
#                 of hoymiles-wifi
# make check-fleet  the centre of a fleet: PostgreSQL, pgbouncer, InfluxDB and
#                 MariaDB, each a server of its own that the test stops
# make check-kafka  to-kafka and from-kafka with three brokers of Kafka, from Maven
# make check-page  the page of hm-metrics in Chromium, with axe-core of npm:
#                 CHECK="states memory": the scripts with these names
# make pictures   the pictures of the page in docs/images
# make check-debian  `make check` in a minimal Debian RELEASE (bookworm, trixie)
#                 for ARCH (amd64, i386; arm64, armhf, armel by a cross
#                 compiler); LINT=1: .ci/run; TARGETS="deb fuzz": these

FUZZ_SECONDS = 60
LINES = 10000000
DAYS = 100000
STREAMS = 100000
LIMIT_DAYS = 200
HYBRID_DAYS = 1000
LIMIT_SPEED = 60
PLANT = modbus
MUTANT_DAYS = 5000
DAYS_STORED = 7
SEED = 1
EVENTS = 200
RUNS = 10
SITES = 10000
KILLS = 300
HOSTILE = 50
HEALTHY = 100
FLOOD_SECONDS = 60
ORDER_KILLS = 200
CHAIN_KILLS = 1000
BROKER_KILLS = 20
STOPS = 100
CHAIN_DTUS = 200
CUTS = 50
POWER_DTUS = 20
OUTAGE = 60
SHIP_KILLS = 50
SHIP_LINKS = 36
SHIP_CUTS = 10
MINUTES = 60
CHAIN_SECONDS = 300
MHD =
FLEET_DTUS = 1000
FLEET_SECONDS = 60
PEER_SECONDS = 120
LATENCY_RUNS = 5
LATENCY_SECONDS = 30
ROUNDS = 5
PUBLISH_ROUNDS = 9
POLLS = 52560
OLD =
RELEASE = trixie
TARGETS =
HA =
PEERS =
CHECK =

FUZZ_PACKAGES = $(BUILD_PACKAGES) clang libclang-rt-dev libjson-c-dev

build/fuzz/fuzz/%: build/fuzz/tests/fuzz/%.o $$(folder_of) build/fuzz/libhm.a
	@mkdir -p $(@D)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $^ -ljson-c $(TEST_LIBS)

fuzzers: $(call programs,fuzz)

fuzz-packages:
	@.ci/packages $(FUZZ_PACKAGES)

fuzz: fuzz-packages
	@$(MAKE) --no-print-directory FUZZ=1 fuzzers
	@tests/fuzz/run $(FUZZ_SECONDS) $(patsubst tests/%.c,build/fuzz/%,$(wildcard tests/fuzz/*/*.c))

fuzz-all: fuzz-packages
	@$(MAKE) --no-print-directory FUZZ=1 fuzzers
	@tests/fuzz/all $(FUZZ_SECONDS) $(patsubst tests/%.c,build/fuzz/%,$(wildcard tests/fuzz/*/*.c))

bench:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' tests/bench/poll.sh 20 5 60
	@HM_BIN='$(CURDIR)/bin' tests/bench/poll.sh 2000 5 60
	@HM_BIN='$(CURDIR)/bin' tests/bench/poll.sh 10000 60 120

bench-http:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all tests
	@for path in /metrics /api/days; do \
	    HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/bench/http.sh $$path 1000 10000 30 || exit; done

bench-history:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' tests/bench/history.sh \
	    400 3 50
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' tests/bench/history.sh \
	    3650 60 100

bench-store:
	@.ci/packages $(CHECK_PACKAGES) time
	@$(MAKE) --no-print-directory all build/helper/hm-decode/week
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' tests/bench/store.sh $(DAYS_STORED)

bench-chain:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' MHD= tests/bench/own-libraries.sh \
	    tests/bench/chain.sh $(CHAIN_SECONDS) 18500
	@[ -z '$(MHD)' ] || { echo 'with $(MHD):'; \
	    HM_BIN='$(CURDIR)/bin' MHD='$(MHD)' tests/bench/own-libraries.sh \
	    tests/bench/chain.sh $(CHAIN_SECONDS) 15500; }

bench-filter:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/in_turn
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/bench/filter.sh $(ROUNDS)

bench-latency:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/moments \
	    build/helper/new_rows
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/bench/latency.sh $(LATENCY_RUNS) $(LATENCY_SECONDS)

bench-peers:
	@.ci/packages $(CHECK_PACKAGES) python3-venv
	@$(MAKE) -s --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' tests/bench/peers.sh $(PEER_SECONDS)

bench-fleet-chain:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/hm-sim/polls
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/bench/fleet-chain.sh $(FLEET_DTUS) $(FLEET_SECONDS)

bench-compare:
	@.ci/packages $(CHECK_PACKAGES) time
	@$(MAKE) --no-print-directory all build/helper/hm-decode/week
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/bench/compare.sh '$(OLD)' '$(CURDIR)/bin' $(ROUNDS)

bench-replay:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all build/helper/hm-sim/polls
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/bench/replay.sh $(POLLS)

bench-publish:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' tests/bench/publish.sh $(PUBLISH_ROUNDS) '$(OLD)'

property:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory build/property/hm-filter/energy
	@build/property/hm-filter/energy $(DAYS) $(SEED)

property-control:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory build/property/hm-poll/control
	@build/property/hm-poll/control $(STREAMS) $(SEED)

property-limit:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory build/property/hm-limit/day \
	    build/property/hm-limit/calm
	@build/property/hm-limit/day $(LIMIT_DAYS) $(SEED)
	@build/property/hm-limit/calm 10000 $(SEED)

property-hybrid:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/hm-sim/hybrid_days
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    HYBRID_DAYS='$(HYBRID_DAYS)' HYBRID_SEED='$(SEED)' \
	    tests/system/hybrid-energies.sh

property-statistics:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@for seed in $$(seq $(SEED) $$(($(SEED) + $(RUNS) - 1))); do \
	    HM_BIN='$(CURDIR)/bin' tests/property/statistics/run $(EVENTS) \
	    "$$seed" || exit; done

mutants:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory build/property/hm-filter/energy \
	    build/unit/hm-filter/check_energy \
	    build/unit/hm-filter/check_energy_daily \
	    build/unit/hm-filter/check_inverter_part
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    LIBS='$(TEST_LIBS)' tests/property/mutants.sh $(MUTANT_DAYS)

soak-kills:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' KILLS=$(KILLS) tests/system/filter.sh
	@$(MAKE) -s --no-print-directory build/helper/hm-decode/flow
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' KILLS=$(KILLS) \
	    LOCK_SECONDS=30 tests/system/store.sh

soak-chain:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/stamp \
	    build/helper/preload/clock.so
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' tests/soak/chain-kills.sh \
	    $(CHAIN_KILLS) $(BROKER_KILLS) $(STOPS) $(CHAIN_DTUS)

soak-clocks:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/preload/clock.so
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' tests/soak/clocks.sh

soak-floods:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/stamp
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' HOSTILE=$(HOSTILE) \
	    HEALTHY=$(HEALTHY) FLOOD_SECONDS=$(FLOOD_SECONDS) \
	    tests/system/fairness.sh

soak-orders:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' tests/soak/orders.sh \
	    $(ORDER_KILLS)

soak-limit:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/preload/clock.so \
	    build/helper/hm-limit/recorded
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' PLANT='$(PLANT)' \
	    tests/soak/limit.sh $(LIMIT_SPEED)

soak-power:
	@.ci/packages $(CHECK_PACKAGES) e2fsprogs
	@$(MAKE) -s --no-print-directory all build/helper/disk
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' LIES='$(LIES)' \
	    tests/soak/power-cuts.sh $(CUTS) $(SEED) $(POWER_DTUS)

soak-ship:
	@.ci/packages $(CHECK_PACKAGES) e2fsprogs socat
	@.ci/engines build/engines
	@$(MAKE) -s --no-print-directory all build/helper/disk
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' LIES='$(LIES)' \
	    tests/soak/ship.sh $(OUTAGE) $(SHIP_KILLS) $(SHIP_LINKS) $(SHIP_CUTS) \
	    $(SEED)

soak-lines:
	@.ci/packages $(CHECK_PACKAGES) time
	@$(MAKE) --no-print-directory SANITIZE=1 tests
	@HM_BIN='$(CURDIR)/build/sanitize/bin' \
	    HM_BUILD='$(CURDIR)/build/sanitize' tests/soak/lines.sh $(LINES)

soak-memory:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' tests/soak/memory.sh $(MINUTES)

check-homeassistant:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    HA='$(HA)' tests/homeassistant/run.sh $(CHECK)

check-peers:
	@.ci/packages $(CHECK_PACKAGES) python3-venv
	@$(MAKE) -s --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' PEERS='$(PEERS)' \
	    tests/peers/run.sh
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' PEERS='$(PEERS)' \
	    tests/peers/hybrids.sh

bench-fleet:
	@.ci/packages $(CHECK_PACKAGES)
	@.ci/engines build/engines
	@$(MAKE) -s --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/bench/fleet.sh $(SITES)

check-fleet: check-fleet-packages
	@$(MAKE) $(JOBS) -s --no-print-directory tests
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' HM_FLEET=only tests/run

check-kafka: check-fleet-packages
	@.ci/packages maven default-jre-headless
	@mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies \
	    -DoutputDirectory='$(CURDIR)/build/kafka'
	@$(MAKE) -s --no-print-directory all
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' tests/kafka/brokers.sh

check-fleet-packages:
	@.ci/packages $(CHECK_PACKAGES)
	@.ci/engines build/engines

check-page:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/preload/clock.so \
	    build/helper/preload/stand.so
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/page/run.sh $(CHECK)

pictures:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/preload/clock.so \
	    build/helper/preload/stand.so
	@HM_BIN='$(CURDIR)/bin' HM_BUILD='$(CURDIR)/build' \
	    tests/page/run.sh pictures docs/images

# A processor runs these itself; for others there is a cross compiler.
check-debian:
	@tests/debian/$(if $(filter-out amd64 i386,$(ARCH)),cross,native).sh \
	    $(or $(ARCH),amd64) $(RELEASE) $(TARGETS)

.PHONY: fuzzers fuzz fuzz-all fuzz-packages check-debian check-homeassistant \
    check-peers check-fleet check-fleet-packages check-kafka check-page \
    pictures \
    bench bench-http bench-history bench-store bench-chain \
    bench-filter bench-latency bench-peers bench-fleet bench-fleet-chain \
    bench-compare bench-replay bench-publish \
    property property-control property-hybrid property-statistics mutants \
    soak-kills soak-chain soak-clocks soak-floods soak-limit soak-orders \
    soak-power soak-ship soak-lines soak-memory
