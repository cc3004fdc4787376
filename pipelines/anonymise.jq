# Records whose serial numbers, names and addresses are masked, each everywhere by
# the same mask: of each line of text that is a record. Frames stay whole: masks
# are as long as what they replace, and CRCs are put right.
#   jq -cR --argjson keys '[[12,345],[678,9]]' -f anonymise.jq <roof.ndjson
# A key is two numbers below 65536. With other keys the masks are others.

def digits: "0123456789abcdef";
def digit: if . >= 97 then . - 87 elif . >= 65 then . - 55 else . - 48 end;
def number: reduce explode[] as $c (0; . * 16 + ($c | digit));
def hex($width): . as $n | [limit($width; $n | recurse(. / 16 | floor)) % 16 |
  digits[.:. + 1]] | reverse | add;

# Numbers of 32 bits, each to another one: a Feistel network.
def mixed:
  reduce $keys[] as [$factor, $term] ([(. / 65536 | floor), . % 65536];
    [.[1], (.[0] + (.[1] + $term) * ($factor + 1) % 65537) % 65536]) |
  .[0] * 65536 + .[1];

def digest: reduce explode[] as $c (1; ((. * 131 + $c) % 4294967296 | mixed));

# A serial number as a number. Its first four digits tell the model.
def is_serial: . >= 17592186044416 and . < 281474976710656;
def masked_number: (. / 4294967296 | floor) as $model |
  $model * 4294967296 + (. % 4294967296 | mixed);

def masked_serial: number | masked_number | hex(12);

# Other letters and digits: the first four stay.
def masked_word:
  (ascii_downcase | digest) as $seed | explode | [.[:4][], (range(4; length) as $i |
    ($seed * ($i + 1) % 65537) as $n | .[$i] |
    if . <= 57 then 48 + $n % 10
    elif . <= 90 then 65 + $n % 26
    else 97 + $n % 26 end)] | implode;

# A serial number in a text; $upper: of capital letters, if it has none that tells.
def masked_id($upper):
  if test("^[1-9A-Fa-f][0-9A-Fa-f]{11}$") then
    masked_serial as $mask |
    if test("[A-F]") or ($upper and (test("[a-f]") | not))
    then $mask | ascii_upcase else $mask end
  elif test("^[0-9A-Fa-f]{12}([0-9A-Fa-f]{4})?$") then . # of no device
  elif test("^[0-9A-Za-z]{10,}$") then masked_word
  else . end;

# Frames, as arrays of bytes

def bytes: explode | [range(0; length - 1; 2) as $i |
  (.[$i] | digit) * 16 + (.[$i + 1] | digit)];
def word($at): .[$at] * 256 + .[$at + 1];
def value($at; $n): reduce .[$at:$at + $n][] as $b (0; . * 256 + $b);

def put_value($at; $n; $value):
  reduce range(0; $n) as $i ({b: ., v: $value};
    .b[$at + $n - 1 - $i] = .v % 256 | .v = (.v / 256 | floor)) | .b;

def put_serial($at; $n):
  value($at; $n) as $v |
  if $v | is_serial then put_value($at; $n; $v | masked_number) else . end;

# {value, next} of the varint at a place, or null.
def varint($at; $to):
  .[$at:$to] as $rest | first(range(0; [10, $rest | length] | min) |
    select($rest[.] < 128)) as $last |
  {next: ($at + $last + 1), value: (reduce range($last; -1; -1) as $i (0;
    . * 128 + $rest[$i] % 128))};

def put_varint($at; $next; $value):
  reduce range($at; $next) as $i ({b: ., v: $value};
    .b[$i] = .v % 128 + (if $i < $next - 1 then 128 else 0 end) |
    .v = (.v / 128 | floor)) | .b;

def mask_varint($at; $v):
  if $v.value | is_serial then
    put_varint($at; $v.next; $v.value | masked_number)
  else . end;

def is_text: length > 0 and all(. >= 32 and . < 127);

# Serial numbers in a row, as protobuf packs them; nothing if these are none.
def packed($from; $to):
  def numbers($at):
    if $at == $to then . else
      varint($at; $to) as $v | select($v.value | is_serial) |
      mask_varint($at; $v) | numbers($v.next) end;
  numbers($from);

# Masks in the protobuf message between two places, and in those that it holds;
# nothing comes out if the bytes are none.
def message($from; $to):
  def inside($at; $to):
    if .[$at:$to] | is_text then
      (.[$at:$to] | implode | masked_id(true) | explode) as $text |
      .[:$at] + $text + .[$to:]
    else first(packed($at; $to), message($at; $to), .) end;
  def field($at):
    varint($at; $to) as $tag | ($tag.value % 8) as $type |
    if $type == 0 then
      varint($tag.next; $to) as $v | mask_varint($tag.next; $v) | [., $v.next]
    elif $type == 1 then [., $tag.next + 8]
    elif $type == 5 then [., $tag.next + 4]
    elif $type == 2 then
      varint($tag.next; $to) as $n | ($n.next + $n.value) as $next |
      select($next <= $to) | [inside($n.next; $next), $next]
    else empty end;
  def fields($at):
    if $at == $to then . elif $at > $to then empty
    else field($at) as [$b, $next] | $b | fields($next) end;
  fields($from);

# The CRC of bytes, four bits at a time, as hm_crc16 of lib/wire/hmframe.c.
def xor($a; $b):
  reduce (1, 2, 4, 8) as $bit (0;
    if ($a / $bit | floor) % 2 != ($b / $bit | floor) % 2
    then . + $bit else . end);
def xors: [range(0; 16) as $a | [range(0; 16) as $b | xor($a; $b)]];
def crcs: "0000cc01d8011400f0013c002800e401a0016c007800b40150009c0188014400" |
  explode | map(digit) | [range(0; 16) as $i | .[$i * 4:$i * 4 + 4]];
def crc:
  xors as $xor | crcs as $crcs |
  reduce (.[] | . % 16, (. / 16 | floor)) as $bits ([15, 15, 15, 15];
    . as [$a, $b, $c, $d] | $crcs[$xor[$d][$bits]] as [$p, $q, $r, $s] |
    [$p, $xor[$a][$q], $xor[$b][$r], $xor[$c][$s]]) |
  reduce .[] as $digit (0; . * 16 + $digit);

# A frame with a wrong CRC keeps it: that may be what the report is about.
def masked_hm:
  (if .[2] == 194 or .[2] == 218 then 24 else 10 end) as $header |
  select(length >= $header) | (.[$header:] | crc) as $crc | word(6) as $said |
  (if $header == 24 then put_serial(12; 8) else . end) |
  message($header; length) |
  if $crc == $said then put_value(6; 2; .[$header:] | crc) else . end;

# A DTU's serial number, records of 40 bytes with one each, or an exception.
def masked_modbus:
  if length == 15 then put_serial(9; 6)
  elif length % 40 == 9 then
    reduce range(10; length; 40) as $at (.; put_serial($at; 6))
  else empty end;

def masked_frame($transport):
  select(type == "string" and test("^([0-9A-Fa-f]{2})+$")) | bytes |
  if $transport == "modbus" then masked_modbus
  elif .[:2] == [72, 77] then first(masked_hm)
  elif $transport == "modbus-g3" then . # which has no serial number
  else empty end |
  map(hex(2)) | add;

# Other records

def masked_name($kind): $kind + "-" + (digest | hex(8));
def masked_text:
  gsub("(?<id>(?<![0-9A-Za-z])[1-9A-Fa-f][0-9A-Fa-f]{11}(?![0-9A-Za-z]))";
    .id | masked_serial) |
  gsub("(?<host>(?<![0-9A-Za-z.])[0-9]{1,3}(\\.[0-9]{1,3}){3}(?![0-9A-Za-z.-]))";
    .host | masked_name("host"));

def masked_value($key):
  if type != "string" then walk(if type == "string" then masked_text else . end)
  elif $key == "dtu" then masked_name("dtu")
  elif $key == "host" then masked_name("host")
  elif $key == "serial" or $key == "battery_serial" then
    masked_id($key != "serial")
  else masked_text end;

# A label is made from a serial number in another way.
fromjson | .transport as $transport | with_entries(select(.key != "label") |
  .key as $key |
  if $key == "frames" then
    .value = [.value | arrays[] | masked_frame($transport)]
  else .value |= masked_value($key) end)
