# Linters: they read the sources without running them.

LINT_PACKAGES = $(CHECK_PACKAGES) clang-tidy cppcheck shellcheck mandoc

C_SOURCES = $(foreach folder,lib tools docs tests/unit tests/fuzz \
    tests/property tests/lib,$(call sources,$(folder))) \
    $(wildcard tools/*/*/*.c)
SHELL_SCRIPTS = tests/run tests/one tests/lib/remove tests/golden/run \
    tests/fuzz/run tests/package/run tests/container/run \
    .ci/run .ci/style .ci/packages .ci/engines $(wildcard tests/*/*.sh \
    tests/homeassistant/checks/*.sh s6/debian/hm.*) \
    $(filter-out %.jq %.sql,$(wildcard pipelines/*)) s6/start s6/pipes/run \
    s6/service/run s6/service/finish s6/service/log/run s6/ship/run \
    s6/ship/finish s6/scan/takeover s6/container/healthcheck \
    tools/hm-metrics/page/build tools/hm-metrics/page/pages lib/record/field_id

# The headers of all tools have different names.
TIDY_FLAGS = -D_GNU_SOURCE -DHM_VERSION=\"$(VERSION)\" -std=c11 -Ilib \
    $(TOOLS:%=-Itools/%) -Itests/unit -Itests/lib -isystem $(B)/proto

# All cores, unless -j says how many.
LINT_JOBS = $(or $(patsubst -j%,%,$(filter -j%,$(MAKEFLAGS))),$(shell nproc))

lint-packages:
	@.ci/packages $(LINT_PACKAGES)

lint-headers: lint-packages
	@$(MAKE) -s --no-print-directory $(PROTO_HEADERS)

lint: lint-headers
	.ci/style
	@printf '%s\n' $(SHELL_SCRIPTS) | \
	    xargs -n 16 -P $(LINT_JOBS) shellcheck -x -e SC2317
	@mandoc -Tlint -Wwarning $(wildcard docs/man/*)
	@cppcheck --quiet -j $(LINT_JOBS) --std=c11 \
	    --enable=warning,performance,portability \
	    --error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
	    --suppress=normalCheckLevelMaxBranches \
	    -D_GNU_SOURCE -DHM_VERSION='"0"' -Ilib $(C_SOURCES)
	@printf '%s\n' $(C_SOURCES) | xargs -n 6 -P $(LINT_JOBS) sh -c \
	    'clang-tidy --quiet "$$@" -- $(TIDY_FLAGS) 2>/dev/null' tidy
	@$(MAKE) $(JOBS) -s --no-print-directory B=build/O3 BIN=build/O3/bin \
	    CFLAGS=-O3 all >/dev/null # the compiler sees more with every level

.PHONY: lint lint-headers lint-packages
