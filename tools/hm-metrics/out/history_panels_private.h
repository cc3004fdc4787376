#ifndef HM_HISTORY_PANELS_PRIVATE_H
#define HM_HISTORY_PANELS_PRIVATE_H

#include "base/hash.h"
#include "base/slice.h"
#include "history_panels.h"

/* Shared by history_panels.c (reading) and history_panels_json.c. */

#define HM_PANEL_HOURS 24
#define HM_PANEL_NO_RATIO (-1)

/* NULL in SQL unless a number was added. */
struct hm_panel_sum {
	double of;
	int64_t count;
};

struct hm_panel_input {
	struct hm_hash_item item;
	struct hm_slice dtu, serial; /* the bytes follow the ratios */
	int64_t port;
	size_t place;   /* in the order in which they were found */
	bool shown;     /* it has a row of the days that are asked for */
	struct hm_panel_sum energy, month, year;
	struct hm_panel_sum compared; /* energy of days with others */
	struct hm_panel_sum others;   /* what these others have */
	struct hm_panel_sum watts[HM_PANEL_HOURS];
	int32_t ratio[]; /* in thousandths, of each day */
};

/* The inputs of a DTU on a day. */
struct hm_panel_member {
	struct hm_panel_input *input;
	double energy;
	bool known;
};

struct hm_panels {
	struct hm_db *db;
	const struct hm_history_panels *query;
	struct hm_hash keys;
	struct hm_panel_input **input;
	size_t count, cap;
	size_t last; /* the input of the row before */
	struct hm_panel_member *member;
	double *positive; /* room for the energies of all members */
	size_t members, members_cap;
	int64_t day; /* of the members, counted from the first */
};

/* Sort the inputs and append them. False if that fails. */
bool hm_panels_put(struct hm_panels *panels, struct hm_buffer *out);

#endif
