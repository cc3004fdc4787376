#include "inverter_part.h"

#define WH_MAX (INT64_MAX / 4)

bool
hm_inverter_part_valid(const struct hm_inverter_part *part)
{
	return part->total >= 0 && part->total <= WH_MAX &&
	    part->left_out >= -WH_MAX && part->left_out <= part->total &&
	    part->today >= -1 && part->today <= WH_MAX && part->day >= -1;
}

bool
hm_inverter_part_join(struct hm_inverter_part *part,
    const struct hm_energy *input, bool first)
{
	int64_t total = hm_energy_total(input);

	if (total < 0 || (part->there && total >= part->total))
		return false;
	if (!part->there)
		*part = (struct hm_inverter_part){.there = true,
		    .left_out = first ? 0 : total, .today = -1, .day = -1};
	else
		part->left_out -= part->total - total;
	part->total = total;
	part->changed = true;
	return true;
}

void
hm_inverter_part_leave(struct hm_inverter_part *part,
    const struct hm_energy *input)
{
	int64_t total = hm_energy_total(input);

	/* One that is back with a lower total has not joined again yet. */
	if (!part->there || total < part->total)
		return;
	part->today = hm_inverter_part_today(part, input, input->day);
	part->day = input->day;
	part->total = total;
	part->changed = true;
}

int64_t
hm_inverter_part_total(const struct hm_inverter_part *part,
    const struct hm_energy *input)
{
	int64_t total = hm_energy_total(input);

	return (total > part->total ? total : part->total) - part->left_out;
}

/* Energy of the day from before it joined is in left_out, too. */
int64_t
hm_inverter_part_today(const struct hm_inverter_part *part,
    const struct hm_energy *input, int64_t day)
{
	int64_t kept = part->day == day ? part->today : -1;
	int64_t today = hm_energy_today(input);
	int64_t total = hm_inverter_part_total(part, input);

	if (hm_energy_total(input) < 0)
		return kept > 0 ? kept : 0;
	if (today > total)
		today = total;
	return today < kept ? kept : today;
}
