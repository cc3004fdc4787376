#include "live_update_private.h"

#include "base/decimal.h"
#include "live.h"
#include "record/record.h"

#define CLOCK_SLACK 60 /* s by which clocks differ */

static struct hm_live_tool *
find_tool(struct hm_live *live, const char *name)
{
	struct hm_live_tool *tool;

	for (size_t i = 0; i < live->tools; i++)
		if (strcmp(live->tool[i].name, name) == 0)
			return &live->tool[i];
	if (live->tools == HM_LIVE_TOOLS_MAX)
		return NULL;
	tool = &live->tool[live->tools++];
	*tool = (struct hm_live_tool){0};
	memcpy(tool->name, name, strlen(name) + 1);
	return tool;
}

/*
 * The estimated time to the second record of a tool, in ms: its uptime in the
 * first record, at most a day.
 */
static int64_t
first_gap(const struct hm_record *record)
{
	int64_t uptime = 0;

	if (!hm_record_int(record, "uptime", &uptime) || uptime < 0)
		return 0;
	return (uptime < 86400 ? uptime : 86400) * 1000;
}

void
hm_live_expect_tool(struct hm_live *live, const char *name,
    const struct hm_moment *now)
{
	struct hm_live_tool *tool = find_tool(live, name);

	if (tool != NULL && tool->heard == 0)
		tool->heard = hm_live_steady(now);
	live->number++;
}

/*
 * A record that comes late must not make the next one later, and an extra one,
 * as after SIGUSR1, not the next one late.
 */
static void
note_gap(struct hm_live_tool *tool, int64_t gap)
{
	tool->gap = tool->last_gap != 0 && tool->last_gap < gap ?
	    tool->last_gap : gap;
	tool->last_gap = gap;
}

/* Fewer lines than before are those of a tool that has restarted. */
static void
note_lines(struct hm_live_tool *tool, const struct hm_record *record)
{
	int64_t in = 0, out = 0;
	uint64_t lines;

	hm_record_int(record, "records_in", &in);
	hm_record_int(record, "records_out", &out);
	lines = (in > 0 ? (uint64_t)in : 0) + (out > 0 ? (uint64_t)out : 0);
	tool->moving = lines > 0 && lines != tool->lines;
	tool->lines = lines;
}

void
hm_live_on_stats(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now)
{
	char name[HM_LIVE_SERIAL];
	struct hm_live_tool *tool = NULL;
	int64_t value;

	if (hm_live_name(record, "tool", name, sizeof name))
		tool = find_tool(live, name);
	if (tool == NULL) {
		live->refused++;
		return;
	}
	if (tool->count > 0)
		note_gap(tool, now->steady - tool->heard);
	else
		tool->gap = first_gap(record);
	tool->heard = hm_live_steady(now);
	tool->time = hm_live_time(record, "time", now->wall / 1000);
	hm_live_name(record, "version", tool->version, sizeof tool->version);
	note_lines(tool, record);
	tool->count = 0;
	for (size_t i = 0; i < record->count &&
	    tool->count < HM_LIVE_COUNTERS_MAX; i++) {
		struct hm_slice key = record->member[i].key;
		struct hm_decimal dec;
		char *out = tool->counter[tool->count].name;

		if (record->member[i].value.kind != HM_NUMBER ||
		    key.n >= HM_LIVE_SERIAL ||
		    !hm_decimal_parse(record->member[i].value.text, &dec) ||
		    !hm_decimal_rescale(dec, 0, &value))
			continue;
		memcpy(out, key.p, key.n);
		out[key.n] = '\0';
		tool->counter[tool->count++].value = value;
	}
}

static struct hm_live_deaths *
find_deaths(struct hm_live *live, const char *tool)
{
	struct hm_live_deaths *deaths;

	for (size_t i = 0; i < live->dead; i++)
		if (strcmp(live->died[i].tool, tool) == 0)
			return &live->died[i];
	if (live->dead == HM_LIVE_TOOLS_MAX)
		return NULL;
	deaths = &live->died[live->dead++];
	*deaths = (struct hm_live_deaths){0};
	memcpy(deaths->tool, tool, strlen(tool) + 1);
	return deaths;
}

/* Do not count a replayed record; one of the future has been replayed last. */
void
hm_live_on_death(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now)
{
	char name[HM_LIVE_SERIAL];
	int64_t time = hm_live_time(record, "time", now->wall / 1000), pid;
	struct hm_live_deaths *deaths = NULL;

	if (hm_live_name(record, "tool", name, sizeof name))
		deaths = find_deaths(live, name);
	if (!hm_record_int(record, "pid", &pid))
		pid = 0;
	if (deaths == NULL) {
		live->refused++;
	} else if (time > deaths->time ||
	    deaths->time > now->wall / 1000 + CLOCK_SLACK ||
	    (time == deaths->time && pid != deaths->pid)) {
		deaths->time = time;
		deaths->pid = pid;
		deaths->count++;
	}
}
