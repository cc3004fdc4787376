# make            build every tool into bin/
# make run        install what is missing, build, show readings
# make check      install what is missing, build, run every test
# make lint       clang-tidy, cppcheck, shellcheck, mandoc
# make fuzz       every fuzz target, FUZZ_SECONDS each
# make bench      the figures of docs/performance.md
# make bench-http  hm-metrics under slow clients and many requests
# make bench-chain  memory and CPU of the chain under s6, over CHAIN_SECONDS
# make property   DAYS of an input through the energy guard, from SEED on
# make bench-store  a week of 100 DTUs into SQLite, beside sqlite3's .import
# make soak-kills  KILLS of hm-filter and of hm-store with -9
# make soak-chain  CHAIN_KILLS of a supervised chain that reads CHAIN_DTUS,
#                  BROKER_KILLS, STOPS
# make soak-lines LINES random and mutated lines through sanitized builds
# make soak-memory  the memory of the chain over MINUTES
# make install    PREFIX, SYSCONFDIR, DESTDIR
# make uninstall  all of it but settings and data
# make deb        a Debian package, into build/deb
# make check-container  build the image, run it by its compose file
# make check-package  install that in an empty Debian, run the chain there
# SANITIZE=1 with any of them: ASan and UBSan, in build/sanitize
# V=1 shows the commands

VERSION = 0.1.0
PREFIX = /usr/local
SYSCONFDIR = /etc
UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
DESTDIR =
CC = gcc
FUZZ_SECONDS = 60
LINES = 10000000
DAYS = 100000
DAYS_STORED = 7
SEED = 1
KILLS = 300
CHAIN_KILLS = 1000
BROKER_KILLS = 20
STOPS = 100
CHAIN_DTUS = 200
MINUTES = 60
CHAIN_SECONDS = 300

V = 0
Q0 = @echo '  '$@;
Q = $(Q$(V))

TOOLS = $(patsubst tools/%.c,%,$(wildcard tools/*.c))

BUILD_PACKAGES = gcc libc6-dev pkg-config libprotobuf-c-dev \
    protobuf-c-compiler protobuf-compiler libyaml-dev libev-dev libssl-dev \
    libmosquitto-dev libsqlite3-dev libmicrohttpd-dev tzdata
RUN_PACKAGES = $(BUILD_PACKAGES) jq mosquitto mosquitto-clients
CHECK_PACKAGES = $(RUN_PACKAGES) check libjson-c-dev libasan8 libubsan1 \
    procps openssl sqlite3 mount curl iproute2 prometheus chromium \
    chromium-driver s6 execline systemd docker-compose
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
DOCS_OBJECTS = $(patsubst docs/%.c,$(B)/docs/%.o,$(wildcard docs/*.c))
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

$(B)/docs/settings: $(DOCS_OBJECTS) $(B)/libhm.a
	$(Q)$(CC) $(HM_LDFLAGS) -o $@ $^ $(LIBS)

docs: $(B)/docs/settings
	for page in configuration upgrading; do \
	    $(B)/docs/settings fill <docs/$$page.md >$(B)/$$page.md && \
	    cp $(B)/$$page.md docs || exit; done
	$(B)/docs/settings example >$(B)/hoymiles.yaml
	cp $(B)/hoymiles.yaml docs

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

bench-chain:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN=$(CURDIR)/bin tests/bench/chain.sh $(CHAIN_SECONDS)

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

soak-chain:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) -s --no-print-directory all build/helper/stamp
	@HM_BIN=$(CURDIR)/bin HM_BUILD=$(CURDIR)/build tests/bench/chain-kills.sh \
	    $(CHAIN_KILLS) $(BROKER_KILLS) $(STOPS) $(CHAIN_DTUS)

soak-lines:
	@.ci/packages $(CHECK_PACKAGES) time
	@$(MAKE) --no-print-directory SANITIZE=1 tests
	@HM_BIN=$(CURDIR)/build/sanitize/bin \
	    HM_BUILD=$(CURDIR)/build/sanitize tests/bench/lines.sh $(LINES)

soak-memory:
	@.ci/packages $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory all
	@HM_BIN=$(CURDIR)/bin tests/bench/memory.sh $(MINUTES)

# The container, whose Dockerfile asks for what a build needs

CONTAINER_PACKAGES = debootstrap podman buildah runc netavark aardvark-dns \
    iptables docker-compose iproute2 mount curl jq sqlite3 mosquitto-clients \
    procps

build-packages:
	@echo $(BUILD_PACKAGES)

check-container:
	@.ci/packages $(CONTAINER_PACKAGES)
	@tests/container/run

# Linters

C_SOURCES = $(wildcard lib/*.c tools/*.c tests/*/*.c docs/*.c)
SHELL_SCRIPTS = tests/run tests/remove tests/golden/run tests/fuzz/run \
    tests/package/run .ci/run .ci/style .ci/packages $(wildcard s6/debian/hm.*) \
    $(wildcard tests/system/*.sh tests/bench/*.sh) \
    $(filter-out %.jq,$(wildcard pipelines/*)) s6/start s6/pipes/run \
    s6/service/run s6/service/finish s6/service/log/run s6/scan/takeover \
    s6/container/healthcheck tests/container/run

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
ETCDIR = $(DESTDIR)$(SYSCONFDIR)/hm

# What is for containers, packages and systemd is no part of the chain.
CHAIN = $(shell find s6 \( -name container -o -name debian -o -name systemd \) \
    -prune -o -type f -print)
# A chain that 0.1.0 started has links into s6/scan for each of these.
TAKEN_OVER = pipes $(shell sed -n 's/^hm-//p' s6/chain)
PLACES = 's,@PREFIX@,$(PREFIX),g; s,@SYSCONFDIR@,$(SYSCONFDIR),g'

install: all
	install -d $(BINDIR) $(MANDIR)/man1 $(MANDIR)/man7 $(SHAREDIR)/pipelines
	install -m 755 $(TOOLS:%=$(BIN)/%) $(BINDIR)
	install -m 644 $(wildcard docs/man/*.1) $(MANDIR)/man1
	install -m 644 $(wildcard docs/man/*.7) $(MANDIR)/man7
	install -m 755 $(filter-out pipelines/run %.jq,$(wildcard pipelines/*)) \
	    $(SHAREDIR)/pipelines
	install -m 644 pipelines/show.jq $(SHAREDIR)/pipelines
	install -d $(DOCDIR)/prometheus $(DOCDIR)/examples
	install -m 644 $(wildcard docs/*.md) docs/hoymiles.yaml $(DOCDIR)
	install -m 644 $(wildcard docs/prometheus/*) $(DOCDIR)/prometheus
	for file in $(CHAIN); do \
	    mode=644; [ ! -x $$file ] || mode=755; \
	    install -D -m $$mode $$file $(SHAREDIR)/$$file || exit; done
	cd $(SHAREDIR)/s6/scan && for service in $(TAKEN_OVER); do \
	    install -d $$service/log && \
	    ln -sf ../takeover $$service/run && \
	    ln -sf ../takeover $$service/finish && \
	    ln -sf -t $$service $(addprefix ../../service/, \
	    notification-fd timeout-kill) && \
	    ln -sf -t $$service/log $(addprefix ../../../service/log/, \
	    notification-fd run) || exit; done
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR)
	sed $(PLACES) s6/systemd/hm.service >$(DESTDIR)$(UNITDIR)/hm.service
	chmod 644 $(DESTDIR)$(UNITDIR)/hm.service
	install -m 644 s6/systemd/hm.sysusers $(DESTDIR)$(SYSUSERSDIR)/hm.conf
	sed $(PLACES) docs/hm.cron >$(DOCDIR)/examples/hm.cron
	chmod 644 $(DOCDIR)/examples/hm.cron
	install -d $(ETCDIR)
	if [ ! -e $(ETCDIR)/hoymiles.yaml ]; then \
	    install -m 640 docs/hoymiles.yaml $(ETCDIR); \
	elif ! cmp -s docs/hoymiles.yaml $(ETCDIR)/hoymiles.yaml; then \
	    install -m 640 docs/hoymiles.yaml $(ETCDIR)/hoymiles.yaml.new; \
	fi
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" -ne 0 ] || \
	    $(MAKE) -s --no-print-directory account

# On the machine itself root also makes the user, who reads the settings.
account:
	getent passwd hm >/dev/null || \
	    systemd-sysusers $(SYSUSERSDIR)/hm.conf || \
	    useradd --system --user-group --home-dir /var/lib/hm \
	    --shell /usr/sbin/nologin hm
	chgrp hm $(ETCDIR) $(ETCDIR)/hoymiles.yaml*
	chmod 750 $(ETCDIR)

uninstall:
	rm -f $(TOOLS:%=$(BINDIR)/%)
	rm -f $(patsubst docs/man/%,$(MANDIR)/man1/%,$(wildcard docs/man/*.1))
	rm -f $(patsubst docs/man/%,$(MANDIR)/man7/%,$(wildcard docs/man/*.7))
	rm -rf $(SHAREDIR) $(DOCDIR)
	rm -f $(DESTDIR)$(UNITDIR)/hm.service $(DESTDIR)$(SYSUSERSDIR)/hm.conf
	rm -f $(ETCDIR)/hoymiles.yaml.new

# The Debian package

DEB_PACKAGES = $(BUILD_PACKAGES) build-essential debhelper lintian
DEB = build/deb/hm-$(VERSION)
DEB_FACTS = 's/@VERSION@/$(VERSION)/; s/@DATE@/$(DATE)/; \
    s/@COPYRIGHT@/$(COPYRIGHT)/'
DATE = $(shell git log -1 --format=%aD 2>/dev/null || date -R)
COPYRIGHT = $(shell sed -n 's/^Copyright (c) //p' LICENSE)

deb:
	@.ci/packages $(DEB_PACKAGES)
	rm -rf build/deb
	install -d $(DEB)
	cp -R LICENSE Makefile README.md docs lib pipelines proto s6 tools $(DEB)
	cp -R s6/debian $(DEB)
	sed -i $(DEB_FACTS) $(DEB)/debian/changelog $(DEB)/debian/copyright
	sed -n '/^Permission/,$$ { s/^$$/./; s/^/ /; p }' LICENSE \
	    >>$(DEB)/debian/copyright
	cd $(DEB) && DEB_BUILD_OPTIONS=noautodbgsym \
	    dpkg-buildpackage -b -us -uc >../log 2>&1 || { cat ../log; exit 1; }
	lintian --allow-root --fail-on error,warning --show-overrides build/deb/hm_*.changes

check-package: deb
	@.ci/packages debootstrap
	@tests/package/run build/deb/hm_$(VERSION)_*.deb

clean:
	rm -rf bin build

.PHONY: all tests check run docs fuzz bench bench-http bench-store bench-chain \
    property soak-chain soak-kills soak-lines soak-memory lint install account \
    uninstall deb check-package build-packages check-container clean
