/*
 * polls COUNT: write the frame records of COUNT polls of one simulated DTU with
 * three inverters of four inputs, a minute apart, from 2026-06-15 on.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/exits.h"
#include "real.pb-c.h"
#include "sim_clock.h"
#include "sim_dtu.h"
#include "sim_frame.h"
#include "wire/hmframe.h"

#define START 1781481600 /* 2026-06-15T00:00:00Z */
#define REFRESH_MS INT64_C(60000) /* the time between two polls */

static const struct hm_sim_plant plant = {
    .seed = 1, .inverters = 3, .ports = 4, .phases = 1};

static size_t
answer(struct hm_sim_dtu *dtu, const struct hm_sim_time *now, uint8_t *reply)
{
	Hm__RealRequest message = HM__REAL_REQUEST__INIT;
	uint8_t payload[256];
	struct hm_frame request = {.command = HM_TO_DTU | HM_CMD_REAL,
	    .payload = payload};
	bool understood;

	message.time = (int32_t)now->wall;
	request.size = hm__real_request__pack(&message, payload);
	return hm_sim_hm_answer(dtu, &request, now, 0, reply, &understood);
}

static void
write_poll(struct hm_sim_dtu *dtu, const struct hm_sim_time *now)
{
	uint8_t reply[HM_SIM_REPLY_MAX];

	write_frame("roof", now->wall, reply, answer(dtu, now, reply));
}

int
main(int argc, char **argv)
{
	struct hm_arena arena;
	struct hm_sim_dtu dtu = {.plant = &plant, .arena = &arena,
	    .page_size = HM_SIM_PAGE_MAX,
	    .serial = hm_sim_plant_dtu_serial(&plant, 0,
	        HM_SIM_PLANT_DTU_PLAIN)};
	struct hm_sim_clock clock;
	int64_t count = argc == 2 ? strtoll(argv[1], NULL, 10) : 0;

	if (count <= 0) {
		fputs("usage: polls COUNT\n", stderr);
		return HM_EXIT_USAGE;
	}
	if (!hm_arena_init(&arena, HM_SIM_ARENA))
		return HM_EXIT_OS;
	hm_sim_clock_start(&clock, 0, 0, 1, REFRESH_MS, 0, START);
	for (int64_t i = 0; i < count; i++)
		write_poll(&dtu, hm_sim_clock_read(&clock, i * REFRESH_MS,
		    START + i * REFRESH_MS / 1000));
	hm_arena_free(&arena);
	return fclose(stdout) == 0 ? HM_EXIT_OK : HM_EXIT_IO;
}
