#include "base/decimal.h"
#include "base/utf8.h"
#include "live.h"
#include "live_update_private.h"
#include "record/fields.h"

#define DAY_SECONDS 86400

/* The DTU of an energy. SIZE_MAX if it is not shown. */
static size_t
dtu_of(struct hm_live *live, const struct hm_history_energy *energy)
{
	char name[HM_LIVE_NAME];
	struct hm_slice dtu;
	size_t known;

	if (energy->dtu.n >= sizeof name)
		return SIZE_MAX;
	memcpy(name, energy->dtu.p, energy->dtu.n);
	dtu = hm_slice(name, hm_utf8_clean(name, energy->dtu.n));
	known = hm_live_known_dtu(live, dtu);
	if (known != SIZE_MAX || live->configured > 0)
		return known;
	return energy->newest - energy->time < DAY_SECONDS ?
	    hm_live_find_dtu(live, dtu) : SIZE_MAX;
}

static struct hm_live_device *
device_of(struct hm_live *live, enum hm_scope scope, size_t dtu,
    const struct hm_history_energy *energy, const struct hm_moment *now)
{
	char serial[HM_LIVE_SERIAL];
	struct hm_live_device *d;
	size_t device;

	if (energy->serial.n >= sizeof serial)
		return NULL;
	memcpy(serial, energy->serial.p, energy->serial.n);
	serial[energy->serial.n] = '\0';
	device = hm_live_find_device(live, scope, dtu, serial,
	    scope == HM_SCOPE_PORT ? energy->port : 0, now);
	if (device == SIZE_MAX)
		return NULL;
	d = &live->device[device];
	if (serial[0] != '\0')
		memcpy(d->serial, serial, sizeof serial);
	if (d->heard == 0)
		d->heard = hm_live_steady(now);
	if (d->number == 0 && d->time < energy->time)
		d->time = energy->time;
	return d;
}

static void
put(const struct hm_live *live, struct hm_live_device *d, size_t field,
    int64_t watthours)
{
	if (watthours < 0)
		return;
	d->value[hm_live_slot(live, d, field)] = hm_decimal(watthours, 0);
	hm_field_set_add(&d->known, field);
}

void
hm_live_take_energy(struct hm_live *live,
    const struct hm_history_energy *energy, const struct hm_moment *now)
{
	bool is_sum = energy->serial.n == 0;
	size_t dtu = dtu_of(live, energy);
	struct hm_live_device *d;

	if (dtu == SIZE_MAX)
		return;
	/* The page shows inputs with their inverters. */
	if (!is_sum)
		(void)device_of(live, HM_SCOPE_INVERTER, dtu, energy, now);
	d = device_of(live, is_sum ? HM_SCOPE_DTU : HM_SCOPE_PORT, dtu, energy,
	    now);
	if (d == NULL || hm_field_set_has(&d->known, HM_F_TODAY_PRODUCTION) ||
	    hm_field_set_has(&d->known, HM_F_TOTAL_PRODUCTION))
		return;
	put(live, d, HM_F_TODAY_PRODUCTION, energy->today);
	put(live, d, HM_F_TOTAL_PRODUCTION, energy->total);
	d->day = energy->day;
	d->day_read = now->steady;
	live->number++;
}
