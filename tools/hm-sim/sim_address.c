#include "sim_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static uint16_t
port_of(const union hm_sim_address *address)
{
	return ntohs(address->any.sa_family == AF_INET ?
	    address->v4.sin_port : address->v6.sin6_port);
}

void
hm_sim_address_set_port(union hm_sim_address *address, int64_t port)
{
	if (address->any.sa_family == AF_INET)
		address->v4.sin_port = htons((uint16_t)port);
	else
		address->v6.sin6_port = htons((uint16_t)port);
}

socklen_t
hm_sim_address_size(const union hm_sim_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof address->v4 :
	    sizeof address->v6;
}

bool
hm_sim_address_parse(const char *text, union hm_sim_address *address)
{
	memset(address, 0, sizeof *address);
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		return true;
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		return true;
	}
	return false;
}

void
hm_sim_address_uri(const union hm_sim_address *address, const char *scheme,
    int unit, char uri[HM_SIM_URI])
{
	bool v4 = address->any.sa_family == AF_INET;
	char host[INET6_ADDRSTRLEN] = "", path[8] = "";

	inet_ntop(address->any.sa_family, v4 ?
	    (const void *)&address->v4.sin_addr :
	    (const void *)&address->v6.sin6_addr, host, sizeof host);
	if (unit != HM_SIM_NO_UNIT && unit != 1)
		snprintf(path, sizeof path, "/%d", unit);
	snprintf(uri, HM_SIM_URI, "%s://%s%s%s:%u%s", scheme, v4 ? "" : "[",
	    host, v4 ? "" : "]", (unsigned)port_of(address), path);
}
