#include <stdint.h>
#include <string.h>

#include "dialog_private.h"
#include "gateway.pb-c.h"
#include "hybrid.pb-c.h"
#include "wire/hmframe.h"

/* Beside the serial number in the header; both were seen with an answer. */
#define NUMBER_GATEWAY 0xff /* of requests about the gateway itself */
#define NUMBER_OTHERS 1

/*
 * Make a payload that is in its place the request in hand. `serial` is that of
 * the header.
 */
static enum hm_turn
send(struct hm_dialog *d, enum hm_gateway_reply awaited, uint64_t serial,
    uint16_t sequence, size_t size)
{
	const struct hm_frame frame = {
	    .command = (uint16_t)(awaited + HM_GATEWAY_ASK),
	    .sequence = sequence,
	    .payload = d->request + HM_FRAME_HEADER_GATEWAY,
	    .size = size,
	    .serial = serial,
	    .number = awaited == HM_GATEWAY_INFO ||
	        awaited == HM_GATEWAY_NETWORK ? NUMBER_GATEWAY :
	        NUMBER_OTHERS,
	};

	d->skipped = d->skipped_bytes = 0;
	d->request_size = hm_frame_write(&frame, d->request,
	    sizeof d->request);
	return HM_TURN_ASK;
}

enum hm_turn
hm_dialog_es_look(struct hm_dialog *d, uint16_t sequence)
{
	Hm__GatewayRequest m = HM__GATEWAY_REQUEST__INIT;

	m.time = (int32_t)d->now;
	m.offset = HM_APP_OFFSET;
	return send(d, HM_GATEWAY_INFO, 0, sequence,
	    hm__gateway_request__pack(&m,
	    d->request + HM_FRAME_HEADER_GATEWAY));
}

/* With the serial number that is known by now. */
enum hm_turn
hm_dialog_es_send(struct hm_dialog *d, enum hm_gateway_reply awaited,
    size_t size)
{
	d->es->awaited = (uint16_t)awaited;
	return send(d, awaited, (uint64_t)d->es->gateway, ++d->es->sequence,
	    size);
}

enum hm_turn
hm_dialog_es_ask_info(struct hm_dialog *d)
{
	d->es->awaited = HM_GATEWAY_INFO;
	return hm_dialog_es_look(d, ++d->es->sequence);
}

/* Each payload is shorter than 64 bytes, so HM_REQUEST_MAX is enough. */
enum hm_turn
hm_dialog_es_ask_list(struct hm_dialog *d)
{
	Hm__RegistryRequest m = HM__REGISTRY_REQUEST__INIT;
	char text[HM_LOCAL_TIME];

	m.time = (int32_t)d->now;
	m.local_time.len = hm_dialog_local_time(d, text);
	m.local_time.data = (uint8_t *)text;
	m.offset = HM_APP_OFFSET;
	return hm_dialog_es_send(d, HM_GATEWAY_REGISTRY,
	    hm__registry_request__pack(&m,
	    d->request + HM_FRAME_HEADER_GATEWAY));
}

enum hm_turn
hm_dialog_es_ask_network(struct hm_dialog *d)
{
	Hm__GatewayNetworkRequest m = HM__GATEWAY_NETWORK_REQUEST__INIT;

	m.offset = HM_APP_OFFSET;
	m.time = (int32_t)d->now;
	return hm_dialog_es_send(d, HM_GATEWAY_NETWORK,
	    hm__gateway_network_request__pack(&m,
	    d->request + HM_FRAME_HEADER_GATEWAY));
}

enum hm_turn
hm_dialog_es_ask_readings(struct hm_dialog *d, int64_t serial)
{
	Hm__HybridRequest m = HM__HYBRID_REQUEST__INIT;
	char text[HM_LOCAL_TIME];

	m.time = (int32_t)d->now;
	m.local_time.len = hm_dialog_local_time(d, text);
	m.local_time.data = (uint8_t *)text;
	m.offset = HM_APP_OFFSET;
	m.serial = serial;
	return hm_dialog_es_send(d, HM_GATEWAY_READINGS,
	    hm__hybrid_request__pack(&m,
	    d->request + HM_FRAME_HEADER_GATEWAY));
}
