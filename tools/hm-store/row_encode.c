#include "row_encode.h"

#include <stdlib.h>

#include "base/decimal.h"
#include "base/rfc3339.h"
#include "record/command.h"
#include "record/fields.h"
#include "record/types.h"

#define TEXT_MAX ((size_t)1024) /* bytes of a text; longer ones are left out */
#define EVENT HM_SCOPES         /* in the place of the type's number */

struct hm_row_maker {
	struct hm_row_columns columns[HM_SCOPES];
	size_t n;
	char bytes[HM_LINE_MAX + 1]; /* the row that is being encoded */
};

/* Columns */

static void
add_column(struct hm_row_columns *c, const char *key,
    enum hm_field_kind kind, int parameter)
{
	c->column[c->count++] = (struct hm_row_column){
	    hm_text(key), kind, parameter};
}

void
hm_row_columns(struct hm_row_columns *c, const struct hm_reading_type *type)
{
	int parameter = HM_ROW_FIELDS;

	c->type = type;
	c->count = 0;
	add_column(c, "dtu", HM_LABEL, HM_ROW_DTU);
	add_column(c, "serial", HM_LABEL, HM_ROW_SERIAL);
	add_column(c, "stale", HM_FLAG, HM_ROW_STALE);
	if (type->own != NULL)
		add_column(c, type->own, HM_CODE, HM_ROW_OWN);
	for (size_t i = 0; i < hm_field_end(type->scope); i++)
		if (hm_field_stored(&hm_fields[i], type->scope))
			add_column(c, hm_fields[i].key, hm_fields[i].kind,
			    parameter++);
}

/*
 * The column of a key, or NULL. Records have their keys in the order of the
 * table, so the search starts after the last one found.
 */
static const struct hm_row_column *
find_column(const struct hm_row_columns *c, struct hm_slice key, size_t *from)
{
	for (size_t n = 0, i = *from; n < c->count; n++, i++) {
		if (i >= c->count)
			i = 0;
		if (hm_slice_equal(c->column[i].key, key)) {
			*from = i + 1;
			return &c->column[i];
		}
	}
	return NULL;
}

struct hm_row_maker *
hm_row_maker_new(void)
{
	struct hm_row_maker *m = calloc(1, sizeof *m);

	for (size_t i = 0; m != NULL && i < HM_SCOPES; i++)
		hm_row_columns(&m->columns[i], &hm_reading_types[i]);
	return m;
}

void
hm_row_maker_free(struct hm_row_maker *m)
{
	free(m);
}

/* Writing values: there is room for the longest value of every column. */

_Static_assert(HM_ROW_COLUMNS * (TEXT_MAX + 16) + 16 < HM_LINE_MAX,
    "a row fits");
_Static_assert(EVENT <= UINT8_MAX, "the type's number fits");

static void
put_bytes(struct hm_row_maker *m, const void *p, size_t n)
{
	memcpy(m->bytes + m->n, p, n);
	m->n += n;
}

static void
put_head(struct hm_row_maker *m, int parameter, enum hm_row_form form)
{
	uint16_t head = (uint16_t)(parameter * HM_ROW_FORMS + (int)form);

	put_bytes(m, &head, sizeof head);
}

static void
put_integer(struct hm_row_maker *m, int parameter, int64_t value)
{
	put_head(m, parameter, HM_ROW_INTEGER);
	put_bytes(m, &value, sizeof value);
}

static void
put_text(struct hm_row_maker *m, int parameter, struct hm_slice text)
{
	char decoded[TEXT_MAX];
	uint16_t size;
	size_t n = text.n;

	if (memchr(text.p, '\\', text.n) != NULL) {
		if (!hm_string_decode(text, decoded, sizeof decoded, &n))
			return;
		text.p = decoded;
	}
	if (n > TEXT_MAX)
		return;
	size = (uint16_t)n;
	put_head(m, parameter, HM_ROW_TEXT);
	put_bytes(m, &size, sizeof size);
	put_bytes(m, text.p, n);
}

static void
put_number(struct hm_row_maker *m, int parameter, struct hm_slice text)
{
	struct hm_decimal number;
	int64_t units;
	double real;

	if (!hm_decimal_parse(text, &number))
		return;
	if (hm_decimal_rescale(number, 0, &units)) {
		put_integer(m, parameter, units);
		return;
	}
	real = hm_decimal_double(number);
	put_head(m, parameter, HM_ROW_REAL);
	put_bytes(m, &real, sizeof real);
}

/* A value whose kind is not that of its field is left out. */
static void
put_value(struct hm_row_maker *m, const struct hm_row_column *column,
    const struct hm_value *value)
{
	int64_t seconds;

	switch (value->kind) {
	case HM_TRUE:
	case HM_FALSE:
		if (column->kind == HM_FLAG)
			put_integer(m, column->parameter,
			    value->kind == HM_TRUE);
		break;
	case HM_STRING:
		if (column->kind == HM_LABEL)
			put_text(m, column->parameter, value->text);
		else if (column->kind == HM_MOMENT &&
		    hm_rfc3339_parse(value->text, &seconds))
			put_integer(m, column->parameter, seconds);
		break;
	case HM_NUMBER:
		if (column->kind != HM_LABEL && column->kind != HM_FLAG &&
		    column->kind != HM_MOMENT)
			put_number(m, column->parameter, value->text);
		break;
	default:
		break;
	}
}

/* Whether type and time, which have no column here, are the first keys. */
static bool
is_begun(const struct hm_record *record)
{
	return record->count >= 2 &&
	    hm_slice_is(record->member[0].key, "type") &&
	    hm_slice_is(record->member[1].key, "time");
}

static void
put_reading(struct hm_row_maker *m, const struct hm_row_columns *columns,
    const struct hm_record *record)
{
	size_t from = 0;

	for (size_t i = is_begun(record) ? 2 : 0; i < record->count; i++) {
		const struct hm_member *member = &record->member[i];
		const struct hm_row_column *column = find_column(columns,
		    member->key, &from);

		if (column != NULL)
			put_value(m, column, &member->value);
	}
}

/* Keys that a record must have */

const char hm_row_no_start[] = "no start";

static const struct {
	const char *type, *keys[5];
} events[] = {
    {"alarm", {"dtu", "start"}},
    {"alarms", {"dtu"}},
    {"status", {"dtu"}},
    {"info", {"dtu", "serial"}},
    {"history", {"dtu", "serial", "start", "package"}},
    {"energies", {"dtu", "serial"}},
    {"stats", {"tool"}},
    {"command", {"id"}},
    {"result", {"id"}},
};

#define EVENTS (sizeof events / sizeof *events)

static size_t
event_of(struct hm_slice type)
{
	size_t i = 0;

	while (i < EVENTS && !hm_slice_is(type, events[i].type))
		i++;
	return i;
}

bool
hm_row_takes(struct hm_slice type)
{
	return hm_reading_type_of(type) != NULL || event_of(type) < EVENTS;
}

/* A value of a key is stored exactly, or the row is refused. */
static bool
is_exact(const struct hm_value *value, enum hm_field_kind kind)
{
	char decoded[TEXT_MAX];
	struct hm_decimal number;
	int64_t whole;
	size_t n;

	if (kind == HM_CODE)
		return hm_decimal_parse(value->text, &number) &&
		    hm_decimal_rescale(number, 0, &whole);
	if (kind == HM_MOMENT)
		return hm_rfc3339_parse(value->text, &whole);
	/* Escapes become shorter when they are decoded. */
	return value->text.n <= TEXT_MAX || hm_string_decode(value->text,
	    decoded, sizeof decoded, &n);
}

/* NULL, or why the value of a key is refused. */
static const char *
refuse_key(const struct hm_record *record, const char *key)
{
	static const struct {
		const char *key;
		enum hm_field_kind kind;
		const char *missing, *wrong;
	} keys[] = {
	    {"dtu", HM_LABEL, "no dtu", "dtu is longer than 1024 bytes"},
	    {"serial", HM_LABEL, "no serial",
	        "serial is longer than 1024 bytes"},
	    {"port", HM_CODE, "no port", "port is no integer"},
	    {"start", HM_MOMENT, hm_row_no_start,
	        "start is no time like 2026-11-23T10:15:00Z"},
	    {"package", HM_CODE, "no package", "package is no integer"},
	    {"tool", HM_LABEL, "no tool", "tool is longer than 1024 bytes"},
	    {"id", HM_LABEL, "no id", "id is longer than 1024 bytes"},
	};
	const struct hm_value *value = hm_record_get(record, key);
	size_t i = 0;

	while (strcmp(keys[i].key, key) != 0)
		i++;
	if (value->kind != (keys[i].kind == HM_CODE ? HM_NUMBER : HM_STRING))
		return keys[i].missing;
	return is_exact(value, keys[i].kind) ? NULL : keys[i].wrong;
}

static const char *
refuse_reading(const struct hm_record *record,
    const struct hm_reading_type *type)
{
	const char *why = refuse_key(record, "dtu");

	if (why == NULL && type->has_serial)
		why = refuse_key(record, "serial");
	if (why == NULL && type->has_port)
		why = refuse_key(record, "port");
	return why;
}

/* Of a state that is not known it is not known whether it is final. */
static const char *
refuse_state(const struct hm_record *record)
{
	enum hm_result_state state;
	struct hm_slice name;

	return hm_record_string(record, "state", &name) &&
	    hm_result_state_parse(name, &state) ? NULL : "state is none of "
	    "refused, accepted, under_way, done, failed, unknown";
}

static const char *
refuse_event(const struct hm_record *record, struct hm_slice type)
{
	size_t event = event_of(type);
	const char *why = NULL;

	if (event == EVENTS)
		return "not a type that is stored";
	for (size_t i = 0; events[event].keys[i] != NULL && why == NULL; i++)
		why = refuse_key(record, events[event].keys[i]);
	return why == NULL && hm_slice_is(type, "result") ?
	    refuse_state(record) : why;
}

const char *
hm_row_make(struct hm_row_maker *m, const struct hm_record *record,
    struct hm_slice line, struct hm_slice *row)
{
	struct hm_slice name = {NULL, 0}, text;
	const struct hm_reading_type *type;
	unsigned char number;
	const char *why;
	int64_t time;

	hm_record_string(record, "type", &name);
	if (!hm_record_string(record, "time", &text) ||
	    !hm_rfc3339_parse(text, &time))
		return "no time like 2026-11-23T10:15:00Z";
	type = hm_reading_type_of(name);
	why = type != NULL ? refuse_reading(record, type) :
	    refuse_event(record, name);
	if (why != NULL)
		return why;
	m->n = 0;
	number = type != NULL ? (unsigned char)type->scope : EVENT;
	put_bytes(m, &number, 1);
	if (type != NULL) {
		put_bytes(m, &time, sizeof time);
		put_reading(m, &m->columns[number], record);
	} else {
		put_bytes(m, line.p, line.n);
	}
	*row = hm_slice(m->bytes, m->n);
	return NULL;
}

/* Reading rows */

static void
take(struct hm_slice *rest, void *to, size_t n)
{
	memcpy(to, rest->p, n);
	*rest = hm_slice(rest->p + n, rest->n - n);
}

void
hm_row_read(struct hm_slice bytes, struct hm_row *row)
{
	unsigned char number;

	take(&bytes, &number, 1);
	row->type = number < HM_SCOPES ? &hm_reading_types[number] : NULL;
	row->time = 0;
	if (row->type != NULL)
		take(&bytes, &row->time, sizeof row->time);
	row->rest = bytes;
}

bool
hm_row_is_replayed(struct hm_slice bytes, int64_t clock)
{
	struct hm_row row;

	hm_row_read(bytes, &row);
	return row.type != NULL && row.time < clock - HM_ROW_LIVE_S;
}

bool
hm_row_next(struct hm_slice *rest, struct hm_row_value *value)
{
	uint16_t head, size;

	if (rest->n == 0)
		return false;
	take(rest, &head, sizeof head);
	value->parameter = head / HM_ROW_FORMS;
	value->form = (enum hm_row_form)(head % HM_ROW_FORMS);
	switch (value->form) {
	case HM_ROW_INTEGER:
		take(rest, &value->integer, sizeof value->integer);
		break;
	case HM_ROW_REAL:
		take(rest, &value->real, sizeof value->real);
		break;
	case HM_ROW_TEXT:
		take(rest, &size, sizeof size);
		value->text = hm_slice(rest->p, size);
		*rest = hm_slice(rest->p + size, rest->n - size);
		break;
	case HM_ROW_FORMS:
		break;
	}
	return true;
}
