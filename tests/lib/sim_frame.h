#ifndef SIM_FRAME_H
#define SIM_FRAME_H

#include <stdio.h>
#include <stdlib.h>

#include "base/exits.h"
#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "record/record.h"
#include "sim_dtu.h"

/* Write a reply of a simulated DTU as the frame record of a poll. */
static inline void
write_frame(const char *dtu, int64_t time, const uint8_t *reply, size_t size)
{
	char buf[4 * HM_SIM_REPLY_MAX], text[HM_RFC3339_SIZE];
	struct hm_slice line;
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "frame", hm_rfc3339_format(time, text));
	hm_json_text(&e, "dtu", dtu);
	hm_json_text(&e, "transport", "hm");
	hm_json_int(&e, "took_ms", 40);
	hm_json_array(&e, "frames");
	hm_json_hex(&e, NULL, reply, size);
	hm_json_array_end(&e);
	hm_json_object_end(&e);
	if (size == 0 || !hm_json_done(&e, &line))
		exit(HM_EXIT_SOFTWARE);
	fwrite(line.p, 1, line.n, stdout);
	putchar('\n');
}

#endif
