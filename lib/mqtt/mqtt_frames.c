#include "mqtt_frames.h"

#define DIGITS_MAX 4

/* Take a byte of the length. */
static bool
take_length(struct hm_mqtt_frames *f, uint8_t byte)
{
	f->size |= (uint32_t)(byte & 127) << (7 * f->digits++);
	if ((byte & 128) != 0) {
		f->malformed = f->digits == DIGITS_MAX;
		return !f->malformed;
	}
	f->typed = false;
	f->left = f->size;
	return f->size <= HM_MQTT_PACKET_MAX;
}

bool
hm_mqtt_frames_take(struct hm_mqtt_frames *f, const void *bytes, size_t n)
{
	const uint8_t *p = bytes, *end = p + n;

	while (p < end) {
		if (f->left > 0) {
			size_t rest = (size_t)(end - p);

			rest = rest < f->left ? rest : f->left;
			f->left -= (uint32_t)rest;
			p += rest;
		} else if (!f->typed) {
			f->typed = true;
			f->packets++;
			f->digits = 0;
			f->size = 0;
			p++;
		} else if (!take_length(f, *p++)) {
			return false;
		}
	}
	return true;
}
