# Readings as one short line each, coloured with --arg colour 1. Times are local:
# those of TZ, or of the system.
#   hm-poll -1 hm://192.168.1.50 | hm-decode | jq -r --arg colour 1 -f show.jq

def paint(code; text):
  if $colour == "1" then "\u001b[\(code)m\(text)\u001b[0m" else text end;

# A terminal obeys control characters, and the text may be of any device.
def plain: tostring | gsub("[[:cntrl:]]"; "?");

def padded(width):
  plain | . + ("                    "[0:[width - length, 0] | max]);

# A value with its unit, or nothing if it is unknown.
def shown(value; unit): if value == null then empty else "\(value) \(unit)" end;

def columns(values): [values] | map(padded(11)) | join("");

# Seconds since 1970, of a year that begins in March. Not by fromdate or mktime:
# in summer, those of jq 1.6 are wrong by an hour.
def seconds:
  [scan("\\d+") | tonumber] as [$year, $month, $day, $hour, $minute, $second] |
  (if $month > 2 then $year else $year - 1 end) as $y |
  365 * $y + ($y / 4 | floor) - ($y / 100 | floor) + ($y / 400 | floor) +
  ((153 * (($month + 9) % 12) + 2) / 5 | floor) + $day - 719469 |
  . * 86400 + $hour * 3600 + $minute * 60 + $second;

# Local time; any other text as it is.
def clock:
  if tostring | test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$")
  then seconds | strflocaltime("%H:%M:%S")
  else tostring | .[11:19] | plain end;

def head(code; name):
  "\(.time | clock) \(.dtu // "" | padded(16))" +
  paint(code; "\(name | padded(10))") + "\(.serial // "" | padded(14))";

if .type == "dtu" then
  head("1;33"; "dtu") + paint("1"; columns(
    shown(.pv_power; "W"), shown(.today_production; "Wh"),
    shown(.total_production; "Wh lifetime")))
elif .type == "inverter" then
  head("36"; "inverter") + columns(
    shown(.active_power; "W"), shown(.grid_voltage // .grid_voltage_a; "V"),
    shown(.grid_frequency; "Hz"), shown(.temperature; "°C"),
    (if .link_status == 0 then "asleep" else empty end),
    (.alarm_text // empty))
elif .type == "port" then
  head("32"; "input \(.port)") + columns(
    shown(.pv_power; "W"), shown(.pv_voltage; "V"), shown(.pv_current; "A"),
    shown(.today_production; "Wh"))
elif .type == "meter" then
  head("35"; "meter") + columns(shown(.power; "W"),
    shown(.energy_import; "Wh in"), shown(.energy_export; "Wh out"))
elif .type == "status" and .state == "offline" then
  head("1;31"; "offline") + "\(.error | plain): \(.text | plain)"
elif .type == "status" then
  head("1;32"; "online")
elif .type == "alarm" then
  head("31"; "alarm") + "\(.code // .alert | plain) \(.text // "" | plain)" +
    if .end then " (over)" else "" end
else empty end
