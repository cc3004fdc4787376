#include <string.h>

#include "base/decimal.h"
#include "command.pb-c.h"
#include "sim_fault.h"
#include "sim_hm_private.h"
#include "sim_orders.h"
#include "sim_plant.h"
#include "wire/hmframe.h"

/* docs/protocol.md has the actions, and which of them come how. */
enum code {
	CODE_RESTART_DTU = 1,
	CODE_RESTART_INVERTER = 3,
	CODE_TURN_ON = 6,
	CODE_TURN_OFF = 7,
	CODE_LIMIT = 8,
	CODE_PERFORMANCE = 33,
	CODE_CLEAR_ALARMS = 42,
	CODE_ALARMS = 50,
	CODE_LIMIT_WATTS = 211,
	CODE_RESTART_OTHER = 8195, /* hoymiles-wifi's for an inverter */
};

#define ERROR_REFUSED 7 /* from a DTU-Pro-S, for orders it refuses */
#define FULL 1000       /* 0.1 % */

/* The number behind a prefix of the parameters: "A:600,B:0,C:0\r". */
static bool
number_after(const char *data, const char *prefix, int64_t max, int64_t *n)
{
	size_t skip = strlen(prefix);

	if (strncmp(data, prefix, skip) != 0)
		return false;
	data += skip;
	return hm_decimal_whole(hm_slice(data, strspn(data, "0123456789")), 0,
	    max, n);
}

static bool
read_app_order(const Hm__CommandRequest *request, bool has_watts,
    struct hm_sim_order *order)
{
	switch (request->action) {
	case CODE_LIMIT:
		order->action = HM_ACTION_LIMIT;
		order->unit = HM_COMMAND_PERCENT;
		return number_after(request->data, "A:", FULL,
		    &order->amount);
	case CODE_LIMIT_WATTS:
		order->action = HM_ACTION_LIMIT_TEMPORARY;
		order->unit = HM_COMMAND_WATTS;
		return has_watts && number_after(request->data, "S:1,P:",
		    INT16_MAX, &order->amount) && order->amount > 0;
	case CODE_CLEAR_ALARMS:
		order->action = HM_ACTION_CLEAR_ALARMS;
		return true;
	default:
		return false;
	}
}

static bool
read_cloud_order(const Hm__CommandRequest *request, struct hm_sim_order *order)
{
	static const struct {
		int32_t code;
		enum hm_action action;
	} rows[] = {
	    {CODE_RESTART_DTU, HM_ACTION_RESTART_DTU},
	    {CODE_RESTART_INVERTER, HM_ACTION_RESTART_INVERTER},
	    {CODE_RESTART_OTHER, HM_ACTION_RESTART_INVERTER},
	    {CODE_TURN_ON, HM_ACTION_TURN_ON},
	    {CODE_TURN_OFF, HM_ACTION_TURN_OFF},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].code == request->action) {
			order->action = rows[i].action;
			return true;
		}
	return false;
}

/* The inverters that are named; all if none is. */
static void
read_inverters(const struct hm_sim_answer *a,
    const Hm__CommandRequest *request, struct hm_sim_set *set)
{
	const struct hm_sim_plant *plant = a->dtu->plant;

	for (size_t i = 0; i < plant->inverters; i++) {
		int64_t serial = hm_sim_plant_inverter_serial(plant,
		    a->dtu->index, i);
		bool named = request->n_inverter == 0;

		for (size_t k = 0; k < request->n_inverter; k++)
			named = named || request->inverter[k] == serial;
		if (named)
			hm_sim_set_add(set, i);
	}
}

static bool
take_order(struct hm_sim_answer *a, const Hm__CommandRequest *request)
{
	bool is_app = a->command == (HM_FROM_DTU | HM_CMD_COMMAND);
	struct hm_sim_order order = {.id = request->id,
	    .code = request->action};

	if ((a->faults & HM_SIM_BIT(HM_SIM_ORDER_REFUSED)) != 0 ||
	    !(is_app ? read_app_order(request, a->dtu->plant->is_hms_w,
	    &order) : read_cloud_order(request, &order)))
		return false;
	read_inverters(a, request, &order.inverters);
	hm_sim_orders_take(&a->dtu->orders, a->dtu->plant, &order, a->now->ms,
	    a->faults);
	a->dtu->restarts = order.action == HM_ACTION_RESTART_DTU &&
	    (a->faults & HM_SIM_BIT(HM_SIM_ORDER_LIED)) == 0;
	return true;
}

static bool
is_order(const struct hm_sim_answer *a, int32_t code)
{
	return a->command != (HM_FROM_DTU | HM_CMD_COMMAND) ||
	    (code != CODE_PERFORMANCE && code != CODE_ALARMS);
}

size_t
hm_sim_hm_command(struct hm_sim_answer *a)
{
	Hm__CommandReply command;
	const Hm__CommandRequest *request;

	request = hm_sim_hm_unpack(a, &hm__command_request__descriptor);
	if (request == NULL)
		return 0;
	hm__command_reply__init(&command);
	command.dtu_serial = a->serial;
	command.time = (int32_t)a->now->wall;
	command.action = request->action;
	command.package = request->package;
	command.id = request->id;
	if (is_order(a, request->action)) {
		if (a->faults & HM_SIM_BIT(HM_SIM_ORDER_LOST))
			return 0;
		if (!take_order(a, request))
			command.error = ERROR_REFUSED;
	} else if (request->action == CODE_ALARMS) {
		a->dtu->alarms_ready = true;
	}
	return hm_sim_hm_reply(a, &command.base);
}

/* Progress */

struct lists {
	int64_t done[64 * HM_SIM_SET_WORDS];
	Hm__CommandProgress progress[64 * HM_SIM_SET_WORDS];
	Hm__CommandProgress *under_way[64 * HM_SIM_SET_WORDS];
};

static void
list_inverters(const struct hm_sim_answer *a, Hm__CommandStatus *status,
    struct lists *lists)
{
	const struct hm_sim_orders *o = &a->dtu->orders;
	const struct hm_sim_plant *plant = a->dtu->plant;

	for (size_t i = 0; i < plant->inverters; i++) {
		int64_t serial = hm_sim_plant_inverter_serial(plant,
		    a->dtu->index, i);

		if (!hm_sim_set_has(&o->current.inverters, i))
			continue;
		if (o->is_open) {
			size_t n = status->n_under_way++;

			hm__command_progress__init(&lists->progress[n]);
			lists->progress[n].serial = serial;
			lists->under_way[n] = &lists->progress[n];
		} else {
			lists->done[status->n_done++] = serial;
		}
	}
	status->done = lists->done;
	status->under_way = lists->under_way;
}

size_t
hm_sim_hm_progress(struct hm_sim_answer *a)
{
	const struct hm_sim_orders *o = &a->dtu->orders;
	const Hm__CommandStatusRequest *request;
	Hm__CommandStatus status;
	struct lists lists;

	request = hm_sim_hm_unpack(a,
	    &hm__command_status_request__descriptor);
	if (request == NULL)
		return 0;
	hm__command_status__init(&status);
	status.dtu_serial = a->serial;
	status.time = (int32_t)a->now->wall;
	status.action = request->action;
	status.packages = 1;
	if (o->is_known && o->current.code == request->action) {
		status.id = o->current.id;
		list_inverters(a, &status, &lists);
	}
	return hm_sim_hm_reply(a, &status.base);
}
