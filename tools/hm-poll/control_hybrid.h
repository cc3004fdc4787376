#ifndef HM_CONTROL_HYBRID_H
#define HM_CONTROL_HYBRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control_verdict.h"
#include "g3_order.h"
#include "record/command.h"

/*
 * Which orders may go to a hybrid inverter: the part of the rules of
 * control_rules.h that is about set_mode, set_soc_limits and set_export_limit.
 * docs/control.md has the rules for people.
 */

/* What is known of the hybrid inverter that an order is for. */
struct hm_control_hybrid {
	bool allows_unproven; /* control_unproven */
	enum hm_g3_role role;
	bool has_it; /* its registers show already what is ordered */
	int64_t soc_min, soc_max; /* that they show, for set_soc_limits */
};

/*
 * Bounds that need no device. False if the command is out of them, and why is
 * in `verdict`.
 */
bool hm_control_hybrid_bounds(const struct hm_command *command,
    struct hm_control_verdict *verdict);

/*
 * Whether an order fits a HIT-...-G3 or a HiOne; or a gateway, with the number
 * of inverters that the order is for. Never HM_CONTROL_WAIT; `verdict` is
 * HM_CONTROL_GO before.
 */
void hm_control_registers_fit(const struct hm_command *command,
    const struct hm_control_hybrid *hybrid,
    struct hm_control_verdict *verdict);
void hm_control_gateway_fit(const struct hm_command *command,
    const struct hm_control_hybrid *hybrid, size_t inverters,
    struct hm_control_verdict *verdict);

#endif
