# make            build every tool into bin/
# make run        install what is missing, build, show readings
# make check      install what is missing, build, run every test
# make docs       fill the generated tables of docs/
# make install    PREFIX, SYSCONFDIR, DESTDIR; make uninstall removes it
# make lint       clang-tidy, cppcheck, shellcheck, mandoc: tests/lint.mk
# make fuzz       every fuzz target, FUZZ_SECONDS each: tests/proofs.mk
# make bench ...  figures of docs/performance.md: tests/proofs.mk
# make soak-... and make property: docs/reliability.md: tests/proofs.mk
# make deb        a Debian package, into build/deb; ARCH=armhf builds it for
#                 another architecture: s6/packages.mk
# make dist       source archive, package and SHA256SUMS, into build/dist
# make check-package, check-dist, check-container: s6/packages.mk
# SANITIZE=1 with any of them: ASan and UBSan, in build/sanitize
# V=1 shows the commands

VERSION = 0.1.0
PREFIX = /usr/local
SYSCONFDIR = /etc
DESTDIR =
# CC of the environment or the command line wins.
ifeq ($(origin CC),default)
CC = gcc
endif

V = 0
Q0 = @echo '  '$@;
Q = $(Q$(V))

TOOLS = $(patsubst tools/%/main.c,%,$(wildcard tools/*/main.c))

BUILD_PACKAGES = gcc libc6-dev pkg-config libprotobuf-c-dev \
    protobuf-c-compiler protobuf-compiler libyaml-dev libev-dev libssl-dev \
    libmosquitto-dev libsqlite3-dev libmicrohttpd-dev nettle-dev zlib1g-dev \
    tzdata
RUN_PACKAGES = $(BUILD_PACKAGES) jq mosquitto mosquitto-clients
CHECK_PACKAGES = $(RUN_PACKAGES) check libjson-c-dev libasan8 libubsan1 \
    perl procps openssl sqlite3 mount curl iproute2 prometheus chromium \
    chromium-driver s6 execline systemd docker-compose

# For a make in a rule: all cores compile, unless -j says how many.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j $(shell nproc))

# Three builds: as installed, under sanitizers, and for the fuzzers.
B = build
BIN = bin
# The C library asks for optimization, and dpkg may give its own level.
HARDEN = $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),, \
    $(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-D_FORTIFY_SOURCE=2))
ifdef SANITIZE
B = build/sanitize
BIN = build/sanitize/bin
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer
HARDEN =
endif
ifdef FUZZ
B = build/fuzz
# gcc has no fuzzer.
ifeq ($(findstring clang,$(CC)),)
CC = clang
endif
SANITIZERS = -fsanitize=fuzzer-no-link,address,undefined \
    -fno-sanitize-recover=all
HARDEN =
# gcc is the judge of warnings.
FUZZ_WARNINGS = -w
endif

# An include names a header of lib/ with its folder, or one in the same folder.
# The tests of a tool also see the tool's headers, and tests those they share.
own = $(addprefix -Itools/,$(filter hm-%,$(subst /, ,$<))) \
    $(if $(filter tests/unit/%,$<),-Itests/unit) \
    $(if $(filter tests/%,$<),-Itests/lib)
# 32-bit systems have 64-bit times and file sizes only on request.
BUILD_CPPFLAGS = -D_GNU_SOURCE -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 \
    -DHM_VERSION='"$(VERSION)"' -Ilib $(CPPFLAGS)
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
    -Wwrite-strings -Wvla -Wformat=2 -Wundef -Werror
# clang also looks into the initializers of generated headers.
WARNINGS += $(if $(findstring clang,$(CC)),-Wno-cast-qual)
CFLAGS ?= -O2 -g
BUILD_CFLAGS = -std=c11 $(HARDEN) $(SANITIZERS) $(SECTIONS) $(CFLAGS) -fPIE \
    -fstack-protector-strong -MD -MP
# Generated headers do not pass our warnings: -isystem silences them. -MMD would
# then not list them as dependencies; -MD does.
COMPILE = $(CC) $(BUILD_CPPFLAGS) -isystem $(B)/proto $(own) $(BUILD_CFLAGS) -c
# A tool runs for years on a small machine: it has no function of lib/ that it
# never calls, no table for unwinding (debuggers have their own), and one bit for
# the relocation of a pointer, if the linker knows how.
ifndef SANITIZERS
SECTIONS = -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
RELR = -Wl,-z,pack-relative-relocs
RELR := $(shell $(CC) $(RELR) -Wl,--fatal-warnings -shared -nostdlib \
    -o /dev/null -x c /dev/null 2>/dev/null && echo $(RELR))
SMALL = -Wl,--gc-sections $(RELR)
endif
LINK = $(CC) -pie -Wl,-z,relro,-z,now $(SMALL) $(SANITIZERS) $(LDFLAGS)

# Every tool reads settings. The file "libs" in its folder names the other
# libraries it links.
libs = $(foreach file,$(wildcard tools/$1/libs),$(file <$(file))) -lyaml
TEST_LIBS = -Wl,--as-needed $(sort $(foreach tool,$(TOOLS),$(call libs,$(tool))))

sources = $(wildcard $1/*.c $1/*/*.c)
objects = $(patsubst %.c,$(B)/%.o,$(call sources,$1))
own_objects = $(filter-out $(B)/tools/$1/main.o,$(call objects,tools/$1))
programs = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/$1/*/*.c))
PROTOS = $(wildcard proto/*.proto)
PROTO_HEADERS = $(PROTOS:%.proto=$(B)/%.pb-c.h)
LIB_OBJECTS = $(call objects,lib) $(B)/lib/record/field_id.o \
    $(PROTOS:%.proto=$(B)/%.pb-c.o)
TOOL_ARCHIVES = $(TOOLS:%=$(B)/%.a)

all: $(TOOLS:%=$(BIN)/%)

# A tool links its own folder and lib/, nothing of another tool.
.SECONDEXPANSION:
$(BIN)/%: $(B)/tools/%/main.o $(B)/%.a $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ $(call libs,$*)

$(B)/libhm.a: $(LIB_OBJECTS)
$(TOOL_ARCHIVES): $(B)/%.a: $$(call own_objects,%)
$(B)/hm-metrics.a: $(B)/page/pages.o
$(B)/%.a:
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile | $(PROTO_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(WARNINGS) $(FUZZ_WARNINGS) -o $@ $<

# Generated code does not pass our warnings either.
$(B)/%.o: $(B)/%.c
	$(Q)$(COMPILE) -w -o $@ $<

$(B)/proto/%.pb-c.c $(B)/proto/%.pb-c.h: proto/%.proto
	@mkdir -p $(@D)
	$(Q)protoc --proto_path=proto --c_out=$(B)/proto $<

$(B)/lib/record/field_id.c: lib/record/field_id lib/record/fields.def
	@mkdir -p $(@D)
	$(Q)lib/record/field_id lib/record/fields.def >$@.new
	@mv $@.new $@

# The page that hm-metrics serves, in each language, as bytes. English comes first.
PAGE = tools/hm-metrics/page
LANGUAGES = en $(sort $(filter-out en,$(patsubst $(PAGE)/words/%.js,%, \
    $(wildcard $(PAGE)/words/*.js))))
PAGES = $(LANGUAGES:%=$(B)/page/%.html)
$(B)/page/%.html: $(wildcard $(PAGE)/* $(PAGE)/words/*)
	@mkdir -p $(@D)
	$(Q)$(PAGE)/build $* >$@.new
	@mv $@.new $@

$(B)/page/pages.c: $(PAGES) $(PAGE)/pages
	$(Q)$(PAGE)/pages $(PAGES) >$@.new
	@mv $@.new $@

$(B)/page/pages.o: own = -Itools/hm-metrics

.SECONDARY:
-include $(foreach tree,lib tools docs tests proto page, \
    $(wildcard $(addprefix $(B)/$(tree)/,*.d */*.d */*/*.d)))

# Tests: tests/KIND/FOLDER/NAME.c links lib/ and, for a tool, tools/FOLDER.

UNITS = $(call programs,unit)
PROPERTIES = $(call programs,property)
REPLAYS = $(patsubst $(B)/fuzz/%,$(B)/replay/%,$(call programs,fuzz))
PRELOADS = $(wildcard tests/lib/preload/*.c)
HELPERS = $(patsubst tests/lib/%.c,$(B)/helper/%,$(filter-out $(PRELOADS), \
    $(call sources,tests/lib))) $(PRELOADS:tests/lib/%.c=$(B)/helper/%.so)

folder_of = $(filter $(TOOL_ARCHIVES),$(B)/$(*D).a)
$(B)/unit/%: $(B)/tests/unit/%.o $$(folder_of) $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ -lcheck -lsubunit -lrt -ljson-c $(TEST_LIBS)

$(B)/property/%: $(B)/tests/property/%.o $$(folder_of) $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ $(TEST_LIBS)

# The fuzz targets without a fuzzer: `check` replays the files of their corpus.
$(B)/replay/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $$(folder_of) \
    $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ -ljson-c $(TEST_LIBS)

$(B)/helper/%: $(B)/tests/lib/%.o $$(folder_of) $(B)/libhm.a
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ -ljson-c $(TEST_LIBS)

# Not sanitized, because the program that loads it may not be either.
$(B)/helper/%.so: tests/lib/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_CPPFLAGS) $(WARNINGS) $(FUZZ_WARNINGS) -std=c11 \
	    $(CFLAGS) -fPIC -shared $(LDFLAGS) -o $@ $<

tests: all $(UNITS) $(PROPERTIES) $(HELPERS) $(REPLAYS) $(B)/docs/settings

check: check-packages
	@$(MAKE) $(JOBS) -s --no-print-directory tests
	@HM_BIN='$(CURDIR)/$(BIN)' HM_BUILD='$(CURDIR)/$(B)' tests/run

check-packages:
	@.ci/packages $(CHECK_PACKAGES)

run:
	@.ci/packages $(RUN_PACKAGES)
	@$(MAKE) $(JOBS) -s --no-print-directory all >&2
	@HM_BIN='$(CURDIR)/$(BIN)' pipelines/run

# The tables of docs/, made from those of the code

$(B)/docs/settings: $(call objects,docs) $(B)/libhm.a
	$(Q)$(LINK) -o $@ $^ $(TEST_LIBS)

docs: $(B)/docs/settings
	for page in configuration from-hoymiles-mqtt; do \
	    $(B)/docs/settings fill <docs/$$page.md >$(B)/filled && \
	    cp $(B)/filled docs/$$page.md || exit; done
	for tool in $(TOOLS); do \
	    $(B)/docs/settings manual $$tool docs/gen/options.mdoc \
	    <docs/man/$$tool.1 >$(B)/filled && \
	    cp $(B)/filled docs/man/$$tool.1 || exit; done
	$(B)/docs/settings example >$(B)/hoymiles.yaml
	cp $(B)/hoymiles.yaml docs
	$(B)/docs/settings fields.sql >$(B)/fields.sql
	cp $(B)/fields.sql docs/fleet

clean:
	rm -rf bin build

# For s6/container/Dockerfile, which copies only this file before it asks.
build-packages:
	@echo $(BUILD_PACKAGES)

# For the tables of docs/reliability.md.
compiler:
	@$(CC) --version | sed '1!d; s/ (.*)//'

.PHONY: all tests check check-packages run docs clean build-packages compiler

# The source that `make deb` builds from has no tests.
-include s6/install.mk s6/packages.mk tests/proofs.mk tests/lint.mk
