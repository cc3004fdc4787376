#include <stdlib.h>
#include <string.h>

#include "energy.h"

/*
 * A stored state of any bytes, and then readings of any bytes: a valid state
 * stays valid, nothing overflows, and the counters shown do not fall.
 */

struct script {
	const uint8_t *p;
	size_t left;
};

static int64_t
number(struct script *s, size_t bytes)
{
	uint64_t value = 0;

	for (; bytes > 0 && s->left > 0; bytes--, s->left--)
		value = value << 8 | *s->p++;
	return (int64_t)value;
}

/* Whole numbers of all sizes, with small ones likely. */
static int64_t
any(struct script *s)
{
	static const size_t sizes[] = {1, 2, 3, 4, 8, 0};
	uint8_t kind = (uint8_t)number(s, 1);
	int64_t value = number(s, sizes[kind % 6]);

	return kind & 0x80 && value != INT64_MIN ? -value : value;
}

static void
must(bool what)
{
	if (!what)
		abort();
}

static void
read_one(struct hm_energy *e, struct script *s)
{
	int64_t total = hm_energy_total(e), today, day;
	struct hm_energy_reading r;

	r.time = any(s);
	r.watts = any(s);
	r.total = any(s);
	r.today = any(s);
	r.awake = (r.watts & 1) != 0;
	r.daily = (r.watts & 4) != 0;
	r.inverter_watts = (r.watts & 2) != 0 ? r.watts : r.today;
	hm_energy_day(e, any(s), r.time);
	day = e->day;
	today = hm_energy_today(e);
	hm_energy_read(e, &r);
	must(hm_energy_valid(e));
	must(hm_energy_total(e) >= total);
	must(e->day == day && hm_energy_today(e) >= today);
	if (total >= 0)
		must(hm_energy_limit(e, r.time, r.watts) > total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script script = {data, size};
	struct hm_energy e;

	hm_energy_init(&e);
	if (number(&script, 1) & 1) {
#define ENERGY(name, initial, help) e.name = any(&script);
#include "db/energy.def"
#undef ENERGY
	}
	if (!hm_energy_valid(&e))
		return 0;
	while (script.left > 0)
		read_one(&e, &script);
	return 0;
}
