#include "sim_fault.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

#define HM (1u << HM_SIM_OVER_HM)
#define MODBUS (1u << HM_SIM_OVER_MODBUS)
#define ES (1u << HM_SIM_OVER_ES)
#define G3 (1u << HM_SIM_OVER_G3)

static const struct {
	const char *name;
	unsigned transports;
} rows[] = {
#define FAULT(id, name, transports, text) {#name, (transports)},
#include "faults.def"
#undef FAULT
};

_Static_assert(HM_SIM_FAULTS <= 64, "a set of faults has a bit for each");

const char *
hm_sim_transport_name(enum hm_sim_transport transport)
{
	static const char *const names[] = {
	    [HM_SIM_OVER_HM] = "hm",
	    [HM_SIM_OVER_MODBUS] = "modbus",
	    [HM_SIM_OVER_ES] = "es",
	    [HM_SIM_OVER_G3] = "modbus-g3",
	};

	return names[transport];
}

uint64_t
hm_sim_faults_of(enum hm_sim_transport transport)
{
	uint64_t set = 0;

	for (int i = 0; i < HM_SIM_FAULTS; i++)
		if ((rows[i].transports >> transport & 1) != 0)
			set |= HM_SIM_BIT(i);
	return set;
}

/* Reading a list */

static bool
find_name(struct hm_slice text, enum hm_sim_fault *fault)
{
	for (int i = 0; i < HM_SIM_FAULTS; i++)
		if (hm_slice_is(text, rows[i].name)) {
			*fault = (enum hm_sim_fault)i;
			return true;
		}
	return false;
}

static bool
parse_count(struct hm_slice text, uint64_t *n)
{
	int64_t count;

	if (!hm_decimal_whole(text, 1, INT32_MAX, &count))
		return false;
	*n = (uint64_t)count;
	return true;
}

/* "5", or "5-9" where the second is not below the first. */
static bool
parse_range(struct hm_slice text, struct hm_sim_rule *rule)
{
	const char *dash = memchr(text.p, '-', text.n);
	struct hm_slice first = text, last = text;

	if (dash != NULL) {
		first.n = (size_t)(dash - text.p);
		last = hm_slice(dash + 1, text.n - first.n - 1);
	}
	return parse_count(first, &rule->n) &&
	    parse_count(last, &rule->last) && rule->n <= rule->last;
}

static bool
parse_when(struct hm_slice text, struct hm_sim_rule *rule)
{
	static const struct {
		const char *prefix;
		enum hm_sim_when when;
	} forms[] = {{"first=", HM_SIM_FIRST}, {"after=", HM_SIM_AFTER},
	    {"at=", HM_SIM_AT}, {"every=", HM_SIM_EVERY}};

	rule->when = hm_slice_is(text, "always") ? HM_SIM_ALWAYS :
	    hm_slice_is(text, "quarter") ? HM_SIM_QUARTER : HM_SIM_NEVER;
	if (rule->when != HM_SIM_NEVER)
		return true;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t n = strlen(forms[i].prefix);

		if (text.n > n && memcmp(text.p, forms[i].prefix, n) == 0) {
			struct hm_slice rest = hm_slice(text.p + n,
			    text.n - n);

			rule->when = forms[i].when;
			return rule->when == HM_SIM_AT ?
			    parse_range(rest, rule) :
			    parse_count(rest, &rule->n);
		}
	}
	return false;
}

static bool
parse_word(struct hm_slice word, struct hm_sim_faults *faults, char *problem,
    size_t cap)
{
	const char *colon = memchr(word.p, ':', word.n);
	struct hm_slice name = word, when = hm_text("always");
	enum hm_sim_fault fault;

	if (colon != NULL) {
		name.n = (size_t)(colon - word.p);
		when = hm_slice(colon + 1, word.n - name.n - 1);
	}
	if (!find_name(name, &fault)) {
		char all[512];

		hm_sim_faults_names(UINT64_MAX, all, sizeof all);
		snprintf(problem, cap, "found \"%.*s\", allowed are %s",
		    (int)name.n, name.p, all);
		return false;
	}
	if (faults->given & HM_SIM_BIT(fault)) {
		snprintf(problem, cap, "found \"%s\" twice, allowed is once",
		    rows[fault].name);
		return false;
	}
	if (!parse_when(when, &faults->rule[fault])) {
		snprintf(problem, cap, "found \"%.*s\", allowed after \"%s:\" "
		    "are always, quarter, first=N, after=N, at=N, at=N-M and "
		    "every=N with N from 1",
		    (int)when.n, when.p, rows[fault].name);
		return false;
	}
	faults->given |= HM_SIM_BIT(fault);
	return true;
}

bool
hm_sim_faults_parse(const char *text, struct hm_sim_faults *faults,
    char *problem, size_t cap)
{
	static const char separators[] = " ,\t\n";

	memset(faults, 0, sizeof *faults);
	for (;;) {
		size_t n;

		text += strspn(text, separators);
		n = strcspn(text, separators);
		if (n == 0)
			return true;
		if (!parse_word(hm_slice(text, n), faults, problem, cap))
			return false;
		text += n;
	}
}

void
hm_sim_faults_names(uint64_t set, char *buf, size_t cap)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < HM_SIM_FAULTS; i++) {
		size_t length = strlen(rows[i].name);

		if ((set & HM_SIM_BIT(i)) == 0 || n + length + 2 > cap)
			continue;
		if (n > 0)
			buf[n++] = ' ';
		memcpy(buf + n, rows[i].name, length + 1);
		n += length;
	}
}

/* Queries */

/* Real DTUs upload their data to the cloud in this minute. */
static bool
is_upload(int64_t simulated)
{
	return simulated % 900 < 60;
}

static bool
acts(const struct hm_sim_rule *rule, uint64_t n, int64_t simulated)
{
	switch (rule->when) {
	case HM_SIM_NEVER:
		break;
	case HM_SIM_ALWAYS:
		return true;
	case HM_SIM_FIRST:
		return n <= rule->n;
	case HM_SIM_AFTER:
		return n >= rule->n;
	case HM_SIM_AT:
		return n >= rule->n && n <= rule->last;
	case HM_SIM_EVERY:
		return n % rule->n == 0;
	case HM_SIM_QUARTER:
		return is_upload(simulated);
	}
	return false;
}

uint64_t
hm_sim_faults_at(const struct hm_sim_faults *faults, uint64_t n,
    int64_t simulated)
{
	uint64_t set = 0;

	for (int i = HM_SIM_REFUSE + 1; i < HM_SIM_FAULTS; i++)
		if (acts(&faults->rule[i], n, simulated))
			set |= HM_SIM_BIT(i);
	return set;
}

bool
hm_sim_faults_refuse(const struct hm_sim_faults *faults, int64_t ms,
    int64_t simulated)
{
	const struct hm_sim_rule *rule = &faults->rule[HM_SIM_REFUSE];
	uint64_t seconds = (uint64_t)ms / 1000;

	switch (rule->when) {
	case HM_SIM_NEVER:
		break;
	case HM_SIM_ALWAYS:
		return true;
	case HM_SIM_FIRST:
		return seconds < rule->n;
	case HM_SIM_AFTER:
		return seconds >= rule->n;
	case HM_SIM_AT:
		return seconds + 1 >= rule->n && seconds < rule->last;
	case HM_SIM_EVERY:
		return seconds / rule->n % 2 == 1;
	case HM_SIM_QUARTER:
		return is_upload(simulated);
	}
	return false;
}
