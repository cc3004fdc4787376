/*
 * A payload from the broker becomes one line: a command record that is read
 * back as the same command, or its result.
 */

#include <stdlib.h>
#include <string.h>

#include "command_message.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_record(struct hm_record *record, struct hm_slice line, const char *type)
{
	struct hm_slice found;
	struct hm_fault fault;

	return line.n <= HM_LINE_MAX && memchr(line.p, '\n', line.n) == NULL &&
	    memchr(line.p, '\r', line.n) == NULL &&
	    memchr(line.p, '\0', line.n) == NULL &&
	    hm_record_parse(record, line, &fault) &&
	    hm_record_type(line, &found) && hm_slice_is(found, type);
}

static void
check_command(const struct hm_command_message *m)
{
	static struct hm_record record;
	const struct hm_command *c = &m->command;
	struct hm_command again;
	char wrong[HM_COMMAND_WRONG];

	FOUND(!is_record(&record, m->line, "command"));
	FOUND(hm_command_read(&again, &record, wrong) != NULL);
	FOUND(again.time != c->time || again.time == HM_COMMAND_NO_TIME);
	FOUND(again.id[0] == '\0' || strcmp(again.id, c->id) != 0);
	FOUND(strcmp(again.dtu, c->dtu) != 0);
	FOUND(strcmp(again.serial, c->serial) != 0);
	FOUND(strcmp(again.from, "a/command") != 0);
	FOUND(again.action != c->action || again.unit != c->unit ||
	    again.amount != c->amount);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hm_command_message m;
	static struct hm_record record;
	static char name[] = "roof", copy[4 * HM_COMMAND_PAYLOAD_MAX];
	struct hm_dtu dtu = {.name = name};
	const struct hm_dtus dtus = {&dtu, 1};
	const struct hm_command_origin origin = {
	    .topic = hm_text("a/command"),
	    .shared = size % 2 == 0,
	    .dtus = &dtus,
	    .time = 1795947300,
	    .id = "new",
	};
	struct hm_slice line;

	hm_command_message_read(&m, hm_slice((const char *)data, size),
	    &origin);
	if (m.kind == HM_COMMAND_FOREIGN) {
		FOUND(!origin.shared || strcmp(m.command.dtu, name) == 0);
		return 0;
	}
	if (m.kind == HM_COMMAND_BAD) {
		FOUND(m.reason[0] == '\0');
		FOUND(!is_record(&record, m.line, "result"));
		return 0;
	}
	check_command(&m);
	memcpy(copy, m.line.p, m.line.n);
	line = hm_slice(copy, m.line.n);
	FOUND(!hm_command_message_expire(&m, line, 60, origin.time + 60));
	FOUND(!is_record(&record, m.line, "result"));
	return 0;
}
