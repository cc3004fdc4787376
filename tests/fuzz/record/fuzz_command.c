/*
 * The reader of commands: what it accepts is within the bounds of its header,
 * and is the same when it is written and read again.
 */

#include <stdlib.h>
#include <string.h>

#include "record/command.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
read_line(struct hm_command *command, struct hm_slice line)
{
	static struct hm_record record;
	char wrong[HM_COMMAND_WRONG];
	struct hm_fault fault;

	return hm_record_parse(&record, line, &fault) &&
	    hm_command_read(command, &record, wrong) == NULL;
}

static bool
is_text(const char *text, size_t most)
{
	return memchr(text, '\0', most + 1) != NULL;
}

static bool
is_limit(const struct hm_command *c)
{
	return c->action == HM_ACTION_LIMIT ||
	    c->action == HM_ACTION_LIMIT_TEMPORARY;
}

static bool
is_same(const struct hm_command *a, const struct hm_command *b)
{
	return a->time == b->time && strcmp(a->id, b->id) == 0 &&
	    strcmp(a->dtu, b->dtu) == 0 && strcmp(a->serial, b->serial) == 0 &&
	    strcmp(a->from, b->from) == 0 && a->has_action == b->has_action &&
	    a->action == b->action && a->unit == b->unit &&
	    a->amount == b->amount && hm_told_is_same(&a->told, &b->told);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char buf[HM_LINE_MAX];
	struct hm_command c, again;
	struct hm_slice line;
	struct hm_json e;

	if (size > HM_LINE_MAX ||
	    !read_line(&c, hm_slice((const char *)data, size)))
		return 0;
	FOUND(!is_text(c.id, HM_COMMAND_ID_MAX));
	FOUND(!is_text(c.dtu, HM_DTU_NAME_MAX));
	FOUND(!is_text(c.serial, HM_COMMAND_SERIAL_MAX));
	FOUND(!is_text(c.from, HM_COMMAND_FROM_MAX));
	FOUND(c.action != HM_ACTION_SET_EXPORT_LIMIT &&
	    is_limit(&c) != (c.unit != HM_COMMAND_NONE));
	FOUND(c.action < HM_ACTION_SET_MODE && c.told.has != 0);
	hm_json_start(&e, buf, sizeof buf);
	hm_json_command(&e, &c);
	FOUND(!hm_json_done(&e, &line));
	FOUND(!read_line(&again, line));
	FOUND(!is_same(&c, &again));
	return 0;
}
