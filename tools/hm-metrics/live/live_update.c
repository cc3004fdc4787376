#include "live_update_private.h"

#include "live.h"
#include "record/command.h"
#include "record/record.h"
#include "record/types.h"

static void
on_mqtt(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now)
{
	(void)now;
	if (hm_live_is_true(record, "retain"))
		live->announcements++;
	else
		live->states++;
}

static void
on_result(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now)
{
	enum hm_result_state state;
	struct hm_slice name;

	(void)now;
	if (hm_record_string(record, "state", &name) &&
	    hm_result_state_parse(name, &state))
		live->results[state]++;
	else
		live->refused++;
}

static const struct {
	const char *type;
	void (*take)(struct hm_live *live, const struct hm_record *record,
	    const struct hm_moment *now);
} takers[] = {
    {"status", hm_live_on_status},
    {"info", hm_live_on_info},
    {"alarm", hm_live_on_alarm},
    {"alarms", hm_live_on_alarms},
    {"stats", hm_live_on_stats},
    {"death", hm_live_on_death},
    {"mqtt", on_mqtt},
    {"result", on_result},
};

bool
hm_live_takes(struct hm_slice type)
{
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			return true;
	return hm_reading_type_of(type) != NULL;
}

void
hm_live_record(struct hm_live *live, struct hm_slice type,
    const struct hm_record *record, const struct hm_moment *now)
{
	const struct hm_reading_type *reading = hm_reading_type_of(type);

	live->number++;
	if (reading != NULL) {
		hm_live_on_reading(live, reading, record, now);
		return;
	}
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			takers[i].take(live, record, now);
}
