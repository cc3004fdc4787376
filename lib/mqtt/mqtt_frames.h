#ifndef HM_MQTT_FRAMES_H
#define HM_MQTT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The sizes of MQTT packets in a stream of bytes: a type, the length of the
 * rest in 1 to 4 bytes of 7 bits, lowest first, and the rest (MQTT 3.1.1 and 5,
 * section 2.1). A packet is refused by its length, before the rest comes.
 */

/*
 * A birth message has up to 65535 bytes of topic and 6 of payload; what else a
 * broker sends is smaller.
 */
#define HM_MQTT_PACKET_MAX 131072

/* All zeros: at the start of a packet. */
struct hm_mqtt_frames {
	bool typed;     /* the type is read, the length is not */
	int digits;     /* bytes of the length that are read */
	uint32_t size;  /* the length so far, or that of the last packet */
	uint32_t left;  /* bytes to come of the packet */
	uint64_t packets; /* so far, the last one included */
	bool malformed; /* the length has more than 4 bytes */
};

/*
 * Take the next bytes of the stream. False if a packet among them is larger
 * than HM_MQTT_PACKET_MAX, or malformed; then the stream must not be used on.
 */
bool hm_mqtt_frames_take(struct hm_mqtt_frames *f, const void *bytes,
    size_t n);

#endif
