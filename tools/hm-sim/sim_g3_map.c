#include <stddef.h>
#include <string.h>

#include "sim_fault.h"
#include "sim_g3_private.h"

/* How registers hold a number. */
enum kind {
	WORD,
	LONG,   /* two registers, the high word first */
	SWAPPED, /* two registers, the low word first */
	STATUS, /* a word that HM_SIM_G3_NO_STATUS stands in for */
};

/*
 * A number of struct hm_sim_hybrid_view in the registers from `address` on, or
 * `count` of them, `step` bytes apart in the struct and `gap` registers here.
 */
struct row {
	uint16_t address;
	enum kind kind;
	size_t offset;
	size_t count, step;
	unsigned gap;
};

#define AT(member) offsetof(struct hm_sim_hybrid_view, member)
#define ONE(address, kind, member) {address, kind, AT(member), 1, 0, 0}
#define EACH(address, kind, gap, list, type, member) {address, kind, \
    AT(list) + offsetof(struct type, member), \
    sizeof ((struct hm_sim_hybrid_view *)NULL)->list / sizeof(struct type), \
    sizeof(struct type), gap}
#define STRINGS(address, kind, gap, member) \
    EACH(address, kind, gap, string, hm_sim_string_view, member)
#define GRID(address, kind, gap, member) \
    EACH(address, kind, gap, grid, hm_sim_grid_view, member)
#define LOAD(address, kind, gap, member) \
    EACH(address, kind, gap, load, hm_sim_load_view, member)
#define INVERTER(address, kind, gap, member) \
    EACH(address, kind, gap, inverter, hm_sim_inverter_view, member)
#define GENERATOR(address, kind, gap, member) \
    EACH(address, kind, gap, generator, hm_sim_source_view, member)
#define EXTERNAL(address, kind, gap, member) \
    EACH(address, kind, gap, external, hm_sim_source_view, member)

static const struct row rows[] = {
    ONE(0, STATUS, status),
    STRINGS(27, WORD, 3, voltage),
    STRINGS(28, WORD, 3, current),
    STRINGS(29, WORD, 3, power),
    ONE(46, WORD, battery.voltage),
    ONE(48, LONG, battery.fine_current),
    ONE(50, LONG, battery.power),
    GRID(62, WORD, 1, phase.voltage),
    ONE(66, WORD, frequency),
    INVERTER(67, WORD, 1, phase.voltage),
    INVERTER(70, WORD, 1, phase.current),
    INVERTER(74, WORD, 1, phase.power),
    INVERTER(78, WORD, 1, phase.reactive),
    INVERTER(81, WORD, 1, backup.voltage),
    INVERTER(84, WORD, 1, backup.current),
    INVERTER(88, WORD, 1, backup.apparent),
    INVERTER(92, WORD, 1, backup.power),
    GENERATOR(103, WORD, 1, phase.voltage),
    GENERATOR(106, WORD, 1, phase.current),
    GENERATOR(109, WORD, 1, phase.power),
    ONE(113, WORD, temperature),
    ONE(114, WORD, temperature),
    ONE(115, WORD, temperature),
    INVERTER(125, WORD, 1, dc_current),
    ONE(180, WORD, battery.charge),
    ONE(193, WORD, battery.power),
    ONE(242, WORD, insulation),
    ONE(243, WORD, leakage),
    ONE(284, LONG, load_power),
    ONE(1800, STATUS, grid_status),
    GRID(1801, WORD, 1, phase.voltage),
    GRID(1804, WORD, 1, phase.current),
    ONE(1807, WORD, frequency),
    GRID(1808, LONG, 2, phase.power),
    ONE(1814, LONG, grid_power),
    GRID(1816, LONG, 2, phase.reactive),
    GRID(1825, WORD, 1, factor),
    ONE(1850, STATUS, external_status),
    EXTERNAL(1851, WORD, 1, phase.voltage),
    EXTERNAL(1854, WORD, 1, phase.current),
    EXTERNAL(1858, LONG, 2, phase.power),
    ONE(1864, LONG, external_power),
    ONE(1900, STATUS, battery.type),
    ONE(1901, STATUS, battery.link),
    ONE(1904, STATUS, battery.status),
    ONE(1907, LONG, battery.capacity),
    ONE(1909, WORD, battery.charge),
    ONE(1910, WORD, battery.health),
    ONE(1911, WORD, battery.voltage),
    ONE(1912, LONG, battery.current),
    ONE(1914, LONG, battery.power),
    ONE(1916, WORD, battery.charge_current_most),
    ONE(1917, WORD, battery.discharge_current_most),
    ONE(1918, WORD, battery.voltage_high),
    ONE(1919, WORD, battery.voltage_low),
    ONE(1922, WORD, battery.cell_hottest),
    ONE(1923, WORD, battery.cell_coldest),
    ONE(2000, LONG, total_pv),
    STRINGS(2002, LONG, 2, total),
    ONE(2014, LONG, total_external),
    EXTERNAL(2016, LONG, 2, total),
    ONE(2022, LONG, total_pv_to_battery),
    ONE(2024, LONG, total_pv_to_load),
    ONE(2026, LONG, total_pv_to_grid),
    ONE(2028, LONG, battery.total_charged),
    ONE(2030, LONG, battery.total_discharged),
    ONE(2040, LONG, total_import),
    GRID(2042, LONG, 2, total_import),
    ONE(2048, LONG, total_export),
    GRID(2050, LONG, 2, total_export),
    ONE(2056, LONG, total_load),
    LOAD(2058, LONG, 2, total),
    ONE(2064, LONG, total_pv_to_load),
    ONE(2066, LONG, total_battery_to_load),
    ONE(2068, LONG, total_grid_to_load),
    ONE(2070, LONG, total_generator),
    GENERATOR(2072, LONG, 2, total),
    ONE(2100, WORD, today_pv),
    STRINGS(2101, WORD, 1, today),
    ONE(2107, WORD, today_external),
    EXTERNAL(2108, WORD, 1, today),
    ONE(2111, WORD, today_pv_to_battery),
    ONE(2112, WORD, today_pv_to_load),
    ONE(2113, WORD, today_pv_to_grid),
    ONE(2114, WORD, battery.today_charged),
    ONE(2115, WORD, battery.today_discharged),
    ONE(2120, WORD, today_import),
    GRID(2121, WORD, 1, today_import),
    ONE(2124, WORD, today_export),
    GRID(2125, WORD, 1, today_export),
    ONE(2128, WORD, today_load),
    LOAD(2129, WORD, 1, today),
    ONE(2132, WORD, today_pv_to_load),
    ONE(2133, WORD, today_battery_to_load),
    ONE(2134, WORD, today_grid_to_load),
    ONE(2135, WORD, today_generator),
    GENERATOR(2136, WORD, 1, today),
    ONE(2150, WORD, pv_power),
    STRINGS(2152, WORD, 1, power),
    ONE(2158, WORD, external_power),
    EXTERNAL(2159, WORD, 1, phase.power),
    ONE(2162, WORD, battery.power),
    ONE(2165, WORD, grid_power),
    GRID(2166, WORD, 1, phase.power),
    ONE(2169, WORD, load_power),
    LOAD(2170, WORD, 1, phase.power),
    ONE(2173, WORD, generator_power),
    GENERATOR(2174, WORD, 1, phase.power),
    ONE(2177, WORD, pv_to_battery),
    ONE(2178, WORD, pv_to_load),
    ONE(2179, WORD, pv_to_grid),
    ONE(2180, WORD, pv_to_load),
    ONE(30000, STATUS, status),
    ONE(30001, LONG, pv_power),
    ONE(30003, LONG, pv_power),
    ONE(30005, LONG, external_power),
    ONE(30007, LONG, inverter_power),
    ONE(30009, LONG, battery.power),
    ONE(30011, LONG, grid_power),
    ONE(30013, LONG, generator_power),
    ONE(30015, LONG, load_power),
    ONE(30017, SWAPPED, heater.phase.power),
    ONE(30019, STATUS, battery.status),
    ONE(30020, WORD, battery.charge),
};

/* These read 5 on the device that was seen, for there is no value. */
static const uint16_t unused[] = {26, 45, 73, 77, 87, 91, 112, 153, 154, 155,
    156};
#define UNUSED 5

/* The areas that answer, by the register where a read begins. */
static const struct {
	unsigned first, last;
} areas[] = {{0, 1100}, {1800, 2245}, {30000, 30030}};

#define MODEL 1000u /* text, the bytes of each register swapped */

/* A part of the map. */
struct window {
	unsigned first, count;
	uint16_t *out;
};

static void
put(const struct window *w, unsigned address, uint16_t value)
{
	if (address >= w->first && address - w->first < w->count)
		w->out[address - w->first] = value;
}

static void
put_number(const struct window *w, unsigned address, enum kind kind,
    int64_t value, bool has_data)
{
	uint32_t bits = (uint32_t)value;
	unsigned high = kind == SWAPPED ? address + 1 : address;
	unsigned low = kind == LONG ? address + 1 : address;
	uint16_t none = kind == STATUS ? HM_SIM_G3_NO_STATUS :
	    HM_SIM_G3_NO_DATA;

	if (kind == LONG || kind == SWAPPED)
		put(w, high, has_data ? (uint16_t)(bits >> 16) : none);
	put(w, low, has_data ? (uint16_t)bits : none);
}

static int64_t
number_at(const struct hm_sim_hybrid_view *view, size_t offset)
{
	int64_t number;

	memcpy(&number, (const char *)view + offset, sizeof number);
	return number;
}

static void
put_row(const struct window *w, const struct row *row,
    const struct hm_sim_hybrid_view *view, bool has_data)
{
	for (size_t i = 0; i < row->count; i++)
		put_number(w, row->address + (unsigned)i * row->gap,
		    row->kind, number_at(view, row->offset + i * row->step),
		    has_data);
}

static void
put_model(const struct window *w, size_t phases)
{
	const char *model = phases == 1 ? "HIS-5L-G3\0" : "HIT-10L-G3";

	for (size_t i = 0; i < 5; i++)
		put(w, MODEL + (unsigned)i, (uint16_t)(
		    (uint8_t)model[2 * i + 1] << 8 | (uint8_t)model[2 * i]));
}

/*
 * HM_SIM_SPIKE: the counters of the first input have their largest values.
 * HM_SIM_DIP: that of its life falls by 1000 Wh.
 */
static void
spoil(struct hm_sim_hybrid_view *view, uint64_t faults)
{
	if (faults & HM_SIM_BIT(HM_SIM_SPIKE)) {
		view->string[0].today = UINT16_MAX;
		view->string[0].total = UINT32_MAX;
	}
	if (faults & HM_SIM_BIT(HM_SIM_DIP))
		view->string[0].total -= 10;
}

static bool
is_answered(unsigned first)
{
	for (size_t i = 0; i < sizeof areas / sizeof *areas; i++)
		if (first >= areas[i].first && first <= areas[i].last)
			return true;
	return false;
}

bool
hm_sim_g3_inputs(const struct hm_sim_hybrid_view *view, unsigned first,
    unsigned count, uint64_t faults, uint16_t *out)
{
	const struct window w = {first, count, out};
	bool has_data = (faults & HM_SIM_BIT(HM_SIM_NODATA)) == 0;
	struct hm_sim_hybrid_view shown = *view;

	if (!is_answered(first))
		return false;
	memset(out, 0, count * sizeof *out);
	spoil(&shown, faults);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		put_row(&w, &rows[i], &shown, has_data);
	for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
		put(&w, unused[i], UNUSED);
	put_model(&w, view->phases);
	return true;
}
