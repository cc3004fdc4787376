#include "live_update_private.h"

#include "base/rfc3339.h"
#include "live.h"
#include "record/record.h"

bool
hm_live_name(const struct hm_record *record, const char *key, char *out,
    size_t cap)
{
	char name[2 * HM_LIVE_NAME];

	out[0] = '\0';
	if (!hm_record_text(record, key, name, sizeof name) ||
	    strlen(name) >= cap)
		return false;
	memcpy(out, name, strlen(name) + 1);
	return true;
}

int64_t
hm_live_time(const struct hm_record *record, const char *key,
    int64_t otherwise)
{
	struct hm_slice text;
	int64_t seconds;

	return hm_record_string(record, key, &text) &&
	    hm_rfc3339_parse(text, &seconds) ? seconds : otherwise;
}

size_t
hm_live_dtu_of(struct hm_live *live, const struct hm_record *record)
{
	char name[HM_LIVE_NAME];
	size_t dtu = SIZE_MAX;

	if (hm_live_name(record, "dtu", name, sizeof name))
		dtu = hm_live_find_dtu(live, hm_text(name));
	if (dtu == SIZE_MAX)
		live->refused++;
	return dtu;
}

bool
hm_live_is_true(const struct hm_record *record, const char *key)
{
	return hm_record_get(record, key)->kind == HM_TRUE;
}
