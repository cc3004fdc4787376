#include "decode_private.h"
#include "power_factor.h"
#include "reading.h"
#include "real.pb-c.h"
#include "record/models.h"

/* Meters send tens of watts and of watt-hours. */
#define UNIT 10
#define POWER_STEP INT64_C(100) /* of the power, 0.1 W */
#define PHASES HM_POWER_FACTOR_PHASES

/* What a meter sends of one phase. */
struct phase {
	int32_t power, voltage, current, power_factor;
};

/* In fields.def the fields of the phases stand one after another. */
_Static_assert(HM_F_POWER_C == HM_F_POWER + PHASES, "phases follow");
_Static_assert(HM_F_ENERGY_EXPORT_C == HM_F_ENERGY_EXPORT + PHASES,
    "phases follow");
_Static_assert(HM_F_ENERGY_IMPORT_C == HM_F_ENERGY_IMPORT + PHASES,
    "phases follow");
_Static_assert(HM_F_VOLTAGE_C == HM_F_VOLTAGE_A + PHASES - 1,
    "phases follow");
_Static_assert(HM_F_CURRENT_C == HM_F_CURRENT_A + PHASES - 1,
    "phases follow");
_Static_assert(HM_F_POWER_FACTOR_C == HM_F_POWER_FACTOR_A + PHASES - 1,
    "phases follow");

/*
 * A meter sends zeros for phases that it does not have. A phase that it has
 * has a voltage, and then its zeros are values.
 */
static bool
has(const struct phase *phase)
{
	return phase->voltage != 0;
}

static size_t
count(const struct phase phases[PHASES])
{
	size_t n = 0;

	for (size_t i = 0; i < PHASES; i++)
		n += has(&phases[i]);
	return n;
}

/*
 * Some meters may send a sum and no parts, which read as 0, too. True zeros of
 * several phases may be rounded, each by less than 1, and their sum is not 0.
 */
static bool
are_sent(int32_t sum, const struct phase phases[PHASES],
    const int32_t parts[PHASES])
{
	int64_t size = sum < 0 ? -(int64_t)sum : sum;
	bool sent = size == 0 || size < (int64_t)count(phases);

	for (size_t i = 0; i < PHASES; i++)
		sent = sent || parts[i] != 0;
	return sent;
}

/* The parts of a sum, whose fields follow that of the sum. */
static void
put_parts(struct hm_reading *r, enum hm_field_id field, int32_t sum,
    const struct phase phases[PHASES], const int32_t parts[PHASES])
{
	bool sent = are_sent(sum, phases, parts);

	for (size_t i = 0; i < PHASES; i++)
		hm_reading_heard(r, field + 1 + i, (int64_t)parts[i] * UNIT,
		    sent && has(&phases[i]));
}

static void
put_sum(struct hm_reading *r, enum hm_field_id field, int32_t sum,
    const struct phase phases[PHASES], const int32_t parts[PHASES])
{
	hm_reading_heard(r, field, (int64_t)sum * UNIT, count(phases) > 0);
	put_parts(r, field, sum, phases, parts);
}

static void
put_factor(struct hm_reading *r, const Hm__RealMeter *m,
    const struct phase phases[PHASES])
{
	struct hm_power_reading power = {
	    .power = m->power * POWER_STEP,
	    .step = POWER_STEP,
	};

	for (size_t i = 0; i < PHASES; i++) {
		power.voltage[i] = phases[i].voltage;
		power.current[i] = phases[i].current;
	}
	hm_decode_power_factor(r, HM_F_POWER_FACTOR, &power, m->power_factor);
}

static void
put_phases(struct hm_reading *r, const struct phase phases[PHASES], bool sent)
{
	for (size_t i = 0; i < PHASES; i++)
		hm_reading_heard(r, HM_F_VOLTAGE_A + i, phases[i].voltage,
		    false);
	for (size_t i = 0; i < PHASES; i++)
		hm_reading_heard(r, HM_F_CURRENT_A + i, phases[i].current,
		    has(&phases[i]));
	for (size_t i = 0; i < PHASES; i++) {
		const struct hm_power_reading power = {
		    .power = phases[i].power * POWER_STEP,
		    .step = POWER_STEP,
		    .voltage = {phases[i].voltage},
		    .current = {phases[i].current},
		};

		if (sent || phases[i].power_factor != 0)
			hm_decode_power_factor(r, HM_F_POWER_FACTOR_A + i,
			    &power, phases[i].power_factor);
	}
}

void
hm_decode_meter(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__RealMeter *m)
{
	const struct phase phases[PHASES] = {
	    {m->power_a, m->voltage_a, m->current_a, m->power_factor_a},
	    {m->power_b, m->voltage_b, m->current_b, m->power_factor_b},
	    {m->power_c, m->voltage_c, m->current_c, m->power_factor_c},
	};
	const int32_t powers[PHASES] = {m->power_a, m->power_b, m->power_c};
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_decode_serial(m->serial, text);
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "meter", serial);
	hm_reading_text(&r, HM_F_MODEL, hm_model_meter(serial,
	    count(phases)));
	hm_reading_heard(&r, HM_F_POWER, (int64_t)m->power * UNIT,
	    count(phases) > 0);
	put_factor(&r, m, phases);
	put_parts(&r, HM_F_POWER, m->power, phases, powers);
	put_sum(&r, HM_F_ENERGY_EXPORT, m->exported, phases,
	    (const int32_t[]){m->exported_a, m->exported_b, m->exported_c});
	put_sum(&r, HM_F_ENERGY_IMPORT, m->imported, phases,
	    (const int32_t[]){m->imported_a, m->imported_b, m->imported_c});
	put_phases(&r, phases, are_sent(m->power, phases, powers));
	hm_reading_heard(&r, HM_F_FAULT_CODE, m->fault, count(phases) > 0);
	hm_decode_end(d, &r, frame);
}
