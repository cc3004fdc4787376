#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gateway.pb-c.h"
#include "hybrid.pb-c.h"
#include "run_suite.h"
#include "sim_dtu.h"
#include "sim_time_at.h"
#include "wire/hmframe.h"
#include "working_mode.pb-c.h"

#define BIT(name) HM_SIM_BIT(HM_SIM_##name)
#define NOON (86400 + 43200)
#define WALL 1700000000
#define REQUEST 0x100u

static struct hm_sim_house house;
static struct hm_arena arena;
static uint8_t out[HM_SIM_REPLY_MAX];
static struct hm_sim_dtu dtu;

static void
set_up(void)
{
	house = (struct hm_sim_house){.seed = 5, .inverters = 3, .strings = 2,
	    .phases = 3, .capacity = 10000, .charge = 40, .generator = true,
	    .extras = true};
	ck_assert(hm_arena_init(&arena, HM_SIM_ARENA));
	dtu = (struct hm_sim_dtu){.arena = &arena,
	    .gateway = hm_sim_gateway_new(&house, 0, 1)};
	ck_assert_ptr_nonnull(dtu.gateway);
	dtu.serial = hm_sim_gateway_serial(dtu.gateway);
}

static void
tear_down(void)
{
	hm_sim_gateway_free(dtu.gateway);
	hm_arena_free(&arena);
}

static struct hm_sim_time
at(int64_t simulated)
{
	struct hm_sim_time time = sim_time_at(simulated);

	time.ms = (simulated - NOON) * 1000;
	time.wall = WALL + simulated - NOON;
	time.began = WALL;
	return time;
}

/* The reply to a message; a payload of NULL if there is none. */
static struct hm_frame
ask(int64_t simulated, uint64_t faults, unsigned reply,
    const ProtobufCMessage *message)
{
	uint8_t payload[512];
	struct hm_frame request = {.command = (uint16_t)(reply + REQUEST),
	    .sequence = 77, .payload = payload, .number = 1};
	struct hm_frame frame = {.command = 0};
	struct hm_sim_time now = at(simulated);
	size_t n, used = 0;

	request.size = protobuf_c_message_pack(message, payload);
	n = hm_sim_es_answer(&dtu, &request, &now, faults, out);
	if (n == 0)
		return frame;
	ck_assert_int_eq(hm_frame_read(out, n, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, n);
	ck_assert_uint_eq(frame.command, reply);
	ck_assert_uint_eq(frame.serial, (uint64_t)dtu.serial);
	ck_assert_uint_eq(frame.number, 1);
	return frame;
}

static Hm__HybridReply *
read_inverter(int64_t simulated, uint64_t faults, size_t inverter)
{
	Hm__HybridRequest request = HM__HYBRID_REQUEST__INIT;
	struct hm_frame frame;

	request.serial = hm_sim_gateway_inverter_serial(dtu.gateway, inverter);
	frame = ask(simulated, faults, HM_GATEWAY_READINGS, &request.base);
	return frame.payload == NULL ? NULL : hm__hybrid_reply__unpack(NULL,
	    frame.size, frame.payload);
}

static void
done(Hm__HybridReply *reply)
{
	hm__hybrid_reply__free_unpacked(reply, NULL);
}

static struct hm_frame
order(int64_t simulated, uint64_t faults, int32_t mode, int32_t reserve,
    int64_t serial)
{
	Hm__WorkingMode message = HM__WORKING_MODE__INIT;

	message.id = 12;
	message.mode = mode;
	message.reserve = reserve;
	message.max_power = 500;
	message.serial = &serial;
	message.n_serial = 1;
	return ask(simulated, faults, HM_GATEWAY_MODE, &message.base);
}

/* The error of an order. */
static int32_t
error_of(struct hm_frame frame)
{
	Hm__WorkingModeReply *reply = hm__working_mode_reply__unpack(NULL,
	    frame.size, frame.payload);
	int32_t error;

	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(reply->id, 12);
	error = reply->error;
	hm__working_mode_reply__free_unpacked(reply, NULL);
	return error;
}

START_TEST(a_gateway_describes_itself)
{
	Hm__GatewayRequest request = HM__GATEWAY_REQUEST__INIT;
	struct hm_frame frame = ask(NOON, 0, HM_GATEWAY_INFO, &request.base);
	Hm__GatewayReply *info = hm__gateway_reply__unpack(NULL, frame.size,
	    frame.payload);

	ck_assert_ptr_nonnull(info);
	ck_assert_int_eq(info->serial, dtu.serial);
	ck_assert_int_eq(info->serial >> 32, 0x4301);
	ck_assert_uint_eq(info->n_device, 3);
	ck_assert_int_eq(info->device[2]->serial,
	    hm_sim_gateway_inverter_serial(dtu.gateway, 2));
	hm__gateway_reply__free_unpacked(info, NULL);
	frame = ask(NOON, BIT(NOINFO), HM_GATEWAY_INFO, &request.base);
	ck_assert_ptr_null(frame.payload);
}
END_TEST

START_TEST(a_gateway_lists_its_inverters)
{
	Hm__RegistryRequest request = HM__REGISTRY_REQUEST__INIT;
	struct hm_frame frame = ask(NOON, 0, HM_GATEWAY_REGISTRY,
	    &request.base);
	Hm__RegistryReply *reply = hm__registry_reply__unpack(NULL,
	    frame.size, frame.payload);

	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(reply->type, 3);
	ck_assert_uint_eq(reply->n_inverter, 3);
	ck_assert_str_eq(reply->inverter[0]->model, "HYT-10.0HV-EUG1");
	ck_assert_int_eq(reply->inverter[1]->inputs, 2);
	hm__registry_reply__free_unpacked(reply, NULL);

	frame = ask(NOON, BIT(UNMAPPED), HM_GATEWAY_REGISTRY, &request.base);
	reply = hm__registry_reply__unpack(NULL, frame.size, frame.payload);
	ck_assert_uint_eq(reply->n_inverter, 0);
	hm__registry_reply__free_unpacked(reply, NULL);
}
END_TEST

static void
check_sums(const Hm__HybridReply *r, const struct hm_sim_hybrid_view *v)
{
	int64_t load = 0, grid = 0, inverter = 0;

	for (size_t i = 0; i < 3; i++) {
		load += r->load->phase[i]->active_power;
		grid += r->grid->phase[i]->active_power;
		inverter += r->inverter->phase[i]->active_power;
	}
	ck_assert_int_eq(load, v->load_power);
	ck_assert_int_eq(grid, v->grid_power);
	ck_assert_int_eq(inverter + r->external_pv->phase[0]->active_power +
	    r->external_pv->phase[1]->active_power +
	    r->external_pv->phase[2]->active_power, load + grid);
	ck_assert_int_eq(r->input[0]->power + r->input[1]->power,
	    v->pv_power);
}

START_TEST(readings_are_those_of_the_model)
{
	Hm__HybridReply *r = read_inverter(NOON, 0, 1);
	struct hm_sim_time now = at(NOON);
	struct hm_sim_hybrid_view v;

	ck_assert_ptr_nonnull(r);
	hm_sim_hybrid_view(hm_sim_gateway_inverter(dtu.gateway, 1), &now, &v);
	ck_assert_int_eq(r->time, WALL);
	ck_assert_uint_eq(r->n_input, 2);
	ck_assert_int_gt(r->input[1]->today, 0);
	ck_assert_int_eq(r->input[1]->voltage, v.string[1].voltage);
	ck_assert_int_eq(r->battery->charge, v.battery.charge);
	ck_assert_int_eq(r->battery->power, v.battery.power);
	ck_assert_int_eq(r->flow->charge, v.battery.charge);
	ck_assert_uint_eq(r->grid->n_phase, 3);
	ck_assert_int_eq(r->grid->phase[2]->number, 3);
	ck_assert_ptr_nonnull(r->generator);
	ck_assert_uint_eq(r->n_charger, 1);
	ck_assert_uint_eq(r->n_smart_load, 1);
	ck_assert_int_eq(r->produced->first, r->consumed->first);
	check_sums(r, &v);
	done(r);
}
END_TEST

START_TEST(what_a_house_has_not_is_not_sent)
{
	Hm__HybridRequest request = HM__HYBRID_REQUEST__INIT;
	Hm__HybridReply *r;

	house.capacity = 0;
	house.generator = house.extras = false;
	r = read_inverter(NOON, 0, 0);
	ck_assert_ptr_null(r->battery);
	ck_assert_ptr_null(r->generator);
	ck_assert_ptr_null(r->external_pv);
	ck_assert_uint_eq(r->n_charger, 0);
	ck_assert_uint_eq(r->n_smart_load, 0);
	done(r);
	request.serial = 17;
	ck_assert_ptr_null(ask(NOON, 0, HM_GATEWAY_READINGS,
	    &request.base).payload);
	ck_assert_ptr_null(read_inverter(NOON, BIT(UNMAPPED), 0));
}
END_TEST

START_TEST(a_mode_acts_when_it_is_due)
{
	int64_t serial = hm_sim_gateway_inverter_serial(dtu.gateway, 1);
	Hm__HybridReply *r;

	ck_assert_int_eq(error_of(order(NOON, 0, 6, 20, serial)), 0);
	ck_assert(hm_sim_set_has(&dtu.told, 1));
	ck_assert(!hm_sim_set_has(&dtu.told, 0));
	r = read_inverter(NOON + 2, 0, 1);
	ck_assert_int_lt(r->battery->power, 5000);
	done(r);
	r = read_inverter(NOON + 4, 0, 1);
	ck_assert_int_eq(r->battery->power, 5000);
	ck_assert_int_eq(r->battery->status, 2);
	done(r);
	r = read_inverter(NOON + 4, 0, 0);
	ck_assert_int_lt(r->battery->power, 5000);
	done(r);
}
END_TEST

START_TEST(wrong_modes_are_refused)
{
	int64_t serial = hm_sim_gateway_inverter_serial(dtu.gateway, 0);

	ck_assert_int_ne(error_of(order(NOON, 0, 0, 20, serial)), 0);
	ck_assert_int_ne(error_of(order(NOON, 0, 9, 20, serial)), 0);
	ck_assert_int_ne(error_of(order(NOON, 0, 1, 101, serial)), 0);
	ck_assert_int_ne(error_of(order(NOON, 0, 1, 20, 17)), 0);
	ck_assert_int_ne(error_of(order(NOON, BIT(ORDER_REFUSED), 1, 20,
	    serial)), 0);
	ck_assert_ptr_null(order(NOON, BIT(ORDER_LOST), 1, 20,
	    serial).payload);
	ck_assert_int_eq(error_of(order(NOON, BIT(ORDER_LIED), 6, 20,
	    serial)), 0);
	ck_assert_int_eq(hm_sim_gateway_told(dtu.gateway, 0)->mode,
	    HM_MODE_SELF_USE);
}
END_TEST

START_TEST(faults_change_readings)
{
	Hm__HybridReply *first = read_inverter(NOON, 0, 0), *r;

	r = read_inverter(NOON + 600, BIT(STALE), 0);
	ck_assert_int_eq(r->time, first->time);
	ck_assert_int_eq(r->input[0]->power, first->input[0]->power);
	done(r);
	r = read_inverter(NOON + 600, BIT(FLAT), 0);
	ck_assert_int_eq(r->battery->charge, 0);
	ck_assert_int_gt(r->battery->voltage, 0);
	done(r);
	r = read_inverter(NOON + 600, BIT(ZEROS), 0);
	ck_assert_int_eq(r->input[0]->power, 0);
	ck_assert_int_eq(r->battery->voltage, 0);
	ck_assert_uint_eq(r->grid->n_phase, 3);
	done(r);
	r = read_inverter(NOON + 600, BIT(SPIKE), 0);
	ck_assert_int_eq(r->input[0]->today, INT32_MAX);
	done(r);
	r = read_inverter(NOON + 600, BIT(NOCLOCK), 0);
	ck_assert_int_lt(r->time, 2000);
	done(r);
	done(first);
}
END_TEST

START_TEST(faults_change_frames)
{
	struct hm_frame request = {.command = HM_GATEWAY_INFO + REQUEST,
	    .sequence = 77}, frame;
	struct hm_sim_time now = at(NOON);
	size_t used, n;

	n = hm_sim_es_answer(&dtu, &request, &now, BIT(CRC), out);
	ck_assert_int_eq(hm_frame_read(out, n, false, &frame, &used),
	    HM_FRAME_CRC);
	n = hm_sim_es_answer(&dtu, &request, &now, BIT(LENGTH), out);
	ck_assert_int_eq(hm_frame_read(out, n, false, &frame, &used),
	    HM_FRAME_LENGTH);
	n = hm_sim_es_answer(&dtu, &request, &now, BIT(SEQ), out);
	ck_assert_int_eq(hm_frame_read(out, n, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(frame.sequence, 1077);
	n = hm_sim_es_answer(&dtu, &request, &now, BIT(GARBAGE), out);
	ck_assert_int_eq(hm_frame_read(out, n, false, &frame, &used),
	    HM_FRAME_MAGIC);
	n = hm_sim_es_flood(&dtu, &request, &now, out);
	ck_assert_int_eq(hm_frame_read(out, n, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(frame.command, HM_GATEWAY_NETWORK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_es");
	TCase *tests = tcase_create("sim_es");

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_gateway_describes_itself);
	tcase_add_test(tests, a_gateway_lists_its_inverters);
	tcase_add_test(tests, readings_are_those_of_the_model);
	tcase_add_test(tests, what_a_house_has_not_is_not_sent);
	tcase_add_test(tests, a_mode_acts_when_it_is_due);
	tcase_add_test(tests, wrong_modes_are_refused);
	tcase_add_test(tests, faults_change_readings);
	tcase_add_test(tests, faults_change_frames);
	return run_suite(suite);
}
