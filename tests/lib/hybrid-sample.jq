# The records of a house with a hybrid inverter and a battery from 2026-06-01 to
# 2026-06-03 in Europe/Berlin, as hm-filter writes them, every ten minutes:
# `jq -nc -f hybrid-sample.jq`. The panels feed the house, what is left charges
# the battery of 10 kWh, and goes to the grid when that is full. In the evening
# the battery feeds the house, down to 10 %, and the grid from then on.

def clouds: [100, 45, 90]; # percent of the sun on each day
# 2026-06-01T00:00:00 in Berlin; fromdate of jq 1.7 depends on TZ in summer.
def midnight: 1780264800;
def hour: . % 86400 / 3600;
# Watts at a local time.
def panels: . as $t | (hour - 13) as $h
  | [0, 6000 - 150 * $h * $h] | max * clouds[$t / 86400 | floor] / 100 | floor;
def house: hour | if . >= 18 and . < 23 then 1400 elif . >= 6 and . < 8 then 900
  else 350 end;

# The flows of ten minutes, from the energy in the battery in Wh.
def flows($stored):
  panels as $pv | house as $house
  | ([$pv, $house] | min) as $direct
  | ([$pv - $direct, 4000, (10000 - $stored) * 6 / 0.95] | min) as $into
  | ([$house - $direct, 3000, ($stored - 1000) * 6] | min) as $out
  | {pv_to_load: $direct, pv_to_battery: ($into | floor),
     pv_to_grid: ($pv - $direct - $into | floor), battery_to_load: ($out | floor),
     grid_to_load: ($house - $direct - $out | floor)};

def steps: 100 * (. / 600 | floor); # Wh of tenths of an hour, as the counters
def counters($prefix; $sums): {"\($prefix)charged": ($sums.pv_to_battery | steps),
  "\($prefix)discharged": ($sums.battery_to_load | steps)};

def records($t; $state):
  ($t + midnight | todate) as $time
  | def head($type): {type: $type, time: $time, dtu: "house",
      serial: "214322440207"};
  $state.flow as $flow | $state.today as $today | $state.total as $total
  | (head("battery") + {soc: ($state.stored / 100 | floor),
      power: ($flow.battery_to_load - $flow.pv_to_battery)}
      + counters("today_"; $today) + counters("total_"; $total)),
    (head("grid") + {power: ($flow.pv_to_grid - $flow.grid_to_load),
      today_export: ($today.pv_to_grid | steps),
      today_import: ($today.grid_to_load | steps),
      total_export: ($total.pv_to_grid | steps),
      total_import: ($total.grid_to_load | steps)}),
    (head("load") + {power: ($t | house),
      today_energy: ($today | .pv_to_load + .battery_to_load + .grid_to_load
        | steps)}),
    (head("flow") + $flow
      + ($today | with_entries(.key |= "today_" + . | .value |= steps)));

def add($sums; $flow): $flow | with_entries(.key as $k | .value += ($sums[$k] // 0));

foreach range(0; 3 * 86400; 600) as $t ({stored: 1000, total: {}, today: {}};
  .stored as $stored | ($t | flows($stored)) as $flow
  | if $t % 86400 == 0 then .today = {} else . end
  | .flow = $flow | .today = add(.today; $flow) | .total = add(.total; $flow)
  | .stored += ($flow.pv_to_battery * 0.95 - $flow.battery_to_load) / 6;
  records($t; .))
