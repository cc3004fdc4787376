#ifndef HM_TOP_PLANT_H
#define HM_TOP_PLANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/device_names.h"
#include "record/dtu_name.h"
#include "record/record.h"

/*
 * The latest of each DTU, inverter, input, meter and battery, and the alarms
 * that last: what hm-top shows. It is filled from records (plant_records.c), or
 * as a whole from an event of hm-metrics (plant_page.c). Values are amounts
 * (amount.h), times are seconds since 1970, 0 if unknown. No clock is read.
 */

#define HM_TOP_DTUS_MAX ((size_t)256)
#define HM_TOP_INVERTERS_MAX ((size_t)2048)
#define HM_TOP_INPUTS_MAX ((size_t)8192)
#define HM_TOP_METERS_MAX ((size_t)16)
#define HM_TOP_ALARMS_MAX ((size_t)64)

#define HM_TOP_SERIAL 33
#define HM_TOP_TITLE 97 /* a longer name is cut */
#define HM_TOP_TEXT 161
#define HM_TOP_HINT 385
#define HM_TOP_NONE SIZE_MAX
#define HM_TOP_OWN_ALARM (-1) /* port of an alarm that a reading has */

struct hm_top_dtu {
	char name[HM_DTU_NAME_MAX + 1];
	char title[HM_TOP_TITLE]; /* a name of the settings, or empty */
	enum { HM_TOP_UNKNOWN, HM_TOP_ONLINE, HM_TOP_OFFLINE } state;
	char reason[HM_TOP_TEXT]; /* why it is offline */
	char hint[HM_TOP_HINT];   /* what to do then, or empty */
	int64_t time;             /* of the last new readings */
	int64_t answered;         /* of its last answer */
	int64_t retry;            /* when it is polled next, if offline */
	int64_t watts, today, total;
};

/* A direct current input: one panel, or a string of panels. */
struct hm_top_input {
	size_t inverter, next; /* next input of the inverter, or NONE */
	int64_t number;
	char title[HM_TOP_TITLE];
	int64_t time;
	int64_t watts, volts, amperes, today, total;
};

struct hm_top_inverter {
	size_t dtu;
	size_t first; /* its first input by number, or NONE */
	size_t inputs;
	char serial[HM_TOP_SERIAL];
	char title[HM_TOP_TITLE]; /* a name of the settings, or its label */
	int64_t time;
	enum { HM_TOP_AWAKE, HM_TOP_OFF, HM_TOP_UNHEARD } state;
	int64_t watts, volts, celsius; /* of the grid; of three phases the
	                                  first */
	int64_t today, total; /* as the record has them; else sum the inputs */
};

/* A meter, or what a hybrid inverter with that serial number measures. */
enum hm_top_meter_kind { HM_TOP_METER, HM_TOP_GRID, HM_TOP_BATTERY };

struct hm_top_meter {
	size_t dtu;
	enum hm_top_meter_kind kind;
	char serial[HM_TOP_SERIAL];
	char title[HM_TOP_TITLE];
	int64_t time;
	int64_t watts; /* of a meter: negative is export; else as the device
	                  signs it */
	int64_t soc;   /* of a battery, % */
};

struct hm_top_alarm {
	size_t dtu;
	char serial[HM_TOP_SERIAL];
	char alert[32]; /* of hm-alert; else `code` is of a device */
	int64_t code, port, start, time;
	char text[HM_TOP_TEXT];
};

struct hm_top_plant {
	struct hm_top_dtu *dtu;
	struct hm_top_inverter *inverter;
	struct hm_top_input *input;
	struct hm_top_meter *meter;
	struct hm_top_alarm alarm[HM_TOP_ALARMS_MAX];
	size_t dtus, inverters, inputs, meters, alarms;
	size_t dtu_room, inverter_room, input_room, meter_room;
	size_t last_inverter; /* that a record was about: its next is near */
	const struct hm_device_names *names; /* borrowed; NULL: none */
	int64_t fresh; /* seconds for which readings are current */
	int64_t time;  /* of the last record, 0: none */
	bool is_page;  /* filled from an event, which has sums of its own */
	int64_t page_today, page_total;
	uint64_t refused; /* records without room for their device */
};

/* All zero, then `names` and `fresh` are set. */
void hm_top_plant_free(struct hm_top_plant *plant);

/* Forget all devices. */
void hm_top_plant_clear(struct hm_top_plant *plant);

/* Whether records of a type are taken. */
bool hm_top_takes(struct hm_slice type);

/* Take a record of such a type. */
void hm_top_take(struct hm_top_plant *plant, struct hm_slice type,
    const struct hm_record *record);

/*
 * Replace all by an event of hm-metrics, the JSON of /api/plant. False if it is
 * not that.
 */
bool hm_top_take_page(struct hm_top_plant *plant, struct hm_slice json);

/* What the screen asks; `now` is the time of the stream. */

/* Whether readings of that time are current. */
bool hm_top_is_fresh(const struct hm_top_plant *plant, int64_t time,
    int64_t now);
/* Whether the DTU answers and its readings are current. */
bool hm_top_dtu_up(const struct hm_top_plant *plant,
    const struct hm_top_dtu *dtu, int64_t now);
/* Whether its inverter is heard, and its readings are current. */
bool hm_top_inverter_up(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter, int64_t now);

/* Power fed into the grid, or else that of its inputs. */
int64_t hm_top_inverter_watts(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter);
/* Its own energy, or else the sum of its inputs. */
int64_t hm_top_inverter_today(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter);
int64_t hm_top_inverter_total(const struct hm_top_plant *plant,
    const struct hm_top_inverter *inverter);

/* Of the plant: sums over DTUs. The power is that of DTUs that are up. */
int64_t hm_top_watts(const struct hm_top_plant *plant, int64_t now);
int64_t hm_top_today(const struct hm_top_plant *plant);
int64_t hm_top_total(const struct hm_top_plant *plant);

#endif
