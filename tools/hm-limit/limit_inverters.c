#include "limit_inverters.h"

#include "base/decimal.h"
#include "record/fields.h"
#include "record/models.h"

#define LEAST 2       /* percent that an inverter can be limited to */
#define LEAST_WEAK 10 /* that of an MI */

bool
hm_limit_inverters_own(struct hm_limit_inverters *all,
    const struct hm_record *record)
{
	char name[HM_DTU_NAME_MAX];
	struct hm_slice text;
	size_t n;

	if (!hm_record_string(record, "dtu", &text) ||
	    !hm_string_decode(text, name, sizeof name, &n) || n == 0)
		return false;
	if (all->dtu[0] == '\0') {
		memcpy(all->dtu, name, n);
		all->dtu[n] = '\0';
	}
	return hm_slice_is(hm_slice(name, n), all->dtu);
}

static struct hm_limit_inverter *
inverter_of(struct hm_limit_inverters *all, struct hm_slice serial)
{
	struct hm_limit_inverter *inverter = all->inverter;

	for (size_t i = 0; i < all->count; i++, inverter++)
		if (hm_slice_is(serial, inverter->serial))
			return inverter;
	if (all->count == HM_LIMIT_INVERTERS_MAX)
		return NULL;
	all->count++;
	*inverter = (struct hm_limit_inverter){.watts = 0};
	memcpy(inverter->serial, serial.p, serial.n);
	return inverter;
}

const char *
hm_limit_inverters_read(struct hm_limit_inverters *all,
    const struct hm_record *record)
{
	struct hm_slice serial, model;
	struct hm_limit_inverter *inverter;
	int64_t watts;

	if (!hm_record_string(record, "serial", &serial) || serial.n == 0 ||
	    serial.n >= sizeof inverter->serial)
		return "its serial must have 1 to 32 bytes";
	inverter = inverter_of(all, serial);
	if (inverter == NULL)
		return "there is no room for more than 100 inverters";
	if (inverter->exact || !hm_record_string(record,
	    hm_fields[HM_F_MODEL].key, &model))
		return NULL;
	watts = hm_model_input_watts(model) * hm_model_inputs(model);
	if (watts == 0)
		return NULL;
	inverter->watts = watts;
	inverter->exact = memchr(model.p, '/', model.n) == NULL;
	inverter->weak = model.n > 3 && memcmp(model.p, "MI-", 3) == 0;
	return NULL;
}

static bool
watts_of(const struct hm_record *record, enum hm_field_id field,
    int64_t *watts)
{
	struct hm_decimal number;

	if (!hm_record_decimal(record, hm_fields[field].key, &number))
		return false;
	number = hm_decimal_cut(number, 0);
	*watts = number.units > 0 ? number.units : 0;
	return true;
}

bool
hm_limit_inverters_power(struct hm_limit_inverters *all,
    const struct hm_record *record, int64_t *watts)
{
	int64_t online;

	if (hm_record_get(record, "stale")->kind == HM_TRUE)
		return false;
	hm_record_int(record, hm_fields[HM_F_INVERTERS].key, &all->listed);
	if (watts_of(record, HM_F_ACTIVE_POWER, watts) ||
	    watts_of(record, HM_F_PV_POWER, watts))
		return true;
	*watts = 0;
	return hm_record_int(record, hm_fields[HM_F_INVERTERS_ONLINE].key,
	    &online) && online == 0;
}

int64_t
hm_limit_inverters_rated(const struct hm_limit_inverters *all, bool *exact)
{
	int64_t sum = 0;

	*exact = true;
	if (all->count == 0 || (int64_t)all->count < all->listed)
		return 0;
	for (size_t i = 0; i < all->count; i++) {
		if (all->inverter[i].watts == 0)
			return 0;
		sum += all->inverter[i].watts;
		*exact = *exact && all->inverter[i].exact;
	}
	return sum;
}

int64_t
hm_limit_inverters_least(const struct hm_limit_inverters *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->inverter[i].weak)
			return LEAST_WEAK;
	return LEAST;
}
