#include <string.h>

#include "base/json_plain.h"
#include "base/utf8.h"
#include "record.h"
#include "record_private.h"

struct reader {
	const char *start, *p, *end;
	const char *what; /* the first fault, or NULL */
	unsigned depth;
	size_t keys_open;
	bool escapes;     /* the last string has one */
	bool escaped_key; /* so has a key so far */
	struct hm_slice key[HM_KEYS_MAX]; /* of all open objects */
};

static void
reader_start(struct reader *r, struct hm_slice text)
{
	r->start = r->p = text.p;
	r->end = text.p + text.n;
	r->what = NULL;
	r->depth = 0;
	r->keys_open = 0;
	r->escaped_key = false;
}

static __attribute__((cold, noinline)) bool
fail(struct reader *r, const char *what)
{
	r->what = what;
	return false;
}

/* A character of a string that is not plain: an escape, or not ASCII. */
static bool
read_special(struct reader *r)
{
	uint32_t code;
	size_t n;

	if ((unsigned char)*r->p < 0x20)
		return fail(r, "control character in a string");
	if (*r->p == '\\') {
		r->escapes = true;
		n = hm_record_escape(r->p, r->end, &code);
		if (n == 0)
			return fail(r, "bad escape in a string");
	} else {
		n = hm_utf8_len(r->p, (size_t)(r->end - r->p));
		if (n == 0)
			return fail(r, "not UTF-8");
	}
	r->p += n;
	return true;
}

/* The rest of a string, up to its quote. */
static __attribute__((noinline)) bool
read_mixed(struct reader *r)
{
	while (r->p < r->end && *r->p != '"') {
		if (!read_special(r))
			return false;
		r->p += hm_json_plain(r->p, (size_t)(r->end - r->p));
	}
	return r->p < r->end || fail(r, "string without an end");
}

static inline bool
read_string(struct reader *r, struct hm_slice *out)
{
	const char *begin = r->p + 1;

	r->escapes = false;
	r->p = begin + hm_json_plain(begin, (size_t)(r->end - begin));
	if ((r->p == r->end || *r->p != '"') && !read_mixed(r))
		return false;
	*out = hm_slice(begin, (size_t)(r->p - begin));
	r->p++;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
digits(const char *p, const char *end)
{
	const char *begin = p;

	while (p < end && is_digit(*p))
		p++;
	return (size_t)(p - begin);
}

static bool
read_number(struct reader *r)
{
	size_t n;

	r->p += *r->p == '-';
	n = digits(r->p, r->end);
	if (n == 0 || (n > 1 && *r->p == '0'))
		return fail(r, "bad number");
	r->p += n;
	if (r->p < r->end && *r->p == '.') {
		n = digits(++r->p, r->end);
		if (n == 0)
			return fail(r, "bad number");
		r->p += n;
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		r->p++;
		r->p += r->p < r->end && (*r->p == '+' || *r->p == '-');
		n = digits(r->p, r->end);
		if (n == 0)
			return fail(r, "bad number");
		r->p += n;
	}
	return true;
}

static bool
read_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return fail(r, "expected a value");
	r->p += n;
	return true;
}

/* The keys of an object that is open. */
struct object {
	size_t first;  /* in the reader's list */
	uint64_t bits; /* the bits of all of them */
};

/* Keys without escapes whose bits differ are different. */
static uint64_t
bit_of(struct hm_slice key)
{
	size_t mix = key.n;

	if (key.n > 0)
		mix += 5u * (unsigned char)key.p[0] +
		    11u * (unsigned char)key.p[key.n / 2] +
		    3u * (unsigned char)key.p[key.n - 1];
	return UINT64_C(1) << mix % 64;
}

static bool
has_key(const struct reader *r, const struct object *object,
    struct hm_slice key)
{
	for (size_t i = object->first; i < r->keys_open; i++)
		if (r->escaped_key ? hm_record_same_text(r->key[i], key) :
		    hm_slice_equal(r->key[i], key))
			return true;
	return false;
}

static inline bool
remember_key(struct reader *r, struct object *object, struct hm_slice key)
{
	uint64_t bit = bit_of(key);

	r->escaped_key = r->escaped_key || r->escapes;
	if ((r->escaped_key || (object->bits & bit) != 0) &&
	    has_key(r, object, key))
		return fail(r, "duplicate key");
	if (r->keys_open == HM_KEYS_MAX)
		return fail(r, "too many keys");
	object->bits |= bit;
	r->key[r->keys_open++] = key;
	return true;
}

static bool read_value(struct reader *r, struct hm_value *out);

static bool
read_member(struct reader *r, struct object *object, struct hm_member *out)
{
	if (r->p == r->end || *r->p != '"')
		return fail(r, "expected a key");
	if (!read_string(r, &out->key) ||
	    !remember_key(r, object, out->key))
		return false;
	r->p = hm_record_skip_space(r->p, r->end);
	if (r->p == r->end || *r->p != ':')
		return fail(r, "expected ':'");
	r->p = hm_record_skip_space(r->p + 1, r->end);
	return read_value(r, &out->value);
}

/*
 * Read `close` or a comma after an item; *closed is true for `close`. False if
 * neither follows.
 */
static inline bool
item_end(struct reader *r, char close, bool *closed)
{
	r->p = hm_record_skip_space(r->p, r->end);
	if (r->p == r->end || (*r->p != ',' && *r->p != close))
		return fail(r, close == '}' ? "expected ',' or '}'" :
		    "expected ',' or ']'");
	*closed = *r->p++ == close;
	if (!*closed)
		r->p = hm_record_skip_space(r->p, r->end);
	return true;
}

static bool
enter(struct reader *r, char close, bool *closed)
{
	*closed = false;
	if (++r->depth > HM_DEPTH_MAX)
		return fail(r, "nested too deep");
	r->p = hm_record_skip_space(r->p + 1, r->end);
	*closed = r->p < r->end && *r->p == close;
	r->p += *closed;
	return true;
}

static bool
read_object(struct reader *r, struct hm_record *record)
{
	struct object object = {r->keys_open, 0};
	struct hm_member nested, *member = &nested;
	bool closed;

	if (!enter(r, '}', &closed))
		return false;
	while (!closed) {
		if (record != NULL) {
			if (record->count == HM_MEMBERS_MAX)
				return fail(r, "too many keys");
			member = &record->member[record->count++];
		}
		if (!read_member(r, &object, member) ||
		    !item_end(r, '}', &closed))
			return false;
	}
	r->keys_open = object.first;
	r->depth--;
	return true;
}

static bool
read_array(struct reader *r)
{
	struct hm_value item;
	bool closed;

	if (!enter(r, ']', &closed))
		return false;
	while (!closed)
		if (!read_value(r, &item) || !item_end(r, ']', &closed))
			return false;
	r->depth--;
	return true;
}

static bool
read_scalar(struct reader *r, struct hm_value *out)
{
	switch (*r->p) {
	case 't':
		out->kind = HM_TRUE;
		return read_word(r, "true");
	case 'f':
		out->kind = HM_FALSE;
		return read_word(r, "false");
	case 'n':
		out->kind = HM_NULL;
		return read_word(r, "null");
	default:
		if (*r->p != '-' && !is_digit(*r->p))
			return fail(r, "expected a value");
		out->kind = HM_NUMBER;
		return read_number(r);
	}
}

static bool
read_value(struct reader *r, struct hm_value *out)
{
	const char *begin = r->p;
	bool good;

	if (r->p == r->end)
		return fail(r, "expected a value");
	switch (*r->p) {
	case '"':
		out->kind = HM_STRING;
		return read_string(r, &out->text);
	case '{':
		out->kind = HM_OBJECT;
		good = read_object(r, NULL);
		break;
	case '[':
		out->kind = HM_ARRAY;
		good = read_array(r);
		break;
	default:
		good = read_scalar(r, out);
	}
	if (good)
		out->text = hm_slice(begin, (size_t)(r->p - begin));
	return good;
}

bool
hm_record_parse(struct hm_record *record, struct hm_slice line,
    struct hm_fault *fault)
{
	struct reader r;

	reader_start(&r, line);
	r.p = hm_record_skip_space(r.p, r.end);
	record->count = 0;
	if (r.p == r.end || *r.p != '{')
		fail(&r, "not a JSON object");
	else if (read_object(&r, record)) {
		r.p = hm_record_skip_space(r.p, r.end);
		if (r.p != r.end)
			fail(&r, "more after the object");
	}
	if (r.what == NULL)
		return true;
	fault->what = r.what;
	fault->at = (size_t)(r.p - r.start);
	return false;
}

bool
hm_value_parse(struct hm_value *value, struct hm_slice text,
    struct hm_fault *fault)
{
	struct reader r;

	reader_start(&r, text);
	r.p = hm_record_skip_space(r.p, r.end);
	if (read_value(&r, value)) {
		r.p = hm_record_skip_space(r.p, r.end);
		if (r.p == r.end)
			return true;
		fail(&r, "more after the value");
	}
	*fault = (struct hm_fault){r.what, (size_t)(r.p - r.start)};
	return false;
}

/* The walkers run over text that hm_record_parse has accepted. */

/* Step over the bracket, comma and space before the next item. */
static bool
walk_start(struct hm_slice *rest, char open, char close)
{
	const char *p = hm_record_skip_space(rest->p, rest->p + rest->n);
	const char *end = rest->p + rest->n;

	if (p < end && (*p == open || *p == ','))
		p = hm_record_skip_space(p + 1, end);
	if (p == end || *p == close)
		return false;
	*rest = hm_slice(p, (size_t)(end - p));
	return true;
}

bool
hm_array_next(struct hm_slice *rest, struct hm_value *item)
{
	struct reader r;

	if (!walk_start(rest, '[', ']'))
		return false;
	reader_start(&r, *rest);
	if (!read_value(&r, item))
		return false;
	*rest = hm_slice(r.p, (size_t)(r.end - r.p));
	return true;
}

bool
hm_object_next(struct hm_slice *rest, struct hm_member *member)
{
	struct object object = {0, 0};
	struct reader r;

	if (!walk_start(rest, '{', '}'))
		return false;
	reader_start(&r, *rest);
	if (!read_member(&r, &object, member))
		return false;
	*rest = hm_slice(r.p, (size_t)(r.end - r.p));
	return true;
}

struct hm_value
hm_object_get(struct hm_slice object, struct hm_slice key)
{
	struct hm_member member;

	while (hm_object_next(&object, &member))
		if (hm_slice_equal(member.key, key))
			return member.value;
	return (struct hm_value){HM_ABSENT, {"", 0}};
}
