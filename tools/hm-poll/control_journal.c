#include "control_journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "control_journal_private.h"
#include "record/command.h"
#include "record/record.h"
#include "record/told.h"

#define LATEST INT64_C(253402300799) /* the last second of year 9999 */

struct hm_control_journal *
hm_control_journal_open(const char *path, int64_t keep_s)
{
	struct hm_control_journal *j = calloc(1, sizeof *j);
	int error;

	if (j == NULL)
		return NULL;
	j->fd = -1;
	j->keep_s = keep_s;
	SLIST_INIT(&j->dtus);
	j->path = strdup(path);
	if (j->path != NULL && hm_control_journal_open_file(j))
		return j;
	error = errno;
	hm_control_journal_close(j);
	errno = error;
	return NULL;
}

void
hm_control_journal_close(struct hm_control_journal *j)
{
	struct hm_control_dtu *dtu;

	if (j == NULL)
		return;
	while ((dtu = SLIST_FIRST(&j->dtus)) != NULL) {
		SLIST_REMOVE_HEAD(&j->dtus, next);
		free(dtu);
	}
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j);
}

/* Entries */

struct hm_control_entry *
hm_control_journal_next(struct hm_control_journal *j,
    struct hm_control_entry *entry)
{
	size_t i = entry == NULL ? 0 : (size_t)(entry - j->entry) + 1;

	for (; i < HM_CONTROL_ENTRIES; i++)
		if (j->entry[i].stage != HM_CONTROL_FREE)
			return &j->entry[i];
	return NULL;
}

struct hm_control_entry *
hm_control_journal_find(struct hm_control_journal *j, const char *id)
{
	struct hm_control_entry *entry = NULL;

	while ((entry = hm_control_journal_next(j, entry)) != NULL)
		if (strcmp(entry->command.id, id) == 0)
			return entry;
	return NULL;
}

struct hm_control_past *
hm_control_journal_past(struct hm_control_journal *j, const char *name)
{
	struct hm_control_dtu *dtu;

	SLIST_FOREACH(dtu, &j->dtus, next)
		if (strcmp(dtu->name, name) == 0)
			return &dtu->past;
	dtu = calloc(1, sizeof *dtu);
	if (dtu == NULL)
		return NULL;
	hm_control_past_init(&dtu->past);
	snprintf(dtu->name, sizeof dtu->name, "%s", name);
	SLIST_INSERT_HEAD(&j->dtus, dtu, next);
	return &dtu->past;
}

static bool
is_evictable(const struct hm_control_journal *j,
    const struct hm_control_entry *entry, int64_t now)
{
	/* A command may claim to be of next year; its result does not. */
	return entry->stage == HM_CONTROL_FREE ||
	    (entry->stage == HM_CONTROL_ENDED && entry->delivered &&
	    (now - entry->command.time > j->keep_s ||
	    now - entry->result_time > j->keep_s ||
	    now < entry->result_time));
}

/* A free entry, or the oldest that may go; NULL if all are young. */
static struct hm_control_entry *
make_room(struct hm_control_journal *j, int64_t now)
{
	struct hm_control_entry *oldest = NULL;

	for (size_t i = 0; i < HM_CONTROL_ENTRIES; i++) {
		struct hm_control_entry *entry = &j->entry[i];

		if (entry->stage == HM_CONTROL_FREE)
			return entry;
		if (is_evictable(j, entry, now) && (oldest == NULL ||
		    entry->result_time < oldest->result_time))
			oldest = entry;
	}
	return oldest;
}

static void
set_result(struct hm_control_entry *entry, const struct hm_result *result,
    int64_t time)
{
	snprintf(entry->error, sizeof entry->error, "%s",
	    result->error != NULL ? result->error : "");
	snprintf(entry->text, sizeof entry->text, "%s",
	    result->text != NULL ? result->text : "");
	entry->result = *result;
	entry->result.error = entry->error;
	entry->result.text = entry->text;
	entry->result_time = time;
	entry->stage = HM_CONTROL_ENDED;
	entry->delivered = false;
}

static void
note_end(struct hm_control_journal *j, const struct hm_control_entry *entry)
{
	struct hm_control_past *past = hm_control_journal_past(j,
	    entry->command.dtu);

	if (past != NULL)
		hm_control_note_end(past, &entry->command, &entry->result,
		    entry->result_time);
}

/* Changes */

static void
write_mark(struct hm_json *e, const char *type, int64_t time, const char *id)
{
	char buf[HM_RFC3339_SIZE];

	hm_json_record(e, type, hm_rfc3339_format(time, buf));
	hm_json_text(e, "id", id);
	hm_json_object_end(e);
}

struct hm_control_entry *
hm_control_journal_add(struct hm_control_journal *j,
    const struct hm_command *command, int64_t now)
{
	struct hm_control_entry *entry = make_room(j, now);
	char buf[HM_CONTROL_LINE];
	struct hm_json e;

	if (entry == NULL) {
		errno = ENOBUFS;
		return NULL;
	}
	hm_json_start(&e, buf, sizeof buf);
	hm_json_command(&e, command);
	/* First the entry: a file that is rewritten has all entries. */
	*entry = (struct hm_control_entry){.command = *command,
	    .stage = HM_CONTROL_WAITING};
	if (hm_control_journal_append(j, &e, false))
		return entry;
	entry->stage = HM_CONTROL_FREE;
	return NULL;
}

bool
hm_control_journal_sent(struct hm_control_journal *j,
    struct hm_control_entry *entry, int64_t now)
{
	struct hm_control_past *past = hm_control_journal_past(j,
	    entry->command.dtu);
	struct hm_control_past before;
	char buf[HM_CONTROL_LINE];
	struct hm_json e;

	if (past == NULL)
		return false;
	before = *past;
	hm_control_sent(past, &entry->command, now);
	entry->stage = HM_CONTROL_SENT;
	hm_json_start(&e, buf, sizeof buf);
	write_mark(&e, "sent", now, entry->command.id);
	if (hm_control_journal_append(j, &e, true))
		return true;
	*past = before;
	entry->stage = HM_CONTROL_WAITING;
	return false;
}

bool
hm_control_journal_end(struct hm_control_journal *j,
    struct hm_control_entry *entry, const struct hm_result *result,
    int64_t now)
{
	bool sent = entry->stage == HM_CONTROL_SENT;
	char buf[HM_CONTROL_LINE];
	struct hm_json e;

	set_result(entry, result, now);
	if (sent)
		note_end(j, entry);
	hm_json_start(&e, buf, sizeof buf);
	hm_json_result(&e, now, &entry->command, &entry->result);
	return hm_control_journal_append(j, &e, sent);
}

bool
hm_control_journal_delivered(struct hm_control_journal *j,
    struct hm_control_entry *entry, int64_t now)
{
	char buf[HM_CONTROL_LINE];
	struct hm_json e;

	entry->delivered = true;
	hm_json_start(&e, buf, sizeof buf);
	write_mark(&e, "delivered", now, entry->command.id);
	return hm_control_journal_append(j, &e, false);
}

/* The records of the file */

static const char *const kept_keys[HM_CONTROL_KEPTS] = {
    [HM_CONTROL_KEPT_LIMIT] = "kept_at",
    [HM_CONTROL_KEPT_MODE] = "mode_at",
    [HM_CONTROL_KEPT_SOC] = "soc_at",
    [HM_CONTROL_KEPT_EXPORT] = "export_at",
};

static int64_t
time_of(const struct hm_record *record, const char *key)
{
	struct hm_slice text;
	int64_t time;

	return hm_record_string(record, key, &text) &&
	    hm_rfc3339_parse(text, &time) ? time : HM_CONTROL_NEVER;
}

static void
take_command(struct hm_control_journal *j, const struct hm_record *record)
{
	struct hm_control_entry *entry;
	struct hm_command command;
	char wrong[HM_COMMAND_WRONG];

	/* What was wrong with it is in its result. */
	(void)hm_command_read(&command, record, wrong);
	if (command.id[0] == '\0' || command.time == HM_COMMAND_NO_TIME)
		return;
	entry = hm_control_journal_find(j, command.id);
	if (entry == NULL)
		entry = make_room(j, LATEST);
	if (entry != NULL)
		*entry = (struct hm_control_entry){.command = command,
		    .stage = HM_CONTROL_WAITING};
}

static void
take_result(struct hm_control_journal *j, struct hm_control_entry *entry,
    const struct hm_record *record)
{
	bool sent = entry->stage == HM_CONTROL_SENT;
	char error[HM_CONTROL_ERROR_MAX], text[HM_CONTROL_TEXT_MAX];
	enum hm_kind on = hm_record_get(record, "on")->kind;
	int64_t time = time_of(record, "time");
	struct hm_result result;
	struct hm_slice state;

	hm_record_text(record, "error", error, sizeof error);
	hm_record_text(record, "text", text, sizeof text);
	result = hm_result(HM_RESULT_UNKNOWN, error, text);
	if (time == HM_CONTROL_NEVER ||
	    !hm_record_string(record, "state", &state) ||
	    !hm_result_state_parse(state, &result.state))
		return;
	result.percent = hm_result_tenths(record, "percent");
	result.watts = hm_result_tenths(record, "watts");
	result.on = on == HM_TRUE ? 1 : on == HM_FALSE ? 0 : -1;
	/* What cannot be read is not known. */
	(void)hm_told_read(&result.told, record);
	set_result(entry, &result, time);
	if (sent)
		note_end(j, entry);
}

static void
take_sent(struct hm_control_journal *j, struct hm_control_entry *entry,
    const struct hm_record *record)
{
	struct hm_control_past *past = hm_control_journal_past(j,
	    entry->command.dtu);
	int64_t time = time_of(record, "time");

	if (past == NULL || time == HM_CONTROL_NEVER)
		return;
	entry->stage = HM_CONTROL_SENT;
	hm_control_sent(past, &entry->command, time);
}

static void
take_past(struct hm_control_journal *j, const struct hm_record *record)
{
	char name[HM_DTU_NAME_MAX + 1];
	struct hm_control_past *past;

	if (!hm_record_text(record, "dtu", name, sizeof name))
		return;
	past = hm_control_journal_past(j, name);
	if (past == NULL || !hm_record_int(record, "day", &past->day) ||
	    !hm_record_int(record, "kept_today", &past->kept_today))
		return;
	for (int i = 0; i < HM_CONTROL_KEPTS; i++)
		past->kept_at[i] = time_of(record, kept_keys[i]);
	past->temporary_at = time_of(record, "temporary_at");
}

void
hm_control_journal_take(struct hm_control_journal *j,
    const struct hm_record *record)
{
	struct hm_control_entry *entry = NULL;
	char id[HM_COMMAND_ID_MAX + 1];
	struct hm_slice type;

	if (!hm_record_string(record, "type", &type))
		return;
	if (hm_record_text(record, "id", id, sizeof id))
		entry = hm_control_journal_find(j, id);
	if (hm_slice_is(type, "command"))
		take_command(j, record);
	else if (hm_slice_is(type, "past"))
		take_past(j, record);
	else if (entry == NULL)
		return;
	else if (hm_slice_is(type, "sent"))
		take_sent(j, entry, record);
	else if (hm_slice_is(type, "result"))
		take_result(j, entry, record);
	else if (hm_slice_is(type, "delivered"))
		entry->delivered = true;
}

static void
put_time(struct hm_json *e, const char *key, int64_t time)
{
	char buf[HM_RFC3339_SIZE];

	if (time != HM_CONTROL_NEVER)
		hm_json_string(e, key, hm_rfc3339_format(time, buf));
}

static void
write_past(struct hm_json *e, const struct hm_control_dtu *dtu)
{
	hm_json_object(e, NULL);
	hm_json_text(e, "type", "past");
	hm_json_text(e, "dtu", dtu->name);
	hm_json_int(e, "day", dtu->past.day);
	hm_json_int(e, "kept_today", dtu->past.kept_today);
	for (int i = 0; i < HM_CONTROL_KEPTS; i++)
		put_time(e, kept_keys[i], dtu->past.kept_at[i]);
	put_time(e, "temporary_at", dtu->past.temporary_at);
	hm_json_object_end(e);
}

/* Four lines of an entry. `sent` is counted in `past`, which comes later. */
static void
write_entry(struct hm_json *e, const struct hm_control_entry *entry,
    size_t line, bool *empty)
{
	const struct hm_command *command = &entry->command;

	*empty = entry->stage == HM_CONTROL_FREE ||
	    (line == 1 && entry->stage != HM_CONTROL_SENT) ||
	    (line == 2 && entry->stage != HM_CONTROL_ENDED) ||
	    (line == 3 && !entry->delivered);
	if (*empty)
		return;
	if (line == 0)
		hm_json_command(e, command);
	else if (line == 1)
		write_mark(e, "sent", command->time, command->id);
	else if (line == 2)
		hm_json_result(e, entry->result_time, command, &entry->result);
	else
		write_mark(e, "delivered", entry->result_time, command->id);
}

bool
hm_control_journal_write(struct hm_control_journal *j, size_t step,
    struct hm_json *e, bool *empty)
{
	const struct hm_control_dtu *dtu;
	size_t entries = 4 * (size_t)HM_CONTROL_ENTRIES;

	if (step < entries) {
		write_entry(e, &j->entry[step / 4], step % 4, empty);
		return true;
	}
	*empty = false;
	dtu = SLIST_FIRST(&j->dtus);
	for (size_t i = entries; dtu != NULL && i < step; i++)
		dtu = SLIST_NEXT(dtu, next);
	if (dtu == NULL)
		return false;
	write_past(e, dtu);
	return true;
}
