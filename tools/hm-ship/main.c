/* hm-ship: hand stored polls to a COMMAND until it has taken them. */

#include <stdio.h>
#include <string.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "config/config.h"
#include "config/settings.h"
#include "db/db.h"
#include "ship.h"
#include "stream/stream.h"
#include "stream/tool.h"

#define NAME_MAX_SIZE ((size_t)64)
#define NAME_RULE \
	"are 1 to 64 letters, digits, - and _, and no - at the start"

struct work {
	const struct hm_config *config;
	struct hm_ship *ship;
	const char *shell[4]; /* a COMMAND of ship_to */
	char *const *argv;
};

/* Settings */

/* It is a part of names of files and services. */
static bool
is_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t n = strlen(text);

	return n > 0 && n <= NAME_MAX_SIZE && text[0] != '-' &&
	    strspn(text, allowed) == n;
}

static bool
read_since(const struct hm_config *config, int64_t *since)
{
	const char *text = hm_config_text(config, HM_SET_SHIP_SINCE);
	char whole[HM_RFC3339_SIZE];

	if (text == NULL || hm_rfc3339_parse(hm_text(text), since))
		return true;
	snprintf(whole, sizeof whole, "%.10sT00:00:00Z", text);
	if (strlen(text) == 10 && hm_rfc3339_parse(hm_text(whole), since))
		return true;
	return hm_config_refuse(config, HM_SET_SHIP_SINCE, "are times in UTC, "
	    "such as 2026-11-23 or 2026-11-23T10:15:00Z");
}

static bool
check_names(const struct hm_config *config)
{
	bool good = true;
	size_t count;
	const struct hm_pair *to = hm_config_pairs(config, HM_SET_SHIP_TO,
	    &count);

	if (!is_name(hm_config_text(config, HM_SET_SHIP_NAME)))
		good = hm_config_refuse(config, HM_SET_SHIP_NAME, NAME_RULE);
	for (size_t i = 0; i < count; i++)
		if (!is_name(to[i].key))
			good = hm_config_refuse_pair(HM_SET_SHIP_TO, &to[i],
			    to[i].key, NAME_RULE);
		else if (to[i].text[0] == '\0')
			good = hm_config_refuse_pair(HM_SET_SHIP_TO, &to[i],
			    to[i].text, "are commands of a shell");
	return good;
}

static int
check(const struct hm_config *config)
{
	int64_t since;
	bool good = check_names(config);

	good = read_since(config, &since) && good;
	if (!hm_config_has(config, HM_SET_DATABASE_PATH)) {
		hm_log(HM_ERROR, "no database: set database_path, "
		    "DATABASE_PATH or --database to its file");
		good = false;
	}
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

/* The COMMAND of the operands, or that of the destination's name. */
static bool
find_command(struct work *work, const struct hm_config *config)
{
	const char *name = hm_config_text(config, HM_SET_SHIP_NAME);
	size_t count, operands;
	const struct hm_pair *to = hm_config_pairs(config, HM_SET_SHIP_TO,
	    &count);

	work->argv = hm_config_operands(config, &operands);
	if (operands > 0)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(to[i].key, name) != 0)
			continue;
		work->shell[0] = "sh";
		work->shell[1] = "-c";
		work->shell[2] = to[i].text;
		work->argv = (char *const *)(const void *)work->shell;
		return true;
	}
	hm_log(HM_ERROR, "no command for the destination \"%s\": give one "
	    "after --, or name one of ship_to with --to", name);
	return false;
}

/* Running */

static int
open_ship(void *context, const struct hm_config *config)
{
	struct work *work = context;

	hm_db_lean();
	work->config = config;
	return find_command(work, config) ? HM_TOOL_GO_ON : HM_EXIT_USAGE;
}

static void
register_counters(struct work *work, struct hm_stream *stream)
{
	const struct hm_ship_counts *c = hm_ship_counts(work->ship);

	hm_stream_counter(stream, "batches", &c->batches);
	hm_stream_counter(stream, "shipped", &c->shipped);
	hm_stream_counter(stream, "lines", &c->lines);
	hm_stream_counter(stream, "waiting", &c->waiting);
	hm_stream_counter(stream, "oldest", &c->oldest);
	hm_stream_counter(stream, "failures", &c->failures);
	hm_stream_counter(stream, "failing", &c->failing);
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;
	const struct hm_config *c = work->config;
	struct hm_ship_options options = {
	    .path = hm_config_text(c, HM_SET_DATABASE_PATH),
	    .name = hm_config_text(c, HM_SET_SHIP_NAME),
	    .argv = work->argv,
	    .site = hm_config_text(c, HM_SET_SHIP_SITE),
	    .key = hm_config_text(c, HM_SET_SHIP_KEY),
	    .period_ms = hm_config_ms(c, HM_SET_SHIP_PERIOD),
	    .timeout_ms = hm_config_ms(c, HM_SET_SHIP_TIMEOUT),
	    .polls = (uint64_t)hm_config_int(c, HM_SET_SHIP_POLLS),
	    .once = hm_config_flag(c, HM_SET_SHIP_ONCE),
	    .again = hm_config_has(c, HM_SET_SHIP_SINCE),
	    .hours = strcmp(hm_config_text(c, HM_SET_SHIP), "hours") == 0,
	};

	read_since(c, &options.since);
	options.to = hm_config_pairs(c, HM_SET_SHIP_TO, &options.to_count);
	work->ship = hm_ship_new(&options, stream);
	if (work->ship == NULL) {
		hm_log_errno(HM_ERROR, "no memory");
		return HM_EXIT_OS;
	}
	register_counters(work, stream);
	return HM_TOOL_GO_ON;
}

static void
run(void *context)
{
	struct work *work = context;

	hm_ship_run(work->ship);
}

static int
finish(void *context)
{
	struct work *work = context;

	return hm_ship_status(work->ship);
}

static bool
free_all(void *context)
{
	struct work *work = context;

	hm_ship_free(work->ship);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_ship,
	    .start = start,
	    .run = run,
	    .finish = finish,
	    .free = free_all,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_SHIP, &ops, &work, argc, argv);
}
