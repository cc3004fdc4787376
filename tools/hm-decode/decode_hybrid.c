#include "base/json_writer.h"
#include "decode_private.h"
#include "hybrid.pb-c.h"
#include "reading.h"
#include "record/models.h"

/*
 * A hybrid inverter and its inputs. Zeros are values if their message is there,
 * but for those that hm_reading_heard leaves out. docs/hybrids.md has the
 * sources of the scales.
 */

#define TENTHS 10         /* of a watt and of a var in one of the wire */
#define WATT_HOURS 100    /* in one of the wire, 0.1 kWh */

size_t
hm_decode_phase(int32_t number, size_t position, unsigned *seen)
{
	size_t phase = number == 0 ? position : HM_PHASES;

	if (number >= 1 && number <= (int32_t)HM_PHASES)
		phase = (size_t)(number - 1);
	if (phase >= HM_PHASES || (*seen >> phase & 1) != 0)
		return HM_PHASES;
	*seen |= 1u << phase;
	return phase;
}

/* Sums of the phases */
struct sums {
	int64_t active, reactive;
	size_t phases;
};

static void
put_phase(struct hm_reading *r, const Hm__HybridInverterPhase *p, size_t phase,
    bool single)
{
	hm_reading_number(r, single ? HM_F_GRID_VOLTAGE :
	    HM_F_GRID_VOLTAGE_A + phase, p->voltage);
	hm_reading_number(r, single ? HM_F_AC_CURRENT :
	    HM_F_AC_CURRENT_A + phase, p->current);
}

static struct sums
put_phases(struct hm_reading *r, const Hm__HybridInverter *inverter)
{
	struct sums sums = {0, 0, 0};
	unsigned seen = 0;

	for (size_t i = 0; i < inverter->n_phase; i++) {
		const Hm__HybridInverterPhase *p = inverter->phase[i];
		size_t phase = hm_decode_phase(p->number, i, &seen);

		if (phase == HM_PHASES)
			continue;
		put_phase(r, p, phase, inverter->n_phase == 1);
		sums.active += p->active_power;
		sums.reactive += p->reactive_power;
		sums.phases++;
	}
	return sums;
}

static void
emit_inverter(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__HybridInverter *inverter, struct hm_slice serial,
    struct hm_hybrids *hybrids)
{
	struct sums sums;
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "inverter", serial);
	hm_reading_text(&r, HM_F_MODEL, hm_model_inverter(serial));
	if (inverter != NULL) {
		if (inverter->state != NULL)
			hm_reading_heard(&r, HM_F_GRID_FREQUENCY,
			    inverter->state->frequency, false);
		sums = put_phases(&r, inverter);
		if (sums.phases > 0) {
			hm_reading_number(&r, HM_F_ACTIVE_POWER,
			    sums.active * TENTHS);
			hm_reading_number(&r, HM_F_REACTIVE_POWER,
			    sums.reactive * TENTHS);
		}
		hybrids->active_power += sums.active;
	}
	hm_decode_end(d, &r, frame);
}

static int64_t
number_of(const Hm__HybridInput *input, size_t position)
{
	return input->number != 0 ? input->number : (int64_t)position + 1;
}

static bool
is_listed_before(const Hm__HybridReply *reply, size_t position)
{
	int64_t number = number_of(reply->input[position], position);

	for (size_t i = 0; i < position; i++)
		if (number_of(reply->input[i], i) == number)
			return true;
	return false;
}

static void
emit_port(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__HybridInput *input, struct hm_slice serial, int64_t number)
{
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "port", serial);
	hm_json_int(&r.json, "port", number);
	hm_reading_number(&r, HM_F_PV_VOLTAGE, input->voltage);
	hm_reading_number(&r, HM_F_PV_CURRENT, input->current);
	hm_reading_number(&r, HM_F_PV_POWER, (int64_t)input->power * TENTHS);
	if (input->today >= 0)
		hm_reading_number(&r, HM_F_TODAY_PRODUCTION,
		    (int64_t)input->today * WATT_HOURS);
	hm_decode_end(d, &r, frame);
}

/* A sum of energies is none if one of them is. */
static void
add_today(struct hm_hybrids *hybrids, int32_t today)
{
	if (today < 0 || hybrids->today < 0)
		hybrids->today = -1;
	else
		hybrids->today += (int64_t)today * WATT_HOURS;
}

void
hm_decode_hybrid(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__HybridReply *reply, struct hm_hybrids *hybrids)
{
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_decode_serial(reply->serial, text);

	emit_inverter(d, frame, reply->inverter, serial, hybrids);
	for (size_t i = 0; i < reply->n_input; i++) {
		const Hm__HybridInput *input = reply->input[i];
		int64_t number = number_of(input, i);

		if (number < 1 || number > UINT8_MAX) {
			hm_decode_drop(d, frame,
			    "an input has no number from 1 to 255");
			continue;
		}
		if (is_listed_before(reply, i)) {
			hm_decode_drop(d, frame,
			    "an input was listed before");
			continue;
		}
		emit_port(d, frame, input, serial, number);
		hybrids->pv_power += input->power;
		add_today(hybrids, input->today);
		hybrids->inputs++;
	}
	hm_decode_hybrid_parts(d, frame, reply, serial);
}
