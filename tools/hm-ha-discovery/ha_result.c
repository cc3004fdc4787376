#include "base/json_writer.h"
#include "ha_message_private.h"
#include "ha_private.h"
#include "record/record.h"
#include "record/topics.h"

/*
 * Results for everybody at the broker: not retained, and each by itself, so
 * that none takes the place of another one.
 */

static bool
write_result(const struct hm_ha *ha, const struct hm_record *record,
    struct hm_slice time, char *buf, struct hm_slice *line)
{
	const struct hm_ha_style *style = &ha->options.style;
	char topic[HM_TOPIC_MAX];
	struct hm_json e;

	hm_topic_results(style->prefix, topic, sizeof topic);
	hm_ha_start_record(&e, time, buf, HM_HA_MESSAGE_MAX);
	hm_json_text(&e, "topic", topic);
	hm_json_object(&e, "payload");
	for (size_t i = 0; i < record->count; i++)
		hm_json_member(&e, &record->member[i]);
	hm_json_object_end(&e);
	hm_json_bool(&e, "once", true);
	return hm_ha_end_record(&e, style, false, line);
}

const char *
hm_ha_publish_result(struct hm_ha *ha, const struct hm_record *record)
{
	struct hm_slice time, line;
	bool good;

	if (!hm_record_string(record, "time", &time))
		return "it has no time";
	good = write_result(ha, record, time, ha->message, &line);
	hm_ha_send(ha, good, line);
	return NULL;
}
