#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "alarms.pb-c.h"
#include "command.pb-c.h"
#include "config.pb-c.h"
#include "heartbeat.pb-c.h"
#include "energies.pb-c.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "network.pb-c.h"
#include "real.pb-c.h"
#include "run_suite.h"
#include "sim_dtu.h"
#include "sim_time_at.h"

#define BIT(name) HM_SIM_BIT(HM_SIM_##name)
#define NOON (86400 + 43200)
#define MIDNIGHT (2 * 86400)
#define WALL 1700000000

static const struct hm_sim_plant plant =
    {.seed = 1, .inverters = 4, .ports = 4, .phases = 1, .meter = true};
static const struct hm_sim_plant three =
    {.seed = 1, .inverters = 1, .ports = 6, .phases = 3, .meter = true};

static struct hm_arena arena;
static uint8_t out[HM_SIM_REPLY_MAX];

static struct hm_sim_dtu
new_dtu(const struct hm_sim_plant *of)
{
	struct hm_sim_dtu dtu = {.plant = of, .page_size = 15,
	    .serial = 0x10f714323186, .arena = &arena, .sequence = 900};

	if (arena.memory == NULL)
		ck_assert(hm_arena_init(&arena, HM_SIM_ARENA));
	for (size_t i = 0; i < sizeof dtu.random; i++)
		dtu.random[i] = (uint8_t)i;
	return dtu;
}

static struct hm_sim_time
at(int64_t simulated)
{
	struct hm_sim_time time = sim_time_at(simulated);

	time.refresh = 5;
	time.wall = WALL + simulated - NOON;
	time.began = WALL;
	return time;
}

/* The reply to a request as an app sends it; a payload of 0 if silent. */
static struct hm_frame
ask_with(struct hm_sim_dtu *dtu, const struct hm_sim_time *now,
    uint64_t faults, unsigned number, const uint8_t *payload, size_t size)
{
	struct hm_frame request = {.command = (uint16_t)(HM_TO_DTU | number),
	    .sequence = 77, .payload = payload, .size = size};
	struct hm_frame reply = {.command = 0};
	size_t n, used = 0;
	bool understood;

	n = hm_sim_hm_answer(dtu, &request, now, faults, out, &understood);
	ck_assert(understood);
	if (n == 0)
		return reply;
	ck_assert_int_eq(hm_frame_read(out, n, dtu->encrypts, &reply, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, n);
	ck_assert_uint_eq(reply.command, HM_FROM_DTU | number);
	return reply;
}

static struct hm_frame
ask(struct hm_sim_dtu *dtu, int64_t simulated, uint64_t faults,
    unsigned number)
{
	struct hm_sim_time now = at(simulated);

	return ask_with(dtu, &now, faults, number, NULL, 0);
}

static Hm__RealReply *
ask_page(struct hm_sim_dtu *dtu, int64_t simulated, uint64_t faults,
    uint8_t page)
{
	uint8_t request[] = {2 << 3, page};
	struct hm_sim_time now = at(simulated);
	struct hm_frame reply = ask_with(dtu, &now, faults, HM_CMD_REAL,
	    request, sizeof request);
	Hm__RealReply *real;

	if (reply.payload == NULL)
		return NULL;
	real = hm__real_reply__unpack(NULL, reply.size, reply.payload);
	ck_assert_ptr_nonnull(real);
	return real;
}

static void
done(Hm__RealReply *real)
{
	hm__real_reply__free_unpacked(real, NULL);
}

START_TEST(information_describes_the_plant)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_frame frame = ask(&dtu, NOON, 0, HM_CMD_INFO);
	Hm__InfoReply *info = hm__info_reply__unpack(NULL, frame.size,
	    frame.payload);

	ck_assert_ptr_nonnull(info);
	ck_assert_str_eq(info->dtu_serial, "10F714323186");
	ck_assert_int_eq(info->devices, 4);
	ck_assert_int_eq(info->inputs, 16);
	ck_assert_uint_eq(info->n_inverter, 4);
	ck_assert_int_eq(info->inverter[3]->serial,
	    hm_sim_plant_inverter_serial(&plant, 0, 3));
	ck_assert_int_eq(info->inverter[0]->hardware_part, 0x10123008);
	ck_assert_int_eq(info->dtu->features & HM_CRYPT_DFS_BIT, 0);
	ck_assert_uint_eq(info->dtu->encryption_random.len, 0);
	hm__info_reply__free_unpacked(info, NULL);
}
END_TEST

START_TEST(information_has_a_sequence_of_its_own)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);

	ck_assert_uint_eq(ask(&dtu, NOON, 0, HM_CMD_INFO).sequence, 900);
	ck_assert_uint_eq(ask(&dtu, NOON, 0, HM_CMD_INFO).sequence, 901);
	ck_assert_uint_eq(ask(&dtu, NOON, 0, HM_CMD_REAL).sequence, 77);
	ck_assert_uint_ne(ask(&dtu, NOON, BIT(SEQ), HM_CMD_REAL).sequence, 77);
}
END_TEST

START_TEST(pages_hold_everything_once)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	size_t meters = 0, inverters = 0, inputs = 0;

	for (uint8_t page = 0; page < 2; page++) {
		Hm__RealReply *real = ask_page(&dtu, NOON, 0, page);

		ck_assert_int_eq(real->packages, 2);
		ck_assert_int_eq(real->package, page);
		ck_assert_uint_le(real->n_meter + real->n_single +
		    real->n_input, 15);
		for (size_t i = 0; i < real->n_single; i++)
			ck_assert_int_eq(real->single[i]->serial,
			    hm_sim_plant_inverter_serial(&plant, 0,
			    inverters++));
		for (size_t i = 0; i < real->n_input; i++, inputs++) {
			ck_assert_int_eq(real->input[i]->serial,
			    hm_sim_plant_inverter_serial(&plant, 0,
			    inputs / 4));
			ck_assert_int_eq(real->input[i]->port,
			    (int32_t)(inputs % 4 + 1));
		}
		meters += real->n_meter;
		done(real);
	}
	ck_assert_uint_eq(meters, 1);
	ck_assert_uint_eq(inverters, 4);
	ck_assert_uint_eq(inputs, 16);
	ck_assert_ptr_null(ask_page(&dtu, NOON, 0, 2));
	ck_assert_ptr_null(ask_page(&dtu, NOON, 0, 100));
}
END_TEST

START_TEST(pages_of_a_poll_are_of_one_moment)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	Hm__RealReply *first = ask_page(&dtu, NOON, 0, 0);
	Hm__RealReply *second = ask_page(&dtu, NOON + 2, 0, 1);
	Hm__RealReply *next = ask_page(&dtu, NOON + 4, 0, 0);

	ck_assert_int_eq(first->time, WALL);
	ck_assert_int_eq(second->time, WALL);
	ck_assert_int_eq(next->time, WALL + 4);
	done(first);
	done(second);
	done(next);
}
END_TEST

START_TEST(readings_are_those_of_the_plant)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	Hm__RealReply *real = ask_page(&dtu, NOON, 0, 0);
	struct hm_sim_time noon = at(NOON);
	struct hm_sim_plant_inverter ac;
	struct hm_sim_plant_port pv;

	hm_sim_plant_read_inverter(&plant, 0, 0, &noon, &ac);
	hm_sim_plant_read_port(&plant, 0, 0, 0, &noon, &pv);
	ck_assert_int_eq(real->single[0]->voltage, ac.voltage[0]);
	ck_assert_int_eq(real->single[0]->active_power, ac.active_power);
	ck_assert_int_eq(real->single[0]->current, ac.current[0]);
	ck_assert_int_eq(real->single[0]->link, 1);
	ck_assert_int_eq(real->single[0]->radio, 5 << 16 | 5);
	ck_assert_int_eq(real->input[0]->power, pv.power);
	ck_assert_int_eq(real->input[0]->today, pv.today);
	ck_assert_int_eq(real->input[0]->total, pv.total);
	ck_assert_int_eq(real->input[0]->error, 0x03000000);
	done(real);
}
END_TEST

START_TEST(night_keeps_the_counters_alone)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	Hm__RealReply *real = ask_page(&dtu, MIDNIGHT, 0, 0);

	ck_assert_int_ne(real->single[0]->serial, 0);
	ck_assert_int_eq(real->single[0]->link, 0);
	ck_assert_int_eq(real->single[0]->voltage, 0);
	ck_assert_int_eq(real->single[0]->radio, 5 << 16);
	ck_assert_int_eq(real->input[0]->voltage, 0);
	ck_assert_int_eq(real->input[0]->error, 0);
	ck_assert_int_gt(real->input[0]->total, 0);
	ck_assert_int_gt(real->input[0]->today, 0);
	done(real);
}
END_TEST

START_TEST(three_phases_and_their_meter)
{
	struct hm_sim_dtu dtu = new_dtu(&three);
	Hm__RealReply *real = ask_page(&dtu, NOON, 0, 0);

	ck_assert_uint_eq(real->n_single, 0);
	ck_assert_uint_eq(real->n_three, 1);
	ck_assert_uint_eq(real->n_input, 6);
	ck_assert_int_gt(real->three[0]->voltage_c, 2200);
	ck_assert_int_gt(real->three[0]->voltage_ca, 3800);
	ck_assert_int_eq(real->meter[0]->device, 3);
	ck_assert_int_gt(real->meter[0]->voltage_c, 22000);
	ck_assert_int_eq(real->input[5]->port, 6);
	done(real);
}
END_TEST

START_TEST(encrypted_replies_open_with_the_key)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_frame frame;
	uint8_t plain[HM_SIM_REPLY_MAX];
	Hm__RealReply *real;
	Hm__InfoReply *info;

	dtu.encrypts = true;
	frame = ask(&dtu, NOON, 0, HM_CMD_INFO);
	ck_assert_ptr_null(frame.tag);
	info = hm__info_reply__unpack(NULL, frame.size, frame.payload);
	ck_assert_int_ne(info->dtu->features & HM_CRYPT_DFS_BIT, 0);
	ck_assert_uint_eq(info->dtu->encryption_random.len, HM_CRYPT_RANDOM);
	frame = ask(&dtu, NOON, BIT(SEQ), HM_CMD_REAL);
	ck_assert_ptr_nonnull(frame.tag);
	ck_assert(hm_crypt_open(info->dtu->encryption_random.data,
	    frame.command, frame.sequence, frame.payload, frame.size, plain,
	    frame.tag));
	real = hm__real_reply__unpack(NULL, frame.size, plain);
	ck_assert_ptr_nonnull(real);
	ck_assert_uint_eq(real->n_single, 4);
	done(real);
	frame = ask(&dtu, NOON, BIT(TAG), HM_CMD_REAL);
	ck_assert(!hm_crypt_open(info->dtu->encryption_random.data,
	    frame.command, frame.sequence, frame.payload, frame.size, plain,
	    frame.tag));
	hm__info_reply__free_unpacked(info, NULL);
}
END_TEST

START_TEST(requests_must_decrypt)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	uint8_t payload[2] = {2 << 3, 1}, tag[HM_FRAME_TAG];
	struct hm_frame request = {.command = 0xa311, .sequence = 4,
	    .payload = payload, .size = sizeof payload, .tag = tag};
	struct hm_sim_time noon = at(NOON);
	bool understood;

	dtu.encrypts = true;
	ck_assert(hm_crypt_seal(dtu.random, 0xa311, 4, payload, sizeof payload,
	    payload, tag));
	ck_assert_uint_gt(hm_sim_hm_answer(&dtu, &request, &noon, 0, out,
	    &understood), 0);
	ck_assert(understood);
	dtu.random[0]++;
	ck_assert_uint_eq(hm_sim_hm_answer(&dtu, &request, &noon, 0, out,
	    &understood), 0);
	ck_assert(!understood);
}
END_TEST

START_TEST(alarms_come_when_asked_for)
{
	static const uint8_t list[] = {2 << 3, 50, 6 << 3, 9};
	static const uint8_t limit[] = {2 << 3, 8};
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_sim_time noon = at(NOON);
	struct hm_frame frame = ask(&dtu, NOON, 0, HM_CMD_ALARMS);
	Hm__Alarms *alarms = hm__alarms__unpack(NULL, frame.size,
	    frame.payload);
	Hm__CommandReply *command;

	ck_assert_uint_eq(alarms->n_alarm, 0);
	hm__alarms__free_unpacked(alarms, NULL);
	frame = ask_with(&dtu, &noon, 0, HM_CMD_COMMAND, list, sizeof list);
	command = hm__command_reply__unpack(NULL, frame.size, frame.payload);
	ck_assert_int_eq(command->action, 50);
	ck_assert_int_eq(command->id, 9);
	ck_assert_int_eq(command->error, 0);
	hm__command_reply__free_unpacked(command, NULL);
	frame = ask(&dtu, NOON, 0, HM_CMD_ALARMS);
	alarms = hm__alarms__unpack(NULL, frame.size, frame.payload);
	ck_assert_uint_eq(alarms->n_alarm, 2);
	ck_assert_int_eq(alarms->alarm[0]->code & 0xff, 209);
	ck_assert_int_gt(alarms->alarm[0]->end, alarms->alarm[0]->start);
	ck_assert_int_eq(alarms->alarm[1]->end, 0);
	hm__alarms__free_unpacked(alarms, NULL);
	frame = ask_with(&dtu, &noon, 0, HM_CMD_COMMAND, limit, sizeof limit);
	command = hm__command_reply__unpack(NULL, frame.size, frame.payload);
	ck_assert_int_ne(command->error, 0);
	hm__command_reply__free_unpacked(command, NULL);
}
END_TEST

START_TEST(history_is_the_day_so_far)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_sim_time noon = at(NOON);
	int64_t today, total, points = 0;

	hm_sim_plant_dtu_energy(&plant, 0, &noon, &today, &total);
	for (uint8_t page = 0; page < 2; page++) {
		uint8_t request[] = {1 << 3, page};
		struct hm_frame frame = ask_with(&dtu, &noon, 0,
		    HM_CMD_HISTORY, request, sizeof request);
		Hm__History *history = hm__history__unpack(NULL, frame.size,
		    frame.payload);

		ck_assert_int_eq(history->packages, 2);
		ck_assert_uint_eq(history->step, 60);
		ck_assert_int_eq(history->today, today);
		ck_assert_int_eq(history->total, total);
		/* The sun has been up for six hours, 200 points a page. */
		ck_assert_int_eq((int64_t)history->absolute_start,
		    WALL - 21600 + points * 60);
		points += (int64_t)history->n_power;
		hm__history__free_unpacked(history, NULL);
	}
	ck_assert_int_eq(points, 360);
}
END_TEST

START_TEST(energies_are_those_of_past_days)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_frame frame = ask(&dtu, NOON, 0, HM_CMD_ENERGIES);
	Hm__Energies *energies = hm__energies__unpack(NULL, frame.size,
	    frame.payload);
	struct hm_sim_time night = at(NOON + 10 * 3600);
	int64_t today, total;

	hm_sim_plant_dtu_energy(&plant, 0, &night, &today, &total);
	ck_assert_int_eq(energies->time, WALL);
	ck_assert_uint_eq(energies->n_days, 7);
	for (int64_t i = 0; i < 7; i++) {
		ck_assert_int_eq(energies->days[i]->time,
		    WALL - (7 - i) * 86400);
		/* The inputs round their energies down. */
		ck_assert_int_le(llabs(energies->days[i]->energy - today), 20);
	}
	hm__energies__free_unpacked(energies, NULL);
}
END_TEST

START_TEST(heartbeat_and_network)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_frame frame = ask(&dtu, NOON, 0, HM_CMD_HEARTBEAT);
	Hm__Heartbeat *heartbeat = hm__heartbeat__unpack(NULL, frame.size,
	    frame.payload);
	Hm__Network *network;

	ck_assert_int_eq(heartbeat->time, WALL);
	ck_assert_str_eq(heartbeat->dtu_serial, "10F714323186");
	hm__heartbeat__free_unpacked(heartbeat, NULL);
	frame = ask(&dtu, NOON, 0, HM_CMD_NETWORK);
	network = hm__network__unpack(NULL, frame.size, frame.payload);
	ck_assert_int_eq(network->mode, 1);
	ck_assert_int_gt(network->signal, 0);
	hm__network__free_unpacked(network, NULL);
}
END_TEST

START_TEST(configuration)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_frame frame;
	Hm__Config *config;

	dtu.upload_minutes = 5;
	frame = ask(&dtu, NOON, 0, HM_CMD_CONFIG);
	config = hm__config__unpack(NULL, frame.size, frame.payload);
	ck_assert_int_eq(config->upload_period, 5);
	ck_assert_int_eq(config->power_limit, 1000);
	ck_assert_str_eq(config->dtu_serial, "10F714323186");
	hm__config__free_unpacked(config, NULL);
}
END_TEST

START_TEST(unknown_requests_are_not_answered)
{
	static const uint8_t junk[] = {0xff, 0xff, 0xff};
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_sim_time noon = at(NOON);
	struct hm_frame cloud = {.command = 0x2202, .sequence = 1};
	bool understood;

	ck_assert_ptr_null(ask(&dtu, NOON, 0, 0x0a).payload);
	ck_assert_ptr_null(ask(&dtu, NOON, 0, 0xff).payload);
	ck_assert_ptr_null(ask_with(&dtu, &noon, 0, HM_CMD_REAL, junk,
	    sizeof junk).payload);
	ck_assert_uint_eq(hm_sim_hm_answer(&dtu, &cloud, &noon, 0, out,
	    &understood), 0);
}
END_TEST

START_TEST(unsolicited_frames_alternate)
{
	static const uint16_t commands[] = {0x2202, 0x220b, 0x2202};
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_sim_time noon = at(NOON);

	dtu.encrypts = true;
	for (size_t i = 0; i < 3; i++) {
		size_t n = hm_sim_hm_unsolicited(&dtu, &noon, out), used;
		struct hm_frame frame;

		ck_assert_int_eq(hm_frame_read(out, n, true, &frame, &used),
		    HM_FRAME_GOOD);
		ck_assert_uint_eq(used, n);
		ck_assert_uint_eq(frame.command, commands[i]);
		ck_assert_uint_eq(frame.sequence, 900 + i);
	}
}
END_TEST

START_TEST(faults_are_as_named)
{
	struct hm_frame request = {.command = 0xa311, .sequence = 4}, reply;
	struct hm_sim_dtu dtu = new_dtu(&plant);
	struct hm_sim_time noon = at(NOON);
	static const struct {
		uint64_t faults;
		enum hm_frame_state state;
	} cases[] = {
	    {BIT(CRC), HM_FRAME_CRC},
	    {BIT(LENGTH), HM_FRAME_LENGTH},
	    {BIT(GARBAGE), HM_FRAME_MAGIC},
	    {BIT(TAG), HM_FRAME_GOOD}, /* nothing is encrypted */
	};
	Hm__RealReply *real;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool understood;
		size_t n = hm_sim_hm_answer(&dtu, &request, &noon,
		    cases[i].faults, out, &understood), used;

		ck_assert_int_eq(hm_frame_read(out, n, false, &reply, &used),
		    cases[i].state);
	}
	real = ask_page(&dtu, NOON, BIT(UNMAPPED), 0);
	ck_assert_int_eq(real->packages, 1);
	ck_assert_uint_eq(real->n_single + real->n_input, 0);
	done(real);
	real = ask_page(&dtu, NOON + 900, BIT(STALE), 0);
	ck_assert_int_eq(real->time, WALL);
	done(real);
}
END_TEST

START_TEST(glitches_are_in_good_replies)
{
	struct hm_sim_dtu dtu = new_dtu(&plant);
	Hm__RealReply *good = ask_page(&dtu, NOON, 0, 0), *real;

	real = ask_page(&dtu, NOON, BIT(SPIKE), 0);
	ck_assert_int_eq(real->input[0]->today, INT32_MAX);
	ck_assert_int_eq(real->input[0]->total, INT32_MAX);
	ck_assert_int_eq(real->input[0]->power, good->input[0]->power);
	ck_assert_int_eq(real->input[1]->total, good->input[1]->total);
	done(real);
	real = ask_page(&dtu, NOON, BIT(DIP), 0);
	ck_assert_int_eq(real->input[0]->today, good->input[0]->today);
	ck_assert_int_eq(real->input[0]->total, good->input[0]->total - 1000);
	done(real);
	real = ask_page(&dtu, NOON, BIT(ZEROS), 0);
	ck_assert_uint_eq(real->n_input, good->n_input);
	for (size_t i = 0; i < real->n_input; i++) {
		ck_assert_int_eq(real->input[i]->serial,
		    good->input[i]->serial);
		ck_assert_int_eq(real->input[i]->power, 0);
		ck_assert_int_eq(real->input[i]->today, 0);
		ck_assert_int_eq(real->input[i]->total, 0);
	}
	ck_assert_int_eq(real->single[0]->link, 0);
	ck_assert_int_eq(real->single[0]->voltage, 0);
	done(real);
	done(good);
}
END_TEST

START_TEST(largest_pages_fit)
{
	struct hm_sim_plant large = {.seed = 3, .inverters = 99, .ports = 6,
	    .phases = 3, .meter = true};
	struct hm_sim_dtu dtu = new_dtu(&large);
	Hm__RealReply *real;

	dtu.encrypts = true;
	dtu.page_size = HM_SIM_PAGE_MAX;
	ck_assert_ptr_nonnull(ask(&dtu, NOON, 0, HM_CMD_REAL).payload);
	ck_assert_ptr_nonnull(ask(&dtu, NOON, 0, HM_CMD_INFO).payload);
	ck_assert_ptr_nonnull(ask(&dtu, MIDNIGHT, 0, HM_CMD_HISTORY).payload);
	dtu.encrypts = false;
	real = ask_page(&dtu, NOON, 0, 6);
	ck_assert_ptr_nonnull(real);
	ck_assert_uint_eq(real->n_input, 94);
	done(real);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_hm");
	TCase *tests = tcase_create("sim_hm");

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, information_describes_the_plant);
	tcase_add_test(tests, information_has_a_sequence_of_its_own);
	tcase_add_test(tests, pages_hold_everything_once);
	tcase_add_test(tests, pages_of_a_poll_are_of_one_moment);
	tcase_add_test(tests, readings_are_those_of_the_plant);
	tcase_add_test(tests, night_keeps_the_counters_alone);
	tcase_add_test(tests, three_phases_and_their_meter);
	tcase_add_test(tests, encrypted_replies_open_with_the_key);
	tcase_add_test(tests, requests_must_decrypt);
	tcase_add_test(tests, alarms_come_when_asked_for);
	tcase_add_test(tests, history_is_the_day_so_far);
	tcase_add_test(tests, energies_are_those_of_past_days);
	tcase_add_test(tests, heartbeat_and_network);
	tcase_add_test(tests, configuration);
	tcase_add_test(tests, unknown_requests_are_not_answered);
	tcase_add_test(tests, unsolicited_frames_alternate);
	tcase_add_test(tests, faults_are_as_named);
	tcase_add_test(tests, glitches_are_in_good_replies);
	tcase_add_test(tests, largest_pages_fit);
	return run_suite(suite);
}
