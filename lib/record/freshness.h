#ifndef HM_FRESHNESS_H
#define HM_FRESHNESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Decides when the readings of a DTU are no longer current, and when a DTU
 * hangs: it answers, but repeats its last readings (records marked `stale`).
 * All tools that show or judge readings use it. No clock is read.
 */

#define HM_FRESH_MIN_MS 180000 /* readings stay current for so long at least */
#define HM_FRESH_PERIODS 3     /* and for this number of query periods */
#define HM_HUNG_POLLS 3        /* repetitions: some may surround a pause */

/* The age at which readings are no longer current, for a query period. */
int64_t hm_fresh_ms(int64_t period_ms);

/* What is known of one DTU. All zeros: nothing. */
struct hm_freshness {
	bool known;
	bool hung;
	int64_t since;  /* time of the poll that gave the last new readings */
	int64_t polled; /* time of the last poll */
	int polls;      /* that repeated them, up to HM_HUNG_POLLS */
};

/*
 * Take in a reading of a poll; a poll may have any number, which have one time.
 * `time` is that of the poll, in seconds. True if the DTU hangs: its last new
 * readings are as old as hm_fresh_ms, and HM_HUNG_POLLS have repeated them.
 */
bool hm_freshness_look(struct hm_freshness *f, int64_t time, bool stale,
    int64_t fresh_ms);

#endif
