#include "models.h"

#include <ctype.h>
#include <string.h>

#define PREFIX ((size_t)4)

struct model {
	char prefix[PREFIX + 1];
	const char *name;
};

static const struct {
	char prefix[PREFIX + 1];
	const char *name;
	int64_t watts; /* of one input, as hm_model_input_watts returns */
} inverters[] = {
    {"1011", "MI-100", 100},
    {"1020", "MI-250/300", 300},
    {"1021", "MI-250/300", 300},
    {"1022", "MI-250/300", 300},
    {"1040", "MI-500/600/700", 700},
    {"1041", "MI-500/600/700", 700},
    {"1042", "MI-500/600/700", 700},
    {"1060", "MI-1000/1200/1500", 1500},
    {"1061", "MI-1000/1200/1500", 1500},
    {"1062", "MI-1000/1200/1500", 1500},
    {"1121", "HM-300/350/400", 400},
    {"1124", "HMS-300/350/400/450/500-1T", 500},
    {"1125", "HMS-450/500-1T", 500},
    {"1141", "HM-600/700/800", 800},
    {"1143", "HMS-600/700/800/900/1000-2T", 1000 / 2},
    {"1144", "HMS-600/700/800/900/1000-2T", 1000 / 2},
    {"1145", "HMS-600/700/800/900/1000-2T", 1000 / 2},
    {"1146", "HMS-600/700/800/900/1000-2T", 1000 / 2},
    {"114a", "HMS-600/700/800/900/1000-2T", 1000 / 2},
    {"1161", "HM-1000/1200/1500", 1500},
    {"1164", "HMS-1600/1800/2000-4T", 2000 / 4},
    {"1165", "HMS-1600/1800/2000-4T", 2000 / 4},
    {"1166", "HMS-1600/1800/2000-4T", 2000 / 4},
    {"1167", "HMS-1600/1800/2000-4T", 2000 / 4},
    {"1222", "HMS-2000DW-4T", 2000 / 4},
    {"1361", "HMT-1600/1800/2000-4T", 2000 / 4},
    {"1362", "HMT-1600/1800/2000-4T", 2000 / 4},
    {"1381", "HMT-1800/2250-6T", 2250 / 6},
    {"1382", "HMT-1800/2250-6T", 2250 / 6},
    {"1400", "HMS-450/500-1T", 500},
    {"1403", "HMS-400W/500W-1T", 500},
    {"1410", "HMS-600/700/800/900/1000-2T", 1000 / 2},
    {"1412", "HMS-800W/1000W-2T", 1000 / 2},
    {"1420", "HMS-1600/1800/2000-4T", 2000 / 4},
    {"1421", "HMS-1600/1800/2000-4T", 2000 / 4},
    {"1422", "HMS-1600W/1800W/2000W-4T", 2000 / 4},
    {"1423", "HMS-1600W/1800W/2000W-4T", 2000 / 4},
    {"1520", "MIT", 0},
    {"1610", "HMS-800/1000-2WB", 1000 / 2},
    {"1620", "HMS-1600/2000-4WB", 2000 / 4},
    {"1650", "HiFlow 800", 800},
    {"2801", "HERF-1600/1800", 1800},
    {"2821", "HERF-600/800", 800},
    {"2841", "HERF-300", 300},
};

static const struct model dtus[] = {
    {"10d2", "DTU-G100"},
    {"10d3", "DTU-W100/Lite-S"},
    {"10d6", "DTU-Lite"},
    {"10d7", "DTU-Lite"},
    {"10d8", "DTU-W100/Lite-S"},
    {"10d9", "DTU-W100/Lite-S"},
    {"10f7", "DTU-Pro"},
    {"10f8", "DTU-Pro"},
    {"10fb", "DTU-Pro"},
    {"10fc", "DTU-Pro"},
    {"10fd", "DTU-Pro"},
    {"1124", HM_MODEL_BUILT_IN},
    {"1125", HM_MODEL_BUILT_IN},
    {"1143", HM_MODEL_BUILT_IN},
    {"1144", HM_MODEL_BUILT_IN},
    {"1145", HM_MODEL_BUILT_IN},
    {"1164", HM_MODEL_BUILT_IN},
    {"1165", HM_MODEL_BUILT_IN},
    {"1166", HM_MODEL_BUILT_IN},
    {"1167", HM_MODEL_BUILT_IN},
    {"1222", HM_MODEL_BUILT_IN},
    {"1361", HM_MODEL_BUILT_IN},
    {"1362", HM_MODEL_BUILT_IN},
    {"1381", HM_MODEL_BUILT_IN},
    {"1382", HM_MODEL_BUILT_IN},
    {"1403", HM_MODEL_BUILT_IN},
    {"1412", HM_MODEL_BUILT_IN},
    {"1422", HM_MODEL_BUILT_IN},
    {"1423", HM_MODEL_BUILT_IN},
    {"4100", "DTU-Pro"},
    {"4101", "DTU-Pro"},
    {"4110", "DTU-W100/Lite-S"},
    {"4111", "DTU-W100/Lite-S"},
    {"4120", "DTU-Pro"},
    {"4121", "DTU-Pro-S"},
    {"4130", "DTU-W100/Lite-S"},
    {"4131", "DTU-Lite"},
    {"4132", "DTU-W100/Lite-S"},
    {"4133", "DTU-W100/Lite-S"},
    {"4141", HM_MODEL_BUILT_IN},
    {"4143", HM_MODEL_BUILT_IN},
    {"4144", HM_MODEL_BUILT_IN},
    {"4161", HM_MODEL_BUILT_IN},
    {"4162", HM_MODEL_BUILT_IN},
    {"4301", "DTS-WIFI-G1"},
    {"d030", "DTU-SLS"},
};

#define METER_BY_PHASES "DDSU666 or DTSU666"

static const struct model meters[] = {
    {"10c0", "DDSU666 or DTSU666"},
    {"37ff", "DTSU666"},
};

/* The start of a serial number in lower case; false if it is too short. */
static bool
read_prefix(struct hm_slice serial, char prefix[PREFIX])
{
	if (serial.n < PREFIX)
		return false;
	for (size_t i = 0; i < PREFIX; i++)
		prefix[i] = (char)tolower((unsigned char)serial.p[i]);
	return true;
}

static const char *
find(const struct model *models, size_t count, struct hm_slice serial)
{
	char prefix[PREFIX];

	if (!read_prefix(serial, prefix))
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (memcmp(prefix, models[i].prefix, PREFIX) == 0)
			return models[i].name;
	return NULL;
}

const char *
hm_model_inverter(struct hm_slice serial)
{
	char prefix[PREFIX];

	if (!read_prefix(serial, prefix))
		return NULL;
	for (size_t i = 0; i < sizeof inverters / sizeof *inverters; i++)
		if (memcmp(prefix, inverters[i].prefix, PREFIX) == 0)
			return inverters[i].name;
	return NULL;
}

bool
hm_model_is_hmt(struct hm_slice serial)
{
	const char *model = hm_model_inverter(serial);

	return model != NULL && strncmp(model, "HMT", 3) == 0;
}

const char *
hm_model_dtu(struct hm_slice serial)
{
	return find(dtus, sizeof dtus / sizeof *dtus, serial);
}

bool
hm_model_dtu_sleeps(struct hm_slice serial)
{
	const char *model = hm_model_dtu(serial);

	return model == NULL || strcmp(model, HM_MODEL_BUILT_IN) == 0;
}

/* Both kinds of meters have serial numbers that begin with 10c0. */
const char *
hm_model_meter(struct hm_slice serial, size_t phases)
{
	const char *model = find(meters, sizeof meters / sizeof *meters,
	    serial);

	if (model == NULL || strcmp(model, METER_BY_PHASES) != 0)
		return model;
	return phases == 0 ? NULL : phases == 1 ? "DDSU666" : "DTSU666";
}

static const struct {
	uint32_t part; /* the first three bytes of the part number */
	const char *name;
	int64_t watts; /* of one input, as above */
} parts[] = {
    {0x100230, "MI-1500", 1500},
    {0x101010, "HM-300", 300},
    {0x101020, "HM-350", 350},
    {0x101030, "HM-400", 400},
    {0x101040, "HM-400", 400},
    {0x101051, "HMS-450", 450},
    {0x101071, "HMS-500", 500},
    {0x101110, "HM-600", 600},
    {0x101120, "HM-700", 700},
    {0x101130, "HM-800", 800},
    {0x101140, "HM-800", 800},
    {0x101141, "HMS-800-LV", 800},
    {0x101151, "HMS-900", 900},
    {0x101171, "HMS-1000", 1000},
    {0x101210, "HM-1200", 1200},
    {0x101230, "HM-1500", 1500},
    {0x101251, "HMS-1800", 1800},
    {0x101271, "HMS-2000", 2000},
    {0x102011, "HMS-300", 300},
    {0x102021, "HMS-350", 350},
    {0x102041, "HMS-400", 400},
    {0x102051, "HMS-450", 450},
    {0x102071, "HMS-500", 500},
    {0x102111, "HMS-600", 600},
    {0x102121, "HMS-700", 700},
    {0x102141, "HMS-800", 800},
    {0x102151, "HMS-900", 900},
    {0x102171, "HMS-1000", 1000},
    {0x102241, "HMS-1600", 1600},
    {0x102251, "HMS-1800", 1800},
    {0x102271, "HMS-2000", 2000},
    {0x103241, "HMT-1600-4T", 1600 / 4},
    {0x103251, "HMT-1800-4T", 1800 / 4},
    {0x103271, "HMT-2000-4T", 2000 / 4},
    {0x103311, "HMT-1800-6T", 1800 / 6},
    {0x103331, "HMT-2250-6T", 2250 / 6},
    {0xf10110, "HERF-600", 600},
    {0xf10114, "HERF-800", 800},
    {0xf10122, "HERF-1800", 1800},
    {0xf10124, "HERF-1600", 1600},
};

const char *
hm_model_part(uint32_t part)
{
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].part == part >> 8)
			return parts[i].name;
	return NULL;
}

/* HIT-15L-G3 and HIS-5L-G3 are named after their kilowatts. */
static int64_t
hybrid_watts(struct hm_slice model)
{
	static const char head[] = "HI", tail[] = "L-G3";
	int64_t kilowatts = 0;
	size_t at = 4;

	if (model.n <= at || memcmp(model.p, head, 2) != 0 ||
	    (model.p[2] != 'T' && model.p[2] != 'S') || model.p[3] != '-')
		return 0;
	for (; at < model.n && at < 6 && isdigit((unsigned char)model.p[at]);
	    at++)
		kilowatts = 10 * kilowatts + (model.p[at] - '0');
	return hm_slice_is(hm_slice(model.p + at, model.n - at), tail) ?
	    1000 * kilowatts : 0;
}

int64_t
hm_model_input_watts(struct hm_slice model)
{
	for (size_t i = 0; i < sizeof inverters / sizeof *inverters; i++)
		if (hm_slice_is(model, inverters[i].name))
			return inverters[i].watts;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (hm_slice_is(model, parts[i].name))
			return parts[i].watts;
	return hybrid_watts(model);
}

int64_t
hm_model_inputs(struct hm_slice model)
{
	size_t dash = model.n;
	struct hm_slice end;

	while (dash > 0 && model.p[dash - 1] != '-')
		dash--;
	end = hm_slice(model.p + dash, model.n - dash);
	if (dash == 0 || end.n < 2 || end.p[0] < '1' || end.p[0] > '9')
		return 1;
	return hm_slice_is(hm_slice(end.p + 1, end.n - 1), "T") ||
	    hm_slice_is(hm_slice(end.p + 1, end.n - 1), "WB") ?
	    end.p[0] - '0' : 1;
}
