#ifndef HM_CONTROL_RULES_H
#define HM_CONTROL_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control_hybrid.h"
#include "control_verdict.h"
#include "record/command.h"
#include "wire/dtu_uri.h"

/*
 * Which orders may go to a DTU, and when: all rules of safety. No I/O; times
 * are by the wall clock, in s since 1970, and are arguments. docs/control.md
 * has the rules for people.
 */

struct hm_control_limits {
	int64_t max_age_s;      /* of a command when a DTU gets its order */
	int64_t way_s;          /* from sending an order until the DTU has it */
	int64_t min_interval_s; /* between two kept orders of a kind to a DTU */
	int64_t max_per_day;    /* of these to a DTU in a day of UTC */
	int64_t restore_s;      /* without a temporary limit; 0: off */
};

#define HM_CONTROL_NEVER INT64_MIN
#define HM_CONTROL_AHEAD_S 5 /* by which two clocks may differ */

/* Orders that are kept: each kind is written to another place. */
enum hm_control_kept {
	HM_CONTROL_KEPT_LIMIT,
	HM_CONTROL_KEPT_MODE,
	HM_CONTROL_KEPT_SOC,
	HM_CONTROL_KEPT_EXPORT,
	HM_CONTROL_KEPTS
};

/* What has been sent to a DTU. */
struct hm_control_past {
	int64_t kept_at[HM_CONTROL_KEPTS]; /* the last, or HM_CONTROL_NEVER */
	int64_t day;     /* of kept_today: days since 1970 */
	int64_t kept_today;
	int64_t temporary_at; /* last temporary limit, or HM_CONTROL_NEVER if
	                         there is none that must end */
};

/* `from` of the command that control_restore makes. */
#define HM_CONTROL_RESTORE "control_restore"

void hm_control_past_init(struct hm_control_past *past);

/*
 * Why a DTU takes no orders of an action; NULL if it may take them.
 * `is_gateway`: it is a gateway of hybrid inverters.
 */
const char *hm_control_unknown_action(const struct hm_dtu *dtu,
    bool is_gateway, enum hm_action action);

/*
 * A command that has come: its bounds, as far as they need no device, and its
 * age. `is_known`: a different command had the same id. Never HM_CONTROL_WAIT.
 */
void hm_control_admit(const struct hm_control_limits *limits,
    const struct hm_command *command, bool is_known, int64_t now,
    struct hm_control_verdict *verdict);

/* Whether an order that is sent now is not too old when the DTU gets it. */
bool hm_control_in_time(const struct hm_control_limits *limits,
    const struct hm_command *command, int64_t now,
    struct hm_control_verdict *verdict);

/*
 * Whether the order of an admitted command may be sent now. Corrects `past`
 * after the clock was set back.
 */
void hm_control_schedule(const struct hm_control_limits *limits,
    struct hm_control_past *past, const struct hm_command *command,
    int64_t now, struct hm_control_verdict *verdict);

/* Note that the order of a command is about to be sent. */
void hm_control_sent(struct hm_control_past *past,
    const struct hm_command *command, int64_t now);

/*
 * Note the final result of an order that was sent: a limit of control_restore
 * that may be lost is due again.
 */
void hm_control_note_end(struct hm_control_past *past,
    const struct hm_command *command, const struct hm_result *result,
    int64_t now);

/* Whether a newer command takes the place of one that waits. */
bool hm_control_replaces(const struct hm_command *newer,
    const struct hm_command *waiting);

/* What takes an order. */
enum hm_control_kind {
	HM_CONTROL_DTU,
	HM_CONTROL_GATEWAY,   /* of hybrid inverters, by command c308 */
	HM_CONTROL_REGISTERS, /* a HIT-...-G3 or a HiOne */
};

/* What is known of a DTU and its inverters, after it was read. */
struct hm_control_device {
	enum hm_control_kind kind;
	struct hm_control_hybrid hybrid; /* not of a DTU */
	bool is_modbus;
	bool has_old_map; /* of Modbus: orders by coils */
	bool takes_watts; /* its firmware knows temporary limits */
	size_t all;       /* inverters of the DTU */
	size_t inverters; /* those that the order is for */
	bool has_mi;      /* one of them is of the MI series */
	int64_t rated;    /* W of them together, at most; 0: not known */
	int64_t limit;    /* kept limit, in 0.1 %; -1: not known */
};

/* Whether the order fits the DTU. Never HM_CONTROL_WAIT. */
void hm_control_fit(const struct hm_command *command,
    const struct hm_control_device *device,
    struct hm_control_verdict *verdict);

/* When the limit of control_restore is due; INT64_MAX: not. */
int64_t hm_control_restore_at(const struct hm_control_limits *limits,
    const struct hm_control_past *past);

#endif
