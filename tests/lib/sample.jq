# The records of a plant from 2026-10-19 to 2026-11-03 in Europe/Berlin, as
# hm-filter writes them: `jq -nc -f sample.jq`. Two DTUs, three inverters, six
# ports and a meter, every ten minutes. docs/queries.md says what happens to the
# plant.

def moment: fromdate;
def sunday: "2026-10-25T01:00:00Z" | moment; # the clocks go back
def local: . + (if . < sunday then 7200 else 3600 end);
def day: local / 86400 | floor;
def hour: local % 86400 / 3600 | floor;
def within(since; until): . >= (since | moment) and . < (until | moment);
def is_off: within("2026-10-26T23:00:00Z"; "2026-10-27T23:00:00Z");
def barn_is_away: within("2026-10-29T09:00:00Z"; "2026-10-29T12:30:00Z");
def roof_is_away: within("2026-11-02T07:10:00Z"; "2026-11-02T07:30:00Z");

def inputs: [
  {dtu: "roof", serial: "114182000001", port: 1, peak: 400},
  {dtu: "roof", serial: "114182000001", port: 2, peak: 400},
  {dtu: "roof", serial: "114182000002", port: 1, peak: 400},
  {dtu: "roof", serial: "114182000002", port: 2, peak: 400},
  {dtu: "barn", serial: "114182000003", port: 1, peak: 330},
  {dtu: "barn", serial: "114182000003", port: 2, peak: 330}];

# The power of the panels in per mille: sun of a clear sky, and percent of it
# that the clouds of each day let through.
def sun:
  (. % 86400 / 60 - 650) as $from_noon
  | [0, 1000 - $from_noon * $from_noon / 90] | max
  | floor;
def clear:
  ["2026-10-18T22:00:00Z" | moment | day] as [$first]
  | [72, 55, 90, 84, 35, 80, 95, 40, 60, 100, 30, 70, 90, 85, 50, 75]
    [day - $first] - . / 600 % 5;
def light: sun * clear / 100 | floor;

# Tenths of a watt.
def power($input):
  if $input.serial == "114182000002"
    and within("2026-10-29T23:00:00Z"; "2026-10-30T23:00:00Z") then 0
  elif $input.serial == "114182000002" and $input.port == 2
    and . >= ("2026-10-27T23:00:00Z" | moment)
  then light * $input.peak * 7 / 1000 | floor
  else light * $input.peak / 100 | floor end;

def house:
  if hour >= 17 and hour < 22 then 700
  elif hour >= 6 and hour < 8 then 450
  elif day % 7 == 3 and hour >= 11 and hour < 13 then 1900
  else 230 end;

# The state at $time, from the state ten minutes before. An energy is a sum of
# tenths of a watt over ten minutes: 60 of them are a watt-hour.
def advance($time):
  [$time | . as $t | inputs[] | . as $input | $t | power($input)] as $powers
  | (($time | house * 10) - ($powers | add) * 0.95) as $grid
  | if .day != ($time | day)
    then .day = ($time | day) | .morning = .total else . end
  | .power = $powers
  | .total = ([.total, $powers] | transpose | map(add))
  | .grid = $grid
  | if $grid > 0 then .taken += $grid else .given -= $grid end;
def watt_hours: . / 60 | floor;
def today($i): (.total[$i] | watt_hours) - (.morning[$i] | watt_hours);

def head($type; $dtu): {type: $type, time: ., dtu: $dtu};

def port($time; $state; $i; $silent):
  inputs[$i] as $input
  | $state.power[$i] as $power
  | $time | todate | head("port"; $input.dtu)
  + {serial: $input.serial, port: $input.port}
  + (if $silent then {} else {
      pv_voltage: (330 + $input.port + $power / 200 | floor / 10),
      pv_current: ($power / 3.5 | floor / 100),
      pv_power: ($power / 10)} end)
  + {today_production: ($state | today($i)),
    total_production: (400000 + 1000 * $i
      + ($state.total[$i] | watt_hours)),
    link_status: (if $silent then 0 else 1 end)};

def alarm_text: "VW function enable (grid overvoltage power reduction)";
def inverter($time; $state; $i; $silent):
  inputs[$i] as $input
  | ($state.power[$i] + $state.power[$i + 1]) as $power
  | ($time | light) as $light
  | ($time | within("2026-11-01T10:00:00Z"; "2026-11-01T11:30:00Z")) as $alarm
  | $time | todate | head("inverter"; $input.dtu)
  + {serial: $input.serial, model: "HM-600/700/800"}
  + (if $silent then {} else {
      grid_voltage: (2300 + $light * 0.246
        - (if $input.dtu == "barn" then 60 else $i end) | floor / 10),
      grid_frequency: (4995 + $time / 600 % 11 | . / 100),
      temperature: (60 + $power / 10 * 0.42 + $light * 0.08
        | floor / 10)} end)
  + (if $input.dtu == "barn"
    then {alarm_code: (if $alarm then 71 else 0 end)}
      + (if $alarm then {alarm_text: alarm_text} else {} end)
    elif $silent then {} else {active_power: ($power * 0.95 | floor / 10)} end)
  + {link_status: (if $silent then 0 else 1 end)};

def dtu($time; $state; $name; $serial; $inputs; $took):
  $time | todate | head("dtu"; $name)
  + {serial: $serial, took_ms: $took, model: "DTU-Pro",
    pv_power: ([$state.power[$inputs[]]] | add / 10),
    today_production:
      ([$inputs[] | . as $i | $state | today($i)] | add),
    total_production:
      ([$inputs[] | 400000 + 1000 * . + ($state.total[.] | watt_hours)] | add),
    inverters: ($inputs | length / 2),
    inverters_online: ([$inputs[] | select(. % 2 == 0)
      | $state.power[.] | select(. > 0)] | length)};

def meter($time; $state):
  $time | todate | head("meter"; "roof")
  + {serial: "37ff20000001", model: "DTSU666",
    power: ($state.grid / 100 | floor * 10),
    energy_export: (310000 + ($state.given | watt_hours / 10 | floor * 10)),
    energy_import: (520000 + ($state.taken | watt_hours / 10 | floor * 10))};

def roof($time; $state):
  (0, 2 | . as $i | ($state.power[$i] == 0) as $silent
    | inverter($time; $state; $i; $silent),
      port($time; $state; $i, $i + 1; $silent)),
  meter($time; $state),
  dtu($time; $state; "roof"; "10f700000001"; [0, 1, 2, 3];
    if $time / 600 % 97 == 0 then 4200 else 350 + $time / 600 * 31 % 90 end);

def barn($time; $state):
  ($state.power[4] == 0) as $silent
  | inverter($time; $state; 4; $silent),
    port($time; $state; 4, 5; $silent),
    dtu($time; $state; "barn"; "10f700000002"; [4, 5];
      if $time / 600 % 53 == 0 then 2600 else 80 + $time / 600 * 17 % 40 end);

def online($name):
  todate | head("status"; $name)
  + {state: "online", breaker: "closed", failures: 0};
def offline($name; $since; $errors):
  ((. - ($since | moment)) / 600 + 1) as $failures
  | ([$failures / 4 | floor, ($errors | length) - 1] | min) as $which
  | todate | head("status"; $name)
  + {state: "offline", breaker: "closed", failures: $failures}
  + $errors[$which];

def no_answer: {error: "timeout_read", text: "no reply within 3 s"};
def refused: {error: "refused", text: "Connection refused"};

# Records that hm-poll asks for once a day.
def info($time):
  ($time | todate) as $at
  | ($at | head("info"; "roof")
    + {serial: "10f700000001", kind: "dtu", model: "DTU-Pro",
      firmware: "V00.02.08", hardware: "H09.01.02",
      signal: (60 + $time / 86400 % 3 | floor)}),
  ($at | head("history"; "roof")
    + {serial: "10f700000001", package: 0, start: ($time - 3600 | todate),
      step: 900, curve: [range($time - 3600; $time; 900) | light * 16 / 10]}),
  ("114182000001", "114182000002" | . as $serial
    | $at | head("info"; "roof")
    + {serial: $serial, kind: "inverter", model: "HM-800",
      firmware: (if $serial == "114182000001"
        and $time >= ("2026-10-31T00:00:00Z" | moment)
        then "V01.00.14" else "V01.00.12" end),
      hardware: "H00.04.00", grid_profile: 2560}),
  if $time < ("2026-10-28T00:00:00Z" | moment) then empty else
    $at | head("alarm"; "roof")
    + {serial: "114182000001", code: 209, text: "PV1 no input", count: 3,
      start: "2026-10-28T08:20:00Z"}
    + (if $time < ("2026-10-29T00:00:00Z" | moment) then {}
      else {end: "2026-10-28T10:45:00Z"} end) end;

# The stats of hm-poll, counted since it was started.
def stats($time; $state):
  $time | todate | {type: "stats", time: ., tool: "hm-poll",
    uptime: ($time - $state.since), polls: $state.polls,
    failed_polls: $state.failed};
def tally($time):
  if $time | is_off then .since = $time + 600 | .polls = 0 | .failed = 0
  else .polls += 2
    | .failed += ([$time | roof_is_away, barn_is_away | select(.)] | length)
  end;

def records($time; $state):
  if $time | roof_is_away
  then $time | offline("roof"; "2026-11-02T07:10:00Z"; [no_answer])
  else ($time | if . == ("2026-10-18T22:00:00Z" | moment)
      or . == ("2026-11-02T07:30:00Z" | moment)
      then online("roof") else empty end), roof($time; $state) end,
  if $time | barn_is_away
  then $time | offline("barn"; "2026-10-29T09:00:00Z"; [no_answer, refused])
  else ($time | if . == ("2026-10-18T22:00:00Z" | moment)
      or . == ("2026-10-29T12:30:00Z" | moment)
      then online("barn") else empty end), barn($time; $state) end,
  if $time % 86400 == 36000 then info($time) else empty end,
  if $time % 3600 == 0 then stats($time; $state) else empty end;

# Commands, and the results of each: seconds after it, and more members.
def commands: [
  {id: "c1", time: "2026-11-01T09:00:00Z", action: "limit", percent: 60,
    from: "stdin",
    results: [[6, {state: "accepted"}], [12, {state: "done", percent: 60}]]},
  {id: "c2", time: "2026-11-02T07:15:00Z", action: "turn_off",
    from: "homeassistant/hoymiles_mqtt/command",
    results: [[9, {state: "failed"} + no_answer]]},
  {id: "c3", time: "2026-11-03T10:00:00Z", action: "limit", percent: 1,
    from: "stdin", results: [[0, {state: "refused", error: "bounds",
      text: "found 1 %, allowed are 2 to 100 %"}]]},
  {id: "c4", time: "2026-11-03T10:02:00Z", action: "limit", percent: 100,
    from: "stdin",
    results: [[5, {state: "accepted"}], [14, {state: "done", percent: 100}]]}];
def orders: commands[] as $c
  | ($c | {type: "command", time, id, dtu: "roof", action} +
    del(.results, .time, .id, .action)),
  ($c.results[] as [$later, $more] | {type: "result",
    time: ($c.time | moment + $later | todate), id: $c.id, dtu: "roof",
    action: $c.action} + $more);

foreach range("2026-10-18T22:00:00Z" | moment;
    "2026-11-03T13:00:01Z" | moment; 600) as $time (
  {day: 0, total: [0, 0, 0, 0, 0, 0], taken: 0, given: 0,
    since: ("2026-10-18T22:00:00Z" | moment), polls: 0, failed: 0};
  advance($time) | tally($time);
  if $time | is_off then empty else records($time; .) end),
orders
