#ifndef HM_JSON_WRITER_H
#define HM_JSON_WRITER_H

#include <stdint.h>

#include "decimal.h"
#include "slice.h"

/*
 * Writes one JSON value into a buffer that the caller owns. An overflow or an
 * unbalanced bracket is remembered and reported once, by hm_json_done. `key` is
 * NULL inside an array.
 */
struct hm_json {
	char *buf;
	size_t cap, len;
	unsigned depth;
	bool failed;
};

void hm_json_start(struct hm_json *e, char *buf, size_t cap);
void hm_json_object(struct hm_json *e, const char *key);
void hm_json_object_end(struct hm_json *e);
void hm_json_array(struct hm_json *e, const char *key);
void hm_json_array_end(struct hm_json *e);
/* Bytes that are not UTF-8 become U+FFFD: the output is always JSON. */
void hm_json_string(struct hm_json *e, const char *key, struct hm_slice s);
void hm_json_text(struct hm_json *e, const char *key, const char *s);
/* One string of n texts in a row. */
void hm_json_joined(struct hm_json *e, const char *key,
    const struct hm_slice *part, size_t n);
void hm_json_hex(struct hm_json *e, const char *key, const uint8_t *bytes,
    size_t n);
void hm_json_int(struct hm_json *e, const char *key, int64_t number);
void hm_json_decimal(struct hm_json *e, const char *key,
    struct hm_decimal number);
void hm_json_bool(struct hm_json *e, const char *key, bool value);
void hm_json_null(struct hm_json *e, const char *key);
/* A time in seconds since 1970; null for 0, which means never. */
void hm_json_moment(struct hm_json *e, const char *key, int64_t seconds);
/* JSON text that the caller knows to be valid; a string with its quotes. */
void hm_json_raw(struct hm_json *e, const char *key, struct hm_slice json);
/* A valid JSON string without its quotes: its escapes are copied. */
void hm_json_quoted(struct hm_json *e, const char *key, struct hm_slice text);
/* A key in that form; the next value is then written with `key` NULL. */
void hm_json_key(struct hm_json *e, struct hm_slice text);
/* True and *out set (into buf, no LF) if everything fitted and is closed. */
bool hm_json_done(const struct hm_json *e, struct hm_slice *out);

#endif
