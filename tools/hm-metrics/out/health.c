#include "health.h"

#include <stdio.h>

#include "record/breaker_state.h"
#include "record/poll_errors.h"

static void
emit_error(struct hm_json *e, const struct hm_live_dtu *dtu)
{
	char text[HM_LIVE_REASON + 32];

	if (dtu->error == HM_ERR_NONE) {
		hm_json_null(e, "last_error");
	} else {
		snprintf(text, sizeof text, "%s%s%s",
		    hm_poll_error_name(dtu->error),
		    dtu->reason[0] != '\0' ? ": " : "", dtu->reason);
		hm_json_text(e, "last_error", text);
	}
	hm_json_moment(e, "last_error_time", dtu->error_time);
}

static void
emit_dtu(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_dtu *dtu)
{
	hm_json_object(e, dtu->name);
	hm_json_text(e, "status", hm_view_status(view, dtu));
	hm_json_moment(e, "last_successful_query", dtu->answered_time);
	if (dtu->answered == 0)
		hm_json_null(e, "seconds_since_last_success");
	else
		hm_json_int(e, "seconds_since_last_success",
		    (view->now.steady - dtu->answered) / 1000);
	hm_json_int(e, "query_count", (int64_t)(dtu->good + dtu->failed));
	hm_json_int(e, "error_count", (int64_t)dtu->failed);
	emit_error(e, dtu);
	if (dtu->breaker_known)
		hm_json_text(e, "breaker", hm_breaker_state_name(dtu->breaker));
	else
		hm_json_null(e, "breaker");
	hm_json_moment(e, "retry_at", dtu->retry_time);
	hm_json_object_end(e);
}

static int64_t
publisher(const struct hm_view *view, const char *counter)
{
	int64_t value = 0;

	(void)hm_view_counter(view, "hm-publish", counter, &value);
	return value;
}

void
hm_health_json(struct hm_json *e, const struct hm_view *view)
{
	const struct hm_live *live = view->live;

	hm_json_object(e, NULL);
	hm_json_bool(e, "healthy", hm_view_healthy(view));
	hm_json_int(e, "uptime_seconds",
	    (view->now.steady - live->started.steady) / 1000);
	hm_json_moment(e, "start_time", live->started.wall / 1000);
	hm_json_object(e, "dtus");
	for (size_t i = 0; i < live->dtus; i++)
		emit_dtu(e, view, &live->dtu[i]);
	hm_json_object_end(e);
	hm_json_object(e, "mqtt");
	hm_json_int(e, "messages_published", publisher(view, "published"));
	hm_json_int(e, "errors", publisher(view, "dropped"));
	hm_json_object_end(e);
	hm_json_object_end(e);
}

/* Probes */

size_t
hm_health_live(const struct hm_view *view,
    struct hm_health_check check[HM_HEALTH_CHECKS_MAX])
{
	size_t count = 0;

	check[count++] = (struct hm_health_check){"hm-metrics", true};
	for (size_t i = 0; i < view->live->tools; i++) {
		const struct hm_live_tool *tool = &view->live->tool[i];

		check[count++] = (struct hm_health_check){tool->name,
		    !hm_view_silent(view, tool)};
	}
	return count;
}

size_t
hm_health_ready(const struct hm_view *view, bool database,
    struct hm_health_check check[HM_HEALTH_CHECKS_MAX])
{
	check[0] = (struct hm_health_check){"configuration", true};
	check[1] = (struct hm_health_check){"database", database};
	check[2] = (struct hm_health_check){"every DTU polled once",
	    hm_view_all_tried(view)};
	return 3;
}

size_t
hm_health_text(const struct hm_health_check *check, size_t count, bool verbose,
    bool *good, char *buf, size_t cap)
{
	size_t n = 0;

	*good = true;
	for (size_t i = 0; i < count; i++) {
		int length = 0;

		*good = *good && check[i].good;
		if (verbose || !check[i].good)
			length = snprintf(buf + n, cap - n, "%s: %s\n",
			    check[i].name, check[i].good ? "ok" : "failed");
		if (length > 0 && (size_t)length < cap - n)
			n += (size_t)length;
	}
	if (n == 0)
		n = (size_t)snprintf(buf, cap, "OK\n");
	return n < cap ? n : cap - 1;
}
