# Readings of a plant: POLLS polls of DTUs with ten inverters of four inputs,
# INVERTERS in all. A line {"type":"end"} follows each poll.
function number(low, high) { return int(low + rand() * (high - low)) }
function inverter(serial, head) {
	printf "{\"type\":\"inverter\",%s,\"serial\":\"%s\",\"grid_voltage\":%.1f,\"grid_frequency\":%.2f,\"active_power\":%.1f,\"reactive_power\":%.1f,\"ac_current\":%.2f,\"power_factor\":%.3f,\"temperature\":%.1f,\"operating_status\":3,\"link_status\":1,\"alarm_count\":2}\n", head, serial,
	    number(2300, 2400) / 10, number(4990, 5010) / 100, number(200, 900) / 10, number(100, 300) / 10, number(20, 90) / 100, number(900, 999) / 1000, number(80, 300) / 10
	for (port = 1; port <= 4; port++)
		printf "{\"type\":\"port\",%s,\"serial\":\"%s\",\"port\":%d,\"pv_voltage\":%.1f,\"pv_current\":%.2f,\"pv_power\":%.1f,\"today_production\":%d,\"total_production\":%d}\n", head, serial, port,
		    number(350, 360) / 10, number(40, 90) / 100, number(150, 310) / 10, 1000 + poll, 40000 + poll
}
BEGIN {
	srand(1)
	for (poll = 0; poll < POLLS; poll++) {
		time = sprintf("2026-06-21T%02d:%02d:%02dZ", 8 + int(poll / 720), int(poll / 12) % 60, poll % 12 * 5)
		for (i = 0; i < INVERTERS; i++) {
			d = int(i / 10)
			head = sprintf("\"time\":\"%s\",\"dtu\":\"d%d\"", time, d)
			inverter(sprintf("1161%08d", i), head)
			if (i % 10 == 9)
				printf "{\"type\":\"dtu\",%s,\"serial\":\"10f8%08d\",\"pv_power\":%d,\"today_production\":%d,\"total_production\":%d,\"alarm_flag\":0}\n", head, d, number(100, 4000), 40000 + poll, 1600000 + poll
		}
		print "{\"type\":\"end\"}"
	}
}
