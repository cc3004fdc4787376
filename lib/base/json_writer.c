#include "json_writer.h"

#include <stdio.h>

#include "json_plain.h"
#include "rfc3339.h"
#include "utf8.h"

static void
put(struct hm_json *e, const char *p, size_t n)
{
	if (e->failed || n > e->cap - e->len) {
		e->failed = true;
		return;
	}
	memcpy(e->buf + e->len, p, n);
	e->len += n;
}

static void
put_char(struct hm_json *e, char c)
{
	if (e->failed || e->len == e->cap)
		e->failed = true;
	else
		e->buf[e->len++] = c;
}

static void
put_escaped(struct hm_json *e, unsigned char c)
{
	char text[8];

	if (c == '"' || c == '\\') {
		put_char(e, '\\');
		put_char(e, (char)c);
		return;
	}
	snprintf(text, sizeof text, "\\u%04x", (unsigned)c);
	put(e, text, 6);
}

/* The first character of s, which is not plain. Returns its bytes. */
static size_t
put_special(struct hm_json *e, struct hm_slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = hm_utf8_len(s.p, s.n);

	if (n == 0)
		put(e, "\xef\xbf\xbd", 3);
	else if (c < 0x80)
		put_escaped(e, c);
	else
		put(e, s.p, n);
	return n > 0 ? n : 1;
}

static void
put_text(struct hm_json *e, struct hm_slice s)
{
	size_t at = hm_json_plain(s.p, s.n);

	put(e, s.p, at);
	while (at < s.n && !e->failed) {
		size_t plain;

		at += put_special(e, hm_slice(s.p + at, s.n - at));
		plain = hm_json_plain(s.p + at, s.n - at);
		put(e, s.p + at, plain);
		at += plain;
	}
}

static void
put_string(struct hm_json *e, struct hm_slice s)
{
	put_char(e, '"');
	put_text(e, s);
	put_char(e, '"');
}

/* Text between quotes. */
static void
put_quoted(struct hm_json *e, struct hm_slice text)
{
	char *to = e->buf + e->len;

	if (e->failed || e->cap - e->len < 2 || text.n > e->cap - e->len - 2) {
		e->failed = true;
		return;
	}
	to[0] = '"';
	memcpy(to + 1, text.p, text.n);
	to[text.n + 1] = '"';
	e->len += text.n + 2;
}

/* Whether a comma goes before a key, or before a value without one. */
static bool
needs_comma(const struct hm_json *e)
{
	char last = e->len > 0 ? e->buf[e->len - 1] : '{';

	return last != '{' && last != '[' && last != ':';
}

static void
put_key(struct hm_json *e, const char *key)
{
	if (needs_comma(e))
		put_char(e, ',');
	if (key != NULL) {
		put_string(e, hm_text(key));
		put_char(e, ':');
	}
}

static void
put_open(struct hm_json *e, const char *key, char bracket)
{
	put_key(e, key);
	put_char(e, bracket);
	e->depth++;
}

static void
put_close(struct hm_json *e, char bracket)
{
	if (e->depth == 0) {
		e->failed = true;
		return;
	}
	put_char(e, bracket);
	e->depth--;
}

void
hm_json_start(struct hm_json *e, char *buf, size_t cap)
{
	*e = (struct hm_json){.buf = buf, .cap = cap};
}

void
hm_json_object(struct hm_json *e, const char *key)
{
	put_open(e, key, '{');
}

void
hm_json_object_end(struct hm_json *e)
{
	put_close(e, '}');
}

void
hm_json_array(struct hm_json *e, const char *key)
{
	put_open(e, key, '[');
}

void
hm_json_array_end(struct hm_json *e)
{
	put_close(e, ']');
}

void
hm_json_string(struct hm_json *e, const char *key, struct hm_slice s)
{
	put_key(e, key);
	put_string(e, s);
}

void
hm_json_text(struct hm_json *e, const char *key, const char *s)
{
	hm_json_string(e, key, hm_text(s));
}

void
hm_json_joined(struct hm_json *e, const char *key, const struct hm_slice *part,
    size_t n)
{
	put_key(e, key);
	put_char(e, '"');
	for (size_t i = 0; i < n; i++)
		put_text(e, part[i]);
	put_char(e, '"');
}

void
hm_json_hex(struct hm_json *e, const char *key, const uint8_t *bytes, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	put_key(e, key);
	put_char(e, '"');
	for (size_t i = 0; i < n && !e->failed; i++) {
		put_char(e, hex[bytes[i] >> 4]);
		put_char(e, hex[bytes[i] & 15]);
	}
	put_char(e, '"');
}

void
hm_json_int(struct hm_json *e, const char *key, int64_t number)
{
	hm_json_decimal(e, key, hm_decimal(number, 0));
}

void
hm_json_decimal(struct hm_json *e, const char *key, struct hm_decimal number)
{
	char text[HM_DECIMAL_TEXT];
	size_t n;

	put_key(e, key);
	if (!e->failed && e->cap - e->len >= sizeof text) {
		e->len += hm_decimal_format(number, e->buf + e->len);
		return;
	}
	n = hm_decimal_format(number, text);
	put(e, text, n);
}

void
hm_json_bool(struct hm_json *e, const char *key, bool value)
{
	hm_json_raw(e, key, hm_text(value ? "true" : "false"));
}

void
hm_json_null(struct hm_json *e, const char *key)
{
	hm_json_raw(e, key, hm_text("null"));
}

void
hm_json_moment(struct hm_json *e, const char *key, int64_t seconds)
{
	char text[HM_RFC3339_SIZE];

	if (seconds == 0)
		hm_json_null(e, key);
	else
		hm_json_string(e, key, hm_rfc3339_format(seconds, text));
}

void
hm_json_raw(struct hm_json *e, const char *key, struct hm_slice json)
{
	put_key(e, key);
	put(e, json.p, json.n);
}

void
hm_json_quoted(struct hm_json *e, const char *key, struct hm_slice text)
{
	put_key(e, key);
	put_quoted(e, text);
}

void
hm_json_key(struct hm_json *e, struct hm_slice key)
{
	char *to = e->buf + e->len;

	/* A comma, two quotes and a colon; a value has to follow, too. */
	if (e->failed || e->cap - e->len < 4 || key.n > e->cap - e->len - 4) {
		e->failed = true;
		return;
	}
	if (needs_comma(e))
		*to++ = ',';
	*to++ = '"';
	memcpy(to, key.p, key.n);
	to += key.n;
	*to++ = '"';
	*to++ = ':';
	e->len = (size_t)(to - e->buf);
}

bool
hm_json_done(const struct hm_json *e, struct hm_slice *out)
{
	if (e->failed || e->depth != 0)
		return false;
	*out = hm_slice(e->buf, e->len);
	return true;
}
