/* A Modbus reply: whatever is called good lies within the bytes. */

#include <stdlib.h>

#include "modbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_modbus_reply reply;
	size_t used;

	if (hm_modbus_read(data, size, &reply, &used) != HM_MODBUS_GOOD)
		return 0;
	if (used > size || used > HM_MODBUS_REPLY_MAX)
		abort();
	if (reply.size > 0 && (reply.data < data ||
	    reply.data + reply.size > data + used))
		abort();
	return 0;
}
