#include "plant.h"

#include "amount.h"

bool
hm_top_is_fresh(const struct hm_top_plant *plant, int64_t time, int64_t now)
{
	return time != 0 && now - time <= plant->fresh;
}

bool
hm_top_dtu_up(const struct hm_top_plant *plant, const struct hm_top_dtu *dtu,
    int64_t now)
{
	return dtu->state == HM_TOP_ONLINE &&
	    hm_top_is_fresh(plant, dtu->answered, now);
}

bool
hm_top_inverter_up(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter, int64_t now)
{
	return inverter->state == HM_TOP_AWAKE &&
	    plant->dtu[inverter->dtu].state != HM_TOP_OFFLINE &&
	    hm_top_is_fresh(plant, inverter->time, now);
}

/* Inverters */

static int64_t
sum_of_inputs(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter,
    int64_t (*value)(const struct hm_top_input *input))
{
	int64_t sum = inverter->first == HM_TOP_NONE ? HM_AMOUNT_UNKNOWN : 0;

	for (size_t i = inverter->first; i != HM_TOP_NONE;
	    i = plant->input[i].next)
		sum = hm_amount_add(sum, value(&plant->input[i]));
	return sum;
}

static int64_t
watts_of(const struct hm_top_input *input)
{
	return input->watts;
}

static int64_t
today_of(const struct hm_top_input *input)
{
	return input->today;
}

static int64_t
total_of(const struct hm_top_input *input)
{
	return input->total;
}

int64_t
hm_top_inverter_watts(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter)
{
	return inverter->watts != HM_AMOUNT_UNKNOWN ? inverter->watts :
	    sum_of_inputs(plant, inverter, watts_of);
}

int64_t
hm_top_inverter_today(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter)
{
	return inverter->today != HM_AMOUNT_UNKNOWN ? inverter->today :
	    sum_of_inputs(plant, inverter, today_of);
}

int64_t
hm_top_inverter_total(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter)
{
	return inverter->total != HM_AMOUNT_UNKNOWN ? inverter->total :
	    sum_of_inputs(plant, inverter, total_of);
}

/* The plant */

int64_t
hm_top_watts(const struct hm_top_plant *plant, int64_t now)
{
	int64_t sum = HM_AMOUNT_UNKNOWN;

	for (size_t i = 0; i < plant->dtus; i++) {
		const struct hm_top_dtu *dtu = &plant->dtu[i];

		if (dtu->watts != HM_AMOUNT_UNKNOWN &&
		    hm_top_dtu_up(plant, dtu, now))
			sum = sum == HM_AMOUNT_UNKNOWN ? dtu->watts :
			    hm_amount_add(sum, dtu->watts);
	}
	return sum;
}

int64_t
hm_top_today(const struct hm_top_plant *plant)
{
	int64_t sum = plant->dtus == 0 ? HM_AMOUNT_UNKNOWN : 0;

	if (plant->is_page)
		return plant->page_today;
	for (size_t i = 0; i < plant->dtus; i++)
		sum = hm_amount_add(sum, plant->dtu[i].today);
	return sum;
}

int64_t
hm_top_total(const struct hm_top_plant *plant)
{
	int64_t sum = plant->dtus == 0 ? HM_AMOUNT_UNKNOWN : 0;

	if (plant->is_page)
		return plant->page_total;
	for (size_t i = 0; i < plant->dtus; i++)
		sum = hm_amount_add(sum, plant->dtu[i].total);
	return sum;
}
