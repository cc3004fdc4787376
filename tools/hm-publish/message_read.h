#ifndef HM_MESSAGE_READ_H
#define HM_MESSAGE_READ_H

#include "outbox.h"
#include "record/record.h"

/* mqtt records to messages. */

#define HM_MESSAGE_TOPIC_MAX ((size_t)65535) /* bytes, as MQTT has it */

struct hm_message_reader {
	int64_t qos; /* of records without one */
	char topic[HM_MESSAGE_TOPIC_MAX];
	char payload[HM_LINE_MAX];
};

/*
 * The message of a record, valid until the next one and as long as the
 * record's line. NULL, or why the record cannot be published.
 */
const char *hm_message_read(struct hm_message_reader *reader,
    const struct hm_record *record, struct hm_message *message);

#endif
