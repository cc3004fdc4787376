#ifndef HM_CONTROL_JOURNAL_PRIVATE_H
#define HM_CONTROL_JOURNAL_PRIVATE_H

#include <sys/queue.h>

#include "control_journal.h"

/*
 * Shared by control_journal.c, which holds the commands, and
 * control_journal_file.c, which holds the file.
 */

#define HM_CONTROL_LINE ((size_t)2048)

struct hm_control_dtu {
	SLIST_ENTRY(hm_control_dtu) next;
	struct hm_control_past past;
	char name[HM_DTU_NAME_MAX + 1];
};

struct hm_control_journal {
	char *path;
	int fd;
	size_t size;   /* bytes of the file */
	size_t rotate; /* size at which it is rewritten */
	int64_t keep_s;
	SLIST_HEAD(hm_control_dtus, hm_control_dtu) dtus;
	struct hm_control_entry entry[HM_CONTROL_ENTRIES];
};

/* control_journal_file.c */

/* Open and lock the file, and pass each record to `hm_control_journal_take`. */
bool hm_control_journal_open_file(struct hm_control_journal *j);

/* Append a record; `safe`: it is on the disk when this returns true. */
bool hm_control_journal_append(struct hm_control_journal *j,
    const struct hm_json *e, bool safe);

/* control_journal.c */

/* Take in a record of the file. */
void hm_control_journal_take(struct hm_control_journal *j,
    const struct hm_record *record);

/*
 * The records of a file that is rewritten, one after the other: `step` counts
 * from 0. False at the end. A step may write nothing: *empty.
 */
bool hm_control_journal_write(struct hm_control_journal *j, size_t step,
    struct hm_json *e, bool *empty);

#endif
