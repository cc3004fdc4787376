#ifndef HM_TOOL_H
#define HM_TOOL_H

#include "config/config.h"
#include "stream.h"

/*
 * The skeleton of every tool: read the settings, open what the tool needs and
 * then its stream, give it line by line, close all in the right order, and
 * restart if a SIGHUP asked for it.
 */

#define HM_TOOL_GO_ON (-2) /* of `open` and `start`: no status to exit with */

/*
 * What a tool does, in the order of the calls. Any may be NULL, but for one of
 * `line` and `run`. `work` is what hm_tool_main was given. `open` and `start`
 * answer HM_TOOL_GO_ON, or the status with which the tool is to end: a
 * failure, which they have logged, or HM_EXIT_OK where all is done.
 */
struct hm_tool_ops {
	hm_config_check *check;

	/* Before the stream is opened. The settings outlive `free`. */
	int (*open)(void *work, const struct hm_config *config);

	/* The stream is open: register counters and sides, and start threads,
	   which now inherit blocked signals. */
	int (*start)(void *work, struct hm_stream *stream);

	/* Take a line: it is committed when this returns. */
	void (*line)(void *work, struct hm_slice line);

	/* In place of lines: a source, which runs an event loop of its own.
	   Returns when the tool is to end. */
	void (*run)(void *work);

	/* After the last line: the exit status if the stream was fine. */
	int (*finish)(void *work);

	/* Always, when the stream is closed; what was never opened is zero.
	   False: a thread hangs, so that the process must end without it. */
	bool (*free)(void *work);
};

/* The whole main of a tool; `work` is all zero. The exit status. */
int hm_tool_main(enum hm_tool_id id, const struct hm_tool_ops *ops,
    void *work, int argc, char *argv[]);

#endif
