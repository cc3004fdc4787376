/* The Modbus reader: an accepted reply lies within the input. */

#include <stdlib.h>

#include "wire/modbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_reply(const uint8_t *data, const struct hm_modbus_reply *reply,
    size_t used)
{
	if (used > HM_MODBUS_REPLY_MAX || reply->transaction !=
	    (data[0] << 8 | data[1]))
		abort();
	if (reply->exception != 0) {
		if (reply->size != 0)
			abort();
		return;
	}
	if (reply->data != data + 9 || reply->size != used - 9 ||
	    reply->wrong_count != (data[8] != reply->size))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_modbus_reply reply;
	size_t used = 0;

	if (hm_modbus_read(data, size, &reply, &used) != HM_MODBUS_GOOD)
		return 0;
	if (used > size)
		abort();
	check_reply(data, &reply, used);
	for (size_t part = 0; part < used; part++)
		if (hm_modbus_read(data, part, &reply, &used) !=
		    HM_MODBUS_PART)
			abort();
	return 0;
}
