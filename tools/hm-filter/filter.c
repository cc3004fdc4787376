#include "filter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "base/suggest.h"
#include "charge_guard.h"
#include "record/device_map.h"
#include "record/dtu_name.h"
#include "record/fields.h"
#include "record/freshness.h"
#include "record/record.h"
#include "record/types.h"

#define HM_FILTER_DTUS_MAX ((size_t)16384)

struct rule {
	bool dropped;
	bool multiplied;
	struct hm_decimal factor;
	const char *name; /* the key to write */
};

struct known_dtu {
	struct hm_dtu_key key;
	struct hm_freshness freshness;
};

struct hm_filter {
	struct hm_guard *guard;
	const char *only, *exclude;
	bool fresh;
	int64_t fresh_ms; /* see hm_fresh_ms */
	struct hm_device_map dtus; /* only with `fresh` */
	struct rule rule[HM_FIELDS];
	struct hm_charge_guard *charges; /* NULL: all are accepted */
	bool drops_charge; /* of the record in hand */
	struct hm_filter_counters counters;
	char line[HM_LINE_MAX];
};

/* Rules */

static void
unknown_field(const struct hm_config *config, enum hm_setting_id id,
    struct hm_slice key)
{
	struct hm_suggest nearest;
	char word[40], allowed[120];

	snprintf(word, sizeof word, "%.*s", (int)key.n, key.p);
	hm_suggest_start(&nearest, word);
	for (size_t i = 0; i < HM_FIELDS; i++)
		hm_suggest_try(&nearest, hm_fields[i].key);
	if (nearest.best != NULL)
		snprintf(allowed, sizeof allowed,
		    "are fields of readings; did you mean %s?", nearest.best);
	hm_config_refuse_word(config, id, key, nearest.best != NULL ? allowed :
	    "are fields of readings; docs/records.md lists them");
}

static bool
read_field(const struct hm_config *config, enum hm_setting_id id,
    struct hm_slice key, size_t *field)
{
	*field = hm_field_id(key);
	if (*field == HM_FIELDS)
		unknown_field(config, id, key);
	return *field < HM_FIELDS;
}

static bool
is_number(enum hm_field_kind kind)
{
	return kind == HM_GAUGE || kind == HM_DAILY || kind == HM_COUNTER ||
	    kind == HM_CODE;
}

static bool
read_drops(struct hm_filter *f, const struct hm_config *config)
{
	const char *keep = hm_config_text(config, HM_SET_KEEP);
	const char *drop = hm_config_text(config, HM_SET_DROP);
	bool good = true;
	struct hm_slice word;
	size_t field;

	if (keep != NULL)
		for (size_t i = 0; i < HM_FIELDS; i++)
			f->rule[i].dropped = true;
	while (hm_config_word(&keep, &word))
		if (read_field(config, HM_SET_KEEP, word, &field))
			f->rule[field].dropped = false;
		else
			good = false;
	while (hm_config_word(&drop, &word))
		if (read_field(config, HM_SET_DROP, word, &field))
			f->rule[field].dropped = true;
		else
			good = false;
	return good;
}

static bool
read_factors(struct hm_filter *f, const struct hm_config *config)
{
	size_t count, field;
	const struct hm_pair *pair = hm_config_pairs(config, HM_SET_MULTIPLY,
	    &count);
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		if (!read_field(config, HM_SET_MULTIPLY, hm_text(pair[i].key),
		    &field)) {
			good = false;
		} else if (!is_number(hm_fields[field].kind)) {
			good = hm_config_refuse_word(config, HM_SET_MULTIPLY,
			    hm_text(pair[i].key), "are fields that are "
			    "numbers");
		} else {
			f->rule[field].multiplied = true;
			f->rule[field].factor = pair[i].number;
		}
	}
	return good;
}

/* A new name must not be a key that records already have. */
static bool
is_free_name(const struct hm_filter *f, const char *name)
{
	static const char *const taken[] = {"type", "time", "dtu", "serial",
	    "stale"};

	if (name[0] < 'a' || name[0] > 'z')
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!islower((unsigned char)*p) &&
		    !isdigit((unsigned char)*p) && *p != '_')
			return false;
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(name, taken[i]) == 0)
			return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (hm_reading_types[i].own != NULL &&
		    strcmp(name, hm_reading_types[i].own) == 0)
			return false;
	for (size_t i = 0; i < HM_FIELDS; i++)
		if (strcmp(name, f->rule[i].name) == 0)
			return false;
	return true;
}

static bool
read_names(struct hm_filter *f, const struct hm_config *config)
{
	size_t count, field;
	const struct hm_pair *pair = hm_config_pairs(config, HM_SET_RENAME,
	    &count);
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		if (!read_field(config, HM_SET_RENAME, hm_text(pair[i].key),
		    &field)) {
			good = false;
		} else if (!is_free_name(f, pair[i].text)) {
			good = hm_config_refuse_word(config, HM_SET_RENAME,
			    hm_text(pair[i].text), "are new names of a-z, "
			    "0-9 and _ that no field has");
		} else {
			f->rule[field].name = pair[i].text;
		}
	}
	return good;
}

static bool
is_serial(struct hm_slice word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!isxdigit((unsigned char)word.p[i]))
			return false;
	return word.n <= HM_LEDGER_SERIAL;
}

static bool
check_serials(const struct hm_config *config, enum hm_setting_id id)
{
	const char *words = hm_config_text(config, id);
	struct hm_slice word;
	bool good = true;

	while (hm_config_word(&words, &word))
		if (!is_serial(word))
			good = hm_config_refuse_word(config, id, word,
			    "are serial numbers, which are hex digits");
	return good;
}

static bool
read_rules(struct hm_filter *f, const struct hm_config *config)
{
	bool good;

	for (size_t i = 0; i < HM_FIELDS; i++)
		f->rule[i].name = hm_fields[i].key;
	f->only = hm_config_text(config, HM_SET_ONLY);
	f->exclude = hm_config_text(config, HM_SET_EXCLUDE_INVERTERS);
	f->fresh = hm_config_flag(config, HM_SET_FRESH);
	f->fresh_ms = hm_fresh_ms(hm_config_ms(config, HM_SET_QUERY_PERIOD));
	hm_device_map_init(&f->dtus, &(struct hm_device_map_options){
	    .dtu_size = sizeof(struct known_dtu),
	    .entries_max = HM_FILTER_DTUS_MAX,
	});
	good = check_serials(config, HM_SET_EXCLUDE_INVERTERS);
	good = check_serials(config, HM_SET_FORGET) && good;
	good = read_drops(f, config) && good;
	good = read_factors(f, config) && good;
	good = read_names(f, config) && good;
	return good;
}

struct hm_filter *
hm_filter_new(const struct hm_config *config, struct hm_guard *guard,
    bool *mistakes)
{
	struct hm_filter *filter = calloc(1, sizeof *filter);

	*mistakes = false;
	if (filter == NULL)
		return NULL;
	filter->guard = guard;
	*mistakes = !read_rules(filter, config);
	if (!*mistakes && (!hm_config_flag(config, HM_SET_ENERGY_GUARD) ||
	    (filter->charges = hm_charge_guard_new()) != NULL))
		return filter;
	hm_filter_free(filter);
	return NULL;
}

void
hm_filter_free(struct hm_filter *filter)
{
	if (filter == NULL)
		return;
	hm_device_map_clear(&filter->dtus);
	hm_charge_guard_free(filter->charges);
	free(filter);
}

const struct hm_filter_counters *
hm_filter_counters(const struct hm_filter *filter)
{
	return &filter->counters;
}

/* Records */

static bool
is_of_inverter(struct hm_slice type)
{
	const struct hm_reading_type *reading = hm_reading_type_of(type);

	if (reading != NULL)
		return reading->device == HM_SCOPE_INVERTER ||
		    reading->of_inverter;
	return hm_slice_is(type, "alarm") || hm_slice_is(type, "info");
}

bool
hm_filter_takes(const struct hm_filter *filter, struct hm_slice type)
{
	return (filter->exclude != NULL && is_of_inverter(type)) ||
	    hm_reading_type_of(type) != NULL;
}

bool
hm_filter_passes(const struct hm_filter *filter, struct hm_slice type)
{
	const char *words = filter->only;
	struct hm_slice word;

	if (words == NULL)
		return true;
	while (hm_config_word(&words, &word))
		if (hm_slice_equal(word, type))
			return true;
	return false;
}

static bool
is_excluded(const struct hm_filter *f, struct hm_slice type,
    const struct hm_record *record)
{
	struct hm_slice serial;

	return f->exclude != NULL && is_of_inverter(type) &&
	    hm_record_string(record, "serial", &serial) &&
	    hm_serial_listed(f->exclude, serial);
}

/* Rewriting */

static void
emit_number(struct hm_filter *f, struct hm_json *e, const struct rule *rule,
    struct hm_decimal number)
{
	struct hm_decimal product;

	if (!rule->multiplied)
		hm_json_decimal(e, rule->name, number);
	else if (hm_decimal_mul(number, rule->factor, &product))
		hm_json_decimal(e, rule->name, product);
	else
		f->counters.unmultiplied++;
}

static void
emit_own(struct hm_filter *f, struct hm_json *e, const struct rule *rule,
    const struct hm_value *value)
{
	struct hm_decimal number;

	if (rule->multiplied && value->kind == HM_NUMBER &&
	    hm_decimal_parse(value->text, &number))
		emit_number(f, e, rule, number);
	else
		hm_json_value(e, rule->name, value);
}

/* Write a dtu record's field from the sums; false if they lack it. */
static bool
emit_sum(struct hm_filter *f, struct hm_json *e, size_t field,
    const struct hm_sums *sums)
{
	const struct rule *rule = &f->rule[field];

	switch (field) {
	case HM_F_PV_POWER:
		emit_number(f, e, rule, sums->pv_power);
		return true;
	case HM_F_ACTIVE_POWER:
		emit_number(f, e, rule, sums->active_power);
		return true;
	case HM_F_INVERTERS:
		emit_number(f, e, rule, hm_decimal(sums->inverters, 0));
		return true;
	case HM_F_INVERTERS_ONLINE:
		emit_number(f, e, rule, hm_decimal(sums->online, 0));
		return true;
	case HM_F_ALARM_FLAG:
		hm_json_bool(e, rule->name, sums->alarm);
		return true;
	default:
		return false;
	}
}

/* The guard's value of a field, or HM_GUARD_OWN. */
static int64_t
energy_of(size_t field, const struct hm_guard_answer *answer)
{
	if (field == HM_F_TODAY_PRODUCTION)
		return answer->today;
	if (field == HM_F_TOTAL_PRODUCTION)
		return answer->total;
	if (answer->energies_count == 0)
		return HM_GUARD_OWN;
	for (size_t i = 0; i < answer->energies_count; i++)
		if (answer->energies[i].field == field)
			return answer->energies[i].wh;
	return HM_GUARD_OWN;
}

static void
emit_field(struct hm_filter *f, struct hm_json *e, size_t field,
    const struct hm_value *own, const struct hm_guard_answer *answer)
{
	const struct rule *rule = &f->rule[field];
	int64_t energy = energy_of(field, answer);

	if (rule->dropped || energy == HM_GUARD_OUT || (answer->asleep &&
	    (hm_fields[field].flags & HM_AWAKE) != 0) ||
	    (field == HM_F_SOC && f->drops_charge))
		return;
	if (energy >= 0)
		emit_number(f, e, rule, hm_decimal(energy, 0));
	else if (!answer->sums_known ||
	    !emit_sum(f, e, field, &answer->sums))
		emit_own(f, e, rule, own);
}

/* Add a counter that the guard knows and the record lacks. */
static void
emit_missing(struct hm_filter *f, struct hm_json *e, size_t field,
    const struct hm_record *record, const struct hm_guard_answer *answer)
{
	const struct rule *rule = &f->rule[field];
	int64_t energy = energy_of(field, answer);

	if (energy >= 0 && !rule->dropped &&
	    hm_record_get(record, hm_fields[field].key)->kind == HM_ABSENT)
		emit_number(f, e, rule, hm_decimal(energy, 0));
}

static bool
rewrite(struct hm_filter *f, const struct hm_record *record,
    const struct hm_guard_answer *answer, struct hm_slice *out)
{
	struct hm_json e;

	hm_json_start(&e, f->line, sizeof f->line);
	hm_json_object(&e, NULL);
	for (size_t i = 0; i < record->count; i++) {
		const struct hm_member *member = &record->member[i];
		size_t field = hm_field_id(member->key);

		if (field < HM_FIELDS)
			emit_field(f, &e, field, &member->value, answer);
		else
			hm_json_member(&e, member);
	}
	emit_missing(f, &e, HM_F_TODAY_PRODUCTION, record, answer);
	emit_missing(f, &e, HM_F_TOTAL_PRODUCTION, record, answer);
	for (size_t i = 0; i < answer->energies_count; i++)
		emit_missing(f, &e, answer->energies[i].field, record, answer);
	hm_json_object_end(&e);
	return hm_json_done(&e, out);
}

/* Repetitions */

/*
 * With `fresh`: whether the reading repeats an older one. If the DTU hangs it
 * passes all the same, because only such readings tell other tools that.
 */
static bool
is_repetition(struct hm_filter *f, const struct hm_record *record)
{
	bool stale = hm_record_get(record, "stale")->kind == HM_TRUE;
	char name[HM_DTU_NAME_MAX];
	struct hm_slice text;
	struct known_dtu *dtu;
	int64_t time;
	size_t n;

	if (!hm_record_string(record, "time", &text) ||
	    !hm_rfc3339_parse(text, &time) ||
	    !hm_record_string(record, "dtu", &text) ||
	    !hm_string_decode(text, name, sizeof name, &n))
		return stale;
	dtu = hm_device_map_dtu(&f->dtus, hm_slice(name, n));
	if (dtu == NULL)
		return stale;
	return !hm_freshness_look(&dtu->freshness, time, stale, f->fresh_ms) &&
	    stale;
}

bool
hm_filter_record(struct hm_filter *f, struct hm_slice type,
    struct hm_slice line, const struct hm_record *record,
    struct hm_slice *out, const char **problem)
{
	struct hm_guard_answer answer = {.today = HM_GUARD_OWN,
	    .total = HM_GUARD_OWN};
	const struct hm_reading_type *reading = hm_reading_type_of(type);

	*out = line;
	*problem = NULL;
	if (is_excluded(f, type, record)) {
		f->counters.dropped++;
		return false;
	}
	/* The guard also learns from records that do not pass. */
	if (reading != NULL)
		*problem = hm_guard_look(f->guard, reading->scope, record,
		    &answer);
	f->drops_charge = f->charges != NULL && reading != NULL &&
	    reading->scope == HM_SCOPE_BATTERY &&
	    hm_charge_guard_refuses(f->charges, record);
	if (!hm_filter_passes(f, type) || (f->fresh && reading != NULL &&
	    is_repetition(f, record))) {
		f->counters.dropped++;
		return false;
	}
	if (reading == NULL)
		return true;
	if (!rewrite(f, record, &answer, out)) {
		*out = line;
		*problem = "the rewritten record would be too long";
	}
	return true;
}
