#ifndef HM_SHIP_LOOP_H
#define HM_SHIP_LOOP_H

#include "config/config.h"
#include "stream/stream.h"

/*
 * Ships the polls that wait in a database to one destination: hands each batch
 * to the COMMAND until that ends with status 0, and then moves the number of
 * the destination.
 */

struct hm_ship_options {
	const char *path, *name;   /* of database and destination */
	const struct hm_pair *to;  /* all destinations of the settings */
	size_t to_count;
	char *const *argv;         /* the COMMAND; NULL ends it */
	const char *site, *key;    /* for its environment; NULL: inherited */
	int64_t period_ms;         /* between two looks for new polls */
	int64_t timeout_ms;        /* of a run of the COMMAND */
	uint64_t polls;            /* of a batch, at most */
	bool once;                 /* end when nothing waits, or at a failure */
	bool again;                /* first list what is stored again, */
	int64_t since;             /* from this time on, in s since 1970, */
	bool hours;                /* as hours and days, not every poll */
}; /* texts and argv are borrowed */

struct hm_ship_counts {
	uint64_t batches, shipped, lines;
	uint64_t waiting;  /* rows of the outbox, as of a moment ago */
	uint64_t oldest;   /* age of the first of them, in s; 0: none */
	uint64_t failures;
	uint64_t failing;  /* 1 from a failure to the next success */
};

struct hm_ship;

/* NULL if there is no memory. Freed by hm_ship_free. */
struct hm_ship *hm_ship_new(const struct hm_ship_options *options,
    struct hm_stream *stream);
void hm_ship_free(struct hm_ship *ship);

const struct hm_ship_counts *hm_ship_counts(const struct hm_ship *ship);

/* Until a signal or, with `once`, the end. */
void hm_ship_run(struct hm_ship *ship);

/* The exit status of the run: with `once` HM_EXIT_TEMP if polls are left. */
int hm_ship_status(const struct hm_ship *ship);

#endif
