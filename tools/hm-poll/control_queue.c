#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "config/config.h"
#include "control_journal.h"
#include "control_private.h"
#include "control_rules.h"
#include "fleet.h"

#define LOOK_S 1.0 /* between two looks at commands that wait */

static void on_look(struct ev_loop *loop, ev_timer *timer, int events);

void
hm_control_queue_init(struct hm_control_queue *queue,
    struct hm_control *control, const struct hm_dtu *dtu)
{
	queue->control = control;
	queue->dtu = dtu;
	ev_timer_init(&queue->look, on_look, LOOK_S, LOOK_S);
	queue->look.data = queue;
}

void
hm_control_queue_stop(struct hm_control_queue *queue)
{
	ev_timer_stop(queue->control->options.loop, &queue->look);
}

static struct hm_control_past *
past_of(const struct hm_control_queue *queue)
{
	struct hm_control_journal *journal = queue->control->journal;

	return journal == NULL ? NULL :
	    hm_control_journal_past(journal, queue->dtu->name);
}

/* Look again soon, while anything may become due. */
static void
set_look(struct hm_control_queue *queue)
{
	const struct hm_control *control = queue->control;
	struct hm_control_past *past = past_of(queue);
	bool restores = past != NULL &&
	    hm_control_restore_at(&control->limits, past) != INT64_MAX;

	if (queue->waits == 0 && !restores)
		ev_timer_stop(control->options.loop, &queue->look);
	else if (!ev_is_active(&queue->look))
		ev_timer_again(control->options.loop, &queue->look);
}

/* Commands that wait */

static void
end_with(struct hm_control_queue *queue, struct hm_control_entry *entry,
    enum hm_result_state state, const char *error, const char *text)
{
	const struct hm_result result = hm_result(state, error, text);

	hm_control_end(queue->control, entry, &result);
}

static struct hm_control_entry *
take_out(struct hm_control_queue *queue, size_t i)
{
	struct hm_control_entry *entry = queue->waiting[i];

	queue->waits--;
	for (; i < queue->waits; i++)
		queue->waiting[i] = queue->waiting[i + 1];
	return entry;
}

static void
drop_replaced(struct hm_control_queue *queue,
    const struct hm_control_entry *newer)
{
	char text[120];

	snprintf(text, sizeof text, "a newer command has taken its place: %s",
	    newer->command.id);
	for (size_t i = 0; i < queue->waits;) {
		if (hm_control_replaces(&newer->command,
		    &queue->waiting[i]->command))
			end_with(queue, take_out(queue, i),
			    HM_RESULT_REFUSED, "replaced", text);
		else
			i++;
	}
}

void
hm_control_queue_add(struct hm_control_queue *queue,
    struct hm_control_entry *entry)
{
	drop_replaced(queue, entry);
	if (queue->waits == HM_CONTROL_WAITING_MAX) {
		end_with(queue, entry, HM_RESULT_REFUSED, "busy",
		    "too many commands wait for this DTU, allowed are 8");
		return;
	}
	queue->waiting[queue->waits++] = entry;
	hm_control_queue_next(queue);
}

/* Orders */

/* Where a DTU would take it, a gateway was found in its place. */
static const char *
why_no_order(const struct hm_dtu *dtu, enum hm_action action)
{
	const char *why = hm_control_unknown_action(dtu,
	    dtu->transport == HM_TRANSPORT_ES, action);

	return why != NULL ? why :
	    hm_control_unknown_action(dtu, true, action);
}

/* True if the order has begun, or is over: the entry no longer waits. */
static bool
begin(struct hm_control_queue *queue, size_t i)
{
	const struct hm_config *config = queue->control->options.config;
	struct hm_control_entry *entry = queue->waiting[i];

	queue->order = (struct hm_order){
	    .command = entry->command,
	    .encrypts_2305 = hm_config_flag(config,
	        HM_SET_CONTROL_ENCRYPT_2305),
	    .uses_old_map = strcmp(hm_config_text(config,
	        HM_SET_CONTROL_MAP), "old") == 0,
	    .allows_unproven = hm_config_flag(config,
	        HM_SET_CONTROL_UNPROVEN),
	};
	switch (hm_fleet_order(queue->control->options.fleet, queue->dtu,
	    &queue->order)) {
	case HM_FLEET_ORDERED:
		queue->current = take_out(queue, i);
		queue->veto.answer = HM_CONTROL_GO;
		return true;
	case HM_FLEET_BROKEN:
		end_with(queue, take_out(queue, i), HM_RESULT_FAILED,
		    "unreachable", "nothing was sent: the DTU has not "
		    "answered for several polls");
		return true;
	case HM_FLEET_NOT_SUPPORTED:
		end_with(queue, take_out(queue, i), HM_RESULT_REFUSED,
		    "not_supported", why_no_order(queue->dtu,
		    queue->order.command.action));
		return true;
	case HM_FLEET_BUSY:
		break;
	}
	return false;
}

/* The first command that may go; those that never may are refused. */
static void
look_at_waiting(struct hm_control_queue *queue)
{
	struct hm_control *control = queue->control;
	struct hm_control_past *past = past_of(queue);
	int64_t now = hm_clock_now();
	size_t i = 0;

	while (i < queue->waits && past != NULL) {
		struct hm_control_verdict v;

		hm_control_schedule(&control->limits, past,
		    &queue->waiting[i]->command, now, &v);
		if (v.answer == HM_CONTROL_REFUSE)
			end_with(queue, take_out(queue, i),
			    HM_RESULT_REFUSED, v.error, v.text);
		else if (queue->current != NULL ||
		    v.answer == HM_CONTROL_WAIT || !begin(queue, i))
			i++;
	}
}

void
hm_control_queue_next(struct hm_control_queue *queue)
{
	if (queue->control->stopping)
		return;
	look_at_waiting(queue);
	set_look(queue);
}

/* The temporary limit that comes back without a new one. */
static void
restore(struct hm_control_queue *queue)
{
	struct hm_control *control = queue->control;
	struct hm_control_past *past = past_of(queue);
	int64_t now = hm_clock_now();
	struct hm_command command = {.time = now, .has_action = true,
	    .action = HM_ACTION_LIMIT_TEMPORARY,
	    .unit = control->restore_unit, .amount = control->restore_amount,
	    .from = HM_CONTROL_RESTORE};

	if (past == NULL || queue->current != NULL || queue->waits > 0 ||
	    now < hm_control_restore_at(&control->limits, past))
		return;
	/* One that fails is tried again after the same time. */
	past->temporary_at = now;
	snprintf(command.dtu, sizeof command.dtu, "%s", queue->dtu->name);
	hm_control_take(control, &command, NULL, NULL);
}

static void
on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_control_queue *queue = timer->data;

	(void)loop;
	(void)events;
	restore(queue);
	hm_control_queue_next(queue);
}

void
hm_control_queue_finish(struct hm_control_queue *queue, const char *error,
    const char *unsent, const char *sent)
{
	const struct hm_result *known = hm_fleet_order_result(
	    queue->control->options.fleet, queue->dtu);
	struct hm_control_entry *entry = queue->current;

	while (queue->waits > 0)
		end_with(queue, take_out(queue, 0), HM_RESULT_REFUSED, error,
		    unsent);
	queue->current = NULL;
	if (entry == NULL)
		return;
	/* What was read back last says more. */
	if (known != NULL && known->state == HM_RESULT_UNKNOWN &&
	    known->error[0] != '\0' && entry->stage == HM_CONTROL_SENT)
		hm_control_end(queue->control, entry, known);
	else if (entry->stage == HM_CONTROL_SENT)
		end_with(queue, entry, HM_RESULT_UNKNOWN, error, sent);
	else
		end_with(queue, entry, HM_RESULT_REFUSED, error, unsent);
}

/* What the fleet reports of the current order */

static struct hm_control_queue *
queue_of(struct hm_control *control, const struct hm_dtu *dtu)
{
	for (size_t i = 0; i < control->count; i++)
		if (control->queue[i].dtu == dtu)
			return &control->queue[i];
	return NULL;
}

/* The rules are asked again: reading the DTU first takes a while. */
bool
hm_control_sends(struct hm_control *control, const struct hm_dtu *dtu)
{
	struct hm_control_queue *queue = queue_of(control, dtu);
	struct hm_control_past *past = past_of(queue);
	struct hm_control_verdict *veto = &queue->veto;

	if (queue->current == NULL || past == NULL)
		return false;
	hm_control_schedule(&control->limits, past, &queue->order.command,
	    hm_clock_now(), veto);
	if (veto->answer != HM_CONTROL_GO)
		return false;
	/* A disk may take long to write the journal. */
	if (hm_control_journal_sent(control->journal, queue->current,
	    hm_clock_now()))
		return hm_control_in_time(&control->limits,
		    &queue->order.command, hm_clock_now(), veto);
	veto->answer = HM_CONTROL_REFUSE;
	veto->error = "journal";
	snprintf(veto->text, sizeof veto->text, "control_journal cannot be "
	    "written, and without it an order may be sent twice");
	return false;
}

void
hm_control_state(struct hm_control *control, const struct hm_dtu *dtu,
    enum hm_result_state state)
{
	struct hm_control_queue *queue = queue_of(control, dtu);

	if (queue->current != NULL)
		hm_control_note(control, queue->current, state);
}

void
hm_control_ended(struct hm_control *control, const struct hm_dtu *dtu,
    const struct hm_result *result, bool sent)
{
	struct hm_control_queue *queue = queue_of(control, dtu);
	struct hm_control_entry *entry = queue->current;

	queue->current = NULL;
	if (entry == NULL)
		return;
	if (!sent && queue->veto.answer == HM_CONTROL_REFUSE)
		end_with(queue, entry, HM_RESULT_REFUSED, queue->veto.error,
		    queue->veto.text);
	else
		hm_control_end(control, entry, result);
	set_look(queue);
}

void
hm_control_idle(struct hm_control *control, const struct hm_dtu *dtu)
{
	hm_control_queue_next(queue_of(control, dtu));
}
