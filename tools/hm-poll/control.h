#ifndef HM_CONTROL_H
#define HM_CONTROL_H

#include <ev.h>

#include "config/config.h"
#include "config/dtu_list.h"
#include "fleet.h"
#include "stream/stream.h"

/*
 * Commands from stdin to orders, and orders to result records: what the rules
 * of control_rules.h allow, through the DTUs of a fleet.
 */

struct hm_control;

struct hm_control_options {
	const struct hm_config *config;
	const struct hm_dtus *dtus;
	struct ev_loop *loop;
	struct hm_stream *stream;
	struct hm_fleet *fleet;
	/* Called after the end of the input, when each command has its final
	   result. */
	void (*all_ended)(void *context);
	void *context;
};

/* Whether the settings of control are good. Logs if not. */
bool hm_control_check(const struct hm_config *config);

/*
 * Open the journal. Commands that a predecessor left get their final results.
 * Without a journal, which is logged, each command is refused. NULL if there is
 * no memory. `options` is copied, the rest is borrowed.
 */
struct hm_control *hm_control_new(const struct hm_control_options *options);
void hm_control_free(struct hm_control *control);

/* A line of the input: a command is taken, all lines are passed on. */
void hm_control_line(struct hm_control *control, struct hm_slice line);
void hm_control_input_ended(struct hm_control *control);

/* For struct hm_fleet_options. */
bool hm_control_sends(struct hm_control *control, const struct hm_dtu *dtu);
void hm_control_state(struct hm_control *control, const struct hm_dtu *dtu,
    enum hm_result_state state);
void hm_control_ended(struct hm_control *control, const struct hm_dtu *dtu,
    const struct hm_result *result, bool sent);
void hm_control_idle(struct hm_control *control, const struct hm_dtu *dtu);

/*
 * The tool ends: each command without a final result gets one. Commands are
 * still taken, but no order begins: call it again after the last of them.
 */
void hm_control_finish(struct hm_control *control);

/* All that was emitted has been written to stdout. */
void hm_control_delivered(struct hm_control *control);

/*
 * The exit status for the final results: HM_EXIT_OK if all are done; otherwise
 * HM_EXIT_TEMP if one is unknown, HM_EXIT_UNAVAILABLE if a DTU was not there,
 * HM_EXIT_DATA if one was refused or failed, or could not be read.
 */
int hm_control_status(const struct hm_control *control);

#endif
