#ifndef HM_PEER_H
#define HM_PEER_H

#include <stddef.h>
#include <stdint.h>

/* What kind of program answers at an address that should be a DTU's. */
enum hm_peer {
	HM_PEER_UNKNOWN, /* it sent nothing, or nothing known */
	HM_PEER_HM,
	HM_PEER_GATEWAY, /* of hybrid inverters */
	HM_PEER_MODBUS,
	HM_PEER_WEB, /* HTTP, or a page of HTML for a request that was none */
	HM_PEER_SSH,
	HM_PEER_TEXT, /* another protocol of lines of text, such as SMTP */
};

#define HM_PEER_BYTES ((size_t)8) /* that hm_peer_of looks at */

/* The first bytes of a connection; n is 0 when it begins. */
struct hm_peer_first {
	uint8_t bytes[HM_PEER_BYTES];
	size_t n;
};

/* Bytes were received. */
void hm_peer_note(struct hm_peer_first *first, const uint8_t *bytes, size_t n);

/* By the first `n` bytes of a connection. */
enum hm_peer hm_peer_of(const uint8_t *bytes, size_t n);

#endif
