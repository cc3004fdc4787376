#include "plant_private.h"

#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "base/rfc3339.h"
#include "base/utf8.h"

/* Members of records */

int64_t
hm_top_amount(const struct hm_record *record, const char *key)
{
	struct hm_decimal value;

	return hm_record_decimal(record, key, &value) ? hm_amount_of(value) :
	    HM_AMOUNT_UNKNOWN;
}

int64_t
hm_top_time(const struct hm_record *record, const char *key)
{
	struct hm_slice text;
	int64_t seconds;

	return hm_record_string(record, key, &text) &&
	    hm_rfc3339_parse(text, &seconds) ? seconds : 0;
}

/* Finding and adding */

/* Room for one more of `size` bytes; false if there is none. */
static bool
make_room(void **array, size_t *room, size_t count, size_t size, size_t most)
{
	size_t wanted = *room == 0 ? 8 : 2 * *room;
	void *larger;

	if (count < *room)
		return true;
	if (count >= most)
		return false;
	larger = realloc(*array, wanted * size);
	if (larger == NULL)
		return false;
	*array = larger;
	*room = wanted;
	return true;
}

static bool
has_room(struct hm_top_plant *plant, void **array, size_t *room, size_t count,
    size_t size, size_t most)
{
	bool has = make_room(array, room, count, size, most);

	plant->refused += !has;
	return has;
}

static void
set_title(char title[HM_TOP_TITLE], const char *name)
{
	size_t n = name != NULL ? strlen(name) : 0;

	if (n >= HM_TOP_TITLE)
		for (n = HM_TOP_TITLE - 1; n > 0 &&
		    ((unsigned char)name[n] & 0xc0) == 0x80; n--)
			;
	if (n > 0)
		memcpy(title, name, n);
	n = hm_utf8_clean(title, n);
	title[n] = '\0';
}

size_t
hm_top_find_dtu(struct hm_top_plant *plant, const char *name,
    const char *serial)
{
	size_t i = 0;
	void *array = plant->dtu;
	struct hm_top_dtu *dtu;
	bool room;

	while (i < plant->dtus && strcmp(plant->dtu[i].name, name) != 0)
		i++;
	if (i < plant->dtus) {
		/* Only its own readings have its serial number. */
		if (plant->names != NULL && serial[0] != '\0' &&
		    plant->dtu[i].title[0] == '\0')
			set_title(plant->dtu[i].title, hm_device_name(
			    plant->names, serial));
		return i;
	}
	room = has_room(plant, &array, &plant->dtu_room, i, sizeof *dtu,
	    HM_TOP_DTUS_MAX);
	plant->dtu = array;
	if (!room)
		return HM_TOP_NONE;
	dtu = &plant->dtu[plant->dtus++];
	*dtu = (struct hm_top_dtu){.watts = HM_AMOUNT_UNKNOWN,
	    .today = HM_AMOUNT_UNKNOWN, .total = HM_AMOUNT_UNKNOWN};
	memcpy(dtu->name, name, strlen(name) + 1);
	if (plant->names != NULL)
		set_title(dtu->title, hm_device_name_of_dtu(plant->names,
		    hm_text(name), serial));
	return i;
}

static size_t
add_inverter(struct hm_top_plant *plant, size_t dtu, const char *serial)
{
	void *array = plant->inverter;
	struct hm_top_inverter *inverter;
	bool room = has_room(plant, &array, &plant->inverter_room,
	    plant->inverters, sizeof *inverter, HM_TOP_INVERTERS_MAX);

	plant->inverter = array;
	if (!room)
		return HM_TOP_NONE;
	inverter = &plant->inverter[plant->inverters];
	*inverter = (struct hm_top_inverter){.dtu = dtu, .first = HM_TOP_NONE,
	    .watts = HM_AMOUNT_UNKNOWN, .volts = HM_AMOUNT_UNKNOWN,
	    .celsius = HM_AMOUNT_UNKNOWN, .today = HM_AMOUNT_UNKNOWN,
	    .total = HM_AMOUNT_UNKNOWN};
	memcpy(inverter->serial, serial, strlen(serial) + 1);
	if (plant->names != NULL)
		set_title(inverter->title, hm_device_name(plant->names,
		    serial));
	return plant->inverters++;
}

/* Records come in the same order in each poll: the next is near. */
size_t
hm_top_find_inverter(struct hm_top_plant *plant, size_t dtu,
    const char *serial)
{
	size_t at = plant->last_inverter;

	for (size_t i = 0; i < plant->inverters; i++) {
		const struct hm_top_inverter *inverter;

		if (at >= plant->inverters)
			at = 0;
		inverter = &plant->inverter[at];
		if (inverter->dtu == dtu &&
		    strcmp(inverter->serial, serial) == 0) {
			plant->last_inverter = at;
			return at;
		}
		at++;
	}
	at = add_inverter(plant, dtu, serial);
	if (at != HM_TOP_NONE)
		plant->last_inverter = at;
	return at;
}

/* Inputs are linked by number. */
static void
link_input(struct hm_top_plant *plant, size_t added)
{
	struct hm_top_input *input = &plant->input[added];
	struct hm_top_inverter *inverter = &plant->inverter[input->inverter];
	size_t *link = &inverter->first;

	while (*link != HM_TOP_NONE &&
	    plant->input[*link].number < input->number)
		link = &plant->input[*link].next;
	input->next = *link;
	*link = added;
	inverter->inputs++;
}

static size_t
add_input(struct hm_top_plant *plant, size_t inverter, int64_t number)
{
	void *array = plant->input;
	struct hm_top_input *input;
	bool room = has_room(plant, &array, &plant->input_room, plant->inputs,
	    sizeof *input, HM_TOP_INPUTS_MAX);

	plant->input = array;
	if (!room)
		return HM_TOP_NONE;
	input = &plant->input[plant->inputs];
	*input = (struct hm_top_input){.inverter = inverter, .number = number,
	    .watts = HM_AMOUNT_UNKNOWN, .volts = HM_AMOUNT_UNKNOWN,
	    .amperes = HM_AMOUNT_UNKNOWN, .today = HM_AMOUNT_UNKNOWN,
	    .total = HM_AMOUNT_UNKNOWN};
	if (plant->names != NULL)
		set_title(input->title, hm_device_name_of_port(plant->names,
		    plant->inverter[inverter].serial, number));
	link_input(plant, plant->inputs);
	return plant->inputs++;
}

size_t
hm_top_find_input(struct hm_top_plant *plant, size_t inverter, int64_t number)
{
	size_t i = plant->inverter[inverter].first;

	while (i != HM_TOP_NONE && plant->input[i].number != number)
		i = plant->input[i].next;
	return i != HM_TOP_NONE ? i : add_input(plant, inverter, number);
}

size_t
hm_top_find_meter(struct hm_top_plant *plant, size_t dtu,
    enum hm_top_meter_kind kind, const char *serial)
{
	size_t i = 0;
	void *array = plant->meter;
	struct hm_top_meter *meter;
	bool room;

	while (i < plant->meters && (plant->meter[i].dtu != dtu ||
	    plant->meter[i].kind != kind ||
	    strcmp(plant->meter[i].serial, serial) != 0))
		i++;
	if (i < plant->meters)
		return i;
	room = has_room(plant, &array, &plant->meter_room, i, sizeof *meter,
	    HM_TOP_METERS_MAX);
	plant->meter = array;
	if (!room)
		return HM_TOP_NONE;
	meter = &plant->meter[plant->meters++];
	*meter = (struct hm_top_meter){.dtu = dtu, .kind = kind,
	    .watts = HM_AMOUNT_UNKNOWN, .soc = HM_AMOUNT_UNKNOWN};
	memcpy(meter->serial, serial, strlen(serial) + 1);
	if (plant->names != NULL)
		set_title(meter->title, hm_device_name(plant->names, serial));
	return i;
}

/* Alarms */

static bool
is_same(const struct hm_top_alarm *a, const struct hm_top_alarm *b)
{
	return a->dtu == b->dtu && a->port == b->port && a->code == b->code &&
	    a->start == b->start && strcmp(a->serial, b->serial) == 0 &&
	    strcmp(a->alert, b->alert) == 0;
}

/* Without room, the alarm whose last record is the oldest is replaced. */
static size_t
place_of(struct hm_top_plant *plant)
{
	size_t oldest = 0;

	if (plant->alarms < HM_TOP_ALARMS_MAX)
		return plant->alarms++;
	for (size_t i = 1; i < plant->alarms; i++)
		if (plant->alarm[i].time < plant->alarm[oldest].time)
			oldest = i;
	plant->refused++;
	return oldest;
}

void
hm_top_keep_alarm(struct hm_top_plant *plant, const struct hm_top_alarm *alarm,
    bool ended)
{
	size_t at = 0;

	while (at < plant->alarms && !is_same(&plant->alarm[at], alarm))
		at++;
	if (!ended)
		plant->alarm[at < plant->alarms ? at : place_of(plant)] =
		    *alarm;
	else if (at < plant->alarms)
		plant->alarm[at] = plant->alarm[--plant->alarms];
}

/* The whole */

void
hm_top_plant_clear(struct hm_top_plant *plant)
{
	plant->dtus = plant->inverters = plant->inputs = plant->meters = 0;
	plant->alarms = plant->last_inverter = 0;
}

void
hm_top_plant_free(struct hm_top_plant *plant)
{
	free(plant->dtu);
	free(plant->inverter);
	free(plant->input);
	free(plant->meter);
}
