#ifndef HM_CONTROL_JOURNAL_H
#define HM_CONTROL_JOURNAL_H

#include "control_rules.h"

/*
 * The latest commands, in memory and in a file that outlives the
 * process: no order is sent twice, and each command gets one final result. The
 * file is NDJSON: `command`, `sent`, `result` and `delivered` records of a
 * command, and `past` records of DTUs after the file was rewritten.
 */

#define HM_CONTROL_ENTRIES 1024
#define HM_CONTROL_ERROR_MAX ((size_t)24)
#define HM_CONTROL_TEXT_MAX ((size_t)200)

enum hm_control_stage {
	HM_CONTROL_FREE,    /* no entry */
	HM_CONTROL_WAITING, /* nothing was sent */
	HM_CONTROL_SENT,    /* the order may have been sent */
	HM_CONTROL_ENDED,   /* there is a final result */
};

struct hm_control_entry {
	struct hm_command command;
	enum hm_control_stage stage;
	bool delivered; /* the result was written to stdout */
	int64_t result_time; /* s since 1970 */
	struct hm_result result; /* its texts are in `error` and `text` */
	char error[HM_CONTROL_ERROR_MAX];
	char text[HM_CONTROL_TEXT_MAX];
};

struct hm_control_journal;

/*
 * Open the file, or create it, and read it. NULL with errno if the system
 * refuses; EWOULDBLOCK: another process has it. Commands that are older
 * than `keep_s`, or ended longer ago, may be forgotten for new ones. Freed by
 * hm_control_journal_close.
 */
struct hm_control_journal *hm_control_journal_open(const char *path,
    int64_t keep_s);
void hm_control_journal_close(struct hm_control_journal *j);

/* The entry of an id, or NULL. Entries never move. */
struct hm_control_entry *hm_control_journal_find(struct hm_control_journal *j,
    const char *id);

/* The next entry after `entry`, or the first; NULL at the end. */
struct hm_control_entry *hm_control_journal_next(struct hm_control_journal *j,
    struct hm_control_entry *entry);

/* What was sent to a DTU; NULL if there is no memory. */
struct hm_control_past *hm_control_journal_past(struct hm_control_journal *j,
    const char *dtu);

/*
 * Add a command that has an id and a time: it waits. NULL if there are too many
 * young ones, with errno ENOBUFS, or if it cannot be written.
 */
struct hm_control_entry *hm_control_journal_add(struct hm_control_journal *j,
    const struct hm_command *command, int64_t now);

/*
 * The order is about to be sent: written, and on the disk when this returns
 * true. The past of its DTU is updated.
 */
bool hm_control_journal_sent(struct hm_control_journal *j,
    struct hm_control_entry *entry, int64_t now);

/*
 * The final result. On the disk if the order was sent. The entry has it even if
 * it cannot be written, which false says.
 */
bool hm_control_journal_end(struct hm_control_journal *j,
    struct hm_control_entry *entry, const struct hm_result *result,
    int64_t now);

/* The result has been written to stdout. */
bool hm_control_journal_delivered(struct hm_control_journal *j,
    struct hm_control_entry *entry, int64_t now);

#endif
