#include "fields.h"

const struct hm_field hm_fields[HM_FIELDS] = {
#define FIELD(id, ...) [HM_F_##id] = {__VA_ARGS__},
#include "fields.def"
#undef FIELD
};

size_t
hm_field_id(struct hm_slice key)
{
	size_t id = 0;

	while (id < HM_FIELDS && !hm_slice_is(key, hm_fields[id].key))
		id++;
	return id;
}

const struct hm_field *
hm_field_find(enum hm_scope scope, struct hm_slice key)
{
	for (size_t i = 0; i < HM_FIELDS; i++)
		if ((hm_fields[i].scopes & scope) != 0 &&
		    hm_slice_is(key, hm_fields[i].key))
			return &hm_fields[i];
	return NULL;
}

bool
hm_scope_of(struct hm_slice type, enum hm_scope *scope)
{
	static const struct {
		const char *type;
		enum hm_scope scope;
	} scopes[] = {
	    {"dtu", HM_SCOPE_DTU},
	    {"inverter", HM_SCOPE_INVERTER},
	    {"port", HM_SCOPE_PORT},
	    {"meter", HM_SCOPE_METER},
	};

	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
		if (hm_slice_is(type, scopes[i].type)) {
			*scope = scopes[i].scope;
			return true;
		}
	return false;
}
