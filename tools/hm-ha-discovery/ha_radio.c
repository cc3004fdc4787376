#include "ha_radio.h"

#include "base/decimal.h"
#include "record/fields.h"

#define MODULUS 65536
#define COUNT 20 /* polls that make a percentage */
#define STEP_MAX 4096 /* a larger step: the DTU has set the counters back */

static bool
counter(const struct hm_ha_values *values, enum hm_field_id id, int64_t *out)
{
	return values->of[id].kind == HM_NUMBER &&
	    hm_decimal_whole(values->of[id].text, 0, MODULUS - 1, out);
}

static int64_t
growth(int64_t from, int64_t to)
{
	return (to - from + MODULUS) % MODULUS;
}

void
hm_ha_radio_look(struct hm_ha_radio *radio, const struct hm_ha_values *values)
{
	int64_t polls, answers, sent, heard;

	if (!counter(values, HM_F_RADIO_POLLS, &polls) ||
	    !counter(values, HM_F_RADIO_ANSWERS, &answers))
		return;
	sent = growth(radio->polls, polls);
	heard = growth(radio->answers, answers);
	if (radio->known && sent < COUNT && heard <= sent + 1)
		return;
	/* An answer may be counted just after its poll. */
	if (radio->known && sent <= STEP_MAX && heard <= sent + 1) {
		radio->quality = heard < sent ? heard * 100 / sent : 100;
		radio->measured = true;
	}
	radio->known = true;
	radio->polls = polls;
	radio->answers = answers;
}
