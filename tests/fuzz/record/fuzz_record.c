/*
 * The record reader against json-c: both accept a line or both refuse it,
 * except for the differences that is_stricter names. An accepted line reads the
 * same with both, and again after the emitter has written it.
 */

#include <errno.h>
#include <iconv.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/record.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The C library judges UTF-8; json-c takes overlong forms. */
static bool
to_utf16(struct hm_slice line, uint8_t *units, size_t *n)
{
	static char in[HM_LINE_MAX];
	static iconv_t converter;
	char *from = in, *to = (char *)units;
	size_t left = line.n, room = *n;
	bool valid;

	if (converter == NULL)
		converter = iconv_open("UTF-16BE", "UTF-8");
	FOUND(converter == (iconv_t)-1); // NOLINT(performance-no-int-to-ptr)
	memcpy(in, line.p, line.n);
	iconv(converter, NULL, NULL, NULL, NULL);
	valid = iconv(converter, &from, &left, &to, &room) != (size_t)-1;
	FOUND(!valid && errno == E2BIG);
	*n -= room;
	return valid;
}

/*
 * Escapes instead of other characters than ASCII: strict json-c 0.18 refuses
 * those where char is signed. Behind a backslash they stay wrong.
 */
static size_t
to_ascii(const uint8_t *units, size_t n, char *ascii)
{
	bool escaped = false;
	char *p = ascii;

	for (size_t i = 0; i < n; i += 2) {
		unsigned unit = (unsigned)(units[i] << 8 | units[i + 1]);

		if (unit < 0x80)
			*p++ = (char)unit;
		else if (escaped)
			*p++ = '?';
		else
			p += snprintf(p, sizeof "\\u0000", "\\u%04x", unit);
		escaped = unit == '\\' && !escaped;
	}
	return (size_t)(p - ascii);
}

static bool
is_blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr(" \t\r\n", p[i]) == NULL)
			return false;
	return true;
}

static struct json_object *
judge(struct hm_slice line, bool *taken)
{
	static uint8_t units[2 * HM_LINE_MAX];
	static char ascii[3 * HM_LINE_MAX + 1];
	size_t n = sizeof units, end;
	struct json_tokener *tokener;
	struct json_object *object;

	*taken = false;
	if (!to_utf16(line, units, &n))
		return NULL;
	n = to_ascii(units, n, ascii);
	tokener = json_tokener_new_ex(HM_DEPTH_MAX + 1);
	FOUND(tokener == NULL);
	json_tokener_set_flags(tokener,
	    JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	object = json_tokener_parse_ex(tokener, ascii, (int)n);
	end = json_tokener_get_parse_end(tokener);
	*taken = json_tokener_get_error(tokener) == json_tokener_success &&
	    json_object_is_type(object, json_type_object) &&
	    is_blank(ascii + end, n - end);
	json_tokener_free(tokener);
	return object;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* A leading zero, a point without digits on a side, NaN, Infinity. */
static bool
is_lenient_number(const char *p, size_t n, char before)
{
	if (n == 0)
		return false;
	return (*p == '0' && n > 1 && is_digit(p[1])) || before == '.' ||
	    (*p == '.' && before == '-') || *p == 'N' || *p == 'I';
}

/* Half of a surrogate pair, which json-c replaces. */
static bool
is_half_pair(const char *p, size_t n)
{
	return n >= 6 && p[0] == '\\' && p[1] == 'u' && (p[2] | 0x20) == 'd' &&
	    is_hex(p[3]) && p[3] >= '8' && is_hex(p[4]) && is_hex(p[5]);
}

static unsigned long
hex4(const char *p)
{
	char digits[] = {p[0], p[1], p[2], p[3], '\0'};

	return strtoul(digits, NULL, 16);
}

/*
 * Code points such as U+1DA0E, whose low 16 bits are those of half a pair: of
 * an escaped pair json-c takes them for one, and replaces them.
 */
static bool
has_misread_pair(struct hm_slice line)
{
	unsigned long high, low;

	for (size_t i = 0; i + 12 <= line.n; i++) {
		if (line.p[i] != '\\')
			continue;
		if (is_half_pair(line.p + i, 6) &&
		    is_half_pair(line.p + i + 6, 6)) {
			high = hex4(line.p + i + 2);
			low = hex4(line.p + i + 8);
			if (((high << 10 | (low & 0x3ff)) & 0xf800) == 0xd800)
				return true;
		}
		i++;
	}
	return false;
}

/* Lines that the reader refuses and json-c accepts. */
static bool
is_stricter(struct hm_slice line, const struct hm_fault *fault)
{
	const char *p = line.p + fault->at;
	size_t n = line.n - fault->at;

	if (strcmp(fault->what, "duplicate key") == 0 ||
	    strcmp(fault->what, "too many keys") == 0 ||
	    strcmp(fault->what, "nested too deep") == 0)
		return true;
	if (strcmp(fault->what, "control character in a string") == 0)
		return n > 0 && (unsigned char)*p < 0x20;
	if (strcmp(fault->what, "bad number") == 0 ||
	    strcmp(fault->what, "expected a value") == 0)
		return is_lenient_number(p, n, p[-1]);
	if (strcmp(fault->what, "bad escape in a string") == 0)
		return is_half_pair(p, n);
	if (strcmp(fault->what, "expected a key") == 0)
		return n > 0 && *p == '\'';
	return false;
}

/* The length of the number at p, and whether it is an integer. */
static size_t
measure_number(const char *p, size_t n, bool *whole)
{
	size_t i = 0;

	*whole = true;
	for (; i < n && p[i] != '\0' && strchr("0123456789+-.eE", p[i]) != NULL;
	     i++)
		*whole = *whole && (is_digit(p[i]) || p[i] == '-');
	return i;
}

/* Strict json-c 0.18 refuses integers that need more than 64 bits. */
static bool
has_huge_integer(struct hm_slice line)
{
	bool quoted = false, whole;

	for (size_t i = 0; i < line.n; i++) {
		size_t n = quoted ? 0 :
		    measure_number(line.p + i, line.n - i, &whole);

		if (n >= sizeof "9223372036854775808" - 1 && whole)
			return true;
		i += n;
		if (i < line.n && line.p[i] == '"')
			quoted = !quoted;
		else if (i < line.n && quoted && line.p[i] == '\\')
			i++;
	}
	return false;
}

static void compare(const struct hm_value *ours, struct json_object *theirs);

static void
compare_strings(struct hm_slice text, const char *theirs, size_t length)
{
	static char decoded[HM_LINE_MAX];
	size_t n;

	FOUND(!hm_string_decode(text, decoded, sizeof decoded, &n));
	FOUND(n != length || memcmp(decoded, theirs, n) != 0);
}

/* Past 64 bits json-c gives the nearest integer that it has. */
static void
compare_numbers(struct hm_slice text, struct json_object *theirs)
{
	char printed[HM_DECIMAL_TEXT];
	struct hm_decimal d;

	if (!hm_decimal_parse(text, &d))
		return;
	hm_decimal_format(d, printed);
	if (json_object_is_type(theirs, json_type_int)) {
		FOUND(d.scale != 0);
		FOUND(json_object_get_int64(theirs) != d.units);
	} else {
		FOUND(!json_object_is_type(theirs, json_type_double));
		FOUND(strtod(printed, NULL) < json_object_get_double(theirs));
		FOUND(strtod(printed, NULL) > json_object_get_double(theirs));
	}
}

static void
compare_arrays(struct hm_slice text, struct json_object *theirs)
{
	struct hm_value item;
	size_t n = 0;

	for (; hm_array_next(&text, &item); n++)
		compare(&item, json_object_array_get_idx(theirs, n));
	FOUND(n != json_object_array_length(theirs));
}

/* json-c cuts keys at a NUL, and so takes two for one. */
static bool
has_nul_key(struct hm_slice text)
{
	static const char nul[] = "\\u0000";
	struct hm_member member;

	while (hm_object_next(&text, &member))
		if (memmem(member.key.p, member.key.n, nul, strlen(nul)) !=
		    NULL)
			return true;
	return false;
}

static void
compare_objects(struct hm_slice text, struct json_object *theirs)
{
	struct hm_member member;
	int n = 0;

	if (has_nul_key(text))
		return;
	for (; hm_object_next(&text, &member); n++) {
		struct json_object *value;
		char *key = malloc(member.key.n + 1);
		size_t length;

		FOUND(key == NULL);
		FOUND(!hm_string_decode(member.key, key, member.key.n,
		    &length));
		key[length] = '\0';
		FOUND(!json_object_object_get_ex(theirs, key, &value));
		free(key);
		compare(&member.value, value);
	}
	FOUND(n != json_object_object_length(theirs));
}

static void
compare(const struct hm_value *ours, struct json_object *theirs)
{
	static const enum json_type types[] = {
	    [HM_NULL] = json_type_null,
	    [HM_FALSE] = json_type_boolean,
	    [HM_TRUE] = json_type_boolean,
	    [HM_STRING] = json_type_string,
	    [HM_ARRAY] = json_type_array,
	    [HM_OBJECT] = json_type_object,
	};

	if (ours->kind == HM_NUMBER) {
		compare_numbers(ours->text, theirs);
		return;
	}
	FOUND(!json_object_is_type(theirs, types[ours->kind]));
	if (ours->kind == HM_FALSE || ours->kind == HM_TRUE)
		FOUND(json_object_get_boolean(theirs) !=
		    (ours->kind == HM_TRUE));
	else if (ours->kind == HM_STRING)
		compare_strings(ours->text, json_object_get_string(theirs),
		    (size_t)json_object_get_string_len(theirs));
	else if (ours->kind == HM_ARRAY)
		compare_arrays(ours->text, theirs);
	else if (ours->kind == HM_OBJECT)
		compare_objects(ours->text, theirs);
}

static void
emit_string(struct hm_json *e, const char *key, struct hm_slice text)
{
	static char decoded[HM_LINE_MAX];
	size_t n;

	FOUND(!hm_string_decode(text, decoded, sizeof decoded, &n));
	hm_json_string(e, key, hm_slice(decoded, n));
}

/* An array of all keys and values; strings are decoded and encoded again. */
static struct hm_slice
emit_all(const struct hm_record *record)
{
	static char buf[8 * HM_LINE_MAX];
	struct hm_slice line;
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_object(&e, NULL);
	hm_json_array(&e, "all");
	for (size_t i = 0; i < record->count; i++) {
		const struct hm_value *value = &record->member[i].value;

		emit_string(&e, NULL, record->member[i].key);
		if (value->kind == HM_STRING)
			emit_string(&e, NULL, value->text);
		else
			hm_json_value(&e, NULL, value);
	}
	hm_json_array_end(&e);
	hm_json_object_end(&e);
	FOUND(!hm_json_done(&e, &line));
	return line;
}

static bool
same_string(struct hm_slice a, struct hm_slice b)
{
	static char x[HM_LINE_MAX], y[HM_LINE_MAX];
	size_t n, m;

	FOUND(!hm_string_decode(a, x, sizeof x, &n));
	FOUND(!hm_string_decode(b, y, sizeof y, &m));
	return hm_slice_equal(hm_slice(x, n), hm_slice(y, m));
}

static void
round_trip(const struct hm_record *record)
{
	static struct hm_record again;
	struct hm_slice rest, line = emit_all(record);
	struct hm_fault fault;
	struct hm_value item;

	/* The array is one level deeper than the record. */
	if (!hm_record_parse(&again, line, &fault)) {
		FOUND(strcmp(fault.what, "nested too deep") != 0);
		return;
	}
	rest = again.member[0].value.text;
	for (size_t i = 0; i < record->count; i++) {
		const struct hm_value *value = &record->member[i].value;

		FOUND(!hm_array_next(&rest, &item));
		FOUND(!same_string(item.text, record->member[i].key));
		FOUND(!hm_array_next(&rest, &item));
		FOUND(item.kind != value->kind);
		FOUND(value->kind == HM_STRING ?
		    !same_string(item.text, value->text) :
		    !hm_slice_equal(item.text, value->text));
	}
	FOUND(hm_array_next(&rest, &item));
}

/* hm_record_type, which reads only the start, agrees with the full reader. */
static void
check_type(const struct hm_record *record, struct hm_slice line)
{
	struct hm_slice type;

	if (!hm_record_type(line, &type))
		return;
	FOUND(record->count == 0);
	FOUND(!hm_slice_is(record->member[0].key, "type"));
	FOUND(record->member[0].value.kind != HM_STRING);
	FOUND(!hm_slice_equal(record->member[0].value.text, type));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hm_record record;
	struct hm_slice line = hm_slice((const char *)data, size), type;
	struct hm_fault fault = {"", 0};
	struct json_object *theirs;
	bool ours_taken, theirs_taken;

	/* The stream layer gives no other lines. */
	if (size == 0 || size > HM_LINE_MAX || memchr(data, '\0', size) != NULL)
		return 0;
	hm_record_type(line, &type);
	ours_taken = hm_record_parse(&record, line, &fault);
	theirs = judge(line, &theirs_taken);
	if (ours_taken && !theirs_taken && has_huge_integer(line)) {
		json_object_put(theirs);
		return 0;
	}
	FOUND(ours_taken && !theirs_taken);
	FOUND(!ours_taken && fault.at > size);
	FOUND(!ours_taken && theirs_taken && !is_stricter(line, &fault));
	if (ours_taken) {
		struct hm_value whole = {HM_OBJECT, line};

		if (!has_misread_pair(line))
			compare(&whole, theirs);
		check_type(&record, line);
		round_trip(&record);
	}
	json_object_put(theirs);
	return 0;
}
