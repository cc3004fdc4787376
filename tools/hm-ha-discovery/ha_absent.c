#include <string.h>

#include "ha_device.h"
#include "ha_entity.h"
#include "ha_private.h"
#include "ha_values.h"
#include "record/fields.h"

static void
remember(struct hm_ha *ha, struct hm_ha_group *group, enum hm_field_id id,
    struct hm_slice text)
{
	struct hm_ha_energy *energy = text.n < HM_DECIMAL_TEXT ?
	    hm_ha_table_energy(ha->table, group, id) : NULL;

	if (energy == NULL)
		return;
	memcpy(energy->text, text.p, text.n);
	energy->text[text.n] = '\0';
}

void
hm_ha_remember(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_group *group)
{
	if (group == NULL)
		return;
	group->shown = origin->seconds;
	for (size_t id = 0; id < ha->values.end; id++)
		if (ha->values.of[id].kind != HM_ABSENT &&
		    !hm_ha_is_instant(&hm_fields[id]) &&
		    hm_ha_values_show(&ha->values, id))
			remember(ha, group, (enum hm_field_id)id,
			    ha->values.of[id].text);
}

static void
recall(struct hm_ha *ha, const struct hm_ha_group *group)
{
	ha->values = (struct hm_ha_values){
	    .end = HM_FIELDS, .measured = true};
	for (const struct hm_ha_energy *energy = group->energies;
	    energy != NULL; energy = energy->next)
		ha->values.of[energy->id] = (struct hm_value){
		    HM_NUMBER, hm_text(energy->text)};
}

static void
look(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device, struct hm_ha_group *group)
{
	/* If the clock was set back, count from the new time. */
	if (group->shown > origin->seconds)
		group->shown = origin->seconds;
	if (group->shown == 0 || origin->seconds - group->shown <
	    ha->options.fresh_ms / 1000)
		return;
	group->shown = 0;
	recall(ha, group);
	hm_ha_send_state(ha, device, group, origin->time);
}

void
hm_ha_look_for_absent(struct hm_ha *ha, const struct hm_ha_origin *origin)
{
	const struct hm_ha_device *device = origin->dtu->devices;

	for (; device != NULL; device = device->next_of_dtu)
		for (struct hm_ha_group *group = device->groups;
		    group != NULL; group = group->next)
			look(ha, origin, device, group);
}
