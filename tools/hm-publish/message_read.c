#include "message_read.h"

#include <mosquitto.h>
#include <string.h>

/* Read the topic. NULL, or what is wrong with it. */
static const char *
read_topic(struct hm_message_reader *reader, const struct hm_record *record,
    struct hm_slice *topic)
{
	struct hm_slice text;

	if (!hm_record_string(record, "topic", &text))
		return "no topic";
	if (!hm_string_decode(text, reader->topic, sizeof reader->topic,
	    &topic->n))
		return "the topic is longer than 65535 bytes";
	topic->p = reader->topic;
	if (topic->n == 0)
		return "the topic is empty";
	if (memchr(topic->p, '\0', topic->n) != NULL ||
	    mosquitto_pub_topic_check2(topic->p, topic->n) !=
	    MOSQ_ERR_SUCCESS)
		return "a topic must not contain +, # or NUL";
	return NULL;
}

/* A string is sent as its text, anything else as its JSON. */
static const char *
read_payload(struct hm_message_reader *reader, const struct hm_record *record,
    struct hm_slice *payload)
{
	const struct hm_value *value = hm_record_get(record, "payload");

	if (value->kind == HM_ABSENT || value->kind == HM_NULL)
		return "no payload";
	*payload = value->text;
	if (value->kind != HM_STRING)
		return NULL;
	payload->p = reader->payload;
	return hm_string_decode(value->text, reader->payload,
	    sizeof reader->payload, &payload->n) ? NULL :
	    "the payload is too long";
}

/* False if the member is neither true nor false nor absent. */
static bool
read_flag(const struct hm_record *record, const char *key, bool *flag)
{
	const struct hm_value *value = hm_record_get(record, key);

	*flag = value->kind == HM_TRUE;
	return *flag || value->kind == HM_FALSE || value->kind == HM_ABSENT;
}

static const char *
read_quality(const struct hm_message_reader *reader,
    const struct hm_record *record, struct hm_message *message)
{
	int64_t qos = reader->qos;

	if (hm_record_get(record, "qos")->kind != HM_ABSENT &&
	    (!hm_record_int(record, "qos", &qos) || qos < 0 || qos > 2))
		return "the qos must be 0, 1 or 2";
	message->qos = (int)qos;
	if (!read_flag(record, "retain", &message->retain))
		return "retain must be true or false";
	if (!read_flag(record, "once", &message->once))
		return "once must be true or false";
	return message->once && message->retain ?
	    "a retained message is sent again: it must not have once" : NULL;
}

const char *
hm_message_read(struct hm_message_reader *reader,
    const struct hm_record *record, struct hm_message *message)
{
	const char *why = read_topic(reader, record, &message->topic);

	if (why == NULL)
		why = read_payload(reader, record, &message->payload);
	return why != NULL ? why : read_quality(reader, record, message);
}
