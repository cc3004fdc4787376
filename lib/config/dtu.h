#ifndef HM_DTU_H
#define HM_DTU_H

#include "config.h"

enum hm_transport {
	HM_TRANSPORT_MODBUS, /* Modbus TCP, DTU-Pro and DTU-Pro-S by Ethernet */
	HM_TRANSPORT_HM,     /* protobuf over TCP, the others */
};

struct hm_dtu {
	char *name;
	enum hm_transport transport;
	char *host;
	uint16_t port;
	uint8_t unit; /* Modbus only */
};

struct hm_dtus {
	struct hm_dtu *dtu;
	size_t count;
};

const char *hm_transport_name(enum hm_transport transport);

/*
 * Read modbus://HOST[:PORT][/UNIT][#NAME] or hm://HOST[:PORT][#NAME]. An IPv6
 * address stands in brackets. Without a name the DTU is called after its host,
 * and its port if that is not the usual one. False with *why set, static text,
 * if it is anything else. Freed by hm_dtu_free.
 */
bool hm_dtu_parse(const char *uri, uint8_t unit, struct hm_dtu *dtu,
    const char **why);
void hm_dtu_free(struct hm_dtu *dtu);

/*
 * The DTUs of a run: those on the command line, or else those of dtu_configs,
 * or else dtu_host; but a dtu_host whose source goes before that of
 * dtu_configs goes first. No two may have one name or one address. A mistake
 * is logged; the result is 0, HM_EXIT_USAGE, HM_EXIT_CONFIG or HM_EXIT_OS.
 * Freed by hm_dtus_free, whatever the result.
 */
int hm_dtus_collect(struct hm_dtus *dtus, const struct hm_config *config);

/* The same for a tool that needs none: *dtus may be empty in the end. */
int hm_dtus_configured(struct hm_dtus *dtus, const struct hm_config *config);

void hm_dtus_free(struct hm_dtus *dtus);

#endif
