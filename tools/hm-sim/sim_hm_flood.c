#include "info.pb-c.h"
#include "real.pb-c.h"
#include "sim_dtu.h"
#include "sim_hm_private.h"
#include "wire/hmframe.h"

/*
 * The last of many packages, which no client requests. In the large ones a
 * client unpacks thousands of empty devices to find that out.
 */
#define PACKAGES 64
#define DEVICES ((size_t)4000)

static size_t
write_info(struct hm_sim_answer *a, size_t devices)
{
	Hm__InfoReply info = HM__INFO_REPLY__INIT;
	Hm__InfoInverter inverter = HM__INFO_INVERTER__INIT;
	Hm__InfoInverter *list[DEVICES];

	for (size_t i = 0; i < devices; i++)
		list[i] = &inverter;
	info.dtu_serial = a->serial;
	info.packages = PACKAGES;
	info.package = PACKAGES - 1;
	info.inverter = list;
	info.n_inverter = devices;
	return hm_sim_hm_reply(a, &info.base);
}

static size_t
write_real(struct hm_sim_answer *a, size_t devices)
{
	Hm__RealReply real = HM__REAL_REPLY__INIT;
	Hm__RealInput input = HM__REAL_INPUT__INIT;
	Hm__RealInput *list[DEVICES];

	for (size_t i = 0; i < devices; i++)
		list[i] = &input;
	real.dtu_serial = a->serial;
	real.packages = PACKAGES;
	real.package = PACKAGES - 1;
	real.input = list;
	real.n_input = devices;
	return hm_sim_hm_reply(a, &real.base);
}

static size_t
write_package(struct hm_sim_answer *a, unsigned number, size_t devices)
{
	switch (number) {
	case HM_CMD_INFO:
		return write_info(a, devices);
	case HM_CMD_REAL:
		return write_real(a, devices);
	default:
		return 0;
	}
}

size_t
hm_sim_hm_flood(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, uint8_t out[2 * HM_SIM_REPLY_MAX])
{
	unsigned number = request->command & 0xffu;
	struct hm_sim_answer a = {
	    .command = (uint16_t)(HM_FROM_DTU | number),
	    .sequence = (uint16_t)(request->sequence + 1),
	    .out = out,
	};

	hm_sim_hm_begin(&a, dtu, now);
	a.out += hm_sim_hm_unsolicited(dtu, now, a.out);
	a.out += write_package(&a, number, 1);
	a.out += write_package(&a, number, DEVICES);
	return (size_t)(a.out - out);
}
