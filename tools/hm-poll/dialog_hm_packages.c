#include <stdio.h>
#include <string.h>

#include "dialog.h"
#include "dialog_private.h"
#include "wire/hmframe.h"

#define PACKAGES_MAX 64

static bool
is_kept(const struct hm_dialog *d, const struct hm_frame *frame)
{
	for (size_t i = 0; i < d->reply_count; i++) {
		size_t size;
		const uint8_t *p = hm_dialog_reply(d, i, &size);

		if (size == HM_FRAME_HEADER + frame->size &&
		    memcmp(p + HM_FRAME_HEADER, frame->payload, frame->size)
		    == 0)
			return true;
	}
	return false;
}

/*
 * The number of the request is proof that a package is its reply. Some DTUs
 * number every package 0: of these only the same bytes again are known to have
 * come twice.
 */
bool
hm_dialog_hm_is_other(struct hm_dialog *d, const struct hm_frame *frame,
    int32_t packages, int32_t package)
{
	if (packages <= 1 || package == d->hm.package ||
	    frame->sequence == d->hm.sequence ||
	    (package == 0 && !is_kept(d, frame)))
		return false;
	hm_dialog_drop(d, "package %d of %04x: requested was package %d",
	    package, frame->command, d->hm.package);
	return true;
}

static uint32_t
bit_of(uint8_t command)
{
	return UINT32_C(1) << (command & 31u);
}

static void
report(struct hm_dialog *d)
{
	uint32_t bit = bit_of(d->hm.command);

	if (d->options->refused == NULL || (d->hm.refused & bit) != 0)
		hm_dialog_drop(d, "%s", d->error_text);
	else
		d->options->refused(d->dtu, d->error_text);
	d->hm.refused |= bit;
}

bool
hm_dialog_hm_claims_too_many(struct hm_dialog *d, const char *what,
    int32_t packages)
{
	if (packages <= PACKAGES_MAX) {
		d->hm.refused &= ~bit_of(d->hm.command);
		return false;
	}
	hm_dialog_fail(d, HM_ERR_PROTOCOL,
	    "%s in %d packages, at most %d make sense", what, packages,
	    PACKAGES_MAX);
	if (d->hm.command != HM_CMD_REAL)
		report(d);
	return true;
}
