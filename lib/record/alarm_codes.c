#include "alarm_codes.h"

#include "models.h"

const struct hm_alarm_code hm_alarm_codes[] = {
    {1, "Reset"},
    {2, "Time calibration"},
    {3, "EEPROM reading and writing error during operation"},
    {4, "Offline"},
    {11, "Grid voltage surge"},
    {12, "Grid voltage sharp drop"},
    {13, "Grid frequency mutation"},
    {14, "Grid phase mutation"},
    {15, "Grid transient fluctuation"},
    {36, "INV overvoltage or overcurrent"},
    {38, "Insufficient input power (shutting down)"},
    {46, "FB overvoltage"},
    {47, "FB overcurrent"},
    {48, "FB clamp overvoltage"},
    {49, "FB clamp overvoltage"},
    {50, "FB overcurrent expected"},
    {52, "DC bus undervoltage"},
    {61, "Calibration parameter error"},
    {62, "System configuration parameter error"},
    {63, "Abnormal power generation data"},
    {71, "VW function enable (grid overvoltage power reduction)"},
    {72, "FW function enable (grid overfrequency power reduction)"},
    {73, "TW function enable (over-temperature power reduction)"},
    {95, "PV1 module in suspected shadow"},
    {96, "PV2 module in suspected shadow"},
    {97, "PV3 module in suspected shadow"},
    {98, "PV4 module in suspected shadow"},
    {121, "Over temperature protection"},
    {122, "Microinverter is suspected of being stolen"},
    {123, "Locked by remote control"},
    {124, "Shut down by remote control"},
    {125, "Grid configuration parameter error"},
    {126, "EEPROM reading and writing error"},
    {127, "Firmware error"},
    {128, "Hardware configuration error"},
    {129, "Abnormal bias"},
    {130, "Offline"},
    {141, "Grid overvoltage"},
    {142, "10 min value grid overvoltage"},
    {143, "Grid undervoltage"},
    {144, "Grid overfrequency"},
    {145, "Grid underfrequency"},
    {146, "Rapid grid frequency change rate"},
    {147, "Power grid outage"},
    {148, "Grid disconnection"},
    {149, "Island detected"},
    {150, "DCI exceeded"},
    {152, "Phase angle between two phases off by more than 5 degrees"},
    {171, "Abnormal phase difference between phases"},
    {181, "Abnormal insulation impedance"},
    {182, "Abnormal grounding"},
    {205, "MPPT-A input overvoltage"},
    {206, "MPPT-B input overvoltage"},
    {207, "MPPT-A input undervoltage"},
    {208, "MPPT-B input undervoltage"},
    {209, "PV1 no input"},
    {210, "PV2 no input"},
    {211, "PV3 no input"},
    {212, "PV4 no input"},
    {213, "PV1 & PV2 abnormal wiring"},
    {214, "PV3 & PV4 abnormal wiring"},
    {215, "PV1 input overvoltage"},
    {216, "PV1 input undervoltage"},
    {217, "PV2 input overvoltage"},
    {218, "PV2 input undervoltage"},
    {219, "PV3 input overvoltage"},
    {220, "PV3 input undervoltage"},
    {221, "PV4 input overvoltage"},
    {222, "PV4 input undervoltage"},
    {301, "FB-A short circuit failure"},
    {302, "FB-B short circuit failure"},
    {303, "FB-A overcurrent protection failure"},
    {304, "FB-B overcurrent protection failure"},
    {305, "FB-A clamp circuit failure"},
    {306, "FB-B clamp circuit failure"},
    {307, "INV power device failure"},
    {308, "INV overcurrent or overvoltage protection failure"},
    {309, "Device failure"},
    {310, "Device failure"},
    {311, "Device failure"},
    {312, "Device failure"},
    {313, "Device failure"},
    {314, "Device failure"},
    {1111, "Repeater"},
    {2000, "Standby"},
    {2001, "Standby"},
    {2002, "Standby"},
    {2003, "Standby"},
    {2004, "Standby"},
    {3001, "Reset"},
    {3002, "Reset"},
    {3003, "Reset"},
    {3004, "Reset"},
    {5011, "PV1 MOSFET overcurrent"},
    {5012, "PV2 MOSFET overcurrent"},
    {5013, "PV3 MOSFET overcurrent"},
    {5014, "PV4 MOSFET overcurrent"},
    {5020, "H-bridge MOSFET overcurrent or overvoltage"},
    {5041, "PV1 input overcurrent"},
    {5042, "PV2 input overcurrent"},
    {5043, "PV3 input overcurrent"},
    {5044, "PV4 input overcurrent"},
    {5051, "PV1 input overvoltage/undervoltage"},
    {5052, "PV2 input overvoltage/undervoltage"},
    {5053, "PV3 input overvoltage/undervoltage"},
    {5054, "PV4 input overvoltage/undervoltage"},
    {5060, "Abnormal bias"},
    {5070, "Over temperature protection"},
    {5080, "Grid overvoltage/undervoltage"},
    {5090, "Grid overfrequency/underfrequency"},
    {5100, "Island detected"},
    {5110, "GFDI fault"},
    {5120, "EEPROM reading and writing error"},
    {5141, "FB clamp overvoltage"},
    {5142, "FB clamp overvoltage"},
    {5143, "FB clamp overvoltage"},
    {5144, "FB clamp overvoltage"},
    {5150, "10 min value grid overvoltage"},
    {5160, "Grid transient fluctuation"},
    {5200, "Firmware error"},
    {5511, "PV1 MOSFET overcurrent (H-side)"},
    {5512, "PV2 MOSFET overcurrent (H-side)"},
    {5513, "PV3 MOSFET overcurrent (H-side)"},
    {5514, "PV4 MOSFET overcurrent (H-side)"},
    {5520, "H-bridge MOSFET overcurrent or overvoltage"},
    {8310, "Shut down by remote control"},
    {8320, "Locked by remote control"},
    {9000, "Microinverter is suspected of being stolen"},
};

const size_t hm_alarm_code_count =
    sizeof hm_alarm_codes / sizeof *hm_alarm_codes;

const struct hm_alarm_code hm_alarm_codes_hmt[] = {
    {215, "MPPT-C input overvoltage"},
    {216, "MPPT-C input undervoltage"},
    {217, "PV5 no input"},
    {218, "PV6 no input"},
    {219, "PV5 & PV6 abnormal wiring"},
    {221, "Abnormal wiring of the grid neutral line"},
};

const size_t hm_alarm_code_hmt_count =
    sizeof hm_alarm_codes_hmt / sizeof *hm_alarm_codes_hmt;

static const char *
find(const struct hm_alarm_code *codes, size_t count, int64_t code)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (codes[middle].code == code)
			return codes[middle].text;
		if (codes[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *
hm_alarm_code_text(int64_t code)
{
	return find(hm_alarm_codes, hm_alarm_code_count, code);
}

const char *
hm_alarm_code_text_of(int64_t code, struct hm_slice serial)
{
	const char *text = hm_model_is_hmt(serial) ?
	    find(hm_alarm_codes_hmt, hm_alarm_code_hmt_count, code) : NULL;

	return text != NULL ? text : hm_alarm_code_text(code);
}
