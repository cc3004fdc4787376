#include "tool.h"

#include <signal.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/heap.h"
#include "base/log.h"
#include "config/config.h"
#include "config/settings.h"
#include "descriptors.h"
#include "restart.h"
#include "stream.h"

static struct hm_stream *
open_stream(const struct hm_config *config, const struct hm_tool *tool,
    const struct hm_tool_ops *ops)
{
	bool has_output = tool->kind != HM_KIND_SINK;
	bool has_input = ops->line != NULL ||
	    (ops->reads != NULL && ops->reads(config));
	const struct hm_stream_options options = {
	    .in = has_input ? STDIN_FILENO : -1,
	    .out = has_output ? STDOUT_FILENO : -1,
	    .stats_period_ms = hm_config_ms(config, HM_SET_STATS_PERIOD),
	    .strict = hm_config_flag(config, HM_SET_STRICT),
	    .durable = hm_config_text(config, HM_SET_DURABLE),
	    .ready_fd = hm_config_has(config, HM_SET_NOTIFY_FD) ?
	        (int)hm_config_int(config, HM_SET_NOTIFY_FD) : 0,
	    .wants_readings = ops->wants_readings,
	    .outlives_input = ops->outlives_input != NULL &&
	        ops->outlives_input(config),
	};

	return hm_stream_open(&options);
}

static void
read_lines(const struct hm_tool_ops *ops, void *work, struct hm_stream *stream)
{
	void (*take)(void *work, struct hm_slice line) = ops->line;
	struct hm_slice line;

	while (hm_stream_next(stream, &line)) {
		take(work, line);
		hm_stream_commit(stream);
	}
}

static int
use_stream(const struct hm_tool_ops *ops, void *work, struct hm_stream *stream)
{
	int status = HM_TOOL_GO_ON;

	if (ops->start != NULL)
		status = ops->start(work, stream);
	if (status != HM_TOOL_GO_ON)
		return status;
	hm_heap_trim();
	if (ops->line != NULL)
		read_lines(ops, work, stream);
	else
		ops->run(work);
	return ops->finish != NULL ? ops->finish(work) : HM_EXIT_OK;
}

static int
run(const struct hm_tool *tool, const struct hm_tool_ops *ops, void *work,
    const struct hm_config *config)
{
	struct hm_stream *stream;
	int status = HM_TOOL_GO_ON;

	if (ops->open != NULL)
		status = ops->open(work, config);
	if (status != HM_TOOL_GO_ON)
		return status;
	stream = open_stream(config, tool, ops);
	if (stream == NULL)
		return HM_EXIT_OS;
	return hm_stream_close(stream, use_stream(ops, work, stream));
}

static void
log_end(int status)
{
	if (status != HM_EXIT_RESTART)
		hm_log_facts(HM_INFO, HM_FACTS(hm_fact_int("status", status)),
		    "shutdown complete, with status %d", status);
}

int
hm_tool_main(enum hm_tool_id id, const struct hm_tool_ops *ops, void *work,
    int argc, char *argv[])
{
	struct hm_config *config;
	int status;

	hm_descriptors_guard();
	hm_heap_keep_small();
	/* A write beyond `ulimit -f` fails like one to a full disk. */
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return HM_EXIT_OS;
	config = hm_config_load(&hm_tools[id], ops->check, argc, argv,
	    &status);
	if (config == NULL)
		return status;
	hm_config_log_start(config);
	/* Under a supervisor a hung logger must not delay the stream. */
	if (hm_config_has(config, HM_SET_DURABLE))
		hm_log_wait_at_most(0);
	status = run(&hm_tools[id], ops, work, config);
	if (ops->free != NULL && !ops->free(work)) {
		log_end(status);
		_exit(hm_restart(status));
	}
	log_end(status);
	hm_config_free(config);
	return hm_restart(status);
}
