/*
 * A payload from the broker becomes records: each is one line, a record of
 * readings, of the device that its topic names.
 */

#include <stdlib.h>
#include <string.h>

#include "msa_readings.h"
#include "record/record.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_record(void *context, struct hm_slice line)
{
	static struct hm_record record;
	struct hm_slice type, serial;
	struct hm_fault fault;

	(void)context;
	FOUND(memchr(line.p, '\n', line.n) != NULL);
	FOUND(!hm_record_parse(&record, line, &fault));
	FOUND(!hm_record_type(line, &type));
	FOUND(hm_reading_type_of(type) == NULL);
	FOUND(!hm_record_string(&record, "serial", &serial));
	FOUND(!hm_slice_is(serial, "28002434abcd"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hm_msa_devices devices;
	const struct hm_msa_output output = {check_record, NULL};
	struct hm_msa_message message = {
	    .topic = {HM_MSA_QUICK, hm_text("MSA-28002434abcd")},
	    .payload = hm_slice((const char *)data, size),
	    .time = 1795947300,
	};

	memset(&devices, 0, sizeof devices);
	for (int state = 0; state < HM_MSA_STATES; state++) {
		message.topic.state = (enum hm_msa_state)state;
		hm_msa_take(&devices, &message, &output);
		FOUND(devices.values.count > HM_MSA_VALUES);
		FOUND(devices.device[HM_MSA_DEVICES - 1].count >
		    HM_MSA_VALUES);
	}
	return 0;
}
