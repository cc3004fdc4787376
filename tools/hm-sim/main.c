#include <ev.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/exits.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "config/config.h"
#include "config/settings.h"
#include "record/command.h"
#include "record/record.h"
#include "record/working_mode.h"
#include "sim_day.h"
#include "sim_hybrid.h"
#include "sim_mode.h"
#include "sim_options.h"
#include "sim_orders.h"
#include "sim_server.h"
#include "stream/stream.h"
#include "stream/stream_ev.h"
#include "stream/tool.h"

#define MILLI 1000

struct sim {
	struct hm_sim_server *server;
	struct hm_stream_ev events;
	struct hm_sim_day *day; /* NULL: none */
	const char *meter_topic; /* NULL: none */
	bool ledger; /* write ledger records */
	ev_timer meter;
};

/* Settings */

/* The day of the household, if there is a file of one. */
static bool
read_day(const struct hm_config *config, struct sim *sim)
{
	const char *path = hm_config_text(config, HM_SET_SIM_HOUSEHOLD);

	if (path == NULL)
		return true;
	sim->day = hm_sim_day_read(path);
	return sim->day != NULL;
}

/* Output */

static bool
list_dtus(struct sim *sim)
{
	char buf[256], serial[17], time[HM_RFC3339_SIZE];
	struct hm_slice now = hm_rfc3339_format(hm_clock_now(), time), line;
	struct hm_sim_listing listing;
	struct hm_json e;

	for (size_t i = 0; i < hm_sim_server_count(sim->server); i++) {
		hm_sim_server_list(sim->server, i, &listing);
		snprintf(serial, sizeof serial, "%llx",
		    (unsigned long long)listing.serial);
		hm_json_start(&e, buf, sizeof buf);
		hm_json_record(&e, "sim", now);
		hm_json_text(&e, "uri", listing.uri);
		if (listing.serial != 0)
			hm_json_text(&e, "serial", serial);
		hm_json_bool(&e, "encrypted", listing.encrypts);
		hm_json_object_end(&e);
		if (hm_json_done(&e, &line))
			hm_stream_emit(sim->events.stream, line);
	}
	return hm_stream_ev_flush(&sim->events);
}

/* A record about a DTU. */
static void
open_record(struct hm_json *e, const char *type, int64_t serial)
{
	char text[17], time[HM_RFC3339_SIZE];

	snprintf(text, sizeof text, "%llx", (unsigned long long)serial);
	hm_json_record(e, type, hm_rfc3339_format(hm_clock_now(), time));
	hm_json_text(e, "serial", text);
}

static void
close_record(struct sim *sim, struct hm_json *e)
{
	struct hm_slice line;

	hm_json_object_end(e);
	if (!hm_json_done(e, &line))
		return;
	hm_stream_emit(sim->events.stream, line);
	hm_stream_ev_flush(&sim->events);
}

static void
on_answered(void *context, int64_t serial, uint16_t number)
{
	int64_t sent = hm_clock_now_us();
	char buf[256];
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	open_record(&e, "answer", serial);
	hm_json_int(&e, "number", number);
	hm_json_int(&e, "sent_us", sent);
	close_record(context, &e);
}

static void
write_amount(struct hm_json *e, const struct hm_sim_order *order)
{
	if (order->unit != HM_COMMAND_NONE)
		hm_json_decimal(e, order->unit == HM_COMMAND_WATTS ? "watts" :
		    "percent", hm_decimal(order->amount, 1));
}

static void
on_ordered(void *context, int64_t serial, const struct hm_sim_order *order)
{
	char buf[256];
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	open_record(&e, "order", serial);
	hm_json_text(&e, "action", hm_action_name(order->action));
	write_amount(&e, order);
	close_record(context, &e);
}

static void
write_mode(struct hm_json *e, const struct hm_sim_settings *s)
{
	const int64_t reserve[HM_MODES] = {
	    [HM_MODE_SELF_USE] = s->self_use,
	    [HM_MODE_ECONOMIC] = s->self_use,
	    [HM_MODE_BACKUP] = s->backup,
	    [HM_MODE_FORCED_CHARGE] = s->charge,
	    [HM_MODE_FORCED_DISCHARGE] = s->discharge,
	    [HM_MODE_PEAK_SHAVING] = s->peak_charge,
	};
	const char *name = hm_working_mode_name(s->mode);

	hm_json_text(e, "action", "set_mode");
	if (name == NULL) {
		hm_json_int(e, "mode", s->mode);
		return;
	}
	hm_json_text(e, "mode", name);
	hm_json_int(e, "reserve_soc", reserve[s->mode]);
	if (s->mode == HM_MODE_FORCED_CHARGE)
		hm_json_decimal(e, "max_power", hm_decimal(s->charge_power,
		    1));
	if (s->mode == HM_MODE_FORCED_DISCHARGE)
		hm_json_decimal(e, "max_power", hm_decimal(s->discharge_power,
		    1));
}

static void
on_told(void *context, int64_t serial, enum hm_sim_telling telling,
    const struct hm_sim_settings *s)
{
	char buf[256];
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	open_record(&e, "order", serial);
	switch (telling) {
	case HM_SIM_TELLS_MODE:
		write_mode(&e, s);
		break;
	case HM_SIM_TELLS_CHARGES:
		hm_json_text(&e, "action", "set_soc_limits");
		hm_json_int(&e, "soc_min", s->lowest);
		hm_json_int(&e, "soc_max", s->highest);
		break;
	case HM_SIM_TELLS_EXPORT:
		hm_json_text(&e, "action", "set_export_limit");
		if (s->export_control == 1)
			hm_json_decimal(&e, "percent",
			    hm_decimal(s->export_most, 1));
		break;
	}
	close_record(context, &e);
}

/* Energies of the day, in Wh. */
static void
write_energies(struct hm_json *e, const struct hm_sim_hybrid *h)
{
	static const struct {
		const char *key;
		enum hm_sim_count count;
		size_t n;
	} rows[] = {
	    {"pv", HM_SIM_COUNT_PV, HM_SIM_STRINGS},
	    {"external_pv", HM_SIM_COUNT_EXTERNAL, 1},
	    {"generator", HM_SIM_COUNT_GENERATOR, 1},
	    {"discharged", HM_SIM_COUNT_DISCHARGED, 1},
	    {"imported", HM_SIM_COUNT_IMPORT, HM_SIM_PHASES_MAX},
	    {"load", HM_SIM_COUNT_LOAD, HM_SIM_PHASES_MAX},
	    {"charged", HM_SIM_COUNT_CHARGED, 1},
	    {"exported", HM_SIM_COUNT_EXPORT, HM_SIM_PHASES_MAX},
	    {"losses", HM_SIM_COUNT_LOSSES, 1},
	    {"unserved", HM_SIM_COUNT_UNSERVED, 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		hm_json_decimal(e, rows[i].key, hm_decimal(
		    hm_sim_hybrid_sum(h->today, rows[i].count, rows[i].n) *
		    MILLI / HM_SIM_WATT_HOUR, 3));
	hm_json_decimal(e, "stored", hm_decimal(hm_sim_hybrid_stored(h) *
	    MILLI / HM_SIM_WATT_HOUR, 3));
}

static void
on_counted(void *context, int64_t serial, const struct hm_sim_hybrid *h)
{
	const struct sim *sim = context;
	char buf[512];
	struct hm_json e;

	if (!sim->ledger)
		return;
	hm_json_start(&e, buf, sizeof buf);
	open_record(&e, "ledger", serial);
	hm_json_int(&e, "day", h->time / HM_SIM_DAY);
	hm_json_int(&e, "second", h->time % HM_SIM_DAY);
	write_energies(&e, h);
	close_record(context, &e);
}

/* What a meter that is not behind the DTU says, as hm-subscribe writes it. */
static void
on_meter(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct sim *sim = timer->data;
	char buf[256 + 6 * HM_SIM_TOPIC_MAX]; /* each byte may become \u0000 */
	char time[HM_RFC3339_SIZE], watts[HM_DECIMAL_TEXT];
	struct hm_json e;

	(void)loop;
	(void)events;
	hm_decimal_format(hm_decimal(hm_sim_server_grid(sim->server, 0), 1),
	    watts);
	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "message", hm_rfc3339_format(hm_clock_now(), time));
	hm_json_text(&e, "topic", sim->meter_topic);
	hm_json_text(&e, "payload", watts);
	hm_json_int(&e, "qos", 0);
	hm_json_bool(&e, "retained", false);
	close_record(sim, &e);
}

static void
start_meter(struct sim *sim, const struct hm_config *config)
{
	double period = (double)hm_config_ms(config, HM_SET_SIM_REFRESH) / 1000;

	sim->meter_topic = hm_config_text(config, HM_SET_SIM_METER_TOPIC);
	if (sim->meter_topic == NULL)
		return;
	ev_timer_init(&sim->meter, on_meter, period, period);
	sim->meter.data = sim;
	ev_timer_start(sim->events.loop, &sim->meter);
}

/* Running */

static int
check(const struct hm_config *config)
{
	struct hm_sim_options options;

	return hm_sim_options_read(config, &options) ? HM_EXIT_OK :
	    HM_EXIT_CONFIG;
}

static int
open_server(void *context, const struct hm_config *config)
{
	struct sim *sim = context;
	struct hm_sim_options options;
	int status;

	if (!hm_sim_options_read(config, &options) || !read_day(config, sim))
		return HM_EXIT_CONFIG;
	options.day = options.house.day = sim->day;
	options.answered = on_answered;
	options.ordered = on_ordered;
	options.told = on_told;
	options.counted = on_counted;
	options.context = sim;
	sim->ledger = hm_config_flag(config, HM_SET_SIM_LEDGER);
	sim->events.loop = ev_loop_new(EVFLAG_AUTO);
	if (sim->events.loop == NULL) {
		hm_log_errno(HM_ERROR, "no event loop");
		return HM_EXIT_OS;
	}
	sim->server = hm_sim_server_open(sim->events.loop, &options, &status);
	if (sim->server == NULL)
		return status;
	start_meter(sim, config);
	return HM_TOOL_GO_ON;
}

static int
start(void *context, struct hm_stream *stream)
{
	struct sim *sim = context;
	const struct hm_sim_counters *counters =
	    hm_sim_server_counters(sim->server);

	sim->events.stream = stream;
	hm_stream_counter(stream, "connections", &counters->connections);
	hm_stream_counter(stream, "requests", &counters->requests);
	hm_stream_counter(stream, "replies", &counters->replies);
	hm_stream_counter(stream, "faults", &counters->faults);
	hm_stream_counter(stream, "orders", &counters->orders);
	hm_stream_counter(stream, "flash_writes", &counters->flash_writes);
	hm_stream_ev_start(&sim->events);
	return HM_TOOL_GO_ON;
}

static void
serve(void *context)
{
	struct sim *sim = context;

	hm_stream_ready(sim->events.stream);
	if (list_dtus(sim) && !hm_stream_signals(sim->events.stream))
		ev_run(sim->events.loop, 0);
}

static bool
free_server(void *context)
{
	struct sim *sim = context;

	hm_sim_server_close(sim->server);
	if (sim->events.loop != NULL)
		ev_loop_destroy(sim->events.loop);
	free(sim->day);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_server,
	    .start = start,
	    .run = serve,
	    .free = free_server,
	};
	static struct sim sim;

	return hm_tool_main(HM_TOOL_SIM, &ops, &sim, argc, argv);
}
