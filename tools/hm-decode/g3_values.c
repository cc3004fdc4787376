#include "g3_values.h"

#define PERCENT 100

struct row {
	struct hm_g3_register reg;
	int scale; /* decimals in the unit of the field */
	enum hm_scope scope;
	enum hm_field_id field;
	int part;
	bool adds;
};

static const struct row rows[] = {
#define ROW(address, kind, none, scale, record, field, part, adds) \
	{{address, HM_G3_##kind, none}, scale, HM_SCOPE_##record, \
	    HM_F_##field, part, adds},
#define G3(...) ROW(__VA_ARGS__, false)
#define G3_ADD(...) ROW(__VA_ARGS__, true)
#include "wire/g3_map.def"
#undef G3
#undef G3_ADD
#undef ROW
};

#define ROWS (sizeof rows / sizeof *rows)

_Static_assert(ROWS <= HM_G3_VALUES, "each row may be a value");

/* A number that is none of the field: not measured, or impossible. */
static bool
is_possible(enum hm_field_id field, int64_t number)
{
	switch (field) {
	case HM_F_SOC:
		return number <= PERCENT;
	case HM_F_SOH:
		return number != 0 && number <= PERCENT;
	case HM_F_GRID_FREQUENCY:
	case HM_F_FREQUENCY:
	case HM_F_INSULATION_RESISTANCE:
	case HM_F_VOLTAGE_LIMIT_HIGH:
	case HM_F_VOLTAGE_LIMIT_LOW:
		return number != 0;
	default:
		return true;
	}
}

/* The number of a register, in units of its field. */
static bool
get(const struct hm_g3_words *words, const struct row *row, int64_t *units)
{
	int decimals = (int)hm_fields[row->field].scale;

	if (!hm_g3_get(words, &row->reg, units) ||
	    !is_possible(row->field, *units))
		return false;
	for (; decimals > row->scale; decimals--)
		*units *= 10;
	return true;
}

/* Behind the rows of the value that begins at row `i`. */
static size_t
end_of(size_t i)
{
	size_t end = i + 1;

	while (end < ROWS && rows[end].scope == rows[i].scope &&
	    rows[end].field == rows[i].field)
		end++;
	return end;
}

static bool
add_up(const struct hm_g3_words *words, size_t i, size_t end, int64_t *units)
{
	int64_t number;

	for (*units = 0; i < end; i++) {
		if (!get(words, &rows[i], &number))
			return false;
		*units += number;
	}
	return true;
}

static bool
choose(const struct hm_g3_words *words, size_t i, size_t end, int64_t *units)
{
	while (i < end && !get(words, &rows[i], units))
		i++;
	return i < end;
}

size_t
hm_g3_values(const struct hm_g3_words *words,
    struct hm_g3_value value[HM_G3_VALUES])
{
	size_t n = 0, end;

	for (size_t i = 0; i < ROWS; i = end) {
		int64_t units;

		end = end_of(i);
		if (rows[i].adds ? add_up(words, i, end, &units) :
		    choose(words, i, end, &units))
			value[n++] = (struct hm_g3_value){rows[i].scope,
			    rows[i].field, rows[i].adds ? 0 : rows[i].part,
			    units};
	}
	return n;
}

const struct hm_g3_value *
hm_g3_find(const struct hm_g3_value *values, size_t count,
    enum hm_scope scope, enum hm_field_id field, int part)
{
	for (size_t i = 0; i < count; i++)
		if (values[i].scope == scope && values[i].field == field &&
		    (part == 0 || values[i].part == part))
			return &values[i];
	return NULL;
}
