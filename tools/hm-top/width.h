#ifndef HM_TOP_WIDTH_H
#define HM_TOP_WIDTH_H

#include "base/slice.h"

/*
 * Columns of a terminal that UTF-8 text takes: 0 for a combining mark, 2 for
 * most of East Asia's characters and for pictures.
 */

/*
 * Use the C library's table of widths. Without this, or if the system has no
 * C.UTF-8, every character counts as one column.
 */
void hm_width_start(void);

size_t hm_width(struct hm_slice text);

/*
 * The longest beginning of a text that takes at most so many columns; *taken is
 * how many it takes. It ends between two characters, behind combining marks.
 */
struct hm_slice hm_width_cut(struct hm_slice text, size_t columns,
    size_t *taken);

#endif
