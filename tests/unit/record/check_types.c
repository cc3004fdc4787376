#include <check.h>
#include <ctype.h>
#include <stdio.h>

#include "record/fields.h"
#include "record/types.h"
#include "run_suite.h"

/* What a row of types.def must keep, so that every reader of it may rely. */

#define EACH_TYPE(t) \
	for (const struct hm_reading_type *t = hm_reading_types; \
	    t < hm_reading_types + HM_SCOPES; t++)

static bool
is_word(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (!islower((unsigned char)*p) && *p != '_')
			return false;
	return text[0] != '\0';
}

START_TEST(rows_are_in_their_places)
{
	/* Exports write it last of a poll, as hm-decode does. */
	ck_assert_int_eq(HM_SCOPE_DTU, 0);
	EACH_TYPE(t)
		ck_assert_ptr_eq(t, &hm_reading_types[t->scope]);
}
END_TEST

START_TEST(names)
{
	EACH_TYPE(t) {
		ck_assert_msg(is_word(t->name), "%s", t->name);
		ck_assert_msg(is_word(t->label), "%s", t->name);
		ck_assert_msg(t->own == NULL || is_word(t->own), "%s",
		    t->name);
		ck_assert_msg(strncmp(t->noun, "a ", 2) == 0 ||
		    strncmp(t->noun, "an ", 3) == 0, "%s", t->name);
		for (const struct hm_reading_type *u = hm_reading_types; u < t;
		    u++) {
			ck_assert_str_ne(t->name, u->name);
			ck_assert_str_ne(t->ha_prefix, u->ha_prefix);
		}
	}
}
END_TEST

START_TEST(keys)
{
	EACH_TYPE(t) {
		ck_assert_msg(strcmp(t->keys, t->has_port ?
		    "dtu, serial, port" : t->has_serial ? "dtu, serial" :
		    "dtu") == 0, "%s", t->name);
		/* The port's own column is the number that it is known by. */
		ck_assert_msg(t->has_port == (t->own != NULL &&
		    strcmp(t->own, "port") == 0), "%s", t->name);
	}
}
END_TEST

/* A name in Home Assistant is a prefix, a port of up to three digits, a NUL. */
START_TEST(prefixes_of_entities)
{
	EACH_TYPE(t) {
		ck_assert_msg(t->ha_prefix[0] != '\0' &&
		    strlen(t->ha_prefix) + strlen("_255") < 16, "%s", t->name);
		for (const char *p = t->ha_prefix; *p != '\0'; p++)
			ck_assert_msg(isalpha((unsigned char)*p) || *p == '_',
			    "%s", t->name);
	}
}
END_TEST

static void
check_parts(const struct hm_reading_type *device)
{
	size_t parts = 0;

	EACH_TYPE(t)
		parts += t->has_port && t->device == device->scope;
	ck_assert_uint_le(parts, 1);
	if (parts == 0)
		ck_assert_ptr_null(hm_parts_of(device->scope));
	else
		ck_assert_int_eq(hm_parts_of(device->scope)->device,
		    device->scope);
}

START_TEST(devices_and_their_parts)
{
	EACH_TYPE(t) {
		if (!hm_is_device(t->scope))
			ck_assert_msg(t->has_port || t->of_inverter, "%s",
			    t->name);
		if (t->of_inverter)
			ck_assert_msg(t->device == t->scope ||
			    t->device == HM_SCOPE_INVERTER, "%s", t->name);
		ck_assert_msg(hm_is_device(t->device), "%s", t->name);
		check_parts(t);
	}
	ck_assert_ptr_eq(hm_parts_of(HM_SCOPE_INVERTER),
	    &hm_reading_types[HM_SCOPE_PORT]);
}
END_TEST

/* The names of metrics, and of which type each is. */
static char metrics[HM_SCOPES * HM_FIELDS][128];
static const struct hm_reading_type *owner[HM_SCOPES * HM_FIELDS];
static size_t count;

static void
name_metric(const struct hm_reading_type *type, const struct hm_field *f)
{
	if (!hm_field_in(f, type->scope) || f->metrics[0].name == NULL ||
	    (type->device != type->scope && hm_field_in(f, type->device)))
		return;
	snprintf(metrics[count], sizeof metrics[count], "%s%s",
	    type->metric_prefix, f->metrics[0].name);
	owner[count++] = type;
}

/* Two types must not share a metric: their labels differ. */
START_TEST(metrics_have_one_type)
{
	EACH_TYPE(t)
		for (size_t i = 0; i < HM_FIELDS; i++)
			name_metric(t, &hm_fields[i]);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(owner[i] == owner[j] ||
			    strcmp(metrics[i], metrics[j]) != 0,
			    "%s of %s and %s", metrics[i], owner[i]->name,
			    owner[j]->name);
	ck_assert_uint_gt(count, HM_FIELDS / 2);
}
END_TEST

START_TEST(found_by_name)
{
	EACH_TYPE(t)
		ck_assert_ptr_eq(hm_reading_type_of(hm_text(t->name)), t);
	ck_assert_ptr_eq(hm_reading_type_of(hm_text("dtu")),
	    &hm_reading_types[HM_SCOPE_DTU]);
	ck_assert_ptr_eq(hm_reading_type_of(hm_text("inverter")),
	    &hm_reading_types[HM_SCOPE_INVERTER]);
	ck_assert_ptr_eq(hm_reading_type_of(hm_text("port")),
	    &hm_reading_types[HM_SCOPE_PORT]);
	ck_assert_ptr_eq(hm_reading_type_of(hm_text("meter")),
	    &hm_reading_types[HM_SCOPE_METER]);
	ck_assert_ptr_null(hm_reading_type_of(hm_text("frame")));
	ck_assert_ptr_null(hm_reading_type_of(hm_text("")));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("types");
	TCase *tc = tcase_create("types");

	tcase_add_test(tc, rows_are_in_their_places);
	tcase_add_test(tc, names);
	tcase_add_test(tc, keys);
	tcase_add_test(tc, prefixes_of_entities);
	tcase_add_test(tc, devices_and_their_parts);
	tcase_add_test(tc, metrics_have_one_type);
	tcase_add_test(tc, found_by_name);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
