#include "error_hints.h"

#include <stddef.h>

#define MODBUS_IS_OFF \
	"some firmware, V00.02.22 for one, switches Modbus off: then set " \
	"the RS485 mode to \"Remote Control\" in the app"
#define ONE_CLIENT \
	"a DTU serves one client at a time: close the app's local mode and " \
	"other programs that read it"
#define NOT_MAPPED \
	"wait until the DTU has found its inverters, or check the " \
	"installation in the app"
#define SILENT \
	"if it is a DTU-Pro-S with firmware V00.08.03, it does not answer " \
	"here: read it with modbus://"
#define NEW_KEY \
	"newer firmware encrypts, with another key after each restart of " \
	"the DTU: the key is asked for again within a minute"

static const struct {
	enum hm_transport transport;
	enum hm_poll_error error;
	const char *text;
} hints[] = {
    {HM_TRANSPORT_MODBUS, HM_ERR_REFUSED, MODBUS_IS_OFF},
    {HM_TRANSPORT_MODBUS, HM_ERR_TIMEOUT_CONNECT, MODBUS_IS_OFF},
    {HM_TRANSPORT_MODBUS, HM_ERR_TIMEOUT_READ, MODBUS_IS_OFF},
    {HM_TRANSPORT_MODBUS, HM_ERR_NOT_MAPPED, NOT_MAPPED},
    {HM_TRANSPORT_HM, HM_ERR_REFUSED, ONE_CLIENT},
    {HM_TRANSPORT_HM, HM_ERR_CLOSED, ONE_CLIENT},
    {HM_TRANSPORT_HM, HM_ERR_TIMEOUT_READ, SILENT},
    {HM_TRANSPORT_HM, HM_ERR_NOT_MAPPED, NOT_MAPPED},
    {HM_TRANSPORT_HM, HM_ERR_DECRYPT, NEW_KEY},
};

const char *
hm_error_hint(enum hm_transport transport, enum hm_poll_error error)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (hints[i].transport == transport && hints[i].error == error)
			return hints[i].text;
	return NULL;
}
