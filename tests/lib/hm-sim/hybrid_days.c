/*
 * hybrid_days DAYS SEED LEDGER: write the frame records of gateways with one
 * hybrid inverter through so many days from 2020-01-01 on, a poll every 15
 * minutes. Every few days it is another house with another working mode; its
 * phases, battery, sun and load are random. To the file LEDGER goes a line for
 * the last poll of each day: the day, the serial number, and the energies of
 * the day in 0.1 Ws, in the order of `columns`. The last day of each house has
 * no line: it is there to confirm the counters of the day before.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/exits.h"
#include "hybrid.pb-c.h"
#include "sim_clock.h"
#include "sim_dtu.h"
#include "sim_frame.h"
#include "sim_random.h"
#include "wire/hmframe.h"

#define START 1577836800 /* 2020-01-01T00:00:00Z */
#define PERIOD 900       /* s */
#define DAYS_OF_A_HOUSE 4

/* The columns of the ledger. */
static const struct {
	enum hm_sim_count count;
	size_t n;
} columns[] = {
    {HM_SIM_COUNT_PV, HM_SIM_STRINGS},
    {HM_SIM_COUNT_EXTERNAL, 1},
    {HM_SIM_COUNT_GENERATOR, 1},
    {HM_SIM_COUNT_DISCHARGED, 1},
    {HM_SIM_COUNT_IMPORT, HM_SIM_PHASES_MAX},
    {HM_SIM_COUNT_LOAD, HM_SIM_PHASES_MAX},
    {HM_SIM_COUNT_CHARGED, 1},
    {HM_SIM_COUNT_EXPORT, HM_SIM_PHASES_MAX},
    {HM_SIM_COUNT_LOSSES, 1},
};

static int64_t
dice(uint64_t seed, int64_t house, int64_t what, int64_t range)
{
	return hm_sim_random(seed, HM_DRAW_HOUSE, (uint64_t)house, what,
	    range);
}

static void
make_house(uint64_t seed, int64_t number, struct hm_sim_house *house)
{
	static const size_t strings[] = {1, 2, 4};
	enum hm_working_mode mode = (enum hm_working_mode)(number /
	    DAYS_OF_A_HOUSE % HM_MODES);

	*house = (struct hm_sim_house){
	    .seed = seed + (uint64_t)number,
	    .inverters = 1,
	    .strings = strings[dice(seed, number, 1, 3)],
	    .phases = dice(seed, number, 2, 2) == 0 ? 1 : 3,
	    .capacity = 2500 * dice(seed, number, 3, 9),
	    .charge = dice(seed, number, 4, 101),
	    .generator = mode == HM_MODE_OFF_GRID || dice(seed, number, 5,
		2) == 0,
	    .extras = dice(seed, number, 6, 2) == 0,
	    .mode = mode,
	};
}

static size_t
ask(struct hm_sim_dtu *dtu, const struct hm_sim_time *now, uint8_t *reply)
{
	Hm__HybridRequest message = HM__HYBRID_REQUEST__INIT;
	uint8_t payload[256];
	struct hm_frame request = {.command = HM_GATEWAY_READINGS + 0x100,
	    .payload = payload, .number = 1};

	message.serial = hm_sim_gateway_inverter_serial(dtu->gateway, 0);
	request.size = hm__hybrid_request__pack(&message, payload);
	return hm_sim_es_answer(dtu, &request, now, 0, reply);
}

static void
write_poll(struct hm_sim_dtu *dtu, const struct hm_sim_time *now)
{
	uint8_t reply[HM_SIM_REPLY_MAX];
	char name[32];

	snprintf(name, sizeof name, "house-%012" PRIx64,
	    (uint64_t)dtu->serial);
	write_frame(name, now->wall, reply, ask(dtu, now, reply));
}

static void
write_ledger(FILE *ledger, const struct hm_sim_dtu *dtu,
    const struct hm_sim_time *now)
{
	const struct hm_sim_hybrid *h = hm_sim_gateway_inverter(dtu->gateway,
	    0);
	char time[HM_RFC3339_SIZE];

	fprintf(ledger, "%.10s\t%012" PRIx64,
	    hm_rfc3339_format(now->wall, time).p,
	    (uint64_t)hm_sim_gateway_inverter_serial(dtu->gateway, 0));
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
		fprintf(ledger, "\t%" PRId64, hm_sim_hybrid_sum(h->today,
		    columns[i].count, columns[i].n));
	fputc('\n', ledger);
}

static void
live(struct hm_sim_dtu *dtu, int64_t first, int64_t days, FILE *ledger)
{
	for (int64_t s = 0; s < (days + 1) * HM_SIM_DAY; s += PERIOD) {
		struct hm_sim_time now = {.wall = START + first * HM_SIM_DAY +
		    s, .simulated = HM_SIM_DAY + s, .ms = 1000 * s};

		write_poll(dtu, &now);
		if ((s + PERIOD) % HM_SIM_DAY == 0 && s < days * HM_SIM_DAY)
			write_ledger(ledger, dtu, &now);
	}
}

static bool
run(int64_t days, uint64_t seed, FILE *ledger)
{
	struct hm_sim_house house;
	struct hm_arena arena;
	struct hm_sim_dtu dtu = {.arena = &arena};

	if (!hm_arena_init(&arena, HM_SIM_ARENA))
		return false;
	for (int64_t day = 0; day < days; day += DAYS_OF_A_HOUSE) {
		int64_t left = days - day;

		make_house(seed, day, &house);
		dtu.gateway = hm_sim_gateway_new(&house, 0, 1);
		if (dtu.gateway == NULL)
			return false;
		dtu.serial = hm_sim_gateway_serial(dtu.gateway);
		live(&dtu, day + day / DAYS_OF_A_HOUSE,
		    left < DAYS_OF_A_HOUSE ? left : DAYS_OF_A_HOUSE, ledger);
		hm_sim_gateway_free(dtu.gateway);
	}
	hm_arena_free(&arena);
	return true;
}

int
main(int argc, char **argv)
{
	int64_t days = argc == 4 ? strtoll(argv[1], NULL, 10) : 0;
	FILE *ledger;

	if (days <= 0) {
		fputs("usage: hybrid_days DAYS SEED LEDGER\n", stderr);
		return HM_EXIT_USAGE;
	}
	ledger = fopen(argv[3], "w");
	if (ledger == NULL)
		return HM_EXIT_IO;
	if (!run(days, strtoull(argv[2], NULL, 10), ledger))
		return HM_EXIT_OS;
	return fclose(ledger) == 0 && fclose(stdout) == 0 ? HM_EXIT_OK :
	    HM_EXIT_IO;
}
