#ifndef HM_DTU_URI_H
#define HM_DTU_URI_H

#include <stdbool.h>
#include <stdint.h>

/* A DTU: name, address and transport, and the URI that names them. */

enum hm_transport {
	HM_TRANSPORT_MODBUS, /* Modbus TCP, DTU-Pro and DTU-Pro-S by Ethernet */
	HM_TRANSPORT_HM,     /* protobuf over TCP, all other DTUs */
	HM_TRANSPORT_ES,     /* the same with a gateway's header and commands */
	HM_TRANSPORT_MODBUS_G3, /* Modbus TCP, map of the HIT-...-G3 */
};

struct hm_dtu {
	char *name;
	enum hm_transport transport;
	char *host;
	uint16_t port;
	uint8_t unit; /* of Modbus and Modbus G3 */
};

/* As the scheme of a URI, and in text for people. */
const char *hm_transport_name(enum hm_transport transport);
const char *hm_transport_title(enum hm_transport transport);

/* The TCP port that DTUs serve it on. */
uint16_t hm_transport_port(enum hm_transport transport);

/* The other transport of the same devices; false if there is none. */
bool hm_transport_other(enum hm_transport transport, enum hm_transport *other);

/* A host of 253 bytes, and scheme, brackets, port. */
#define HM_DTU_URI_MAX 280

/*
 * Write the URI for people, without the unit id, the name and the usual port.
 * Returns `out`.
 */
const char *hm_dtu_uri(const struct hm_dtu *dtu, char out[HM_DTU_URI_MAX]);

/*
 * Read SCHEME://HOST[:PORT][/UNIT][#NAME]; the scheme is the name of a
 * transport, and hm and es have no units. An IPv6 address stands in brackets.
 * Without a name the DTU is called after its host, and its port if that is not
 * the usual one. False with *why set, static text, if it is anything else.
 * Freed by hm_dtu_free.
 */
bool hm_dtu_parse_uri(const char *uri, uint8_t unit, struct hm_dtu *dtu,
    const char **why);

/*
 * The same from a host alone, a name or an address. Port 10081 means hm, any
 * other Modbus; 0 stands for port 502.
 */
bool hm_dtu_parse_host(const char *host, uint16_t port, uint8_t unit,
    struct hm_dtu *dtu, const char **why);

void hm_dtu_free(struct hm_dtu *dtu);

#endif
