#ifndef HM_MESSAGE_READ_H
#define HM_MESSAGE_READ_H

#include "outbox.h"
#include "record/record.h"

/* Turns mqtt records into messages. */

#define HM_MESSAGE_TOPIC_MAX ((size_t)65535) /* bytes, the limit of MQTT */

struct hm_message_reader {
	int64_t qos; /* of records without one */
	char topic[HM_MESSAGE_TOPIC_MAX];
	char payload[HM_LINE_MAX];
};

/*
 * Read the message of a record. It is valid until the next call and as long as
 * the record's line. NULL, or the reason why it cannot be published.
 */
const char *hm_message_read(struct hm_message_reader *reader,
    const struct hm_record *record, struct hm_message *message);

#endif
