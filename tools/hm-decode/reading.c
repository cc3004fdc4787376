#include "reading.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "device_time.h"

void
hm_reading_start(struct hm_reading *r, char *buf, size_t cap, const char *type,
    const struct hm_origin *origin, struct hm_slice serial)
{
	const struct hm_value dtu = {HM_STRING, origin->dtu};

	hm_json_start(&r->json, buf, cap);
	hm_json_record(&r->json, type, origin->time);
	hm_json_key(&r->json, HM_LITERAL("dtu"));
	hm_json_value(&r->json, NULL, &dtu);
	if (serial.n > 0) {
		hm_json_key(&r->json, HM_LITERAL("serial"));
		hm_json_string(&r->json, NULL, serial);
	}
}

void
hm_reading_number(struct hm_reading *r, enum hm_field_id field, int64_t units)
{
	hm_json_field(&r->json, field);
	hm_json_decimal(&r->json, NULL,
	    hm_decimal(units, hm_fields[field].scale));
}

void
hm_reading_heard(struct hm_reading *r, enum hm_field_id field, int64_t units,
    bool heard)
{
	if (heard || units != 0)
		hm_reading_number(r, field, units);
}

void
hm_reading_text(struct hm_reading *r, enum hm_field_id field, const char *text)
{
	if (text != NULL)
		hm_json_text(&r->json, hm_fields[field].key, text);
}

void
hm_reading_flag(struct hm_reading *r, enum hm_field_id field, bool value)
{
	hm_json_bool(&r->json, hm_fields[field].key, value);
}

void
hm_reading_moment(struct hm_reading *r, enum hm_field_id field,
    int64_t seconds)
{
	char text[HM_RFC3339_SIZE];

	if (hm_device_time_known(seconds))
		hm_json_string(&r->json, hm_fields[field].key,
		    hm_rfc3339_format(seconds, text));
	else if (seconds != 0)
		hm_log(HM_DEBUG, "%s is left out: %lld is no time",
		    hm_fields[field].key, (long long)seconds);
}

bool
hm_reading_end(struct hm_reading *r, struct hm_slice *line)
{
	hm_json_object_end(&r->json);
	return hm_json_done(&r->json, line);
}
