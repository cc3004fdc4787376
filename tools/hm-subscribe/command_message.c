#include "command_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/utf8.h"

static void
copy_topic(char *out, size_t cap, struct hm_slice topic)
{
	size_t n = hm_utf8_fit(topic, cap - 1);

	memcpy(out, topic.p, n);
	out[n] = '\0';
}

static void
complete(struct hm_command *command, const struct hm_command_origin *origin)
{
	if (command->time == HM_COMMAND_NO_TIME)
		command->time = origin->time;
	if (command->id[0] == '\0')
		snprintf(command->id, sizeof command->id, "%s", origin->id);
	copy_topic(command->from, sizeof command->from, origin->topic);
}

static bool
parse(struct hm_command_message *m, struct hm_slice payload)
{
	struct hm_fault fault;

	if (payload.n > sizeof m->payload) {
		snprintf(m->reason, sizeof m->reason, "its payload has %zu "
		    "bytes, allowed are %zu", payload.n, sizeof m->payload);
		return false;
	}
	memcpy(m->payload, payload.p, payload.n);
	if (hm_record_parse(&m->record, hm_slice(m->payload, payload.n),
	    &fault))
		return true;
	snprintf(m->reason, sizeof m->reason, "its payload cannot be read: "
	    "%s at byte %zu", fault.what, fault.at + 1);
	return false;
}

/* JSON has them between values only. */
static void
join_lines(struct hm_command_message *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (m->payload[i] == '\n' || m->payload[i] == '\r')
			m->payload[i] = ' ';
}

static const char *
read_members(struct hm_command_message *m, char text[HM_COMMAND_WRONG])
{
	const struct hm_value *type = hm_record_get(&m->record, "type");
	const char *wrong = hm_command_read(&m->command, &m->record, text);

	if (type->kind != HM_ABSENT && (type->kind != HM_STRING ||
	    !hm_slice_is(type->text, "command")))
		return "its type is not command";
	return wrong;
}

static bool
is_foreign(const struct hm_command *command,
    const struct hm_command_origin *origin)
{
	const struct hm_dtus *dtus = origin->dtus;

	if (!origin->shared || dtus->count == 0 || command->dtu[0] == '\0')
		return false;
	for (size_t i = 0; i < dtus->count; i++)
		if (strcmp(dtus->dtu[i].name, command->dtu) == 0)
			return false;
	return true;
}

static bool
write_command(struct hm_command_message *m)
{
	struct hm_json e;

	hm_json_start(&e, m->text, sizeof m->text);
	hm_json_command_open(&e, &m->command);
	hm_json_command_others(&e, &m->command, &m->record);
	hm_json_object_end(&e);
	return hm_json_done(&e, &m->line);
}

/* The result is much smaller than the text that holds it. */
static void
refuse(struct hm_command_message *m, const char *error, int64_t time)
{
	const struct hm_result result = hm_result(HM_RESULT_REFUSED, error,
	    m->reason);
	struct hm_json e;

	m->kind = HM_COMMAND_BAD;
	hm_json_start(&e, m->text, sizeof m->text);
	hm_json_result(&e, time, &m->command, &result);
	if (!hm_json_done(&e, &m->line))
		m->line = hm_slice("{}", 2);
}

void
hm_command_message_read(struct hm_command_message *m, struct hm_slice payload,
    const struct hm_command_origin *origin)
{
	char text[HM_COMMAND_WRONG];
	const char *wrong = NULL;

	m->kind = HM_COMMAND_GOOD;
	m->reason[0] = '\0';
	m->command = (struct hm_command){.time = HM_COMMAND_NO_TIME};
	if (parse(m, payload)) {
		wrong = read_members(m, text);
		join_lines(m, payload.n);
	}
	complete(&m->command, origin);
	if (is_foreign(&m->command, origin)) {
		m->kind = HM_COMMAND_FOREIGN;
		return;
	}
	if (wrong != NULL)
		snprintf(m->reason, sizeof m->reason, "%s", wrong);
	if (m->reason[0] == '\0' && !write_command(m))
		snprintf(m->reason, sizeof m->reason, "its members are too "
		    "long");
	if (m->reason[0] != '\0')
		refuse(m, "invalid", origin->time);
}

bool
hm_command_message_expire(struct hm_command_message *m, struct hm_slice line,
    int64_t seconds, int64_t time)
{
	char wrong[HM_COMMAND_WRONG];
	struct hm_slice type;
	struct hm_fault fault;

	if (!hm_record_type(line, &type) || !hm_slice_is(type, "command") ||
	    !hm_record_parse(&m->record, line, &fault))
		return false;
	/* It was good when it came. */
	(void)hm_command_read(&m->command, &m->record, wrong);
	snprintf(m->reason, sizeof m->reason, "it waited %" PRId64 " s for "
	    "the reader of hm-subscribe", seconds);
	refuse(m, "too_old", time);
	return true;
}
