#include "ha_entity.h"

#include <stdio.h>
#include <strings.h>

static const char separators[] = " ,\t\n";

enum hm_scope
hm_ha_scope(enum hm_scope device, enum hm_ha_part part)
{
	if (part >= HM_HA_SIDE)
		return (enum hm_scope)(part - HM_HA_SIDE);
	return part == HM_HA_PORT ? hm_parts_of(device)->scope : device;
}

enum hm_ha_part
hm_ha_part_of(const struct hm_reading_type *type)
{
	if (type->has_port)
		return HM_HA_PORT;
	return hm_is_device(type->scope) ? HM_HA_MAIN :
	    (enum hm_ha_part)(HM_HA_SIDE + type->scope);
}

void
hm_ha_prefix(enum hm_scope device, enum hm_ha_part part, uint8_t port,
    char out[HM_HA_PREFIX_MAX])
{
	const char *prefix =
	    hm_reading_types[hm_ha_scope(device, part)].ha_prefix;

	if (part == HM_HA_PORT)
		snprintf(out, HM_HA_PREFIX_MAX, "%s_%u", prefix,
		    (unsigned)port);
	else
		snprintf(out, HM_HA_PREFIX_MAX, "%s", prefix);
}

bool
hm_ha_serial_valid(struct hm_slice serial)
{
	for (size_t i = 0; i < serial.n; i++) {
		char c = serial.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && c != '_' && c != '-')
			return false;
	}
	return serial.n > 0 && serial.n <= HM_HA_SERIAL_MAX;
}

size_t
hm_ha_field(struct hm_slice key)
{
	for (size_t id = 0; id < HM_FIELDS; id++)
		if (strlen(hm_fields[id].key) == key.n &&
		    strncasecmp(hm_fields[id].key, key.p, key.n) == 0)
			return id;
	return HM_FIELDS;
}

bool
hm_ha_same_key(size_t a, size_t b)
{
	return strcmp(hm_fields[a].key, hm_fields[b].key) == 0;
}

static bool
is_alarm(size_t id)
{
	return id == HM_F_ALARM_CODE || id == HM_F_ALARM_TEXT;
}

static bool
has_part(enum hm_scope device, enum hm_ha_part part)
{
	if (!hm_is_device(device))
		return false;
	if (part == HM_HA_PORT)
		return hm_parts_of(device) != NULL;
	if (part >= HM_HA_SIDE)
		return hm_reading_types[part - HM_HA_SIDE].device == device &&
		    hm_ha_part_of(&hm_reading_types[part - HM_HA_SIDE]) ==
		    part;
	return part != HM_HA_ALARM || device == HM_SCOPE_INVERTER;
}

/* Of a part that the device has. */
static bool
shows(enum hm_scope device, enum hm_ha_part part, size_t id)
{
	const struct hm_field *field = &hm_fields[id];

	if (!hm_field_in(field, hm_ha_scope(device, part)))
		return false;
	/* The device shows the fields that its parts repeat. */
	if (part == HM_HA_PORT)
		return !hm_field_in(field, device);
	if (part == HM_HA_INFO)
		return (field->flags & HM_RARE) != 0;
	if (part == HM_HA_ALARM)
		return is_alarm(id);
	return (field->flags & (HM_DESCRIBES | HM_RARE)) == 0;
}

static void
add_fields(struct hm_field_set *set, enum hm_scope device,
    enum hm_ha_part part)
{
	for (size_t id = 0; id < HM_FIELDS; id++)
		if (shows(device, part, id))
			hm_field_set_add(set, id);
}

void
hm_ha_entities_all(struct hm_ha_entities *entities)
{
	*entities = (struct hm_ha_entities){0};
	for (enum hm_scope device = 0; device < HM_SCOPES; device++)
		for (enum hm_ha_part part = 0; part < HM_HA_PARTS; part++)
			if (has_part(device, part))
				add_fields(&entities->of[device][part], device,
				    part);
}

void
hm_ha_entities_hidden(const struct hm_ha_entities *chosen,
    struct hm_ha_entities *hidden)
{
	hm_ha_entities_all(hidden);
	for (enum hm_scope device = 0; device < HM_SCOPES; device++)
		for (enum hm_ha_part part = 0; part < HM_HA_PARTS; part++)
			hm_field_set_drop(&hidden->of[device][part],
			    &chosen->of[device][part]);
}

static bool
is_about(enum hm_ha_choice choice, enum hm_ha_part part)
{
	return choice == HM_HA_CHOOSE_PORT ? part == HM_HA_PORT :
	    part != HM_HA_PORT && part < HM_HA_SIDE;
}

struct hm_field_set
hm_ha_offered(enum hm_ha_choice choice)
{
	struct hm_field_set set = {{0}};

	for (enum hm_ha_part part = 0; part < HM_HA_PARTS; part++)
		if (is_about(choice, part))
			add_fields(&set, HM_SCOPE_INVERTER, part);
	return set;
}

static bool
add_word(struct hm_field_set *chosen, const struct hm_field_set *offer,
    struct hm_slice word)
{
	size_t first = hm_ha_field(word);
	bool found = false;

	for (size_t id = first; id < HM_FIELDS; id++)
		if (hm_ha_same_key(id, first) && hm_field_set_has(offer, id)) {
			hm_field_set_add(chosen, id);
			found = true;
		}
	return found;
}

bool
hm_ha_entities_choose(struct hm_ha_entities *entities,
    enum hm_ha_choice choice, const char *words, struct hm_slice *unknown)
{
	struct hm_field_set offer = hm_ha_offered(choice), chosen = {{0}};
	size_t n;

	for (const char *p = words + strspn(words, separators); *p != '\0';
	     p += n, p += strspn(p, separators)) {
		n = strcspn(p, separators);
		if (!add_word(&chosen, &offer, hm_slice(p, n))) {
			*unknown = hm_slice(p, n);
			return false;
		}
	}
	for (enum hm_ha_part part = 0; part < HM_HA_PARTS; part++)
		if (is_about(choice, part))
			hm_field_set_keep(
			    &entities->of[HM_SCOPE_INVERTER][part], &chosen);
	return true;
}

void
hm_ha_entities_names(enum hm_ha_choice choice, char *buf, size_t cap)
{
	struct hm_field_set offer = hm_ha_offered(choice);
	size_t len = 0;

	buf[0] = '\0';
	for (size_t id = 0; id < HM_FIELDS && len < cap; id++)
		if (hm_field_set_has(&offer, id)) {
			int n = snprintf(buf + len, cap - len, "%s%s",
			    len > 0 ? " " : "", hm_fields[id].key);

			len += n > 0 ? (size_t)n : 0;
		}
}
