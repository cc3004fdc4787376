#include "hybrid.pb-c.h"
#include "sim_es_private.h"
#include "sim_fault.h"
#include "sim_gateway.h"

#define PHASES HM_SIM_PHASES_MAX
#define STATE_ON 1
#define STATE_OFF 0

/* A reply with all that it points to. */
struct message {
	Hm__HybridReply reply;
	Hm__HybridEnergies produced, consumed;
	Hm__HybridInput input[HM_SIM_STRINGS], *inputs[HM_SIM_STRINGS];
	Hm__HybridBattery battery;
	Hm__HybridGrid grid;
	Hm__HybridGridPhase grid_phase[PHASES], *grid_phases[PHASES];
	Hm__HybridLoad load;
	Hm__HybridLoadPhase load_phase[PHASES], *load_phases[PHASES];
	Hm__HybridInverter inverter;
	Hm__HybridInverterState inverter_state;
	Hm__HybridInverterPhase phase[PHASES], *phases[PHASES];
	Hm__HybridGenerator generator, external;
	Hm__HybridGeneratorPhase generator_phase[PHASES];
	Hm__HybridGeneratorPhase *generator_phases[PHASES];
	Hm__HybridGeneratorPhase external_phase[PHASES];
	Hm__HybridGeneratorPhase *external_phases[PHASES];
	Hm__HybridState grid_state, load_state, generator_state;
	Hm__HybridState external_state, heater_state;
	Hm__HybridSelfTest self_test;
	Hm__HybridSmartLoad heater, *heaters[1];
	Hm__HybridSmartLoadPhase heater_phase, *heater_phases[1];
	Hm__HybridFlow flow;
	Hm__HybridCharger charger, *chargers[1];
	Hm__HybridChargerState charger_state, *charger_states[1];
};

/* Of the wire, which has 32 bits. */
static int32_t
wire(int64_t value)
{
	return (int32_t)(value > INT32_MAX ? INT32_MAX : value < INT32_MIN ?
	    INT32_MIN : value);
}

static Hm__HybridState *
set_state(Hm__HybridState *state, bool on, int64_t frequency)
{
	hm__hybrid_state__init(state);
	state->status = on ? STATE_ON : STATE_OFF;
	state->frequency = wire(frequency);
	return state;
}

/* HM_SIM_SPIKE: the counter of the first input has its largest value. */
static void
fill_inputs(struct message *m, const struct hm_sim_hybrid_view *v,
    uint64_t faults)
{
	for (size_t i = 0; i < v->strings; i++) {
		const struct hm_sim_string_view *from = &v->string[i];
		Hm__HybridInput *to = &m->input[i];

		hm__hybrid_input__init(to);
		to->number = (int32_t)i + 1;
		to->voltage = wire(from->voltage);
		to->current = wire(from->current);
		to->power = wire(from->power);
		to->today = i == 0 && (faults & HM_SIM_BIT(HM_SIM_SPIKE)) ?
		    INT32_MAX : wire(from->today);
		m->inputs[m->reply.n_input++] = to;
	}
	m->reply.input = m->inputs;
}

static void
fill_battery(struct message *m, const struct hm_sim_hybrid_view *v)
{
	const struct hm_sim_battery_view *from = &v->battery;
	Hm__HybridBattery *to = &m->battery;

	if (!v->has_battery)
		return;
	hm__hybrid_battery__init(to);
	to->type = wire(from->type);
	to->status = wire(from->status);
	to->charge = wire(from->charge);
	to->health = wire(from->health);
	to->voltage = wire(from->voltage);
	to->current = wire(from->current);
	to->power = wire(from->power);
	to->charge_current_limit = wire(from->charge_current_most);
	to->discharge_current_limit = wire(from->discharge_current_most);
	to->voltage_limit_high = wire(from->voltage_high);
	to->voltage_limit_low = wire(from->voltage_low);
	to->cell_temperature_max = wire(from->cell_hottest);
	to->cell_temperature_min = wire(from->cell_coldest);
	to->module_temperature_max = wire(from->module_hottest);
	to->module_temperature_min = wire(from->module_coldest);
	to->today_charged = wire(from->today_charged);
	to->today_discharged = wire(from->today_discharged);
	to->cell_voltage_max = wire(from->cell_high);
	to->cell_voltage_min = wire(from->cell_low);
	to->module_voltage_max = wire(from->module_high);
	to->module_voltage_min = wire(from->module_low);
	m->reply.battery = to;
}

static void
fill_grid(struct message *m, const struct hm_sim_hybrid_view *v)
{
	hm__hybrid_grid__init(&m->grid);
	m->grid.state = set_state(&m->grid_state, v->grid_status != 0,
	    v->frequency);
	m->grid_state.is_signed = 1;
	for (size_t i = 0; i < v->phases; i++) {
		const struct hm_sim_grid_view *from = &v->grid[i];
		Hm__HybridGridPhase *to = &m->grid_phase[i];

		hm__hybrid_grid_phase__init(to);
		to->number = (int32_t)i + 1;
		to->voltage = wire(from->phase.voltage);
		to->current = wire(from->phase.current);
		to->active_power = wire(from->phase.power);
		to->reactive_power = wire(from->phase.reactive);
		to->power_factor = wire(from->factor);
		to->today_export = wire(from->today_export);
		to->today_import = wire(from->today_import);
		m->grid_phases[m->grid.n_phase++] = to;
	}
	m->grid.phase = m->grid_phases;
	m->reply.grid = &m->grid;
}

static void
fill_load(struct message *m, const struct hm_sim_hybrid_view *v)
{
	hm__hybrid_load__init(&m->load);
	m->load.state = set_state(&m->load_state, true, v->island_frequency);
	for (size_t i = 0; i < v->phases; i++) {
		const struct hm_sim_load_view *from = &v->load[i];
		Hm__HybridLoadPhase *to = &m->load_phase[i];

		hm__hybrid_load_phase__init(to);
		to->number = (int32_t)i + 1;
		to->voltage = wire(from->phase.voltage);
		to->active_power = wire(from->phase.power);
		to->today = wire(from->today);
		m->load_phases[m->load.n_phase++] = to;
	}
	m->load.phase = m->load_phases;
	m->reply.load = &m->load;
}

static void
fill_phase(Hm__HybridInverterPhase *to,
    const struct hm_sim_inverter_view *from, size_t index)
{
	hm__hybrid_inverter_phase__init(to);
	to->number = (int32_t)index + 1;
	to->voltage = wire(from->phase.voltage);
	to->current = wire(from->phase.current);
	to->active_power = wire(from->phase.power);
	to->reactive_power = wire(from->phase.reactive);
	to->dc_current = wire(from->dc_current);
	to->dc_voltage = wire(from->dc_voltage);
	to->backup_voltage = wire(from->backup.voltage);
	to->backup_current = wire(from->backup.current);
	to->backup_power = wire(from->backup.power);
}

static void
fill_inverter(struct message *m, const struct hm_sim_hybrid_view *v)
{
	Hm__HybridInverterState *state = &m->inverter_state;

	hm__hybrid_inverter__init(&m->inverter);
	hm__hybrid_inverter_state__init(state);
	state->status = wire(v->status);
	state->frequency = wire(v->island_frequency);
	state->main_frequency = state->second_frequency = state->frequency;
	state->insulation = wire(v->insulation);
	state->leakage = wire(v->leakage);
	m->inverter.state = state;
	for (size_t i = 0; i < v->phases; i++) {
		fill_phase(&m->phase[i], &v->inverter[i], i);
		m->phases[m->inverter.n_phase++] = &m->phase[i];
	}
	m->inverter.phase = m->phases;
	m->reply.inverter = &m->inverter;
}

/* A generator, or another PV inverter. */
static size_t
fill_sources(const struct hm_sim_source_view *from, size_t phases,
    Hm__HybridGeneratorPhase *to, Hm__HybridGeneratorPhase **list)
{
	for (size_t i = 0; i < phases; i++) {
		hm__hybrid_generator_phase__init(&to[i]);
		to[i].number = (int32_t)i + 1;
		to[i].voltage = wire(from[i].phase.voltage);
		to[i].current = wire(from[i].phase.current);
		to[i].active_power = wire(from[i].phase.power);
		to[i].reactive_power = wire(from[i].phase.reactive);
		to[i].today = wire(from[i].today);
		list[i] = &to[i];
	}
	return phases;
}

static void
fill_generator(struct message *m, const struct hm_sim_hybrid_view *v)
{
	bool on = v->generator_power > 0;

	if (!v->has_generator)
		return;
	hm__hybrid_generator__init(&m->generator);
	m->generator.state = set_state(&m->generator_state, on,
	    on ? v->island_frequency : 0);
	m->generator.phase = m->generator_phases;
	m->generator.n_phase = fill_sources(v->generator, v->phases,
	    m->generator_phase, m->generator_phases);
	m->reply.generator = &m->generator;
}

static void
fill_external(struct message *m, const struct hm_sim_hybrid_view *v)
{
	hm__hybrid_generator__init(&m->external);
	m->external.state = set_state(&m->external_state,
	    v->external_power > 0, v->island_frequency);
	m->external.phase = m->external_phases;
	m->external.n_phase = fill_sources(v->external, v->phases,
	    m->external_phase, m->external_phases);
	m->reply.external_pv = &m->external;
}

static void
fill_heater(struct message *m, const struct hm_sim_hybrid_view *v)
{
	Hm__HybridSmartLoadPhase *to = &m->heater_phase;

	hm__hybrid_smart_load__init(&m->heater);
	hm__hybrid_smart_load_phase__init(to);
	to->number = 1;
	to->voltage = wire(v->heater.phase.voltage);
	to->current = wire(v->heater.phase.current);
	to->active_power = m->heater.power = wire(v->heater.phase.power);
	to->today = wire(v->heater.today);
	m->heater.state = set_state(&m->heater_state, to->active_power > 0,
	    v->island_frequency);
	m->heater_phases[0] = to;
	m->heater.phase = m->heater_phases;
	m->heater.n_phase = 1;
	m->heaters[0] = &m->heater;
	m->reply.smart_load = m->heaters;
	m->reply.n_smart_load = 1;
}

static void
fill_charger(struct message *m, const struct hm_sim_hybrid_view *v,
    int64_t serial)
{
	Hm__HybridChargerState *to = &m->charger_state;

	hm__hybrid_charger__init(&m->charger);
	hm__hybrid_charger_state__init(to);
	to->serial = serial;
	to->status = wire(v->charger.status);
	to->duration = wire(v->charger.duration);
	to->voltage = wire(v->charger.voltage);
	to->current = wire(v->charger.current);
	to->power = wire(v->charger.power);
	to->energy = wire(v->charger.energy);
	m->charger_states[0] = to;
	m->charger.state = m->charger_states;
	m->charger.n_state = 1;
	m->chargers[0] = &m->charger;
	m->reply.charger = m->chargers;
	m->reply.n_charger = 1;
}

static void
fill_flows(struct message *m, const struct hm_sim_hybrid_view *v)
{
	Hm__HybridFlow *flow = &m->flow;

	hm__hybrid_flow__init(flow);
	flow->pv_to_load = wire(v->pv_to_load);
	flow->pv_to_battery = wire(v->pv_to_battery);
	flow->pv_to_grid = wire(v->pv_to_grid);
	flow->battery_to_load = wire(v->battery_to_load);
	flow->grid_to_load = wire(v->grid_to_load);
	flow->battery_to_grid = wire(v->battery_to_grid);
	flow->charge = wire(v->battery.charge);
	hm__hybrid_energies__init(&m->produced);
	hm__hybrid_energies__init(&m->consumed);
	m->produced.first = m->consumed.first = wire(v->today_pv_to_load);
	m->produced.second = wire(v->today_pv_to_battery);
	m->produced.third = wire(v->today_pv_to_grid);
	m->consumed.second = wire(v->today_battery_to_load);
	m->consumed.third = wire(v->today_grid_to_load);
	m->reply.flow = flow;
	m->reply.produced = &m->produced;
	m->reply.consumed = &m->consumed;
}

static void
fill_message(struct message *m, const struct hm_sim_hybrid_view *v,
    int64_t charger, uint64_t faults)
{
	fill_inputs(m, v, faults);
	fill_battery(m, v);
	fill_grid(m, v);
	fill_load(m, v);
	fill_inverter(m, v);
	fill_generator(m, v);
	fill_flows(m, v);
	hm__hybrid_self_test__init(&m->self_test);
	m->reply.self_test = &m->self_test;
	if (!v->has_extras)
		return;
	fill_external(m, v);
	fill_heater(m, v);
	fill_charger(m, v, charger);
}

size_t
hm_sim_es_readings(struct hm_sim_es_answer *a)
{
	const Hm__HybridRequest *request;
	struct message m;
	size_t inverter;
	int64_t wall;

	request = hm_sim_es_unpack(a, &hm__hybrid_request__descriptor);
	if (request == NULL || hm_sim_es_inverters(a) == 0 ||
	    !hm_sim_gateway_find(a->gateway, request->serial, &inverter))
		return 0;
	hm__hybrid_reply__init(&m.reply);
	fill_message(&m, hm_sim_gateway_show(a->gateway, inverter, a->now,
	    a->faults, &wall), hm_sim_gateway_charger_serial(a->gateway,
	    inverter), a->faults);
	m.reply.serial = request->serial;
	m.reply.time = (int32_t)hm_sim_es_clock(a, wall);
	m.reply.offset = HM_SIM_ES_OFFSET;
	m.reply.packages = 1;
	a->dtu->read = inverter;
	return hm_sim_es_reply(a, &m.reply.base);
}
