#ifndef HM_COMMAND_H
#define HM_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dtu_name.h"
#include "record.h"
#include "told.h"

/*
 * Commands, the orders to DTUs, and their results: the record types `command`
 * and `result`. docs/records.md has their keys.
 */

enum hm_action {
	HM_ACTION_LIMIT,            /* kept by the inverter */
	HM_ACTION_LIMIT_TEMPORARY,  /* until the inverter restarts */
	HM_ACTION_TURN_ON,
	HM_ACTION_TURN_OFF,
	HM_ACTION_RESTART_INVERTER,
	HM_ACTION_RESTART_DTU,
	HM_ACTION_CLEAR_ALARMS,
	/* Of hybrid inverters. */
	HM_ACTION_SET_MODE,
	HM_ACTION_SET_SOC_LIMITS,
	HM_ACTION_SET_EXPORT_LIMIT,
	HM_ACTIONS
};

#define HM_ACTION_BIT(action) (1u << (action))

const char *hm_action_name(enum hm_action action);

/* False if there is no action of that name. */
bool hm_action_parse(struct hm_slice name, enum hm_action *action);

/* Whether it sets something that a hybrid inverter keeps. */
bool hm_action_is_of_hybrids(enum hm_action action);

/* What the amount of a limit is in: both have one decimal. */
enum hm_command_unit {
	HM_COMMAND_NONE,
	HM_COMMAND_PERCENT, /* of the rated power */
	HM_COMMAND_WATTS,
};

#define HM_COMMAND_ID_MAX ((size_t)64)    /* bytes */
#define HM_COMMAND_FROM_MAX ((size_t)128) /* bytes */
#define HM_COMMAND_SERIAL_MAX ((size_t)16)
#define HM_COMMAND_NO_TIME INT64_MIN

/* Text is empty if the record does not have it. */
struct hm_command {
	int64_t time; /* s since 1970, or HM_COMMAND_NO_TIME */
	char id[HM_COMMAND_ID_MAX + 1];
	char dtu[HM_DTU_NAME_MAX + 1];
	char serial[HM_COMMAND_SERIAL_MAX + 1]; /* empty: all inverters */
	char from[HM_COMMAND_FROM_MAX + 1];     /* who sent it */
	bool has_action;
	enum hm_action action;
	enum hm_command_unit unit;
	int64_t amount; /* of a limit, in 0.1 % or 0.1 W */
	struct hm_told told; /* of a hybrid inverter */
};

/*
 * Read a record of type command. NULL, or what is wrong with it, as a phrase
 * that may be in `text`; then the members that could be read are set, so that a
 * result can name them. Bounds of the amount are not checked here, and neither
 * is the age.
 */
#define HM_COMMAND_WRONG ((size_t)120)
const char *hm_command_read(struct hm_command *command,
    const struct hm_record *record, char text[HM_COMMAND_WRONG]);

/*
 * Write a command as a record; _open: without its end, for other members;
 * _others: the members of its record that _open has not written, unchanged.
 */
void hm_json_command(struct hm_json *e, const struct hm_command *command);
void hm_json_command_open(struct hm_json *e,
    const struct hm_command *command);
void hm_json_command_others(struct hm_json *e,
    const struct hm_command *command, const struct hm_record *record);

enum hm_result_state {
	HM_RESULT_REFUSED,  /* nothing was sent to the DTU, or it refused */
	HM_RESULT_ACCEPTED, /* the DTU has taken the order */
	HM_RESULT_UNDER_WAY, /* the DTU passes it on to inverters */
	HM_RESULT_DONE,     /* what was read back agrees */
	HM_RESULT_FAILED,   /* it has certainly not been carried out */
	HM_RESULT_UNKNOWN,  /* nobody knows */
	HM_RESULT_STATES
};

const char *hm_result_state_name(enum hm_result_state state);
bool hm_result_state_parse(struct hm_slice name, enum hm_result_state *state);

/* Each command gets exactly one final result. */
bool hm_result_is_final(enum hm_result_state state);

/* What was read back is negative if it is not known. */
struct hm_result {
	enum hm_result_state state;
	const char *error; /* a short name, or NULL */
	const char *text;  /* one line for people, or NULL */
	int64_t percent;   /* limit, in 0.1 % */
	int64_t watts;     /* limit that the power keeps, in 0.1 W */
	int on;            /* 0 or 1 */
	struct hm_told told; /* what a hybrid inverter shows */
};

/* The "percent" or "watts" of a result record in tenths; -1 if it has none. */
int64_t hm_result_tenths(const struct hm_record *record, const char *key);

/* A result about which nothing was read back. */
struct hm_result hm_result(enum hm_result_state state, const char *error,
    const char *text);

/* Write a result as a record; `time` is in s since 1970. */
void hm_json_result(struct hm_json *e, int64_t time,
    const struct hm_command *command, const struct hm_result *result);

#endif
