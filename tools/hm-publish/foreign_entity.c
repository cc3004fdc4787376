#include "foreign_entity.h"

#include <string.h>

#define END "/config"
#define OURS "\"origin\":{\"name\":\"hm\","

static bool
holds(struct hm_slice text, const char *part, size_t n)
{
	return memmem(text.p, text.n, part, n) != NULL;
}

static bool
ends(struct hm_slice text, const char *end)
{
	size_t n = strlen(end);

	return text.n >= n && memcmp(text.p + text.n - n, end, n) == 0;
}

/* Quotes and backslashes look different in JSON: what is after them counts. */
static const char *
plain_part(const char *topic)
{
	size_t n = strlen(topic);

	while (n > 0 && topic[n - 1] != '"' && topic[n - 1] != '\\')
		n--;
	return topic + n;
}

bool
hm_foreign_entity(const struct hm_message *message, const char *availability)
{
	const char *part = plain_part(availability);

	return message->retain && ends(message->topic, END) &&
	    holds(message->payload, OURS, sizeof OURS - 1) &&
	    !holds(message->payload, part, strlen(part));
}
