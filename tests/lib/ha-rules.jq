# Home Assistant's rules for MQTT discovery, as of 2026.9. Reads records of type
# mqtt and writes one line for each broken rule:
#
#	jq -nr -L tests/lib 'include "ha-rules"; [inputs] | broken' <records
#
# From homeassistant/components/mqtt (schemas, discovery, sensor,
# binary_sensor, event, number, switch, button, mixins), components/sensor/const.py
# and the documentation of the MQTT integration. Home Assistant ignores unknown keys in an entity; here
# they are mistakes.

def words: split(" ");

def common_keys: "availability availability_mode availability_topic
availability_template payload_available payload_not_available device
enabled_by_default encoding entity_category entity_picture expire_after
force_update icon json_attributes_template json_attributes_topic name origin
default_entity_id device_class qos state_topic unique_id value_template
visible_by_default" | gsub("\n"; " ") | words;

def command_keys: common_keys - ["expire_after", "force_update"] +
    ("command_template command_topic optimistic retain" | words);

def platform_keys: {
	sensor: (common_keys + ("last_reset_value_template options state_class
suggested_display_precision unit_of_measurement" | gsub("\n"; " ") | words)),
	binary_sensor: (common_keys +
	    ("off_delay payload_off payload_on" | words)),
	event: (common_keys - ["expire_after", "force_update"] +
	    ["event_types"]),
	number: (command_keys + ("max min mode payload_reset step
unit_of_measurement" | gsub("\n"; " ") | words)),
	switch: (command_keys + ("payload_off payload_on state_off state_on" |
	    words)),
	button: (command_keys + ["payload_press"] -
	    ["optimistic", "state_topic", "value_template"])
};
def is_platform: . as $x | platform_keys | has($x // "");

def device_keys: "configuration_url connections hw_version identifiers
manufacturer model model_id name serial_number suggested_area sw_version
via_device" | gsub("\n"; " ") | words;

def measurement: ["measurement"];
def energy: ["total", "total_increasing"];

# The classes that hm uses, and those that it is likely to use next.
def sensor_classes: {
	battery: {units: ["%"], states: measurement},
	apparent_power: {units: ["mVA", "VA", "kVA"], states: measurement},
	current: {units: ["A", "mA"], states: measurement},
	data_size: {units: ["B", "kB", "MB", "GB", "KiB", "MiB", "GiB"],
	    states: (measurement + energy)},
	duration: {units: ["d", "h", "min", "s", "ms"],
	    states: (measurement + energy)},
	energy: {units: ["mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "J", "kJ",
	    "MJ", "GJ"], states: energy},
	enum: {units: [null], states: []},
	frequency: {units: ["mHz", "Hz", "kHz", "MHz", "GHz"],
	    states: measurement},
	power: {units: ["mW", "W", "kW", "MW", "GW", "TW"],
	    states: measurement},
	power_factor: {units: ["%", null], states: measurement},
	reactive_power: {units: ["mvar", "var", "kvar"], states: measurement},
	signal_strength: {units: ["dB", "dBm"], states: measurement},
	temperature: {units: ["°C", "°F", "K"], states: measurement},
	timestamp: {units: [null], states: []},
	voltage: {units: ["µV", "mV", "V", "kV", "MV"], states: measurement}
};

# Classes of numbers, and their units.
def number_classes: {power: sensor_classes.power.units};

def button_classes: ["identify", "restart", "update"];
def switch_classes: ["outlet", "switch"];

def binary_classes: "battery battery_charging carbon_monoxide cold
connectivity door garage_door gas heat light lock moisture motion moving
occupancy opening plug power presence problem running safety smoke sound tamper
update vibration window" | gsub("\n"; " ") | words;

def state_classes: ["measurement", "measurement_angle"] + energy;

def among($list): . as $x | $list | any(. == $x);
def is_text: type == "string" and length > 0;
def is_natural: type == "number" and . >= 0 and . == floor;
def is_topic: is_text and (test("[+#\u0000-\u001f\u007f-\u009f]") | not) and
    (utf8bytelength < 65536);
def is_template: is_text and test("^\\{\\{ [^{}]+ \\}\\}$");
def surplus($allowed): (keys - $allowed)[];

# Each rule reads the payload and writes its mistakes.

def device_rules:
	if type != "object" then "device is missing" else
	(surplus(device_keys) | "device: unknown key \(.)"),
	(select(((.identifiers // []) + (.connections // []) | length) == 0) |
	    "device: neither identifiers nor connections"),
	(.identifiers // [] | select(type != "array" or (all(is_text) | not)) |
	    "device: identifiers are not texts"),
	(del(.identifiers, .connections) | to_entries[] |
	    select(.value | is_text | not) | "device: \(.key) is not a text"),
	(.configuration_url // empty |
	    select(test("^(https?|homeassistant)://") | not) |
	    "device: configuration_url has a wrong scheme"),
	(.via_device as $via | select($via != null and
	    ([.identifiers[]?] | any(. == $via))) |
	    "device: is reached through itself")
	end;

def origin_rules:
	if type != "object" then "origin is missing" else
	(surplus(["name", "support_url", "sw_version"]) |
	    "origin: unknown key \(.)"),
	(select(.name | is_text | not) | "origin: has no name"),
	(.support_url // empty | select(test("^https?://") | not) |
	    "origin: support_url has a wrong scheme")
	end;

def availability_rules:
	(select(has("availability") and has("availability_topic")) |
	    "both availability and availability_topic"),
	(select(has("availability_mode") and (has("availability") | not)) |
	    "availability_mode without a list"),
	(select(has("availability_mode")) | .availability_mode |
	    select(among(["all", "any", "latest"]) | not) |
	    "availability_mode \(.)"),
	(select(has("availability")) | .availability |
	    if type != "array" or length == 0
	    then "availability is not a list"
	    else .[] |
		(surplus(["topic", "value_template", "payload_available",
		    "payload_not_available"]) |
		    "availability: unknown key \(.)"),
		(select(.topic | is_topic | not) |
		    "availability: no topic"),
		(select(has("value_template")) | .value_template |
		    select(is_template | not) | "availability: bad template")
	    end),
	(select(has("availability_topic")) | .availability_topic |
	    select(is_topic | not) | "availability_topic is no topic");

def name_rules:
	(select(.unique_id | is_text | not) | "no unique_id"),
	(select(.name | is_text | not) | "no name"),
	((.device.name? // "" | tostring | ascii_downcase) as $device |
	    .name // "" | tostring | ascii_downcase |
	    select($device != "" and startswith($device)) |
	    "name repeats the device's name"),
	(select(has("default_entity_id")) | .default_entity_id |
	    select(tostring | test("^(binary_)?sensor\\.[a-z0-9_]+$") | not) |
	    "default_entity_id \(.)");

def categories($platform):
	if $platform | among(["number", "switch", "button"])
	then ["config", "diagnostic"]
	else ["diagnostic"]
	end;

def value_rules($platform):
	(select($platform != "button") | select(.state_topic | is_topic | not) |
	    "no state_topic"),
	(select(has("value_template")) | .value_template |
	    select(is_template | not) | "value_template \(.)"),
	(select(has("entity_category")) | .entity_category |
	    select(among(categories($platform)) | not) |
	    "entity_category \(.)"),
	(select(has("expire_after")) | .expire_after |
	    select(is_natural | not) | "expire_after \(tojson)"),
	(select(has("qos")) | .qos | select(among([0, 1, 2]) | not) |
	    "qos \(tojson)"),
	((.enabled_by_default, .visible_by_default, .force_update) |
	    select(. != null and type != "boolean") |
	    "a flag is \(tojson)");

def class_rules:
	.unit_of_measurement as $unit | .state_class as $state |
	.device_class as $class | sensor_classes[$class // ""] as $rule |
	(select(has("unit_of_measurement")) |
	    select($unit | is_text | not) | "unit is \($unit | tojson)"),
	(select($class != null and $rule == null) | "device_class \($class)"),
	(select($rule != null and ($unit | among($rule.units) | not)) |
	    "unit \($unit) with device_class \($class)"),
	(select($state != null and ($state | among(state_classes) | not)) |
	    "state_class \($state)"),
	(select($rule != null and $state != null and
	    ($state | among($rule.states) | not)) |
	    "state_class \($state) with device_class \($class)"),
	(select($state == "measurement_angle" and $unit != "°") |
	    "unit \($unit) with state_class \($state)"),
	(select(has("last_reset_value_template") and $state != "total") |
	    "last_reset_value_template without total");

def number_rules:
	(select(has("suggested_display_precision")) |
	    (.suggested_display_precision | select(is_natural | not) |
		"precision \(tojson)"),
	    (select(.device_class | among(["enum", "timestamp"])) |
		"precision of what is no number"));

def option_rules:
	(select(has("options")) |
	    (select(.device_class != "enum") | "options without enum"),
	    (select(has("state_class") or has("unit_of_measurement")) |
		"options with a state_class or unit"),
	    (.options | select(type != "array" or length == 0 or
		(all(is_text) | not)) | "options are not texts"),
	    (.options | select(type == "array" and
		length != (unique | length)) | "an option comes twice")),
	(select(.device_class == "enum" and (has("options") | not)) |
	    "enum without options"),
	(select(.device_class == "enum" and
	    (.value_template // "" | contains("''"))) |
	    "enum with an empty text");

def event_rules:
	(.event_types | select(type != "array" or length == 0 or
	    (all(is_text) | not)) | "event_types are not texts"),
	(.event_types | select(type == "array" and
	    length != (unique | length)) | "an event type comes twice"),
	(select(has("device_class")) | .device_class |
	    select(among(["button", "doorbell", "motion"]) | not) |
	    "device_class \(.)");

# Home Assistant sends a command; it must be one that hm takes.
def is_command($actions):
	(try fromjson catch null) as $command | $command |
	type == "object" and (.action | among($actions)) and
	(.dtu | is_text) and
	(keys - ["action", "dtu", "percent", "serial", "watts"] == []) and
	(has("percent") == (.action == "limit")) and
	(has("watts") == (.action == "limit_temporary")) and
	([.percent, .watts] - [null] | all(type == "number"));

# Apart from its value a template is text: no other template can begin there.
def is_command_template:
	type == "string" and (. / "{{ value }}") as $parts |
	($parts | length == 2) and
	($parts | all(test("\\{[{%#]") | not)) and
	($parts | join("60.5") | is_command(["limit", "limit_temporary"]));

def payload_is_command($key; $actions):
	.[$key] | select(is_command($actions) | not) | "\($key) is no command";

def command_rules:
	(select(.command_topic | is_topic | not) | "no command_topic"),
	(select(.retain != null and .retain != false) |
	    "a command is retained"),
	(select(.availability | type != "array" or
	    (any(.topic | tostring | endswith("/control")) | not)) |
	    "available without hm-subscribe");

def state_of_command_rules:
	(select(.optimistic != false) | "optimistic \(.optimistic | tojson)");

def bound_rules:
	.device_class as $class | .unit_of_measurement as $unit |
	(select([.min, .max, .step] | all(type == "number") | not) |
	    "a bound is no number"),
	(select(.min >= .max) | "min is not less than max"),
	(select(.step <= 0) | "step \(.step)"),
	(select(.mode | among(["auto", "box", "slider"]) | not) |
	    "mode \(.mode)"),
	(select($unit | is_text | not) | "unit is \($unit | tojson)"),
	(select($class != null) | select($unit |
	    among(number_classes[$class] // []) | not) |
	    "unit \($unit) with device_class \($class)"),
	(select(.command_template | is_command_template | not) |
	    "command_template is no command");

def switch_rules:
	payload_is_command("payload_on"; ["turn_on"]),
	payload_is_command("payload_off"; ["turn_off"]),
	(select([.state_on, .state_off] != ["ON", "OFF"]) |
	    "states are not ON and OFF"),
	(select(has("device_class")) | .device_class |
	    select(among(switch_classes) | not) | "device_class \(.)");

def button_rules:
	payload_is_command("payload_press";
	    ["restart_dtu", "restart_inverter"]),
	(select(has("device_class")) | .device_class |
	    select(among(button_classes) | not) | "device_class \(.)");

def platform_rules($platform):
	(surplus(platform_keys[$platform]) | "unknown key \(.)"),
	if $platform == "sensor"
	then class_rules, number_rules, option_rules
	elif $platform == "event" then event_rules
	elif $platform == "number"
	then command_rules, state_of_command_rules, bound_rules
	elif $platform == "switch"
	then command_rules, state_of_command_rules, switch_rules
	elif $platform == "button" then command_rules, button_rules
	else (select(has("device_class")) | .device_class |
	    select(among(binary_classes) | not) | "device_class \(.)")
	end;

def payload_rules($platform):
	if type != "object" then "payload is not an object" else
	platform_rules($platform), name_rules, value_rules($platform),
	availability_rules,
	(.device | device_rules), (.origin | origin_rules)
	end;

# A message of a device: its components are entities without device and origin.

def root_keys: "availability availability_mode availability_topic
availability_template command_topic components device encoding origin
payload_available payload_not_available qos state_topic" | gsub("\n"; " ") |
    words;

def component_rules($root):
	.key as $id | .value as $component |
	(select($id | test("^[a-zA-Z0-9_-]+$") | not) |
	    "an id holds a character that is not allowed"),
	if $component | type != "object" then "is not an object"
	elif $component.platform | is_platform | not
	then "unknown platform \($component.platform)"
	elif $component | keys == ["platform"] then empty
	else ($component | surplus(keys - ["device", "origin"]) |
		"\(.) in a component"),
	    ($component | select(has("availability") and
		($root | has("availability_topic"))) |
		"both its availability and the root's availability_topic"),
	    ($component | del(.platform) +
		{device: $root.device, origin: $root.origin} |
		payload_rules($component.platform))
	end;

def device_payload_rules:
	. as $root |
	if type != "object" then "payload is not an object" else
	(surplus(root_keys) | "unknown key \(.) at the root"),
	availability_rules,
	(.device | device_rules), (.origin | origin_rules),
	if .components | type != "object" then "components are missing"
	else .components | to_entries[] |
	    .key as $id | component_rules($root) | "\($id): \(.)"
	end
	end;

def device_topic: "^.+/device/(?<object>[^/]+)/config$";
def is_device_config: .topic | tostring | test(device_topic);

def config_topic:
	"^.+/(?<platform>[^/]+)/(?<node>[^/]+)/(?<object>[^/]+)/config$";

def config_rules:
	(select(.retain != true) | "discovery is not retained"),
	if .payload == "" then empty
	elif is_device_config
	then (.topic | capture(device_topic).object |
		select(test("^[a-zA-Z0-9_-]+$") | not) |
		"topic holds a character that is not allowed"),
	    (.payload | device_payload_rules)
	elif .topic | test(config_topic) | not then "topic of the wrong form"
	else (.topic | capture(config_topic)) as $t |
	    (select($t.platform | is_platform | not) |
		"unknown platform \($t.platform)"),
	    (select($t.node + $t.object | test("^[a-zA-Z0-9_-]+$") | not) |
		"topic holds a character that is not allowed"),
	    (select($t.platform | is_platform) |
		.payload | payload_rules($t.platform))
	end;

# The values of a state message must fit the entities announced for its topic.

def value_fits($config):
	if $config.platform == "number"
	then . == null or (type == "number" and . >= $config.min and
	    . <= $config.max)
	elif $config.platform == "switch" then among([null, "ON", "OFF"])
	elif $config.options then among($config.options)
	elif $config.device_class == "timestamp"
	then (try (fromdate | true) catch false)
	elif $config.state_class or $config.unit_of_measurement
	then type == "number"
	elif $config.platform == "binary_sensor" then among(["ON", "OFF"])
	else type == "number" or (is_text and length <= 255)
	end;

# An event counts when it comes: one that is retained is ignored, and one that
# is sent again happens again.
def event_message_rules($config):
	(select(.retain != false) | "an event is retained"),
	(select(.once != true) | "an event is not sent once"),
	(.payload.event_type? |
	    select(among($config.event_types) | not) |
	    "event_type \(tojson)");

# No entity reads results, and each of them happens once.
def result_message_rules:
	(select(.retain != false) | "a result is retained"),
	(select(.once != true) | "a result is not sent once"),
	(select(.payload.type? != "result") | "is no result");

def value_message_rules($configs):
	.topic as $topic | .payload | select(type == "object") | to_entries[] |
	.key as $key | .value as $value |
	[$configs[] | select(.state_topic == $topic and .value_template and
	    (.value_template | contains("value_json.\($key) ")))] |
	if length > 0 then . elif any($configs[];
	    .json_attributes_topic == $topic) then empty
	else "\($key) has not been announced" end |
	if type == "string" then .
	else .[-1] as $config | $value | select(value_fits($config) | not) |
	    "\($key): \(tojson) does not fit its entity"
	end;

def state_rules($configs):
	.topic as $topic |
	[$configs[] | select(.state_topic == $topic and
	    .platform == "event")] as $events |
	if $topic | tostring | endswith("/hoymiles_mqtt/result")
	then result_message_rules
	elif $events == [] then value_message_rules($configs)
	else event_message_rules($events[-1])
	end;

def message_rules:
	(select(.topic | is_topic | not) | "topic cannot be published to"),
	(select(.qos | among([0, 1, 2]) | not) | "qos \(.qos | tojson)"),
	(select(.retain | type != "boolean") | "retain is no flag"),
	(select(.once and .retain) | "both once and retained"),
	(select(.payload | type | among(["object", "string"]) | not) |
	    "payload is neither object nor text");

def is_config: .topic | tostring | endswith("/config");

# The entities of a discovery message.
def entities:
	.topic as $topic |
	if .payload | type != "object" then empty
	elif is_device_config
	then .payload.components | select(type == "object") | .[] |
	    select(type == "object" and has("unique_id"))
	else .payload + {platform: ($topic | split("/")[-4])}
	end;

# Rules about several messages.

def stream_rules:
	(map(.topic as $topic | [entities][] | {topic: $topic, unique_id}) |
	    group_by(.unique_id)[] | select(.[0].unique_id != null) |
	    map(.topic) | unique | select(length > 1) |
	    "\(.[0]): shares its unique_id with \(.[1])"),
	(.[] | .topic as $topic | [entities | .unique_id] |
	    group_by(.)[] | select(length > 1) |
	    "\($topic): \(.[0]) comes twice"),
	(group_by(.topic)[] | map(.time | fromdate) as $times |
	    range(1; length) as $i |
	    select($times[$i] - $times[$i - 1] < 10) |
	    "\(.[0].topic): announced twice within 10 s");

# All mistakes in an array of records.
def broken:
	map(select(type == "object" and .type == "mqtt")) |
	(map(select(is_config))) as $announced |
	[$announced[] | entities] as $configs |
	(.[] | .topic as $topic |
	    (message_rules, if is_config then config_rules
		else state_rules($configs) end) | "\($topic): \(.)"),
	($announced | stream_rules);
