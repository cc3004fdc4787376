#ifndef HM_ORDER_H
#define HM_ORDER_H

#include "control_rules.h"
#include "record/command.h"

/* An order to a DTU, for a dialog. */
struct hm_order {
	struct hm_command command;
	bool encrypts_2305; /* to an hm DTU that encrypts */
	bool uses_old_map;  /* over Modbus, where the new one is missing */
	bool allows_unproven; /* of a hybrid inverter */
};

/* What was read of a DTU and of the inverters that an order is for. */
struct hm_order_seen {
	struct hm_control_device device;
	size_t heard;      /* of those inverters, by the DTU */
	size_t producing;  /* of those that are heard */
	int64_t power;     /* of those that are heard, 0.1 W; -1: none is */
	int64_t temporary; /* limit, 0.1 %; -1: not known */
	int64_t alarms;    /* in the DTU's list; -1: not known */
	int64_t boot_time; /* of the DTU, by its clock; 0: not known */
	int on;            /* as the DTU says; -1: not known */
	bool limits_differ; /* no common limit of all inverters is known */
	uint16_t word[HM_G3_SETTINGS_MAX]; /* of hm_g3_order_block, from a
	                                      HIT-...-G3 or a HiOne */
};

/*
 * What has become of an order that was sent, by what was read before it and
 * after it. HM_RESULT_UNKNOWN: it cannot be said yet, and `final` whether
 * another reading can change that. `text` gets what was seen.
 */
struct hm_order_judgement {
	struct hm_result result; /* texts are static or in `text` */
	bool final;
	char text[200];
};

void hm_order_judge(const struct hm_order *order,
    const struct hm_order_seen *before, const struct hm_order_seen *after,
    struct hm_order_judgement *judgement);

#endif
