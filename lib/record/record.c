#include "record.h"

#include "base/hex.h"
#include "base/utf8.h"

/* Reader */

struct reader {
	const char *start, *p, *end;
	const char *what; /* the first fault, or NULL */
	unsigned depth;
	size_t keys_open;
	struct hm_slice key[HM_KEYS_MAX]; /* of the objects now open */
};

static bool
fail(struct reader *r, const char *what)
{
	r->what = what;
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* The four digits after "\u"; -1 if they are not all there. */
static int32_t
hex4(const char *p, const char *end)
{
	int32_t code = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hm_hex_digit(p[i]);

		if (digit < 0)
			return -1;
		code = code << 4 | digit;
	}
	return code;
}

static bool
is_high_surrogate(int32_t code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool
is_low_surrogate(int32_t code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

/*
 * The escape at p (which points at the backslash) as a code point. Returns
 * the bytes it takes, 0 if it is not an escape. Half a surrogate pair is not.
 */
static size_t
read_escape(const char *p, const char *end, uint32_t *out)
{
	static const char names[] = "\"\\/bfnrt";
	static const char codes[] = "\"\\/\b\f\n\r\t";
	const char *found;
	int32_t code, low;

	if (end - p < 2)
		return 0;
	if (p[1] != 'u') {
		found = p[1] != '\0' ? strchr(names, p[1]) : NULL;
		if (found == NULL)
			return 0;
		*out = (unsigned char)codes[found - names];
		return 2;
	}
	code = hex4(p + 2, end);
	if (code < 0 || is_low_surrogate(code))
		return 0;
	*out = (uint32_t)code;
	if (!is_high_surrogate(code))
		return 6;
	if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = hex4(p + 8, end);
	if (!is_low_surrogate(low))
		return 0;
	*out = 0x10000 + ((uint32_t)(code - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00);
	return 12;
}

static bool
read_string(struct reader *r, struct hm_slice *out)
{
	const char *begin = ++r->p;
	uint32_t code;
	size_t n;

	while (r->p < r->end && *r->p != '"') {
		if ((unsigned char)*r->p < 0x20)
			return fail(r, "control character in a string");
		if (*r->p == '\\') {
			n = read_escape(r->p, r->end, &code);
			if (n == 0)
				return fail(r, "bad escape in a string");
		} else {
			n = hm_utf8_len(r->p, (size_t)(r->end - r->p));
			if (n == 0)
				return fail(r, "not UTF-8");
		}
		r->p += n;
	}
	if (r->p == r->end)
		return fail(r, "string without an end");
	*out = hm_slice(begin, (size_t)(r->p - begin));
	r->p++;
	return true;
}

static size_t
digits(const char *p, const char *end)
{
	const char *begin = p;

	while (p < end && *p >= '0' && *p <= '9')
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

/* The bytes that a checked string stands for, one at a time. */
struct unescape {
	const char *p, *end;
	char pending[4];
	size_t count, at;
};

static int
next_byte(struct unescape *u)
{
	uint32_t code;

	if (u->at < u->count)
		return (unsigned char)u->pending[u->at++];
	if (u->p == u->end)
		return -1;
	if (*u->p != '\\')
		return (unsigned char)*u->p++;
	u->p += read_escape(u->p, u->end, &code);
	u->count = hm_utf8_put(code, u->pending);
	u->at = 1;
	return (unsigned char)u->pending[0];
}

/* "a" and "\u0061" are the same key. */
static bool
same_key(struct hm_slice a, struct hm_slice b)
{
	struct unescape x = {.p = a.p, .end = a.p + a.n};
	struct unescape y = {.p = b.p, .end = b.p + b.n};
	int byte;

	if (memchr(a.p, '\\', a.n) == NULL && memchr(b.p, '\\', b.n) == NULL)
		return hm_slice_equal(a, b);
	do {
		byte = next_byte(&x);
		if (byte != next_byte(&y))
			return false;
	} while (byte >= 0);
	return true;
}

static bool
remember_key(struct reader *r, size_t first, struct hm_slice key)
{
	for (size_t i = first; i < r->keys_open; i++)
		if (same_key(r->key[i], key))
			return fail(r, "duplicate key");
	if (r->keys_open == HM_KEYS_MAX)
		return fail(r, "too many keys");
	r->key[r->keys_open++] = key;
	return true;
}

static bool read_value(struct reader *r, struct hm_value *out);

static bool
read_member(struct reader *r, size_t first_key, struct hm_member *out)
{
	if (r->p == r->end || *r->p != '"')
		return fail(r, "expected a key");
	if (!read_string(r, &out->key) ||
	    !remember_key(r, first_key, out->key))
		return false;
	r->p = skip_space(r->p, r->end);
	if (r->p == r->end || *r->p != ':')
		return fail(r, "expected ':'");
	r->p = skip_space(r->p + 1, r->end);
	return read_value(r, &out->value);
}

/* After an item: true at `close`, which is consumed; a comma goes on. */
static bool
item_end(struct reader *r, char close, bool *closed)
{
	r->p = skip_space(r->p, r->end);
	if (r->p == r->end || (*r->p != ',' && *r->p != close))
		return fail(r, close == '}' ? "expected ',' or '}'" :
		    "expected ',' or ']'");
	*closed = *r->p++ == close;
	if (!*closed)
		r->p = skip_space(r->p, r->end);
	return true;
}

static bool
enter(struct reader *r, char close, bool *closed)
{
	if (++r->depth > HM_DEPTH_MAX)
		return fail(r, "nested too deep");
	r->p = skip_space(r->p + 1, r->end);
	*closed = r->p < r->end && *r->p == close;
	r->p += *closed;
	return true;
}

static bool
read_object(struct reader *r, struct hm_record *record)
{
	size_t first_key = r->keys_open;
	struct hm_member member;
	bool closed;

	if (!enter(r, '}', &closed))
		return false;
	while (!closed) {
		if (!read_member(r, first_key, &member) ||
		    !item_end(r, '}', &closed))
			return false;
		if (record == NULL)
			continue;
		if (record->count == HM_MEMBERS_MAX)
			return fail(r, "too many keys");
		record->member[record->count++] = member;
	}
	r->keys_open = first_key;
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
		if (*r->p != '-' && digits(r->p, r->end) == 0)
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

	r.start = line.p;
	r.end = line.p + line.n;
	r.p = skip_space(line.p, r.end);
	r.what = NULL;
	r.depth = 0;
	r.keys_open = 0;
	record->count = 0;
	if (r.p == r.end || *r.p != '{')
		fail(&r, "not a JSON object");
	else if (read_object(&r, record)) {
		r.p = skip_space(r.p, r.end);
		if (r.p != r.end)
			fail(&r, "more after the object");
	}
	if (r.what == NULL)
		return true;
	fault->what = r.what;
	fault->at = (size_t)(r.p - r.start);
	return false;
}

/* What stands between the quotes at *p, if it has no escape and no control. */
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

	while (end > p && is_space(end[-1]))
		end--;
	p = skip_space(p, end);
	if (end - p < 2 || *p != '{' || end[-1] != '}')
		return false;
	p = skip_space(p + 1, end);
	if (!plain_string(&p, end, &key) || !hm_slice_is(key, "type"))
		return false;
	p = skip_space(p, end);
	if (p == end || *p != ':')
		return false;
	p = skip_space(p + 1, end);
	return plain_string(&p, end, type);
}

const struct hm_value *
hm_record_get(const struct hm_record *record, const char *key)
{
	static const struct hm_value absent = {HM_ABSENT, {"", 0}};

	for (size_t i = 0; i < record->count; i++)
		if (hm_slice_is(record->member[i].key, key))
			return &record->member[i].value;
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

/* The walkers run over text that read_value has accepted. */

static void
reader_over(struct reader *r, struct hm_slice rest)
{
	r->start = rest.p;
	r->end = rest.p + rest.n;
	r->p = rest.p;
	r->what = NULL;
	r->depth = 0;
	r->keys_open = 0;
}

bool
hm_value_parse(struct hm_value *value, struct hm_slice text,
    struct hm_fault *fault)
{
	struct reader r;

	reader_over(&r, text);
	r.p = skip_space(r.p, r.end);
	if (read_value(&r, value)) {
		r.p = skip_space(r.p, r.end);
		if (r.p == r.end)
			return true;
		r.what = "more after the value";
	}
	*fault = (struct hm_fault){r.what, (size_t)(r.p - r.start)};
	return false;
}

/* Step over the bracket, comma and space before the next item. */
static bool
walk_start(struct hm_slice *rest, char open, char close)
{
	const char *p = skip_space(rest->p, rest->p + rest->n);
	const char *end = rest->p + rest->n;

	if (p < end && (*p == open || *p == ','))
		p = skip_space(p + 1, end);
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
	reader_over(&r, *rest);
	if (!read_value(&r, item))
		return false;
	*rest = hm_slice(r.p, (size_t)(r.end - r.p));
	return true;
}

bool
hm_object_next(struct hm_slice *rest, struct hm_member *member)
{
	struct reader r;

	if (!walk_start(rest, '{', '}'))
		return false;
	reader_over(&r, *rest);
	if (!read_member(&r, 0, member))
		return false;
	*rest = hm_slice(r.p, (size_t)(r.end - r.p));
	return true;
}

bool
hm_string_decode(struct hm_slice text, char *buf, size_t cap, size_t *len)
{
	const char *p = text.p, *end = text.p + text.n;
	size_t n = 0;

	while (p < end) {
		char utf8[4];
		size_t width = 1, taken;
		uint32_t code;

		if (*p == '\\') {
			taken = read_escape(p, end, &code);
			if (taken == 0)
				return false;
			width = hm_utf8_put(code, utf8);
			p += taken;
		} else {
			utf8[0] = *p++;
		}
		if (cap - n < width)
			return false;
		memcpy(buf + n, utf8, width);
		n += width;
	}
	*len = n;
	return true;
}

/* Emitter */

void
hm_json_value(struct hm_json *e, const char *key, const struct hm_value *value)
{
	if (value->kind == HM_STRING)
		hm_json_quoted(e, key, value->text);
	else
		hm_json_raw(e, key, value->text);
}

void
hm_json_member(struct hm_json *e, const struct hm_member *member)
{
	hm_json_key(e, member->key);
	hm_json_value(e, NULL, &member->value);
}

void
hm_json_record(struct hm_json *e, const char *type, struct hm_slice time)
{
	hm_json_object(e, NULL);
	hm_json_text(e, "type", type);
	hm_json_string(e, "time", time);
}
