#include "fields.h"

#include "types.h"

_Static_assert(HM_SCOPES < 31, "a field has a bit for each type");

/* The types that a row of fields.def names. */
enum {
#define TYPE(id, ...) id = 1 << HM_SCOPE_##id,
#include "types.def"
#undef TYPE
};

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
		if (hm_field_in(&hm_fields[i], scope) &&
		    hm_slice_is(key, hm_fields[i].key))
			return &hm_fields[i];
	return NULL;
}
