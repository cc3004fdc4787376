#include "base/json_writer.h"
#include "fields.h"
#include "record.h"

void
hm_json_value(struct hm_json *e, const char *key, const struct hm_value *value)
{
	if (value->kind == HM_STRING)
		hm_json_quoted(e, key, value->text);
	else
		hm_json_raw(e, key, value->text);
}

void
hm_json_member(struct hm_json *e, const struct hm_member *member)
{
	hm_json_key(e, member->key);
	hm_json_value(e, NULL, &member->value);
}

void
hm_json_record(struct hm_json *e, const char *type, struct hm_slice time)
{
	hm_json_object(e, NULL);
	hm_json_key(e, HM_LITERAL("type"));
	hm_json_text(e, NULL, type);
	hm_json_key(e, HM_LITERAL("time"));
	hm_json_string(e, NULL, time);
}

void
hm_json_field(struct hm_json *e, size_t id)
{
	hm_json_key(e, hm_slice(hm_fields[id].key, hm_fields[id].key_size));
}
