/*
 * The record reader against json-c: what one takes and the other refuses is a
 * finding, but for what json-c does not check. What is taken is written again
 * by the emitter and must read the same.
 */

#include <json-c/json.h>
#include <stdlib.h>

#include "record.h"

static struct json_object *
judge(struct hm_slice line, bool *whole)
{
	struct json_tokener *tokener = json_tokener_new_ex(HM_DEPTH_MAX + 1);
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
	    JSON_TOKENER_VALIDATE_UTF8 | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	object = json_tokener_parse_ex(tokener, line.p, (int)line.n);
	*whole = json_tokener_get_error(tokener) == json_tokener_success;
	for (size_t i = json_tokener_get_parse_end(tokener); i < line.n; i++)
		if (strchr(" \t\r\n", line.p[i]) == NULL ||
		    line.p[i] == '\0')
			*whole = false;
	json_tokener_free(tokener);
	return object;
}

/* What the reader refuses and json-c, being lenient, does not. */
static bool
is_stricter(const char *what)
{
	static const char *const stricter[] = {"duplicate key",
	    "too many keys", "nested too deep", "bad escape in a string",
	    "bad number", "control character in a string", "not UTF-8"};

	for (size_t i = 0; i < sizeof stricter / sizeof *stricter; i++)
		if (strcmp(what, stricter[i]) == 0)
			return true;
	return false;
}

static void
compare_strings(const struct hm_value *value, struct json_object *theirs)
{
	static char text[HM_LINE_MAX];
	size_t n;

	if (!json_object_is_type(theirs, json_type_string) ||
	    !hm_string_decode(value->text, text, sizeof text, &n))
		abort();
	if (n != (size_t)json_object_get_string_len(theirs) ||
	    memcmp(text, json_object_get_string(theirs), n) != 0)
		abort();
}

static void
compare_members(const struct hm_record *record, struct json_object *theirs)
{
	static char key[HM_LINE_MAX];

	if ((size_t)json_object_object_length(theirs) != record->count)
		abort();
	for (size_t i = 0; i < record->count; i++) {
		const struct hm_member *m = &record->member[i];
		struct json_object *value;
		struct hm_dec d;
		size_t n;

		if (!hm_string_decode(m->key, key, sizeof key - 1, &n))
			abort();
		key[n] = '\0';
		/* json-c cuts keys at a NUL. */
		if (memchr(key, '\0', n) != NULL)
			continue;
		if (!json_object_object_get_ex(theirs, key, &value))
			abort();
		if (m->value.kind == HM_STRING)
			compare_strings(&m->value, value);
		if (m->value.kind == HM_NUMBER &&
		    json_object_is_type(value, json_type_int) &&
		    hm_dec_parse(m->value.text, &d) && d.scale == 0 &&
		    json_object_get_int64(value) != d.units)
			abort();
	}
}

static void
round_trip(const struct hm_record *record)
{
	static char buf[4 * HM_LINE_MAX], key[HM_LINE_MAX];
	static struct hm_record again;
	struct hm_fault fault;
	struct hm_slice line;
	struct hm_emit e;
	size_t n;

	hm_emit_start(&e, buf, sizeof buf);
	hm_emit_object(&e, NULL);
	for (size_t i = 0; i < record->count; i++) {
		if (!hm_string_decode(record->member[i].key, key,
		    sizeof key - 1, &n))
			abort();
		key[n] = '\0';
		if (memchr(key, '\0', n) != NULL)
			return;
		hm_emit_value(&e, key, &record->member[i].value);
	}
	hm_emit_object_end(&e);
	if (!hm_emit_done(&e, &line) ||
	    !hm_record_parse(&again, line, &fault) ||
	    again.count != record->count)
		abort();
	for (size_t i = 0; i < record->count; i++)
		if (!hm_slice_equal(again.member[i].value.text,
		    record->member[i].value.text))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hm_record record;
	struct hm_slice line = hm_slice((const char *)data, size), type;
	struct hm_fault fault = {"", 0};
	struct json_object *theirs;
	bool good, whole, quick;

	if (size > HM_LINE_MAX || memchr(data, '\0', size) != NULL)
		return 0;
	quick = hm_record_type(line, &type);
	good = hm_record_parse(&record, line, &fault);
	theirs = judge(line, &whole);
	whole = whole && json_object_is_type(theirs, json_type_object);
	if (good && !whole)
		abort();
	if (!good && whole && !is_stricter(fault.what))
		abort();
	if (good) {
		compare_members(&record, theirs);
		round_trip(&record);
	}
	/* The quick look at the type agrees with the long one. */
	if (good && quick && (record.count == 0 ||
	    !hm_slice_is(record.member[0].key, "type") ||
	    !hm_slice_equal(record.member[0].value.text, type)))
		abort();
	json_object_put(theirs);
	return 0;
}
