#include "outbox_private.h"

bool
hm_outbox_push(struct hm_outbox *o, const struct hm_message *message)
{
	struct hm_outbox_entry *entry = hm_outbox_entry_new(message->topic);

	if (entry == NULL)
		return false;
	entry->urgent = true;
	if (!hm_outbox_copy_payload(entry, message->payload)) {
		hm_outbox_entry_free(entry);
		return false;
	}
	entry->qos = (uint8_t)message->qos;
	entry->retain = message->retain;
	entry->queued = true;
	TAILQ_INSERT_TAIL(&o->urgent, entry, next);
	hm_outbox_count(o, entry, true);
	return true;
}

bool
hm_outbox_is_pushed(const struct hm_outbox *o)
{
	return hm_outbox_head(o)->urgent;
}

bool
hm_outbox_is_prepared(const struct hm_outbox *o)
{
	const struct hm_outbox_entry *entry = hm_outbox_head(o);

	return entry->urgent || entry->prepared;
}

bool
hm_outbox_prepared(struct hm_outbox *o, struct hm_slice payload)
{
	struct hm_outbox_entry *entry = TAILQ_FIRST(&o->queue);

	entry->prepared = true;
	return payload.p == entry->payload ||
	    hm_outbox_set_payload(o, entry, payload);
}

void
hm_outbox_outdate(struct hm_outbox *o, struct hm_slice topic)
{
	const struct hm_outbox_entry *head = TAILQ_FIRST(&o->queue);
	struct hm_outbox_entry *entry = hm_outbox_find(o, topic);

	if (entry == NULL || entry == head || entry->order > head->order)
		return;
	entry->outdated = true;
	if (entry->queued)
		hm_outbox_take_out(o, entry);
}

void
hm_outbox_forget(struct hm_outbox *o, struct hm_slice topic)
{
	struct hm_outbox_entry *entry = hm_outbox_find(o, topic);

	if (entry == NULL || !entry->retain ||
	    (entry->queued && !entry->again))
		return;
	if (entry->queued)
		hm_outbox_take_out(o, entry);
	if (entry->flying > 0)
		entry->deleted = true;
	else
		hm_outbox_remove(o, entry);
}

void
hm_outbox_each_waiting(const struct hm_outbox *o,
    bool (*visit)(void *context, const struct hm_message *message),
    void *context)
{
	const struct hm_outbox_entry *entry = TAILQ_FIRST(&o->queue);

	for (; entry != NULL; entry = TAILQ_NEXT(entry, next)) {
		const struct hm_message message = hm_outbox_message(entry);

		if (!visit(context, &message))
			return;
	}
}
