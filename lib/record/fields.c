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

/* Most keys differ in the first letter. */
static bool
is_key(const struct hm_field *field, struct hm_slice key, char first)
{
	return field->key[0] == first && hm_slice_is(key, field->key);
}

size_t
hm_field_id(struct hm_slice key)
{
	char first = key.n > 0 ? key.p[0] : '\0';
	size_t id = 0;

	while (id < HM_FIELDS && !is_key(&hm_fields[id], key, first))
		id++;
	return id;
}

const struct hm_field *
hm_field_find(enum hm_scope scope, struct hm_slice key)
{
	char first = key.n > 0 ? key.p[0] : '\0';

	for (size_t i = 0; i < hm_field_end(scope); i++)
		if (hm_field_in(&hm_fields[i], scope) &&
		    is_key(&hm_fields[i], key, first))
			return &hm_fields[i];
	return NULL;
}
