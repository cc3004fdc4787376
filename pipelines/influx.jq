# Readings as InfluxDB's line protocol; HM_SITE, DTU, serial number and input are tags,
# which have no line breaks, and no backslash at the end. All numbers are floats.
def tag: gsub("[\\n\\r]"; " ") | sub("\\\\+$"; "") | gsub("(?<c>[ ,=])"; "\\\(.c)");
def text: "\"" + gsub("(?<c>[\\\\\"])"; "\\\(.c)") + "\"";

select((.removed | not) and (.type | IN("status", "alarm", "alarms", "info", "history",
  "energies", "command", "result", "stats", "mqtt", "frame") | not))
| [to_entries[] | select(.key | IN("type", "time", "dtu", "serial", "port", "hour",
  "day") | not) | select(.value | type | IN("number", "boolean", "string"))
  | (.key | tag) + "=" + (.value | if type == "string" then text else tojson end)]
  as $fields
| select($fields | length > 0)
| ([.type | tag] + [({site: $ENV.HM_SITE} + {dtu, serial, port} | to_entries[]
  | select(.value != null and .value != "") | .key + "=" + (.value | tostring | tag))]
  | join(",")) + " " + ($fields | join(",")) + " \(.time | fromdate)"
