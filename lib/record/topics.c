#include "topics.h"

#include <stdint.h>
#include <stdio.h>

#include "base/utf8.h"

#define BRIDGE "bridge"

/* The code point of a well-formed sequence of n bytes. */
static uint32_t
code_point(const char *p, size_t n)
{
	static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)p[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)p[i] & 0x3f);
	return code;
}

/*
 * MQTT 3.1.1, 1.5.3: controls and noncharacters may end the connection, and
 * mosquitto does so.
 */
static bool
is_forbidden(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||
	    (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe;
}

static bool
is_wildcard(uint32_t code)
{
	return code == '+' || code == '#';
}

/* The length of the character at p if it may stand in a topic, else 0. */
static size_t
topic_char(const char *p, size_t left)
{
	size_t n = hm_utf8_len(p, left);

	if (n == 0 || is_forbidden(code_point(p, n)) ||
	    is_wildcard(code_point(p, n)))
		return 0;
	return n;
}

bool
hm_topic_prefix_valid(const char *prefix)
{
	size_t n = strlen(prefix), width;

	if (n == 0 || n > HM_TOPIC_PREFIX_MAX || prefix[0] == '$' ||
	    prefix[0] == '/' || prefix[n - 1] == '/')
		return false;
	for (size_t i = 0; i < n; i += width) {
		width = topic_char(prefix + i, n - i);
		if (width == 0)
			return false;
	}
	return true;
}

static size_t
below(const char *prefix, const char *level, const char *name, char *buf,
    size_t cap)
{
	int n;

	if (!hm_topic_prefix_valid(prefix))
		return 0;
	n = snprintf(buf, cap, "%s/hoymiles_mqtt/%s/%s", prefix, level, name);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

static size_t
availability(const char *prefix, const char *level, char *buf, size_t cap)
{
	return below(prefix, level, "availability", buf, cap);
}

size_t
hm_topic_bridge(const char *prefix, char *buf, size_t cap)
{
	return availability(prefix, BRIDGE, buf, cap);
}

/* A level made of a name, with room for the two "_" that may follow it. */
struct level {
	char text[HM_PUBLISHER_MAX + sizeof "__"];
};

static void
set_apart(struct level *level, const char *other)
{
	if (strcmp(level->text, other) == 0)
		memcpy(level->text + strlen(level->text), "_", sizeof "_");
}

/* A character that may not stand in a topic level becomes "_". */
static void
make_level(struct hm_slice name, struct level *level)
{
	size_t i = 0, len = 0, n;

	while (i < name.n) {
		n = name.p[i] == '/' ? 0 :
		    topic_char(name.p + i, name.n - i);
		if (n == 0) {
			level->text[len++] = '_';
			n = hm_utf8_len(name.p + i, name.n - i);
			i += n > 0 ? n : 1;
			continue;
		}
		memcpy(level->text + len, name.p + i, n);
		len += n;
		i += n;
	}
	level->text[len] = '\0';
	set_apart(level, BRIDGE);
}

/* A topic of the publisher with a client id. */
static size_t
of_publisher(const char *prefix, const char *id, const char *name, char *buf,
    size_t cap)
{
	struct hm_slice text = hm_text(id);
	struct level level;

	if (text.n == 0 || text.n > HM_PUBLISHER_MAX)
		return 0;
	make_level(text, &level);
	return below(prefix, level.text, name, buf, cap);
}

size_t
hm_topic_publisher(const char *prefix, const char *id, char *buf, size_t cap)
{
	return of_publisher(prefix, id, "availability", buf, cap);
}

size_t
hm_topic_own_commands(const char *prefix, const char *id, char *buf,
    size_t cap)
{
	return of_publisher(prefix, id, "command", buf, cap);
}

size_t
hm_topic_control(const char *prefix, const char *id, char *buf, size_t cap)
{
	return of_publisher(prefix, id, "control", buf, cap);
}

size_t
hm_topic_own_results(const char *prefix, const char *id, struct hm_slice serial,
    char *buf, size_t cap)
{
	char name[sizeof "results/" + HM_TOPIC_SERIAL_MAX];

	if (serial.n == 0 || serial.n > HM_TOPIC_SERIAL_MAX)
		return 0;
	snprintf(name, sizeof name, "results/%.*s", (int)serial.n, serial.p);
	return of_publisher(prefix, id, name, buf, cap);
}

size_t
hm_topic_confirmed(const char *prefix, struct hm_slice serial, char *buf,
    size_t cap)
{
	char level[HM_TOPIC_SERIAL_MAX + 1];

	if (serial.n == 0 || serial.n > HM_TOPIC_SERIAL_MAX)
		return 0;
	snprintf(level, sizeof level, "%.*s", (int)serial.n, serial.p);
	return below(prefix, level, "control", buf, cap);
}

/* A topic of all chains. */
static size_t
of_all(const char *prefix, const char *name, char *buf, size_t cap)
{
	int n;

	if (!hm_topic_prefix_valid(prefix))
		return 0;
	n = snprintf(buf, cap, "%s/hoymiles_mqtt/%s", prefix, name);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

size_t
hm_topic_commands(const char *prefix, char *buf, size_t cap)
{
	return of_all(prefix, "command", buf, cap);
}

size_t
hm_topic_results(const char *prefix, char *buf, size_t cap)
{
	return of_all(prefix, "result", buf, cap);
}

size_t
hm_topic_dtu(const char *prefix, const char *publisher, struct hm_slice name,
    char *buf, size_t cap)
{
	struct level level, other;

	if (name.n == 0 || name.n > HM_DTU_NAME_MAX ||
	    strlen(publisher) > HM_PUBLISHER_MAX)
		return 0;
	make_level(name, &level);
	make_level(hm_text(publisher), &other);
	set_apart(&level, other.text);
	return availability(prefix, level.text, buf, cap);
}
