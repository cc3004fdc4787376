#include <stddef.h>
#include <string.h>

#include "sim_g3_private.h"

/* A register that is a member of struct hm_sim_settings. */
struct row {
	uint16_t address;
	enum hm_sim_telling telling;
	size_t offset;
};

#define ROW(address, telling, member) \
    {address, HM_SIM_TELLS_##telling, offsetof(struct hm_sim_settings, member)}

/* Those that can be written. */
static const struct row rows[] = {
    ROW(258, EXPORT, export_control),
    ROW(259, EXPORT, export_most),
    ROW(308, CHARGES, highest),
    ROW(309, CHARGES, lowest),
    ROW(4300, MODE, mode),
    ROW(4301, MODE, self_use),
    ROW(4302, MODE, backup),
    ROW(4303, MODE, charge),
    ROW(4304, MODE, charge_power),
    ROW(4305, MODE, discharge),
    ROW(4306, MODE, discharge_power),
};

/* Those that can only be read, and never change here. */
static const struct {
	uint16_t address, value;
} fixed[] = {
    {306, 1000}, /* power of charging and discharging, 0.1 % */
    {307, 1000},
    {310, 1000}, /* W from the grid at a low charge */
    {311, 100},
    {323, 1},
    {4100, 1}, /* a lithium battery */
    {4101, 30},
    {4298, 0},
    {6048, 0},
    {6049, 1},
};

#define GENERATOR_PORT 303u
#define CAPACITY 4102u

/* The areas that answer, by the register where a read begins. */
static const struct {
	unsigned first, last;
} areas[] = {{258, 324}, {4100, 4102}, {4298, 4306}, {6048, 6049}};

static const struct row *
find(unsigned address)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].address == address)
			return &rows[i];
	return NULL;
}

static int64_t
member(const struct hm_sim_settings *settings, const struct row *row)
{
	int64_t value;

	memcpy(&value, (const char *)settings + row->offset, sizeof value);
	return value;
}

static uint16_t
value_at(const struct hm_sim_settings *settings,
    const struct hm_sim_house *house, unsigned address)
{
	const struct row *row = find(address);

	if (row != NULL)
		return (uint16_t)member(settings, row);
	if (address == GENERATOR_PORT)
		return house->generator ? 1 : 3;
	if (address == CAPACITY)
		return (uint16_t)(house->capacity / 100);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (fixed[i].address == address)
			return fixed[i].value;
	return 0;
}

bool
hm_sim_g3_settings(const struct hm_sim_settings *settings,
    const struct hm_sim_house *house, unsigned first, unsigned count,
    uint16_t *out)
{
	bool known = false;

	for (size_t i = 0; i < sizeof areas / sizeof *areas; i++)
		known = known || (first >= areas[i].first &&
		    first <= areas[i].last);
	if (!known)
		return false;
	for (unsigned i = 0; i < count; i++)
		out[i] = value_at(settings, house, first + i);
	return true;
}

/* The export limit is the only one with a sign. */
static int64_t
read_value(const uint8_t *p, enum hm_sim_telling telling)
{
	uint16_t bits = (uint16_t)(p[0] << 8 | p[1]);

	return telling == HM_SIM_TELLS_EXPORT && bits > INT16_MAX ?
	    (int64_t)bits - 65536 : (int64_t)bits;
}

bool
hm_sim_g3_write(struct hm_sim_settings *settings, unsigned first,
    unsigned count, const uint8_t *values, enum hm_sim_telling *what)
{
	struct hm_sim_settings changed = *settings;

	for (unsigned i = 0; i < count; i++) {
		const struct row *row = find(first + i);
		int64_t value;

		if (row == NULL)
			return false;
		value = read_value(values + 2 * (size_t)i, row->telling);
		memcpy((char *)&changed + row->offset, &value, sizeof value);
		*what = row->telling;
	}
	*settings = changed;
	return true;
}
