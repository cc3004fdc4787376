#ifndef HM_PANEL_NUMBERS_H
#define HM_PANEL_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/* The arithmetic of panels that are compared with each other. */

/* x * by, from 0 on, as a whole number; halves are rounded up. */
int64_t hm_panel_round(double x, double by);

/* For qsort of doubles. */
int hm_panel_order(const void *a, const void *b);

/*
 * The median of energies that are more than 0, sorted, of which one is `own`
 * and does not count, unless `own` is 0. 0: there are no others.
 */
double hm_panel_others(const double *sorted, size_t count, double own);

#endif
