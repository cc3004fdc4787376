#include "print_record.h"

#include <stdio.h>

#include "base/exits.h"
#include "base/log.h"

int
hm_print_record(struct hm_json *e)
{
	struct hm_slice line;

	hm_json_object_end(e);
	if (!hm_json_done(e, &line))
		return HM_EXIT_SOFTWARE;
	if (printf("%.*s\n", (int)line.n, line.p) < 0 || fflush(stdout) != 0) {
		hm_log_errno(HM_ERROR, "cannot write to stdout");
		return HM_EXIT_IO;
	}
	return HM_EXIT_OK;
}
