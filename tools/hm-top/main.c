/* hm-top: show the latest readings on one terminal screen. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "config/device_names.h"
#include "config/settings.h"
#include "events.h"
#include "events_url.h"
#include "plant.h"
#include "record/freshness.h"
#include "screen.h"
#include "stream/stream.h"
#include "stream/tool.h"
#include "table.h"
#include "terminal.h"
#include "top_private.h"
#include "width.h"

#define SECOND_MS 1000
#define TEXT_COLS 100 /* of --once, unless COLUMNS is set */
#define TEXT_ROWS ((size_t)100000)

/* Settings */

static const char *
url_of(const struct hm_config *config)
{
	size_t count;
	char *const *operands = hm_config_operands(config, &count);

	return count > 0 ? operands[0] : NULL;
}

static int
check_url(const struct hm_config *config)
{
	struct hm_events_url url = {.host = ""};
	const char *why;
	size_t count;

	hm_config_operands(config, &count);
	if (count == 0)
		return HM_EXIT_OK;
	why = count > 1 ? "only one address can be shown" :
	    hm_events_url_read(&url, url_of(config));
	if (why == NULL)
		return HM_EXIT_OK;
	hm_log(HM_ERROR, "found \"%s\", allowed is the address of hm-metrics, "
	    "such as http://127.0.0.1:8080: %s", url_of(config), why);
	return HM_EXIT_USAGE;
}

static int
check(const struct hm_config *config)
{
	bool good = hm_config_use_zone(config);

	good = hm_device_names_check(config, HM_SET_NAMES, true) && good;
	return good ? check_url(config) : HM_EXIT_CONFIG;
}

/* Records */

static void
on_line(void *context, struct hm_slice line)
{
	struct hm_top *work = context;
	struct hm_slice type;

	if (!hm_stream_type(work->stream, line, &work->record, &type))
		return;
	if (hm_slice_is(type, "frame"))
		work->frames++;
	if (!hm_top_takes(type) ||
	    !hm_stream_parse(work->stream, line, &work->record))
		return;
	hm_top_take(&work->plant, type, &work->record);
	work->heard = hm_monotonic_ms();
	work->changed = true;
}

/* Setting up */

/* Only a locale that names another encoding says that UTF-8 is not shown. */
static bool
shows_ascii(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(variables[i]);

		if (value != NULL && value[0] != '\0')
			return strcasestr(value, "utf-8") == NULL &&
			    strcasestr(value, "utf8") == NULL;
	}
	return false;
}

static size_t
text_cols(void)
{
	const char *columns = getenv("COLUMNS");
	int64_t cols;

	return columns != NULL && hm_decimal_whole(hm_text(columns), 40, 500,
	    &cols) ? (size_t)cols : TEXT_COLS;
}

/* A pipe that stays empty is stdin, so that the stream only waits. */
static int
open_url(struct hm_top *work, const char *url)
{
	int ends[2];

	if (hm_events_url_read(&work->events.url, url) != NULL ||
	    !hm_events_open(&work->events))
		return HM_EXIT_UNAVAILABLE;
	work->is_url = true;
	if (pipe(ends) < 0 || dup2(ends[0], STDIN_FILENO) < 0) {
		hm_log_errno(HM_ERROR, "cannot open a pipe");
		return HM_EXIT_OS;
	}
	close(ends[0]);
	work->stdin_end = ends[1];
	return HM_TOOL_GO_ON;
}

static int
check_terminals(const struct hm_top *work)
{
	if (!work->once && !hm_terminal_is_there()) {
		hm_log(HM_ERROR, "stdout is no terminal that can show a "
		    "screen: --once prints the readings as text");
		return HM_EXIT_USAGE;
	}
	if (url_of(work->config) == NULL && isatty(STDIN_FILENO)) {
		hm_log(HM_ERROR, "stdin is a terminal: pipe the records of "
		    "hm-decode into it, or give the address of hm-metrics, "
		    "such as http://127.0.0.1:8080");
		return HM_EXIT_USAGE;
	}
	return HM_TOOL_GO_ON;
}

static int
open_all(void *context, const struct hm_config *config)
{
	struct hm_top *work = context;
	const char *url = url_of(config);
	int status;

	work->config = config;
	work->once = hm_config_flag(config, HM_SET_TOP_ONCE);
	status = check_terminals(work);
	if (status != HM_TOOL_GO_ON)
		return status;
	hm_width_start();
	if (!hm_device_names_read(&work->names, config, HM_SET_NAMES))
		return HM_EXIT_OS;
	work->plant.names = &work->names;
	work->plant.fresh = hm_fresh_ms(hm_config_ms(config,
	    HM_SET_QUERY_PERIOD)) / SECOND_MS;
	work->screen.ascii = shows_ascii();
	return url != NULL ? open_url(work, url) : HM_TOOL_GO_ON;
}

static int
start(void *context, struct hm_stream *stream)
{
	struct hm_top *work = context;

	work->stream = stream;
	if (!hm_top_open_side(work) ||
	    (!work->once && !hm_top_open_screen(work)))
		return HM_EXIT_OS;
	hm_top_start_side(work);
	return HM_TOOL_GO_ON;
}

/* At the end of the input the last picture stays below the prompt. */
static int
finish(void *context)
{
	struct hm_top *work = context;
	bool asked = hm_stream_stops(work->stream) > 0;
	bool good = true;

	if (work->is_screen) {
		hm_terminal_size(&work->terminal, &work->screen.rows,
		    &work->screen.cols);
		hm_top_leave(work);
	}
	if (work->status != HM_EXIT_OK)
		return work->status;
	if (work->once)
		good = hm_top_print(work, TEXT_ROWS, text_cols());
	else if (!asked && work->plant.dtus > 0)
		good = hm_top_print(work, work->screen.rows - 1,
		    work->screen.cols);
	return good ? HM_EXIT_OK : HM_EXIT_IO;
}

static bool
free_all(void *context)
{
	struct hm_top *work = context;

	if (work->is_screen)
		hm_top_leave(work);
	if (work->terminal.fd > 0)
		hm_terminal_close(&work->terminal);
	if (work->signal_fd > 0)
		close(work->signal_fd);
	if (work->epoll_fd > 0)
		close(work->epoll_fd);
	hm_top_end_stdin(work);
	hm_events_close(&work->events);
	hm_top_plant_free(&work->plant);
	hm_table_free(&work->table);
	hm_screen_free(&work->screen);
	hm_device_names_free(&work->names);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_all,
	    .start = start,
	    .wants_readings = true,
	    .line = on_line,
	    .finish = finish,
	    .free = free_all,
	};
	static struct hm_top work;

	return hm_tool_main(HM_TOOL_TOP, &ops, &work, argc, argv);
}
