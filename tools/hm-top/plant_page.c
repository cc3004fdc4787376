#include "plant_private.h"

#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "plant.h"
#include "record/fields.h"
#include "record/record.h"

/*
 * An event of hm-metrics is one object with arrays of objects. Each is read as
 * a record: `item` is the one that is being read.
 */
struct reader {
	struct hm_top_plant *plant;
	struct hm_record whole, item;
	size_t inverter; /* that the inputs being read are of */
};

/* The next object of an array; what is no object is skipped. */
static bool
next_item(struct hm_slice *rest, struct hm_record *item)
{
	struct hm_value value;
	struct hm_fault fault;

	while (hm_array_next(rest, &value))
		if (value.kind == HM_OBJECT &&
		    hm_record_parse(item, value.text, &fault))
			return true;
	return false;
}

static bool
is_array(const struct hm_value *value)
{
	return value->kind == HM_ARRAY;
}

static size_t
dtu_of(struct reader *r, const char *key)
{
	char name[HM_DTU_NAME_MAX + 1];

	return hm_record_text(&r->item, key, name, sizeof name) ?
	    hm_top_find_dtu(r->plant, name, "") : HM_TOP_NONE;
}

static void
read_dtu(struct reader *r)
{
	size_t at = dtu_of(r, "name");
	char status[16];
	struct hm_top_dtu *dtu;

	if (at == HM_TOP_NONE)
		return;
	dtu = &r->plant->dtu[at];
	hm_record_text(&r->item, "title", dtu->title, sizeof dtu->title);
	hm_record_text(&r->item, "status", status, sizeof status);
	dtu->state = strcmp(status, "error") == 0 ? HM_TOP_OFFLINE :
	    strcmp(status, "online") == 0 ? HM_TOP_ONLINE : HM_TOP_UNKNOWN;
	hm_record_text(&r->item, "reason", dtu->reason, sizeof dtu->reason);
	hm_record_text(&r->item, "hint", dtu->hint, sizeof dtu->hint);
	dtu->answered = hm_top_time(&r->item, "answered");
	dtu->time = dtu->answered;
	dtu->retry = hm_top_time(&r->item, "retry_at");
	dtu->watts = hm_top_amount(&r->item, "watts");
	dtu->today = hm_top_amount(&r->item, "today");
}

static void
read_input(struct reader *r)
{
	struct hm_top_input *input;
	int64_t number;
	size_t at;

	if (!hm_record_int(&r->item, "port", &number))
		return;
	at = hm_top_find_input(r->plant, r->inverter, number);
	if (at == HM_TOP_NONE)
		return;
	input = &r->plant->input[at];
	hm_record_text(&r->item, "title", input->title, sizeof input->title);
	input->time = r->plant->time;
	input->watts = hm_top_amount(&r->item, "watts");
	input->volts = hm_top_amount(&r->item, "volts");
	input->amperes = hm_top_amount(&r->item, "amperes");
	input->today = hm_top_amount(&r->item, "today");
}

/* Power is told only of inverters whose readings are current. */
static bool
has_power(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter)
{
	if (inverter->watts != HM_AMOUNT_UNKNOWN)
		return true;
	for (size_t i = inverter->first; i != HM_TOP_NONE;
	    i = plant->input[i].next)
		if (plant->input[i].watts != HM_AMOUNT_UNKNOWN)
			return true;
	return false;
}

static void
read_inverter(struct reader *r)
{
	char serial[HM_TOP_SERIAL];
	size_t dtu = dtu_of(r, "dtu"), at;
	struct hm_slice inputs = hm_record_get(&r->item, "ports")->text;
	struct hm_top_inverter *inverter;
	int64_t link;

	if (dtu == HM_TOP_NONE || !is_array(hm_record_get(&r->item, "ports")) ||
	    !hm_record_text(&r->item, "serial", serial, sizeof serial))
		return;
	at = hm_top_find_inverter(r->plant, dtu, serial);
	if (at == HM_TOP_NONE)
		return;
	inverter = &r->plant->inverter[at];
	if (!hm_record_text(&r->item, "title", inverter->title,
	    sizeof inverter->title))
		hm_record_text(&r->item, hm_fields[HM_F_LABEL].key,
		    inverter->title, sizeof inverter->title);
	inverter->watts = hm_top_amount(&r->item, "watts");
	inverter->celsius = hm_top_amount(&r->item, "celsius");
	if (hm_record_int(&r->item, "link", &link) && link == 0)
		inverter->state = HM_TOP_UNHEARD;
	r->inverter = at;
	while (next_item(&inputs, &r->item))
		read_input(r);
	inverter = &r->plant->inverter[at];
	if (has_power(r->plant, inverter))
		inverter->time = r->plant->time;
}

/* A meter, whose power is under a key. */
static void
read_meter_of(struct reader *r, size_t dtu, enum hm_top_meter_kind kind,
    const char *key)
{
	struct hm_top_plant *plant = r->plant;
	struct hm_top_meter *meter;
	char serial[HM_TOP_SERIAL];
	size_t at;

	if (!hm_record_text(&r->item, "serial", serial, sizeof serial))
		return;
	at = hm_top_find_meter(plant, dtu, kind, serial);
	if (at == HM_TOP_NONE)
		return;
	meter = &plant->meter[at];
	hm_record_text(&r->item, "title", meter->title, sizeof meter->title);
	meter->watts = hm_top_amount(&r->item, key);
	meter->soc = hm_top_amount(&r->item, hm_fields[HM_F_SOC].key);
	meter->time = plant->time;
}

static void
read_meter(struct reader *r)
{
	read_meter_of(r, 0, HM_TOP_METER, "watts");
}

static bool
has_member(struct reader *r, const char *key)
{
	return hm_record_get(&r->item, key)->kind != HM_ABSENT;
}

static void
read_hybrid(struct reader *r)
{
	size_t dtu = dtu_of(r, "dtu");

	if (dtu == HM_TOP_NONE)
		return;
	if (has_member(r, "battery"))
		read_meter_of(r, dtu, HM_TOP_BATTERY, "battery");
	if (has_member(r, "grid"))
		read_meter_of(r, dtu, HM_TOP_GRID, "grid");
}

static void
read_alarm(struct reader *r)
{
	struct hm_top_alarm alarm = {.dtu = dtu_of(r, "dtu"), .code = -1};

	if (alarm.dtu == HM_TOP_NONE)
		return;
	hm_record_text(&r->item, "serial", alarm.serial, sizeof alarm.serial);
	hm_record_text(&r->item, "alert", alarm.alert, sizeof alarm.alert);
	hm_record_text(&r->item, "text", alarm.text, sizeof alarm.text);
	if (!hm_record_int(&r->item, "code", &alarm.code))
		alarm.code = -1;
	if (!hm_record_int(&r->item, "port", &alarm.port))
		alarm.port = 0;
	alarm.start = hm_top_time(&r->item, "start");
	alarm.time = r->plant->time;
	hm_top_keep_alarm(r->plant, &alarm, false);
}

static void
read_all(struct reader *r, const char *key, void (*read)(struct reader *r))
{
	const struct hm_value *array = hm_record_get(&r->whole, key);
	struct hm_slice rest = array->text;

	if (is_array(array))
		while (next_item(&rest, &r->item))
			read(r);
}

bool
hm_top_take_page(struct hm_top_plant *plant, struct hm_slice json)
{
	struct reader *r = malloc(sizeof *r);
	struct hm_fault fault;
	bool good;

	if (r == NULL)
		return false;
	r->plant = plant;
	good = hm_record_parse(&r->whole, json, &fault) &&
	    is_array(hm_record_get(&r->whole, "dtus")) &&
	    is_array(hm_record_get(&r->whole, "units"));
	if (good) {
		hm_top_plant_clear(plant);
		plant->is_page = true;
		plant->time = hm_top_time(&r->whole, "time");
		plant->page_today = hm_top_amount(&r->whole, "today");
		plant->page_total = hm_top_amount(&r->whole, "total");
		read_all(r, "dtus", read_dtu);
		read_all(r, "units", read_inverter);
		read_all(r, "meters", read_meter);
		read_all(r, "hybrids", read_hybrid);
		read_all(r, "alarms", read_alarm);
	}
	free(r);
	return good;
}
