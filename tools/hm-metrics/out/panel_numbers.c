#include "panel_numbers.h"

#include <math.h>

int64_t
hm_panel_round(double x, double by)
{
	double product = x * by;

	return product < 9e15 ? llround(product) : INT64_MAX;
}

int
hm_panel_order(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The place of the first number that is not less. */
static size_t
place_of(const double *sorted, size_t count, double number)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number at a place of a list from which one is left out. */
static double
other_at(const double *sorted, size_t place, size_t out)
{
	return sorted[place < out ? place : place + 1];
}

double
hm_panel_others(const double *sorted, size_t count, double own)
{
	size_t out = own > 0 ? place_of(sorted, count, own) : count;
	size_t others = own > 0 ? count - 1 : count;

	if (others == 0)
		return 0;
	if (others % 2 != 0)
		return other_at(sorted, others / 2, out);
	return (other_at(sorted, others / 2 - 1, out) +
	    other_at(sorted, others / 2, out)) / 2;
}
