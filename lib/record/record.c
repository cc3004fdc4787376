#include "record.h"

#include <string.h>

#include "record_private.h"

/* A string at *p without escapes, control characters and non-ASCII. */
static bool
plain_string(const char **p, const char *end, struct hm_slice *out)
{
	const char *begin;

	if (*p == end || **p != '"')
		return false;
	begin = ++*p;
	while (*p < end && **p != '"' && **p != '\\' &&
	    (unsigned char)**p >= 0x20 && (unsigned char)**p < 0x80)
		++*p;
	if (*p == end || **p != '"')
		return false;
	*out = hm_slice(begin, (size_t)(*p - begin));
	++*p;
	return true;
}

bool
hm_record_type(struct hm_slice line, struct hm_slice *type)
{
	const char *p = line.p, *end = line.p + line.n;
	struct hm_slice key;

	while (end > p && hm_record_is_space(end[-1]))
		end--;
	p = hm_record_skip_space(p, end);
	if (end - p < 2 || *p != '{' || end[-1] != '}')
		return false;
	p = hm_record_skip_space(p + 1, end);
	if (!plain_string(&p, end, &key) || !hm_slice_is(key, "type"))
		return false;
	p = hm_record_skip_space(p, end);
	if (p == end || *p != ':')
		return false;
	p = hm_record_skip_space(p + 1, end);
	return plain_string(&p, end, type);
}

const struct hm_value *
hm_record_get(const struct hm_record *record, const char *key)
{
	static const struct hm_value absent = {HM_ABSENT, {"", 0}};
	const struct hm_member *member = record->member;
	struct hm_slice wanted = hm_text(key);

	for (; member < record->member + record->count; member++)
		if (hm_slice_equal(member->key, wanted))
			return &member->value;
	return &absent;
}

bool
hm_record_string(const struct hm_record *record, const char *key,
    struct hm_slice *text)
{
	const struct hm_value *value = hm_record_get(record, key);

	if (value->kind != HM_STRING)
		return false;
	*text = value->text;
	return true;
}

bool
hm_record_decimal(const struct hm_record *record, const char *key,
    struct hm_decimal *number)
{
	const struct hm_value *value = hm_record_get(record, key);

	return value->kind == HM_NUMBER &&
	    hm_decimal_parse(value->text, number);
}

bool
hm_record_int(const struct hm_record *record, const char *key,
    int64_t *number)
{
	struct hm_decimal d;

	return hm_record_decimal(record, key, &d) &&
	    hm_decimal_rescale(d, 0, number);
}
