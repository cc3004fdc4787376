#ifndef HM_COMMAND_MESSAGE_H
#define HM_COMMAND_MESSAGE_H

#include <stdint.h>

#include "config/dtu_list.h"
#include "record/command.h"
#include "record/record.h"

/* The payload of a message at a topic of commands, as a record. No I/O. */

#define HM_COMMAND_PAYLOAD_MAX ((size_t)4096) /* bytes */
#define HM_COMMAND_REASON_MAX ((size_t)240)

/* What is in a message, beside its payload. */
struct hm_command_origin {
	struct hm_slice topic;
	bool shared;    /* the topic of all chains */
	const struct hm_dtus *dtus; /* of this chain; none: they are unknown */
	int64_t time;   /* s since 1970, for a command without a time */
	const char *id; /* for a command without one */
};

enum hm_command_kind {
	HM_COMMAND_GOOD,    /* the line is a command record */
	HM_COMMAND_BAD,     /* the line is its result: refused, and why */
	HM_COMMAND_FOREIGN, /* another chain has its DTU; there is no line */
};

struct hm_command_message {
	enum hm_command_kind kind;
	struct hm_slice line; /* valid until the next call */
	struct hm_command command;
	char reason[HM_COMMAND_REASON_MAX]; /* why it was refused */

	/* For command_message.c alone. */
	struct hm_record record;
	char payload[HM_COMMAND_PAYLOAD_MAX];
	char text[4 * HM_COMMAND_PAYLOAD_MAX];
};

/*
 * Read a payload: the members of a command record, with or without its type.
 * `from` becomes the topic. Line feeds in it cannot end the line.
 */
void hm_command_message_read(struct hm_command_message *m,
    struct hm_slice payload, const struct hm_command_origin *origin);

/*
 * The line, a command record or a result, has waited for `seconds`, and is too
 * old. False if it is a result: then it must not be dropped. Otherwise m->line
 * is the result of the command: refused.
 */
bool hm_command_message_expire(struct hm_command_message *m,
    struct hm_slice line, int64_t seconds, int64_t time);

#endif
