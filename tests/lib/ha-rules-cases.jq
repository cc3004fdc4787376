# Tests of ha-rules.jq: each case changes a good message and gives a part of the
# mistake that must then be found. Reads records with good messages and writes a
# TAP line for each case.

include "ha-rules";

def one($tail): map(select(.topic | endswith($tail)))[0];

def finds(wrong; $said):
	. as $good | [[wrong] | broken] as $found |
	if $good != null and ($found | any(contains($said)))
	then "ok - finds: \($said)"
	else "not ok - finds: \($said)", "# \($found | tojson)"
	end;

def finds_nothing:
	[[.] | broken] as $found |
	if . != null and $found == []
	then "ok - finds nothing in \(.topic)"
	else "not ok - finds nothing in \(.topic)", "# \($found | tojson)"
	end;

[inputs | select(.type == "mqtt")] |
one("/DTU_pv_power/config") as $sensor |
one("/DTU_total_production/config") as $energy |
one("/DTU_alarm_flag/config") as $binary |
one("/inv_alarm_text/config") as $enum |
one("/DTU_device_time/config") as $moment |
one("/inv_alarm_event/config") as $event |
one("/10f872226797/state") as $state |
one("/DTU_power_limit/config") as $number |
one("/DTU_temporary_limit/config") as $watts |
one("/DTU_feed_in/config") as $switch |
one("/inv_restart/config") as $button |
one("/DTU_command_result/config") as $result |

({type: "mqtt", time: $sensor.time, qos: 1, retain: true,
    topic: "homeassistant/device/hm_10f872226797/config",
    payload: {device: $sensor.payload.device, origin: $sensor.payload.origin,
    components: {
	a: ($sensor.payload | del(.device, .origin) + {platform: "sensor"}),
	b: ($binary.payload | del(.device, .origin) +
	    {platform: "binary_sensor"}),
	c: {platform: "sensor"}}}}) as $device |

({type: "mqtt", time: $event.time, qos: 1, retain: false, once: true,
    topic: $event.payload.state_topic,
    payload: {event_type: "alarm_began", code: 141}}) as $began |

({type: "mqtt", time: $number.time, qos: 1, retain: true,
    topic: $number.payload.state_topic,
    payload: {percent: 60, watts: null, on: "OFF"}}) as $confirmed |

({type: "mqtt", time: $number.time, qos: 1, retain: false, once: true,
    topic: "homeassistant/hoymiles_mqtt/result",
    payload: {type: "result", id: "7f3a", state: "done"}}) as $outcome |

($outcome | finds_nothing,
finds(.retain = true; "a result is retained"),
finds(del(.once); "a result is not sent once"),
finds(.payload = {state: "done"}; "is no result")),

(($sensor, $energy, $binary, $enum, $moment, $event, $device, $number, $watts,
    $switch, $button, $result) | finds_nothing),

($device |
finds(.payload.unique_id = "x"; "unknown key unique_id at the root"),
finds(del(.payload.origin); "origin is missing"),
finds(del(.payload.device.identifiers);
    "device: neither identifiers nor connections"),
finds(del(.payload.components); "components are missing"),
finds(.payload.components.a = 1; "a: is not an object"),
finds(del(.payload.components.a.platform); "a: unknown platform null"),
finds(.payload.components.c.platform = "tensor"; "c: unknown platform tensor"),
finds(.payload.components.c.name = "x"; "c: no unique_id"),
finds(.payload.components.a.device = {}; "a: device in a component"),
finds(.payload.components.a.unit_of_measurement = "V";
    "a: unit V with device_class power"),
finds(.payload.components["a+"] = .payload.components.c;
    "a+: an id holds a character that is not allowed"),
finds(.payload.components.d = .payload.components.a; "comes twice"),
finds(.payload.availability_topic = "x";
    "a: both its availability and the root's availability_topic"),
finds(., .time = "2026-11-23T10:15:09Z"; "announced twice within 10 s"),
finds(., $sensor; "shares its unique_id"),
finds(., ($state | .payload = {alarm_flag: "on"});
    "alarm_flag: \"on\" does not fit its entity"),
finds(.topic |= sub("hm_"; "hm."); "topic holds a character"),
finds(.retain = false; "discovery is not retained")),

($sensor |
finds(.payload.object_id = "x"; "unknown key object_id"),
finds(.payload.payload_on = "ON"; "unknown key payload_on"),
finds(del(.payload.unique_id); "no unique_id"),
finds(.payload.unique_id = ""; "no unique_id"),
finds(del(.payload.state_topic); "no state_topic"),
finds(.payload.state_topic = "a/+/b"; "no state_topic"),
finds(.payload.name = null; "no name"),
finds(.payload.name = .payload.device.name + " power";
    "name repeats the device's name"),
finds(.payload.default_entity_id = "pv_power"; "default_entity_id pv_power"),
finds(.payload.value_template = "{{ a }"; "value_template {{ a }"),
finds(.payload.entity_category = "config"; "entity_category config"),
finds(.payload.expire_after = "120"; "expire_after \"120\""),
finds(.payload.expire_after = -1; "expire_after -1"),
finds(.payload.qos = 3; "qos 3"),
finds(.payload.enabled_by_default = "false"; "a flag is \"false\""),
finds(.payload.device_class = "watts"; "device_class watts"),
finds(.payload.unit_of_measurement = "Wh"; "unit Wh with device_class power"),
finds(.payload.unit_of_measurement = ""; "unit is \"\""),
finds(.payload.unit_of_measurement = null; "unit is null"),
finds(del(.payload.unit_of_measurement); "unit null with device_class power"),
finds(.payload.state_class = "total";
    "state_class total with device_class power"),
finds(.payload.state_class = "rising"; "state_class rising"),
finds(.payload.state_class = "measurement_angle";
    "unit W with state_class measurement_angle"),
finds(.payload.suggested_display_precision = 1.5; "precision 1.5"),
finds(.payload.options = ["a"]; "options without enum"),
finds(del(.payload.device); "device is missing"),
finds(.payload.device.serial = "1"; "device: unknown key serial"),
finds(del(.payload.device.identifiers);
    "device: neither identifiers nor connections"),
finds(.payload.device.identifiers = [1]; "device: identifiers are not texts"),
finds(.payload.device.model = ""; "device: model is not a text"),
finds(.payload.device.via_device = .payload.device.identifiers[0];
    "device: is reached through itself"),
finds(.payload.device.configuration_url = "ftp://a";
    "device: configuration_url has a wrong scheme"),
finds(del(.payload.origin); "origin is missing"),
finds(del(.payload.origin.name); "origin: has no name"),
finds(.payload.origin.version = "1"; "origin: unknown key version"),
finds(.payload.origin.support_url = "me";
    "origin: support_url has a wrong scheme"),
finds(.payload.availability_topic = "a";
    "both availability and availability_topic"),
finds(del(.payload.availability); "availability_mode without a list"),
finds(.payload.availability_mode = "most"; "availability_mode most"),
finds(.payload.availability = []; "availability is not a list"),
finds(.payload.availability[0].template = "x";
    "availability: unknown key template"),
finds(del(.payload.availability[0].topic); "availability: no topic"),
finds(.payload.availability[2].value_template = "x";
    "availability: bad template"),
finds(del(.payload.availability, .payload.availability_mode) |
    .payload.availability_topic = "#"; "availability_topic is no topic"),
finds(.topic |= sub("10f872226797"; "10f8.7222");
    "topic holds a character that is not allowed"),
finds(.topic |= sub("/sensor/"; "/light/"); "unknown platform light"),
finds(.topic = "sensor/config"; "topic of the wrong form"),
finds(.topic |= sub("sensor"; "#"); "topic cannot be published to"),
finds(.retain = false; "discovery is not retained"),
finds(.retain = "true"; "retain is no flag"),
finds(.qos = 3; "qos 3"),
finds(.payload = []; "payload is neither object nor text"),
finds(.payload = "on"; "payload is not an object"),
finds(., (.topic |= sub("DTU_pv"; "DTU_xx")); "shares its unique_id"),
finds(., .time = "2026-11-23T10:15:09Z"; "announced twice within 10 s"),
finds(., $state; "today_production has not been announced"),
finds(., ($state | .payload.pv_power = "1");
    "pv_power: \"1\" does not fit its entity")),

($energy |
finds(.payload.state_class = "measurement";
    "state_class measurement with device_class energy"),
finds(.payload.last_reset_value_template = "{{ x }}";
    "last_reset_value_template without total")),

($binary |
finds(.payload.device_class = "alarm"; "device_class alarm"),
finds(.payload.unit_of_measurement = "W"; "unknown key unit_of_measurement"),
finds(.payload.state_class = "measurement"; "unknown key state_class"),
finds(., ($state | .payload.alarm_flag = true);
    "alarm_flag: true does not fit its entity")),

($enum |
finds(.payload.options = []; "options are not texts"),
finds(.payload.options[0] = 1; "options are not texts"),
finds(.payload.options[1] = .payload.options[0]; "an option comes twice"),
finds(del(.payload.options); "enum without options"),
finds(.payload.value_template |= sub("none"; "''"); "enum with an empty text"),
finds(.payload.unit_of_measurement = "W";
    "options with a state_class or unit"),
finds(., (.payload.state_topic as $topic | $state | .topic = $topic |
    .payload = {alarm_text: "odd"});
    "alarm_text: \"odd\" does not fit its entity")),

($moment |
finds(.payload.suggested_display_precision = 1;
    "precision of what is no number"),
finds(.payload.state_class = "measurement";
    "state_class measurement with device_class timestamp"),
finds(., (.payload.state_topic as $topic | $state | .topic = $topic |
    .payload = {device_time: "today"});
    "device_time: \"today\" does not fit its entity")),

($event |
finds(del(.payload.event_types); "event_types are not texts"),
finds(.payload.event_types = []; "event_types are not texts"),
finds(.payload.event_types[1] = .payload.event_types[0];
    "an event type comes twice"),
finds(.payload.expire_after = 300; "unknown key expire_after"),
finds(.payload.state_class = "measurement"; "unknown key state_class"),
finds(.payload.device_class = "problem"; "device_class problem"),
finds(.payload.entity_category = "config"; "entity_category config"),
finds(., ($began | .payload.event_type = "alarm");
    "event_type \"alarm\""),
finds(., ($began | del(.payload.event_type)); "event_type null"),
finds(., ($began | .retain = true); "an event is retained"),
finds(., ($began | .retain = true); "both once and retained"),
finds(., ($began | del(.once)); "an event is not sent once")),

($number |
finds(del(.payload.command_topic); "no command_topic"),
finds(del(.payload.state_topic); "no state_topic"),
finds(.payload.retain = true; "a command is retained"),
finds(.payload.optimistic = true; "optimistic true"),
finds(del(.payload.optimistic); "optimistic null"),
finds(.payload.availability |= .[:2]; "available without hm-subscribe"),
finds(.payload.min = 100; "min is not less than max"),
finds(del(.payload.max); "a bound is no number"),
finds(.payload.step = 0; "step 0"),
finds(.payload.mode = "text"; "mode text"),
finds(del(.payload.unit_of_measurement); "unit is null"),
finds(.payload.expire_after = 300; "unknown key expire_after"),
finds(.payload.state_class = "measurement"; "unknown key state_class"),
finds(.payload.entity_category = "main"; "entity_category main"),
finds(.payload.command_template |= sub("percent"; "watts");
    "command_template is no command"),
finds(.payload.command_template |= sub("limit"; "turn_on");
    "command_template is no command"),
finds(.payload.command_template |= sub("balcony"; "{{ 1 }}");
    "command_template is no command"),
finds(.payload.command_template |= sub("balcony"; "{% if %}");
    "command_template is no command"),
finds(.payload.command_template |= sub("balcony"; "\"");
    "command_template is no command"),
finds(.payload.command_template |= sub("{{ value }}"; "60");
    "command_template is no command"),
finds(., $switch, ($confirmed | .payload = {percent: 1});
    "percent: 1 does not fit its entity"),
finds(., $switch, ($confirmed | .payload = {on: "on"});
    "on: \"on\" does not fit its entity"),
finds(., ($confirmed | .payload = {watts: 5});
    "watts has not been announced")),

($watts |
finds(.payload.unit_of_measurement = "%"; "unit % with device_class power"),
finds(.payload.device_class = "watts"; "unit W with device_class watts")),

($switch |
finds(.payload.payload_on = "ON"; "payload_on is no command"),
finds(.payload.payload_off = .payload.payload_on;
    "payload_off is no command"),
finds(del(.payload.state_on); "states are not ON and OFF"),
finds(.payload.device_class = "power"; "device_class power"),
finds(.payload.unit_of_measurement = "W"; "unknown key unit_of_measurement")),

($button |
finds(.payload.payload_press = "PRESS"; "payload_press is no command"),
finds(.payload.state_topic = "a"; "unknown key state_topic"),
finds(.payload.device_class = "reset"; "device_class reset")),

([[$number, $watts, $switch, $confirmed] | broken] as $found |
if $found == [] then "ok - finds nothing in what is confirmed"
else "not ok - finds nothing in what is confirmed", "# \($found | tojson)"
end)
