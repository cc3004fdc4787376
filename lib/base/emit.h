#ifndef HM_EMIT_H
#define HM_EMIT_H

#include <stdint.h>

#include "dec.h"
#include "slice.h"

/*
 * The emitter writes one JSON value into a buffer that the caller owns. An
 * overflow or an unbalanced bracket is remembered and reported once, by
 * hm_emit_done. `key` is NULL inside an array.
 */
struct hm_emit {
	char *buf;
	size_t cap, len;
	unsigned depth;
	bool failed;
};

void hm_emit_start(struct hm_emit *e, char *buf, size_t cap);
void hm_emit_object(struct hm_emit *e, const char *key);
void hm_emit_object_end(struct hm_emit *e);
void hm_emit_array(struct hm_emit *e, const char *key);
void hm_emit_array_end(struct hm_emit *e);
/* Bytes that are not UTF-8 become U+FFFD: the output is always JSON. */
void hm_emit_string(struct hm_emit *e, const char *key, struct hm_slice s);
void hm_emit_text(struct hm_emit *e, const char *key, const char *s);
void hm_emit_hex(struct hm_emit *e, const char *key, const uint8_t *bytes,
    size_t n);
void hm_emit_int(struct hm_emit *e, const char *key, int64_t number);
void hm_emit_dec(struct hm_emit *e, const char *key, struct hm_dec number);
void hm_emit_bool(struct hm_emit *e, const char *key, bool value);
void hm_emit_null(struct hm_emit *e, const char *key);
/* A time in seconds since 1970; null for 0, which is never. */
void hm_emit_moment(struct hm_emit *e, const char *key, int64_t seconds);
/* JSON text that is known to be valid, quotes of a string included. */
void hm_emit_raw(struct hm_emit *e, const char *key, struct hm_slice json);
/* A string that is known to be valid between its quotes, escapes in it. */
void hm_emit_quoted(struct hm_emit *e, const char *key, struct hm_slice text);
/* The same as the key of the value that comes next, without a key. */
void hm_emit_key(struct hm_emit *e, struct hm_slice text);
/* True and *out set (into buf, no LF) if everything fitted and is closed. */
bool hm_emit_done(const struct hm_emit *e, struct hm_slice *out);

#endif
