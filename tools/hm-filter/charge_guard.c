#include "charge_guard.h"

#include <stdlib.h>

#include "base/decimal.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "record/device_map.h"
#include "record/dtu_name.h"
#include "record/fields.h"

#define BATTERIES_MAX ((size_t)16384)
#define SERIAL_MAX ((size_t)32)
#define PERCENT 100
#define WARN_SECONDS 3600

struct battery {
	struct hm_device_key key;
	struct hm_charge charge;
	int64_t warned; /* s since 1970; 0: never */
};

struct hm_charge_guard {
	struct hm_device_map map;
};

bool
hm_charge_accept(struct hm_charge *last, int64_t time, int64_t percent)
{
	int64_t change = percent - last->percent, since = time - last->time;

	if (last->known && since >= 0 && since < HM_CHARGE_SECONDS &&
	    (change > HM_CHARGE_JUMP || change < -HM_CHARGE_JUMP))
		return false;
	*last = (struct hm_charge){true, time, percent};
	return true;
}

struct hm_charge_guard *
hm_charge_guard_new(void)
{
	struct hm_charge_guard *guard = calloc(1, sizeof *guard);

	if (guard != NULL)
		hm_device_map_init(&guard->map,
		    &(struct hm_device_map_options){
		    .dtu_size = sizeof(struct hm_dtu_key),
		    .device_size = sizeof(struct battery),
		    .entries_max = BATTERIES_MAX,
		});
	return guard;
}

void
hm_charge_guard_free(struct hm_charge_guard *guard)
{
	if (guard != NULL)
		hm_device_map_clear(&guard->map);
	free(guard);
}

static struct battery *
battery_of(struct hm_charge_guard *guard, const struct hm_record *record)
{
	char name[HM_DTU_NAME_MAX];
	struct hm_slice dtu, serial;
	struct hm_dtu_key *key;
	size_t n;

	if (!hm_record_string(record, "dtu", &dtu) ||
	    !hm_string_decode(dtu, name, sizeof name, &n) ||
	    !hm_record_string(record, "serial", &serial) ||
	    serial.n > SERIAL_MAX)
		return NULL;
	key = hm_device_map_dtu(&guard->map, hm_slice(name, n));
	return key != NULL ? hm_device_map_device(&guard->map, key, serial,
	    0) : NULL;
}

static bool
read_charge(const struct hm_record *record, int64_t *percent)
{
	struct hm_decimal number;

	if (!hm_record_decimal(record, hm_fields[HM_F_SOC].key, &number))
		return false;
	*percent = hm_decimal_cut(number, 0).units;
	return *percent >= 0 && *percent <= PERCENT;
}

static void
warn(struct battery *battery, int64_t time, int64_t percent)
{
	const struct hm_charge *charge = &battery->charge;
	struct hm_slice serial = hm_device_serial(&battery->key);
	struct hm_slice dtu = battery->key.dtu->name;

	if (battery->warned != 0 && time >= battery->warned &&
	    time - battery->warned < WARN_SECONDS)
		return;
	battery->warned = time;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", serial),
	    hm_fact_int(hm_fields[HM_F_SOC].key, percent)),
	    "%.*s: battery of inverter %.*s: a charge of %lld percent is "
	    "refused: %lld s before it was %lld", (int)dtu.n, dtu.p,
	    (int)serial.n, serial.p, (long long)percent,
	    (long long)(time - charge->time), (long long)charge->percent);
}

bool
hm_charge_guard_refuses(struct hm_charge_guard *guard,
    const struct hm_record *record)
{
	struct battery *battery;
	struct hm_slice time;
	int64_t seconds, percent;

	if (!read_charge(record, &percent) ||
	    !hm_record_string(record, "time", &time) ||
	    !hm_rfc3339_parse(time, &seconds))
		return false;
	battery = battery_of(guard, record);
	if (battery == NULL ||
	    hm_charge_accept(&battery->charge, seconds, percent))
		return false;
	warn(battery, seconds, percent);
	return true;
}
