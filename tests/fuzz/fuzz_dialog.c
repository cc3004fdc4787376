/*
 * What a DTU sends, in pieces, to both kinds of dialog. The first byte chooses
 * the kind, the second the size of the pieces. When a request is wanted the
 * rest goes on as its reply.
 */

#include <stdlib.h>

#include "dialog.h"

#define TURNS_MAX 300

static void
converse(struct hm_dialog *d, const uint8_t *p, size_t n, size_t piece)
{
	enum hm_turn turn = hm_dialog_begin(d, 1764000000, 1000);
	size_t size;

	for (size_t turns = 0; turns < TURNS_MAX; turns++) {
		if (turn == HM_TURN_ASK &&
		    hm_dialog_request(d, &size) == NULL)
			abort();
		if (turn == HM_TURN_DONE || turn == HM_TURN_FAIL)
			break;
		if (n == 0) {
			turn = hm_dialog_give_up(d, HM_ERR_CLOSED);
			break;
		}
		size = piece < n ? piece : n;
		turn = hm_dialog_feed(d, p, size);
		p += size;
		n -= size;
	}
	if (turn == HM_TURN_FAIL && hm_dialog_error(d) == HM_ERR_NONE)
		abort();
	if (turn == HM_TURN_DONE)
		for (size_t i = 0; i < hm_dialog_replies(d); i++)
			hm_dialog_reply(d, i, &size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hm_arena arena;
	const struct hm_dialog_options options = {
	    .ask = HM_ASK_INFO | HM_ASK_NETWORK | HM_ASK_ALARMS |
	        HM_ASK_HISTORY,
	    .ask_period = 3600,
	    .arena = &arena,
	};
	struct hm_dtu dtu = {.unit = 1};
	struct hm_dialog *dialog;

	if (size < 2 || (arena.memory == NULL &&
	    !hm_arena_init(&arena, HM_ARENA_SIZE)))
		return 0;
	dtu.transport = (data[0] & 1) != 0 ? HM_TRANSPORT_HM :
	    HM_TRANSPORT_MODBUS;
	dialog = hm_dialog_new(&dtu, &options);
	if (dialog == NULL)
		return 0;
	converse(dialog, data + 2, size - 2, (size_t)data[1] + 1);
	/* A second poll knows what the first has learnt, a key for one. */
	if ((data[0] & 2) != 0)
		converse(dialog, data + 2, size - 2, (size_t)data[1] + 1);
	hm_dialog_free(dialog);
	return 0;
}
