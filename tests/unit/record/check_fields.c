#include <check.h>

#include "record/fields.h"
#include "record/types.h"
#include "run_suite.h"

/* Rules for every row of fields.def; code that reads it relies on them. */

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define EACH_FIELD(f) \
	for (const struct hm_field *f = hm_fields; f < hm_fields + HM_FIELDS; \
	    f++)
#define ALL_SCOPES ((1u << HM_SCOPES) - 1)
#define ALL_FLAGS ((unsigned)(HM_AWAKE | HM_DIAGNOSTIC | HM_DESCRIBES | \
    HM_RARE | HM_SUM | HM_UNPROVEN))
#define LOWER "abcdefghijklmnopqrstuvwxyz"

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* Lower case, digits and underscores, none of them twice or at an end. */
static bool
is_name(const char *s)
{
	return strchr(LOWER, s[0]) != NULL && s[0] != '\0' &&
	    strspn(s, LOWER "0123456789_") == strlen(s) &&
	    strstr(s, "__") == NULL && !ends_with(s, "_");
}

static bool
is_number(enum hm_field_kind kind)
{
	return kind == HM_GAUGE || kind == HM_DAILY || kind == HM_COUNTER;
}

/* Keys that records have beside their fields. */
static bool
is_taken(const char *key)
{
	static const char *const taken[] = {"type", "time", "dtu", "serial",
	    "port", "stale"};

	for (size_t i = 0; i < COUNT(taken); i++)
		if (strcmp(key, taken[i]) == 0)
			return true;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (same_text(key, hm_reading_types[i].own))
			return true;
	return false;
}

START_TEST(keys)
{
	EACH_FIELD(f) {
		ck_assert_msg(is_name(f->key) && !is_taken(f->key), "%s",
		    f->key);
		for (const struct hm_field *g = hm_fields; g < f; g++)
			ck_assert_msg((g->scopes & f->scopes) == 0 ||
			    strcmp(g->key, f->key) != 0, "%s twice", f->key);
	}
}
END_TEST

/* Hybrid inverters' own fields come last, and only they are not searched. */
START_TEST(other_readings_end_before_hybrids)
{
	for (enum hm_scope scope = 0; scope < HM_SCOPES; scope++)
		for (size_t id = 0; id < HM_FIELDS; id++) {
			const struct hm_field *f = &hm_fields[id];

			ck_assert_msg(!hm_field_in(f, scope) ||
			    id < hm_field_end(scope), "%s", f->key);
			if (hm_field_in(f, scope))
				ck_assert_ptr_eq(hm_field_find(scope,
				    hm_text(f->key)), f);
		}
}
END_TEST

START_TEST(scopes_and_flags)
{
	EACH_FIELD(f) {
		ck_assert_msg(f->scopes != 0 && (f->scopes & ~ALL_SCOPES) == 0,
		    "%s", f->key);
		ck_assert_msg((f->flags & ~ALL_FLAGS) == 0, "%s", f->key);
		/* Only instant values are meaningless at night. */
		if ((f->flags & HM_AWAKE) != 0)
			ck_assert_msg(f->kind == HM_GAUGE, "%s", f->key);
		if ((f->flags & HM_DESCRIBES) != 0)
			ck_assert_msg(f->kind == HM_LABEL, "%s", f->key);
	}
}
END_TEST

/* Home Assistant's device classes that we use, each with our unit of it. */
static bool
unit_fits_class(const struct hm_field *f)
{
	static const struct {
		const char *class, *unit;
	} units[] = {
	    {"voltage", "V"},
	    {"current", "A"},
	    {"power", "W"},
	    {"reactive_power", "var"},
	    {"energy", "Wh"},
	    {"frequency", "Hz"},
	    {"temperature", "\u00b0C"},
	    {"power_factor", NULL},
	    {"timestamp", NULL},
	    {"problem", NULL},
	    {"enum", NULL},
	    {"battery", "%"},
	    {"signal_strength", "dBm"},
	    {NULL, "%"},
	    {NULL, "Wh"}, /* of a while that is not a day */
	    {NULL, "\u03a9"},
	    {NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(units); i++)
		if (same_text(units[i].class, f->ha_class) &&
		    same_text(units[i].unit, f->unit))
			return true;
	return false;
}

static bool
kind_fits_class(const struct hm_field *f)
{
	bool energy = same_text(f->ha_class, "energy");

	switch (f->kind) {
	case HM_GAUGE:
		return !energy;
	case HM_DAILY:
	case HM_COUNTER:
		return energy;
	case HM_CODE:
		return f->ha_class == NULL && f->unit == NULL;
	case HM_FLAG:
		return same_text(f->ha_class, "problem");
	case HM_LABEL:
		return f->ha_class == NULL || same_text(f->ha_class, "enum");
	case HM_MOMENT:
		return same_text(f->ha_class, "timestamp");
	}
	return false;
}

START_TEST(units_and_kinds)
{
	EACH_FIELD(f) {
		ck_assert_msg(unit_fits_class(f), "%s", f->key);
		ck_assert_msg(kind_fits_class(f), "%s", f->key);
		ck_assert_msg(f->scale <= 4 && (f->scale == 0 ||
		    is_number(f->kind)), "%s", f->key);
	}
}
END_TEST

/* Prometheus: base units in the name, _total for what only grows. */
static bool
metric_names_unit(const struct hm_field *f)
{
	const char *metric = f->metrics[0].name;
	static const struct {
		const char *unit, *end;
	} ends[] = {
	    {"V", "_volts"},
	    {"A", "_amperes"},
	    {"W", "_watts"},
	    {"var", "_var"},
	    {"Hz", "_hertz"},
	    {"\u00b0C", "_celsius"},
	    {"%", "_ratio"},
	    {"dBm", "_dbm"},
	    {"\u03a9", "_ohms"},
	};

	if (same_text(f->unit, "Wh"))
		return strstr(metric, "_watthours") != NULL;
	for (size_t i = 0; i < COUNT(ends); i++)
		if (same_text(ends[i].unit, f->unit))
			return ends_with(metric, ends[i].end);
	return f->unit == NULL;
}

static bool
is_factor(struct hm_decimal factor, int64_t units, unsigned scale)
{
	return factor.units == units && factor.scale == scale;
}

/* Percents are ratios; lifetime energies are in joules, too. */
static bool
factors_fit(const struct hm_field *f)
{
	bool energy = f->kind == HM_COUNTER && same_text(f->unit, "Wh");

	if (!is_factor(f->metrics[0].factor, 1, same_text(f->unit, "%") ?
	    2 : 0) || (f->metrics[1].name != NULL) != energy)
		return false;
	return !energy || (ends_with(f->metrics[1].name, "_joules_total") &&
	    is_factor(f->metrics[1].factor, 3600, 0));
}

START_TEST(metrics)
{
	EACH_FIELD(f) {
		const char *metric = f->metrics[0].name;

		ck_assert_msg((metric == NULL) == (f->kind == HM_LABEL),
		    "%s", f->key);
		if (metric == NULL) {
			ck_assert_ptr_null(f->metrics[1].name);
			continue;
		}
		ck_assert_msg(is_name(metric) && metric_names_unit(f) &&
		    factors_fit(f), "%s", metric);
		ck_assert_msg(ends_with(metric, "_total") ==
		    (f->kind == HM_COUNTER), "%s", metric);
		/* Rows that share a metric are parts of one quantity. */
		for (const struct hm_field *g = hm_fields; g < f; g++)
			ck_assert_msg(!same_text(g->metrics[0].name, metric) ||
			    (g->scopes & f->scopes) == 0 ||
			    (g->kind == f->kind && g->scale == f->scale &&
			    same_text(g->unit, f->unit) && f->phase != NULL &&
			    !same_text(g->phase, f->phase)), "%s", metric);
	}
}
END_TEST

/* As the key's suffix says, where it is one of these. */
START_TEST(phases_of_keys)
{
	static const struct {
		const char *end, *phase;
	} phases[] = {
	    {"_a", "A"},
	    {"_b", "B"},
	    {"_c", "C"},
	    {"_ab", "AB"},
	    {"_bc", "BC"},
	    {"_ca", "CA"},
	};

	EACH_FIELD(f) {
		const char *phase = NULL;

		for (size_t i = 0; i < COUNT(phases); i++)
			if (ends_with(f->key, phases[i].end))
				phase = phases[i].phase;
		ck_assert_msg(same_text(f->phase, phase), "%s", f->key);
	}
}
END_TEST

START_TEST(help)
{
	EACH_FIELD(f)
		ck_assert_msg(f->help != NULL && f->help[0] != '\0' &&
		    strpbrk(f->help, "\t\n\"") == NULL &&
		    !ends_with(f->help, ".") && strlen(f->help) <= 60, "%s",
		    f->key);
}
END_TEST

START_TEST(found_in_its_scopes_alone)
{
	for (enum hm_scope scope = 0; scope < HM_SCOPES; scope++)
		EACH_FIELD(f) {
			const struct hm_field *found = hm_field_find(scope,
			    hm_text(f->key));

			if (hm_field_in(f, scope))
				ck_assert_ptr_eq(found, f);
			else if (found != NULL)
				ck_assert(hm_field_in(found, scope));
		}
}
END_TEST

START_TEST(has_the_first_row_of_a_key)
{
	EACH_FIELD(f) {
		size_t id = hm_field_id(hm_text(f->key));

		ck_assert_str_eq(hm_fields[id].key, f->key);
		ck_assert_msg(&hm_fields[id] <= f, "%s", f->key);
	}
	ck_assert_uint_eq(hm_field_id(hm_text("")), HM_FIELDS);
	ck_assert_uint_eq(hm_field_id(hm_text("Pv_power")), HM_FIELDS);
}
END_TEST

START_TEST(finds_nothing_else)
{
	ck_assert_ptr_null(hm_field_find(HM_SCOPE_PORT, hm_text("")));
	ck_assert_ptr_null(hm_field_find(HM_SCOPE_PORT, hm_text("pv_powe")));
	ck_assert_ptr_null(hm_field_find(HM_SCOPE_PORT,
	    hm_text("pv_power_")));
	ck_assert_ptr_null(hm_field_find(HM_SCOPE_METER,
	    hm_text("pv_power")));
}
END_TEST

/* The look-up compares whole keys, not the bytes that it branches on. */
START_TEST(one_byte_makes_another_key)
{
	char key[64];

	EACH_FIELD(f) {
		size_t n = strlen(f->key);

		ck_assert_uint_lt(n, sizeof key);
		for (size_t i = 0; i < n; i++) {
			memcpy(key, f->key, n);
			key[i] ^= 0x20;
			ck_assert_msg(hm_field_id(hm_slice(key, n)) ==
			    HM_FIELDS, "%.*s", (int)n, key);
		}
		memcpy(key, f->key, n);
		key[n] = '\0';
		ck_assert_uint_eq(hm_field_id(hm_slice(key, n + 1)), HM_FIELDS);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fields");
	TCase *tc = tcase_create("fields");

	tcase_add_test(tc, keys);
	tcase_add_test(tc, other_readings_end_before_hybrids);
	tcase_add_test(tc, scopes_and_flags);
	tcase_add_test(tc, units_and_kinds);
	tcase_add_test(tc, metrics);
	tcase_add_test(tc, phases_of_keys);
	tcase_add_test(tc, help);
	tcase_add_test(tc, found_in_its_scopes_alone);
	tcase_add_test(tc, has_the_first_row_of_a_key);
	tcase_add_test(tc, finds_nothing_else);
	tcase_add_test(tc, one_byte_makes_another_key);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
