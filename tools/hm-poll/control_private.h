#ifndef HM_CONTROL_PRIVATE_H
#define HM_CONTROL_PRIVATE_H

#include "control.h"
#include "control_journal.h"

/*
 * Shared by control.c, which takes commands, control_queue.c, which sends them
 * to the DTUs, control_results.c, which writes what becomes of them, and
 * control_settings.c.
 */

/* Why a command is "interrupted". */
#define HM_CONTROL_UNSENT "hm-poll ended before the order was sent"
#define HM_CONTROL_NO_RESULT "hm-poll ended before the result was known"

#define HM_CONTROL_WAITING_MAX 8 /* commands of a DTU that wait */

/* Of one DTU. */
struct hm_control_queue {
	struct hm_control *control;
	const struct hm_dtu *dtu;
	struct hm_control_entry *waiting[HM_CONTROL_WAITING_MAX];
	size_t waits;
	struct hm_control_entry *current;
	struct hm_order order; /* of `current` */
	/* Why the current order must not be sent, once that is known. */
	struct hm_control_verdict veto;
	ev_timer look; /* while a command waits or a limit may come back */
};

struct hm_control {
	struct hm_control_options options;
	struct hm_control_limits limits;
	enum hm_command_unit restore_unit;
	int64_t restore_amount;
	struct hm_control_journal *journal; /* NULL: it cannot be used */
	char journal_error[120];
	struct hm_control_queue *queue;
	size_t count;
	ev_timer deadline; /* after the end of the input */
	ev_prepare before_wait;
	bool input_ended, reported_end;
	bool stopping; /* no further order begins */
	bool undelivered; /* a final result is not yet written to stdout */
	size_t lines, commands; /* of the input */
	/* Final results; a line that cannot be read counts as refused. */
	size_t ended[HM_RESULT_STATES], unreachable;
	unsigned ids; /* made so far */
	char line[HM_LINE_MAX];
};

/* control_settings.c */

/* control_restore, "off" or SECONDS:PERCENT or SECONDS:WATTS "W". */
bool hm_control_read_restore(const char *text, int64_t *seconds,
    enum hm_command_unit *unit, int64_t *amount);

/* How long an order may be on its way to a DTU, rounded up. */
int64_t hm_control_way_s(const struct hm_config *config);

/*
 * The path of the journal, whose directories are made; to be freed. NULL with
 * errno if there is none.
 */
char *hm_control_journal_path(const struct hm_config *config);

/* control.c */

/*
 * Take a command, and pass it on with the other members of its record, which
 * may be NULL. `wrong` is what hm_command_read has found.
 */
void hm_control_take(struct hm_control *control, struct hm_command *command,
    const char *wrong, const struct hm_record *record);

/* control_results.c */

/* The final result of a command. */
void hm_control_end(struct hm_control *control,
    struct hm_control_entry *entry, const struct hm_result *result);

/* The same of a command that is not in the journal. */
void hm_control_refuse(struct hm_control *control,
    const struct hm_command *command, const char *error, const char *text);

/* A result that is not final. */
void hm_control_note(struct hm_control *control,
    const struct hm_control_entry *entry, enum hm_result_state state);

/*
 * A command that has come before, as a predecessor of this process may have
 * left it in the pipe: it gets the result that it had, once more.
 */
void hm_control_repeat(struct hm_control *control,
    struct hm_control_entry *entry);

void hm_control_emit(struct hm_control *control, const struct hm_json *e);

/* control_queue.c */

void hm_control_queue_init(struct hm_control_queue *queue,
    struct hm_control *control, const struct hm_dtu *dtu);
void hm_control_queue_stop(struct hm_control_queue *queue);

/* Add a command: it waits, or is refused. */
void hm_control_queue_add(struct hm_control_queue *queue,
    struct hm_control_entry *entry);

/* Begin the next order, if there is one and its DTU is free. */
void hm_control_queue_next(struct hm_control_queue *queue);

/*
 * Refuse all commands whose orders were not sent, and end the others as
 * unknown, because of `error`.
 */
void hm_control_queue_finish(struct hm_control_queue *queue,
    const char *error, const char *unsent, const char *sent);

#endif
