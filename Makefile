# make            build every tool into bin/
# make run        install what is missing, build, show readings
# make check      install what is missing, build, run every test
# make lint       clang-tidy, cppcheck, shellcheck, mandoc
# make fuzz       every fuzz target, FUZZ_SECONDS each
# make bench      the figures of docs/performance.md
# make bench-http  hm-metrics under slow clients and many requests
# make property   DAYS of an input through the energy guard, from SEED on
# make bench-store  a week of 100 DTUs into SQLite, beside sqlite3's .import
# make soak-kills  KILLS of hm-filter and of hm-store with -9
# make soak-lines LINES random and mutated lines through sanitized builds
# make soak-memory  the memory of the chain over MINUTES
# make install    PREFIX, DESTDIR
# SANITIZE=1 with any of them: ASan and UBSan, in build/sanitize
# V=1 shows the commands

VERSION = 0.1.0
PREFIX = /usr/local
DESTDIR =
CC = gcc
FUZZ_SECONDS = 60
LINES = 10000000
DAYS = 100000
DAYS_STORED = 7
SEED = 1
KILLS = 300
MINUTES = 60

V = 0
Q0 = @echo '  '$@;
Q = $(Q$(V))

TOOLS = $(patsubst tools/%.c,%,$(wildcard tools/*.c))

BUILD_PACKAGES = gcc libc6-dev pkg-config libprotobuf-c-dev \
    protobuf-c-compiler protobuf-compiler libyaml-dev libev-dev libssl-dev \
    libmosquitto-dev libsqlite3-dev libmicrohttpd-dev tzdata
RUN_PACKAGES = $(BUILD_PACKAGES) jq mosquitto mosquitto-clients
CHECK_PACKAGES = $(RUN_PACKAGES) check libjson-c-dev libasan8 libubsan1 \
    procps openssl sqlite3 mount curl iproute2 prometheus chromium chromium-driver
LINT_PACKAGES = $(CHECK_PACKAGES) clang-tidy cppcheck shellcheck mandoc
FUZZ_PACKAGES = $(BUILD_PACKAGES) clang libclang-rt-14-dev libjson-c-dev

ifdef SANITIZE
B = build/sanitize
BIN = build/sanitize/bin
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer
else
B = build
BIN = bin
HARDEN = -D_FORTIFY_SOURCE=2
endif

CPPFLAGS += -D_GNU_SOURCE -DHM_VERSION='"$(VERSION)"' -Ilib -isystem $(B)/proto
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
    -Wwrite-strings -Wvla -Wformat=2 -Wundef -Werror
CFLAGS ?= -O2 -g
HM_CFLAGS = -std=c11 $(WARNINGS) $(HARDEN) $(SANITIZERS) $(CFLAGS) -fPIE \
    -fstack-protector-strong -MMD -MP
HM_LDFLAGS = -pie -Wl,-z,relro,-z,now,--as-needed $(SANITIZERS) $(LDFLAGS)
LIBS = -lprotobuf-c -lcrypto -lyaml -lev -lmosquitto -lsqlite3 -lmicrohttpd \
    -lpthread -lm

PROTOS = $(wildcard proto/*.proto)
PROTO_HEADERS = $(PROTOS:proto/%.proto=$(B)/proto/%.pb-c.h)
PROTO_OBJECTS = $(PROTOS:proto/%.proto=$(B)/proto/%.pb-c.o)
PAGE = $(B)/page/page_html
LIB_OBJECTS = $(patsubst lib/%.c,$(B)/lib/%.o,$(wildcard lib/*.c))
UNITS = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
REPLAYS = $(patsubst tests/fuzz/fuzz_%.c,$(B)/replay/fuzz_%, \
    $(wildcard tests/fuzz/fuzz_*.c))
PROPERTIES = $(patsubst tests/property/%.c,$(B)/property/%, \
    $(wildcard tests/property/*.c))
HELPERS = $(patsubst tests/helper/%.c,$(B)/helper/%, \
    $(wildcard tests/helper/*.c))

all: $(TOOLS:%=$(BIN)/%)

$(BIN)/%: $(B)/tools/%.o $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HM_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libhm.a: $(LIB_OBJECTS) $(PROTO_OBJECTS) $(PAGE).o
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile | $(PROTO_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(HM_CFLAGS) -c -o $@ $<

# What protoc-c writes does not keep our warnings.
$(B)/proto/%.pb-c.o: $(B)/proto/%.pb-c.c
	$(Q)$(CC) $(CPPFLAGS) -std=c11 -w $(HARDEN) $(SANITIZERS) $(CFLAGS) -fPIE \
	    -c -o $@ $<

$(B)/proto/%.pb-c.c $(B)/proto/%.pb-c.h: proto/%.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=proto --c_out=$(B)/proto $<

# The page that hm-metrics serves, as bytes.
$(B)/page/page_html.c: lib/page.html
	@mkdir -p $(@D)
	$(Q){ echo '#include <stddef.h>'; \
	    echo 'const unsigned char hm_page_html[] = {'; \
	    od -An -v -tu1 $< | sed 's/[0-9][0-9]*/&,/g'; \
	    echo '};'; \
	    echo 'const size_t hm_page_html_size = sizeof hm_page_html;'; \
	    } >$@

$(PAGE).o: $(PAGE).c
	$(Q)$(CC) $(CPPFLAGS) -std=c11 $(HARDEN) $(SANITIZERS) $(CFLAGS) -fPIE \
	    -c -o $@ $<

.SECONDARY:
-include $(wildcard $(B)/lib/*.d $(B)/tools/*.d $(B)/docs/*.d \
    $(B)/tests/*/*.d)

# Tests

$(B)/unit/%: $(B)/tests/unit/%.o $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HM_LDFLAGS) -o $@ $^ -lcheck -lsubunit -lrt -ljson-c $(LIBS)

$(B)/property/%: $(B)/tests/property/%.o $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HM_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/helper/%: $(B)/tests/helper/%.o $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HM_LDFLAGS) -o $@ $^ -ljson-c $(LIBS)

tests: all $(UNITS) $(PROPERTIES) $(HELPERS) $(REPLAYS) $(B)/docs/settings

check:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory tests
	@HM_BIN=$(CURDIR)/$(BIN) HM_BUILD=$(CURDIR)/$(B) tests/run

run:
	@.ci/packages $(RUN_PACKAGES)
	@$(MAKE) -s --no-print-directory all >&2
	@HM_BIN=$(CURDIR)/$(BIN) pipelines/run

# The tables of the pages from those of the code

$(B)/docs/settings: $(B)/docs/settings.o $(B)/libhm.a
	$(Q)$(CC) $(HM_LDFLAGS) -o $@ $^ $(LIBS)

docs: $(B)/docs/settings
	for page in configuration upgrading; do \
	    $(B)/docs/settings fill <docs/$$page.md >$(B)/$$page.md && \
	    cp $(B)/$$page.md docs || exit; done

# The fuzz targets without clang: `check` replays their kept inputs.

FUZZ_SOURCES = $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS = $(FUZZ_SOURCES:tests/fuzz/%.c=build/fuzz/%)

$(B)/replay/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HM_LDFLAGS) -o $@ $^ -ljson-c $(LIBS)

build/fuzz/%: tests/fuzz/%.c $(wildcard lib/*.c lib/*.h lib/*.def) \
    build/page/page_html.c | $(PROTO_OBJECTS)
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) -g -O1 -std=c11 -w \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    -o $@ $< $(wildcard lib/*.c) $(PROTO_OBJECTS:.o=.c) \
	    build/page/page_html.c -ljson-c $(LIBS)

fuzz:
	@.ci/packages $(FUZZ_PACKAGES)
	@$(MAKE) --no-print-directory $(FUZZERS)
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

# Longer proofs, whose figures are in docs/performance.md and reliability.md

bench:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN=$(CURDIR)/bin tests/bench/poll.sh 20 5 60
	@HM_BIN=$(CURDIR)/bin tests/bench/poll.sh 2000 5 60
	@HM_BIN=$(CURDIR)/bin tests/bench/poll.sh 10000 60 120

bench-http:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all tests
	@HM_BIN=$(CURDIR)/bin HM_BUILD=$(CURDIR)/build tests/bench/http.sh \
	    1000 10000 30

bench-store:
	@.ci/packages $(CHECK_PACKAGES) time
	@$(MAKE) --no-print-directory all build/helper/week
	@HM_BIN=$(CURDIR)/bin HM_BUILD=$(CURDIR)/build tests/bench/store.sh $(DAYS_STORED)

property:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory build/property/energy
	@build/property/energy $(DAYS) $(SEED)

soak-kills:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN=$(CURDIR)/bin KILLS=$(KILLS) tests/system/filter.sh
	@$(MAKE) -s --no-print-directory build/helper/flow
	@HM_BIN=$(CURDIR)/bin HM_BUILD=$(CURDIR)/build KILLS=$(KILLS) \
	    LOCK_SECONDS=30 tests/system/store.sh

soak-lines:
	@.ci/packages $(CHECK_PACKAGES) time
	@$(MAKE) --no-print-directory SANITIZE=1 tests
	@HM_BIN=$(CURDIR)/build/sanitize/bin \
	    HM_BUILD=$(CURDIR)/build/sanitize tests/bench/lines.sh $(LINES)

soak-memory:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN=$(CURDIR)/bin tests/bench/memory.sh $(MINUTES)

# Linters

C_SOURCES = $(wildcard lib/*.c tools/*.c tests/*/*.c docs/*.c)
SHELL_SCRIPTS = tests/run tests/remove tests/golden/run tests/fuzz/run .ci/run .ci/style \
    .ci/packages $(wildcard tests/system/*.sh tests/bench/*.sh) \
    $(filter-out %.jq,$(wildcard pipelines/*))

TIDY_FLAGS = -D_GNU_SOURCE -DHM_VERSION=\"$(VERSION)\" -Ilib \
    -isystem $(B)/proto -std=c11

lint:
	@.ci/packages $(LINT_PACKAGES)
	@$(MAKE) -s --no-print-directory $(PROTO_HEADERS)
	.ci/style
	shellcheck -x -e SC2317 $(SHELL_SCRIPTS)
	mandoc -Tlint -Wwarning $(wildcard docs/man/*)
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
	    --error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
	    -D_GNU_SOURCE -DHM_VERSION='"0"' -Ilib $(C_SOURCES)
	@printf '%s\n' $(C_SOURCES) | xargs -n 6 -P 2 sh -c \
	    'clang-tidy --quiet "$$@" -- $(TIDY_FLAGS) 2>/dev/null' tidy

# Installing

BINDIR = $(DESTDIR)$(PREFIX)/bin
MANDIR = $(DESTDIR)$(PREFIX)/share/man
SHAREDIR = $(DESTDIR)$(PREFIX)/share/hm
DOCDIR = $(DESTDIR)$(PREFIX)/share/doc/hm

install: all
	install -d $(BINDIR) $(MANDIR)/man1 $(MANDIR)/man7 $(SHAREDIR)/pipelines
	install -m 755 $(TOOLS:%=$(BIN)/%) $(BINDIR)
	install -m 644 $(wildcard docs/man/*.1) $(MANDIR)/man1
	install -m 644 $(wildcard docs/man/*.7) $(MANDIR)/man7
	install -m 755 $(filter-out pipelines/run %.jq,$(wildcard pipelines/*)) \
	    $(SHAREDIR)/pipelines
	install -m 644 pipelines/show.jq $(SHAREDIR)/pipelines
	install -d $(DOCDIR)/prometheus
	install -m 644 $(wildcard docs/*.md) $(DOCDIR)
	install -m 644 $(wildcard docs/prometheus/*) $(DOCDIR)/prometheus

uninstall:
	rm -f $(TOOLS:%=$(BINDIR)/%)
	rm -f $(patsubst docs/man/%,$(MANDIR)/man1/%,$(wildcard docs/man/*.1))
	rm -f $(patsubst docs/man/%,$(MANDIR)/man7/%,$(wildcard docs/man/*.7))
	rm -rf $(SHAREDIR) $(DOCDIR)

clean:
	rm -rf bin build

.PHONY: all tests check run docs fuzz bench bench-http bench-store property soak-kills soak-lines soak-memory lint install uninstall clean
