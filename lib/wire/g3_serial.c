#include "g3_serial.h"

#include "base/hash.h"

#define PREFIX UINT64_C(0xf30000000000)
#define DIGITS 12

struct hm_slice
hm_g3_serial(struct hm_slice name, char buf[HM_SERIAL_TEXT])
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, name.p, name.n);

	return hm_serial_format(PREFIX | (hash & 0xffffffffff), DIGITS, buf);
}
