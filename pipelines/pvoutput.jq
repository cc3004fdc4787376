# Statuses for PVOutput from records of DTUs: of the newest 30 moments of five
# minutes "SECONDS ENERGY,POWER", the last record of each DTU added up.
[inputs | select(.type == "dtu" and .pv_power != null)
  | .at = (.time | fromdate / 300 | floor * 300)]
| group_by(.at)[-30:][]
| (group_by(.dtu) | map(last)) as $dtus
| (if all($dtus[]; .today_production != null)
  then $dtus | map(.today_production) | add else "" end) as $energy
| "\(.[0].at) \($energy),\($dtus | map(.pv_power) | add | round)"
