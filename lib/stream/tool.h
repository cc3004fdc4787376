#ifndef HM_TOOL_H
#define HM_TOOL_H

#include <stdbool.h>

#include "config/config.h"
#include "stream.h"

/*
 * The skeleton of every tool: read the settings, open the tool's resources and
 * then its stream, pass it each line, close all in the right order, and restart
 * after a SIGHUP.
 */

#define HM_TOOL_GO_ON (-2) /* result of `open` and `start`: do not exit */

/*
 * The functions of a tool, in the order of the calls. A tool has either `line`
 * or `run`; all others may be NULL. `work` is the argument of hm_tool_main.
 * `open` and `start` return HM_TOOL_GO_ON, or the exit status: a failure, which
 * they have logged, or HM_EXIT_OK if all work is done.
 */
struct hm_tool_ops {
	hm_config_check *check;

	/* Warn of frame records without readings; see hm_stream_options. */
	bool wants_readings;

	/* Before the stream is opened. The settings outlive `free`. */
	int (*open)(void *work, const struct hm_config *config);

	/* The stream is open: register counters and sides, and start threads,
	   which now inherit blocked signals. */
	int (*start)(void *work, struct hm_stream *stream);

	/* Process a line: it is committed when this returns. */
	void (*line)(void *work, struct hm_slice line);

	/* Run the event loop of a source. Returns when the tool is to end. */
	void (*run)(void *work);

	/* Whether such a loop reads lines, too: see hm_stream_ev. */
	bool (*reads)(const struct hm_config *config);

	/* Whether the end of the input does not end a tool with `line`. */
	bool (*outlives_input)(const struct hm_config *config);

	/* After the last line: the exit status if the stream had no error. */
	int (*finish)(void *work);

	/* Called in any case, after the stream is closed, also if `open` or
	   `start` failed: unopened members are still zero. False: a thread
	   hangs, so the process must end without it. */
	bool (*free)(void *work);
};

/* The main of a tool; `work` is all zero. Returns the exit status. */
int hm_tool_main(enum hm_tool_id id, const struct hm_tool_ops *ops,
    void *work, int argc, char *argv[]);

#endif
