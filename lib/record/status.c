#include "status.h"

const char *
hm_status_online(const struct hm_record *record, bool *online)
{
	struct hm_slice state;

	if (!hm_record_string(record, "state", &state))
		return "it has no state";
	*online = hm_slice_is(state, "online");
	return *online || hm_slice_is(state, "offline") ? NULL :
	    "its state is neither online nor offline";
}
