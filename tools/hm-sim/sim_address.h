#ifndef HM_SIM_ADDRESS_H
#define HM_SIM_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* IPv4 and IPv6 addresses with their ports, and their URIs. */

union hm_sim_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

#define HM_SIM_URI 80

/* The port is set to 0. False if the text is not a numeric address. */
bool hm_sim_address_parse(const char *text, union hm_sim_address *address);

void hm_sim_address_set_port(union hm_sim_address *address, int64_t port);
socklen_t hm_sim_address_size(const union hm_sim_address *address);

#define HM_SIM_NO_UNIT (-1)

/* The URI of a DTU; unit 1 and HM_SIM_NO_UNIT are not in it. */
void hm_sim_address_uri(const union hm_sim_address *address,
    const char *scheme, int unit, char uri[HM_SIM_URI]);

#endif
