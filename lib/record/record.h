#ifndef HM_RECORD_H
#define HM_RECORD_H

#include <stdint.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "base/slice.h"

/*
 * Records are JSON objects, one a line. The reader is strict RFC 8259 (UTF-8
 * checked, duplicate keys refused, depth and key count bounded). It builds no
 * tree and allocates nothing: its slices point into the line, so they are valid
 * as long as the line is.
 */

#define HM_LINE_MAX ((size_t)256 * 1024) /* bytes in a line, without its LF */
#define HM_MEMBERS_MAX 256               /* keys of one record */
#define HM_KEYS_MAX 1024                 /* keys of all open objects */
#define HM_DEPTH_MAX 32

enum hm_kind {
	HM_ABSENT, /* the record has no such key */
	HM_NULL,
	HM_FALSE,
	HM_TRUE,
	HM_NUMBER,
	HM_STRING,
	HM_ARRAY,
	HM_OBJECT,
};

/* `text` is part of the line; that of a string is without its quotes. */
struct hm_value {
	enum hm_kind kind;
	struct hm_slice text;
};

struct hm_member {
	struct hm_slice key; /* between the quotes, escapes as in the line */
	struct hm_value value;
};

struct hm_record {
	size_t count;
	struct hm_member member[HM_MEMBERS_MAX];
};

struct hm_fault {
	const char *what; /* what is wrong, static text */
	size_t at;        /* byte offset in the line */
};

/* Read a whole line. False with *fault set if it is not a JSON object. */
bool hm_record_parse(struct hm_record *record, struct hm_slice line,
    struct hm_fault *fault);

/* The same for a text that is one JSON value of any kind. */
bool hm_value_parse(struct hm_value *value, struct hm_slice text,
    struct hm_fault *fault);

/*
 * The value of "type", if that is the first key. Checks only the first member
 * and the closing brace. False if the line begins or ends otherwise.
 */
bool hm_record_type(struct hm_slice line, struct hm_slice *type);

/* The value under `key`, or one of kind HM_ABSENT. Never NULL. */
const struct hm_value *hm_record_get(const struct hm_record *record,
    const char *key);

/* The text of a string under `key`; false if absent or of another kind. */
bool hm_record_string(const struct hm_record *record, const char *key,
    struct hm_slice *text);

/*
 * The text under `key`, ended by a NUL, with '?' for control characters; cut
 * between characters where it does not fit into cap bytes. False, and empty, if
 * it is absent, empty or longer than 1024 bytes.
 */
bool hm_record_text(const struct hm_record *record, const char *key, char *out,
    size_t cap);

/* The number under `key`; false if absent, of another kind, or not exact. */
bool hm_record_decimal(const struct hm_record *record, const char *key,
    struct hm_decimal *number);

/* The integer under `key`; false if absent or not an integer. */
bool hm_record_int(const struct hm_record *record, const char *key,
    int64_t *number);

/*
 * Walk a parsed array or object: `rest` starts as its text and is advanced.
 * False at the end.
 */
bool hm_array_next(struct hm_slice *rest, struct hm_value *item);
bool hm_object_next(struct hm_slice *rest, struct hm_member *member);

/* The first value under `key` of a parsed object, or one of kind HM_ABSENT. */
struct hm_value hm_object_get(struct hm_slice object, struct hm_slice key);

/*
 * Resolve the escapes of a parsed string into buf. False if it does not fit
 * into cap bytes. The result is not ended by a NUL and may hold one.
 */
bool hm_string_decode(struct hm_slice text, char *buf, size_t cap,
    size_t *len);

/* Write a value of a record that was read, unchanged. */
void hm_json_value(struct hm_json *e, const char *key,
    const struct hm_value *value);
/* Write a member, with its key. */
void hm_json_member(struct hm_json *e, const struct hm_member *member);

/* Open an object with the first members of every record, type and time. */
void hm_json_record(struct hm_json *e, const char *type, struct hm_slice time);

#endif
