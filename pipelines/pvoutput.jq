# Statuses for PVOutput from records of DTUs: of the newest 30 moments of five
# minutes the last record of each DTU, added up. PVOutput wants local time: TZ.
[inputs | select(.type == "dtu" and .pv_power != null)
  | .at = (.time | fromdate / 300 | floor * 300)]
| group_by(.at)[-30:]
| map((group_by(.dtu) | map(last)) as $dtus
  | [(.[0].at | strflocaltime("%Y%m%d,%H:%M")),
    (if all($dtus[]; .today_production != null)
      then $dtus | map(.today_production) | add else "" end),
    ($dtus | map(.pv_power) | add | round)] | map(tostring) | join(","))
| join(";") | select(. != "")
