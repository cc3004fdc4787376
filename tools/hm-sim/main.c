#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#include "sim_day.h"
#include "sim_fault.h"
#include "sim_orders.h"
#include "sim_server.h"
#include "stream/stream.h"
#include "stream/stream_ev.h"
#include "stream/tool.h"

#define TOPIC_MAX 200 /* bytes */

struct sim {
	struct hm_sim_server *server;
	struct hm_stream_ev events;
	struct hm_sim_day *day; /* NULL: none */
	const char *meter_topic; /* NULL: none */
	ev_timer meter;
};

/* Settings */

/* The value of a setting whose choices are single digits. */
static size_t
digit(const struct hm_config *config, enum hm_setting_id id)
{
	return (size_t)(hm_config_text(config, id)[0] - '0');
}

static bool
read_plant(const struct hm_config *config, struct hm_sim_plant *plant)
{
	*plant = (struct hm_sim_plant){
	    .seed = (uint64_t)hm_config_int(config, HM_SET_SIM_SEED),
	    .inverters = (size_t)hm_config_int(config, HM_SET_SIM_INVERTERS),
	    .ports = digit(config, HM_SET_SIM_INPUTS),
	    .phases = digit(config, HM_SET_SIM_PHASES),
	    .meter = hm_config_flag(config, HM_SET_SIM_METER),
	    .half_wired = hm_config_flag(config, HM_SET_SIM_HALF_WIRED),
	    .extras = hm_config_flag(config, HM_SET_SIM_EXTRAS),
	    .is_mi = strcmp(hm_config_text(config, HM_SET_SIM_SERIES),
		"mi") == 0,
	    .is_hms_w = strcmp(hm_config_text(config, HM_SET_SIM_SERIES),
		"hms-w") == 0,
	};
	if (plant->phases == 3 && (plant->is_mi || plant->is_hms_w))
		return hm_config_refuse(config, HM_SET_SIM_SERIES,
		    "on three phases is hm");
	if (plant->is_hms_w && plant->ports != 2)
		return hm_config_refuse(config, HM_SET_SIM_INPUTS,
		    "of series hms-w are 2");
	if (plant->phases == 1 && plant->ports == 6)
		return hm_config_refuse(config, HM_SET_SIM_INPUTS,
		    "on one phase are 1, 2 and 4");
	if (plant->phases == 3 && plant->ports < 4)
		return hm_config_refuse(config, HM_SET_SIM_INPUTS,
		    "on three phases are 4 and 6");
	return true;
}

static bool
read_faults(const struct hm_config *config, struct hm_sim_options *o)
{
	const char *text = hm_config_text(config, HM_SET_SIM_FAULT);
	uint64_t possible = (o->hm_dtus > 0 ? hm_sim_faults_of(false) : 0) |
	    (o->modbus_dtus > 0 ? hm_sim_faults_of(true) : 0);
	char line[640], names[512];

	if (!hm_sim_faults_parse(text != NULL ? text : "", &o->faults, line,
	    sizeof line)) {
		hm_log(HM_ERROR, "--fault: %s", line);
		return false;
	}
	if ((o->faults.given & ~possible) != 0) {
		hm_sim_faults_names(o->faults.given & ~possible, names,
		    sizeof names);
		hm_log(HM_ERROR, "--fault: no DTU of this --transport can "
		    "show: %s", names);
		return false;
	}
	o->fault_dtu = (size_t)hm_config_int(config, HM_SET_SIM_FAULT_DTU);
	if (o->fault_dtu <= o->hm_dtus + o->modbus_dtus)
		return true;
	hm_log(HM_ERROR, "--fault-dtu: found %zu, there are %zu DTUs",
	    o->fault_dtu, o->hm_dtus + o->modbus_dtus);
	return false;
}

static bool
read_transports(const struct hm_config *config, struct hm_sim_options *o)
{
	size_t dtus = (size_t)hm_config_int(config, HM_SET_SIM_DTUS);

	if (hm_config_lists(config, HM_SET_SIM_TRANSPORT, "hm"))
		o->hm_dtus = dtus;
	if (hm_config_lists(config, HM_SET_SIM_TRANSPORT, "modbus"))
		o->modbus_dtus = dtus;
	return o->hm_dtus + o->modbus_dtus > 0 ||
	    hm_config_refuse(config, HM_SET_SIM_TRANSPORT, "are hm and modbus");
}

static bool
read_times(const struct hm_config *config, struct hm_sim_options *o)
{
	const char *reset = hm_config_text(config, HM_SET_SIM_RESET);

	if (!hm_rfc3339_time_of_day(hm_text(hm_config_text(config,
	    HM_SET_SIM_START)), &o->start))
		return hm_config_refuse(config, HM_SET_SIM_START,
		    "are 00:00 to 23:59");
	o->reset = HM_SIM_RESET_NEVER;
	return strcmp(reset, "never") == 0 ||
	    hm_rfc3339_time_of_day(hm_text(reset), &o->reset) ||
	    hm_config_refuse(config, HM_SET_SIM_RESET,
	    "are 00:00 to 23:59 and never");
}

static bool
check_meter_topic(const struct hm_config *config,
    const struct hm_sim_options *o)
{
	const char *topic = hm_config_text(config, HM_SET_SIM_METER_TOPIC);

	if (topic == NULL)
		return true;
	if (strlen(topic) > TOPIC_MAX)
		return hm_config_refuse(config, HM_SET_SIM_METER_TOPIC,
		    "are up to 200 bytes");
	return o->hm_dtus + o->modbus_dtus == 1 ||
	    hm_config_refuse(config, HM_SET_SIM_METER_TOPIC,
	    "only with one DTU");
}

static bool
read_options(const struct hm_config *config, struct hm_sim_options *o)
{
	*o = (struct hm_sim_options){
	    .address = hm_config_text(config, HM_SET_SIM_LISTEN),
	    .port = hm_config_has(config, HM_SET_SIM_PORT) ?
		hm_config_int(config, HM_SET_SIM_PORT) : HM_SIM_PORT_USUAL,
	    .spread_addresses = strcmp(hm_config_text(config,
		HM_SET_SIM_SPREAD), "address") == 0,
	    .unit = (uint8_t)hm_config_int(config, HM_SET_SIM_UNIT_ID),
	    .encrypts = hm_config_flag(config, HM_SET_SIM_ENCRYPT),
	    .encrypt_after_ms = hm_config_ms(config, HM_SET_SIM_ENCRYPT_AFTER),
	    .rekey_ms = hm_config_ms(config, HM_SET_SIM_REKEY),
	    .page_size = (size_t)hm_config_int(config, HM_SET_SIM_PAGE_SIZE),
	    .upload_minutes = (int32_t)hm_config_int(config,
	        HM_SET_SIM_UPLOAD_PERIOD),
	    .speed = hm_config_int(config, HM_SET_SIM_SPEED),
	    .refresh_ms = hm_config_ms(config, HM_SET_SIM_REFRESH),
	    .unsolicited = hm_config_flag(config, HM_SET_SIM_UNASKED),
	    .numbers = hm_config_flag(config, HM_SET_SIM_NUMBER),
	    .old_map = hm_config_flag(config, HM_SET_SIM_OLD_MAP),
	};
	return read_times(config, o) && read_plant(config, &o->plant) &&
	    read_transports(config, o) && read_faults(config, o) &&
	    check_meter_topic(config, o);
}

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

/* What a meter that is not behind the DTU says, as hm-subscribe writes it. */
static void
on_meter(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct sim *sim = timer->data;
	char buf[256 + 6 * TOPIC_MAX]; /* each byte may become \u0000 */
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

	return read_options(config, &options) ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

static int
open_server(void *context, const struct hm_config *config)
{
	struct sim *sim = context;
	struct hm_sim_options options;
	int status;

	if (!read_options(config, &options) || !read_day(config, sim))
		return HM_EXIT_CONFIG;
	options.day = sim->day;
	options.answered = on_answered;
	options.ordered = on_ordered;
	options.context = sim;
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
