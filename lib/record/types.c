#include "types.h"

#define BY_DTU "dtu", false, false, false, false
#define BY_SERIAL "dtu, serial", true, false, false, false
#define BY_PORT "dtu, serial, port", true, true, false, false
#define BY_INVERTER "dtu, serial", true, false, true, true
#define BY_CHARGER "dtu, serial", true, false, false, true

const struct hm_reading_type hm_reading_types[HM_SCOPES] = {
#define TYPE(id, name, device, ...) [HM_SCOPE_##id] = { \
	HM_SCOPE_##id, name, sizeof(name) - 1, HM_SCOPE_##device, __VA_ARGS__},
#include "types.def"
#undef TYPE
};

const struct hm_reading_type *
hm_reading_type_of(struct hm_slice name)
{
	for (const struct hm_reading_type *type = hm_reading_types;
	    type < hm_reading_types + HM_SCOPES; type++)
		if (hm_slice_equal(name, hm_slice(type->name,
		    type->name_size)))
			return type;
	return NULL;
}

bool
hm_is_device(enum hm_scope scope)
{
	return hm_reading_types[scope].device == scope;
}

const struct hm_reading_type *
hm_parts_of(enum hm_scope device)
{
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (hm_reading_types[i].device == device &&
		    hm_reading_types[i].has_port)
			return &hm_reading_types[i];
	return NULL;
}
