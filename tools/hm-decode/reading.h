#ifndef HM_READING_H
#define HM_READING_H

#include "record/fields.h"
#include "record/record.h"

/*
 * Writes a record of readings, with names and scales from fields.def.
 */
struct hm_reading {
	struct hm_json json;
};

/* The origin of a reading: slices of the line of the frame record. */
struct hm_origin {
	struct hm_slice time; /* RFC 3339, checked */
	struct hm_slice dtu;  /* the configured name, escapes as in the line */
};

/* Begin a record in buf: type, time, dtu and serial. */
void hm_reading_start(struct hm_reading *r, char *buf, size_t cap,
    const char *type, const struct hm_origin *origin, struct hm_slice serial);

/* A number in the wire's units: 2301 of a field of scale 1 is 230.1. */
void hm_reading_number(struct hm_reading *r, enum hm_field_id field,
    int64_t units);

/*
 * The same for a device that the DTU may not hear: a zero is then left out,
 * because DTUs send 0 for unknown values.
 */
void hm_reading_heard(struct hm_reading *r, enum hm_field_id field,
    int64_t units, bool heard);

/* Left out if NULL. */
void hm_reading_text(struct hm_reading *r, enum hm_field_id field,
    const char *text);
void hm_reading_flag(struct hm_reading *r, enum hm_field_id field, bool value);
/* A time by the DTU's clock; left out if it is none (device_time.h). */
void hm_reading_moment(struct hm_reading *r, enum hm_field_id field,
    int64_t seconds);

/* False if the record did not fit. */
bool hm_reading_end(struct hm_reading *r, struct hm_slice *line);

#endif
