#!/usr/bin/env python3
"""Gateways of hybrid inverters: hoymiles-wifi's client and messages, pymodbus.

    hybrid.py read HOST FRAMES EXPECTED    read a gateway as hoymiles-wifi does
    hybrid.py mode HOST INVERTER MODE RESERVE POWER   order a working mode
    hybrid.py serve PORT   be a gateway, and print each working mode that is
                           ordered, and whether hoymiles-wifi sends the same
    hybrid.py random VALUES SEED FRAMES EXPECTED   replies of a fake gateway
    hybrid.py compare EXPECTED DECODED     what hm-decode made of the frames
    hybrid.py registers PORT               values of a modbus-g3 stick, as JSON
    hybrid.py write PORT WORD ...          write registers from 4300 on

FRAMES gets frame records. EXPECTED gets for each of them, as JSON, the records
that hm-decode is to write: the same values in hm's names and scales, which
docs/hybrids.md justifies, made from hoymiles-wifi's messages.
"""

import asyncio
import json
import random
import struct
import sys
from decimal import Decimal

from crcmod import mkCrcFun
from hoymiles_wifi.dtu import DTU
from hoymiles_wifi.hoymiles import BMSWorkingMode, TimePeriodBean
from hoymiles_wifi.protobuf import (ESData_pb2, ESRegPB_pb2, ESUserSet_pb2,
                                    GWInfo_pb2)
from pymodbus.client import ModbusTcpClient

PHASES = "abc"
EXTREMES = (0, 1, -1, 2**31 - 1, -2**31, 100, 101, -100, 65535, 5000)
TIME = 1767225600
GATEWAY = 0x430122480861
INVERTER = 0x214322440207


def scaled(value, places):
    return Decimal(value).scaleb(-places)


def serial_of(number):
    return f"{number:012x}"


class Record(dict):
    """A record; a value of None is not in it."""

    def put(self, key, value, places=0):
        if value is not None:
            self[key] = scaled(value, places)

    def heard(self, key, value, places=0, heard=False):
        """A zero is no value."""
        if value != 0 or heard:
            self.put(key, value, places)

    def energy(self, key, value):
        if value is not None and value >= 0:
            self.put(key, value * 100)


def total(values):
    """A sum of energies is none if one of them is."""
    return sum(values) if all(v >= 0 for v in values) else None


def phases_of(message):
    """(letter, phase) of those that have a number of their own."""
    seen = set()
    for position, phase in enumerate(message.phases):
        number = phase.phase - 1 if phase.phase else position
        if 0 <= number < len(PHASES) and number not in seen:
            seen.add(number)
            yield PHASES[number], phase


def inverter_record(serial, message):
    record = Record(type="inverter", serial=serial)
    if not message.HasField("inverter"):
        return record
    inverter = message.inverter
    if inverter.HasField("param"):
        record.heard("grid_frequency", inverter.param.frequency, 2)
    found = list(phases_of(inverter))
    for letter, phase in found:
        single = len(inverter.phases) == 1
        record.put("grid_voltage" + ("" if single else "_" + letter),
                   phase.voltage, 1)
        record.put("ac_current" + ("" if single else "_" + letter),
                   phase.current, 2)
    if found:
        record.put("active_power", sum(p.active_power for _, p in found))
        record.put("reactive_power", sum(p.reactive_power for _, p in found))
    return record


def inputs_of(message):
    """(number, input) of those that have a number of their own."""
    seen = set()
    for position, string in enumerate(message.pv_panels):
        number = string.solar_irradiance or position + 1
        if 1 <= number <= 255 and number not in seen:
            seen.add(number)
            yield number, string


def port_records(serial, message):
    for number, string in inputs_of(message):
        record = Record(type="port", serial=serial)
        record.put("port", number)
        record.put("pv_voltage", string.voltage, 1)
        record.put("pv_current", string.current, 2)
        record.put("pv_power", string.power)
        record.energy("today_production", string.energy)
        yield record


def hybrid_record(serial, inverter):
    record = Record(type="hybrid", serial=serial)
    if inverter.HasField("param"):
        record.put("device_status", inverter.param.status)
        record.heard("insulation_resistance",
                     1000 * inverter.param.isolation_resistance)
        record.put("leakage_current", inverter.param.leakage_current, 3)
    for letter, phase in phases_of(inverter):
        record.put("dc_injection_" + letter, phase.dc_current, 3)
        record.put("dc_offset_" + letter, phase.dc_voltage, 4)
    return record


def current_agrees(b):
    """To a tenth, and to a step of voltage, current and power."""
    power, product = abs(b.power) * 100, abs(b.voltage * b.current)
    return abs(product - power) <= power // 10 + 100 + abs(b.voltage) + abs(
        b.current)


def battery_record(serial, b):
    record = Record(type="battery", serial=serial)
    record.put("device_status", b.status)
    record.put("fault_code", b.fault_code)
    record.put("battery_type", b.type)
    if 0 <= b.state_of_charge <= 100:
        record.put("soc", b.state_of_charge)
    if 0 < b.state_of_health <= 100:
        record.put("soh", b.state_of_health)
    record.put("voltage", b.voltage, 1)
    if current_agrees(b):
        record.put("current", b.current, 1)
    record.put("power", b.power)
    record.energy("today_charged", b.energy_charged)
    record.energy("today_discharged", b.energy_discharged)
    limits = b.cell_voltage_high != 0
    record.heard("charge_current_limit", b.internal_charge_mode, 1, limits)
    record.heard("discharge_current_limit", b.internal_discharge_mode, 1,
                 limits)
    record.heard("voltage_limit_high", b.cell_voltage_high, 1)
    record.heard("voltage_limit_low", b.cell_voltage_low, 1)
    cells, modules = b.voltage_charge_high != 0, b.voltage_module_high != 0
    record.heard("cell_temperature_max", b.temp_high_charge, 1, cells)
    record.heard("cell_temperature_min", b.temp_low_charge, 1, cells)
    record.heard("module_temperature_max", b.temp_high_module, 1, modules)
    record.heard("module_temperature_min", b.temp_low_module, 1, modules)
    record.heard("cell_voltage_max", b.voltage_charge_high, 3)
    record.heard("cell_voltage_min", b.voltage_charge_low, 3)
    record.heard("module_voltage_max", b.voltage_module_high, 2)
    record.heard("module_voltage_min", b.voltage_module_low, 2)
    return record


def put_state(record, message):
    if message.HasField("param"):
        record.put("device_status", message.param.status)
        record.heard("frequency", message.param.frequency, 2)


def grid_record(serial, grid):
    record = Record(type="grid", serial=serial)
    put_state(record, grid)
    found = list(phases_of(grid))
    for letter, phase in found:
        record.put("voltage_" + letter, phase.voltage, 1)
        record.put("current_" + letter, phase.current, 2)
        record.put("power_" + letter, phase.active_power)
        record.put("reactive_power_" + letter, phase.reactive_power)
        # hm leaves out what power, voltage and current refute.
        record["maybe power_factor_" + letter] = scaled(phase.power_factor, 2)
        record.energy("today_export_" + letter, phase.energy_frequency)
        record.energy("today_import_" + letter, phase.energy_consumed)
    if found:
        record.put("power", sum(p.active_power for _, p in found))
        record.energy("today_export",
                      total([p.energy_frequency for _, p in found]))
        record.energy("today_import",
                      total([p.energy_consumed for _, p in found]))
    return record


def load_record(serial, message):
    record = Record(type="load", serial=serial)
    if message.HasField("load"):
        put_state(record, message.load)
        found = list(phases_of(message.load))
        for letter, phase in found:
            record.put("voltage_" + letter, phase.voltage, 1)
            record.put("power_" + letter, phase.active_power)
            record.energy("today_energy_" + letter, phase.energy_consumed)
        if found:
            record.put("power", sum(p.active_power for _, p in found))
            record.energy("today_energy",
                          total([p.energy_consumed for _, p in found]))
    for letter, phase in phases_of(message.inverter):
        record.put("backup_voltage_" + letter, phase.eps_voltage, 1)
        record.put("backup_current_" + letter, phase.eps_current, 2)
        record.put("backup_power_" + letter, phase.eps_power)
    return record


def source_record(kind, serial, generator):
    record = Record(type=kind, serial=serial)
    put_state(record, generator)
    found = list(phases_of(generator))
    for letter, phase in found:
        record.put("voltage_" + letter, phase.voltage, 1)
        record.put("current_" + letter, phase.current, 2)
        record.put("power_" + letter, phase.active_power)
        record.put("reactive_power_" + letter, phase.reactive_power)
        record.energy("today_energy_" + letter, phase.energy)
    if found:
        record.put("power", sum(p.active_power for _, p in found))
        record.energy("today_energy", total([p.energy for _, p in found]))
    return record


def flow_record(serial, message):
    record = Record(type="flow", serial=serial)
    if message.HasField("power_flow"):
        for key in ("pv_to_load", "pv_to_battery", "pv_to_grid",
                    "battery_to_load", "grid_to_load", "battery_to_grid"):
            record.put(key, getattr(message.power_flow, key))
    if message.HasField("production"):
        record.energy("today_pv_to_load", message.production.energy_to_load)
        record.energy("today_pv_to_battery",
                      message.production.energy_to_battery)
        record.energy("today_pv_to_grid", message.production.energy_to_grid)
    if message.HasField("consumption"):
        if not message.HasField("production"):
            record.energy("today_pv_to_load",
                          message.consumption.energy_from_pv)
        record.energy("today_battery_to_load",
                      message.consumption.energy_from_battery)
        record.energy("today_grid_to_load",
                      message.consumption.energy_from_grid)
    return record


def charger_records(message):
    for charger in message.charging_sessions:
        for c in charger.params:
            if c.serial_number == 0:
                continue
            record = Record(type="ev_charger",
                            serial=serial_of(c.serial_number))
            record.put("device_status", c.status)
            record.put("fault_code", c.error_code)
            record.put("voltage", c.voltage, 1)
            record.put("current", c.current, 2)
            record.put("power", c.power)
            record.put("session_energy", c.watt_hours)
            yield record


def records_of(message):
    serial = serial_of(message.serial_number)
    has = message.HasField
    yield inverter_record(serial, message)
    yield from port_records(serial, message)
    if has("inverter"):
        yield hybrid_record(serial, message.inverter)
    if has("battery_management"):
        b = message.battery_management
        if b.voltage or b.state_of_charge or b.state_of_health:
            yield battery_record(serial, b)
    if has("grid"):
        yield grid_record(serial, message.grid)
    if has("load") or message.inverter.phases:
        yield load_record(serial, message)
    if has("generator"):
        yield source_record("generator", serial, message.generator)
    if has("pv_inverter"):
        yield source_record("external_pv", serial, message.pv_inverter)
    if has("power_flow") or has("production") or has("consumption"):
        yield flow_record(serial, message)
    yield from charger_records(message)


def gateway_record(messages):
    """The sums over all inverters of a frame record."""
    record = Record(type="dtu", serial=serial_of(GATEWAY))
    inputs = [s for m in messages for _, s in inputs_of(m)]
    if inputs:
        record.put("pv_power", sum(s.power for s in inputs))
        record.energy("today_production", total([s.energy for s in inputs]))
    record.put("active_power", sum(p.active_power for m in messages
                                   for _, p in phases_of(m.inverter)))
    record.put("inverters", len(messages))
    record.put("inverters_online", len(messages))
    return record


def write_poll(replies, messages, frames, expected, gateway=None):
    frames.write(json.dumps({
        "type": "frame", "time": "2026-01-01T00:00:00Z", "dtu": "house",
        "transport": "hm", "took_ms": 1,
        "frames": [reply.hex() for reply in replies]}) + "\n")
    records = [r for m in messages for r in records_of(m)]
    if gateway is None:
        records.append(gateway_record(messages))
    expected.write(json.dumps(records, default=str) + "\n")
    return sum(len(r) - 2 for r in records)


# A gateway that is read


class Listener(DTU):
    """hoymiles-wifi's client, which also keeps the bytes of the replies."""

    def __init__(self, host):
        super().__init__(host)
        self.replies = []

    def parse_response(self, buffer, response_type, is_extended_format):
        parsed = super().parse_response(buffer, response_type,
                                        is_extended_format)
        if parsed is None:
            sys.exit(f"hoymiles-wifi cannot read {buffer.hex()}")
        self.replies.append(buffer)
        return parsed


async def read(host, frames, expected):
    dtu = Listener(host)
    info = await dtu.async_get_gateway_info()
    network = await dtu.async_get_gateway_network_info(info.serial_number)
    registry = await dtu.async_get_energy_storage_registry(
        info.serial_number)
    listed = [i.serial_number for i in registry.inverters]
    if (network.serial_number != info.serial_number or
            listed != [d.serial_number for d in info.mdevinfo]):
        sys.exit("information, network and registry disagree")
    messages = [await dtu.async_get_energy_storage_data(
        info.serial_number, serial) for serial in listed]
    with open(frames, "w") as f, open(expected, "w") as e:
        count = write_poll(dtu.replies, messages, f, e, info)
    print(json.dumps({"gateway": serial_of(info.serial_number),
                      "inverters": [serial_of(s) for s in listed],
                      "models": [i.model_name for i in registry.inverters],
                      "values": count}))


async def mode(host, inverter, name, reserve, power):
    dtu = Listener(host)
    info = await dtu.async_get_gateway_info()
    reply = await dtu.async_set_energy_storage_working_mode(
        info.serial_number, int(inverter, 16), BMSWorkingMode[name],
        rev_soc=int(reserve), max_power=int(power))
    print(reply.err_code)


# A gateway that gets orders


def clock(bits):
    return f"{bits >> 8 & 255}:{bits & 255}"


def period(tou):
    return TimePeriodBean(
        clock(tou.chrg_tr >> 16), clock(tou.chrg_tr), clock(
            tou.dischrg_tr >> 16), clock(tou.dischrg_tr),
        tou.chrg_pwr, tou.dischrg_pwr, tou.max_soc, tou.min_soc)


async def sent_by_peer(order, sequence):
    """The frame that hoymiles-wifi sends for the same working mode."""
    dtu, frames = DTU("127.0.0.1"), []

    async def keep(command, request, _, *, is_extended_format,
                   dtu_serial_number, number):
        request.time, request.tid = order.time, order.tid
        dtu.sequence = sequence - 1
        frames.append(dtu.generate_message(
            command, request, is_extended_format, dtu_serial_number, number))

    dtu.async_send_request = keep
    power = order.max_power // 10
    await dtu.async_set_energy_storage_working_mode(
        GATEWAY, INVERTER, BMSWorkingMode(order.mode),
        rev_soc=order.rev_soc, max_power=power,
        peak_soc=order.peak_soc, peak_meter_power=order.peak_meterpwr,
        time_periods=[period(tou) for tou in order.tou])
    return frames[0]


async def reply_to(frame):
    command, payload = frame[2:4], frame[24:]
    if command == b"\xdb\x01":
        reply = GWInfo_pb2.GWInfoReqDTO(serial_number=GATEWAY)
    elif command == b"\xc3\x02":
        reply = ESRegPB_pb2.ESRegReqDTO()
        reply.inverters.add().serial_number = INVERTER
    elif command == b"\xc3\x08":
        order = ESUserSet_pb2.ESUserSetPutResDTO.FromString(payload)
        sequence = struct.unpack(">H", frame[4:6])[0]
        print(json.dumps({
            "mode": BMSWorkingMode(order.mode).name,
            "same": await sent_by_peer(order, sequence) == frame}),
            flush=True)
        reply = ESUserSet_pb2.ESUserSetPutReqDTO(
            tid=order.tid, serial_number=order.serial_number[0])
    else:
        reply = ESData_pb2.ESDataReqDTO(serial_number=INVERTER,
                                        timestamp=TIME)
    return frame_of(bytes([command[0] - 1, command[1]]), 1,
                    reply.SerializeToString())


async def talk(reader, writer):
    try:
        while True:
            head = await reader.readexactly(24)
            size = struct.unpack(">H", head[8:10])[0]
            writer.write(await reply_to(
                head + await reader.readexactly(size - 24)))
    except asyncio.IncompleteReadError:
        writer.close()


async def serve(port):
    server = await asyncio.start_server(talk, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


# A gateway that is made up


def number(dice):
    if dice.random() < 0.3:
        return dice.choice(EXTREMES)
    return dice.randrange(-2**31, 2**31) if dice.random() < 0.2 else \
        dice.randrange(-50, 6000)


def fill(message, dice):
    """Random values; each part is missing now and then."""
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.message_type is not None and hasattr(value, "add"):
            for _ in range(dice.randrange(5)):
                fill(value.add(), dice)
        elif field.message_type is not None:
            if dice.random() < 0.85:
                value.SetInParent()
                fill(value, dice)
        elif field.name == "phase":
            message.phase = dice.choice((0, 1, 2, 3, 3, 4, -1))
        elif field.name == "solar_irradiance":
            message.solar_irradiance = dice.choice((0, 1, 2, 3, 255, 256, -1))
        elif field.name == "serial_number":
            message.serial_number = dice.choice(
                (0, dice.randrange(1, 2**48)))
        elif not hasattr(value, "append") and dice.random() < 0.9:
            setattr(message, field.name, number(dice))


def plausible(b, dice):
    """Now and then the current of a battery is that of its power."""
    if dice.random() < 0.5:
        b.voltage, b.current = dice.randrange(1, 6000), number(dice) % 500
        b.power = b.voltage * b.current // 100


def unknown_fields(dice):
    """What a newer firmware may send: fields 200 and 201."""
    if dice.random() < 0.7:
        return b""
    text = dice.randbytes(dice.randrange(20))
    return bytes([0xc0, 0x0c, 0x05, 0xca, 0x0c, len(text)]) + text


def frame_of(command, sequence, payload):
    crc = mkCrcFun(0x18005, rev=True, initCrc=0xFFFF, xorOut=0)(payload)
    return b"HM" + command + struct.pack(
        ">HHHHQHH", sequence, crc, 24 + len(payload), 14, GATEWAY, 0,
        1) + payload


def make_up(values, seed, frames, expected):
    dice = random.Random(seed)
    count = polls = most = 0
    with open(frames, "w") as f, open(expected, "w") as e:
        while count < values:
            messages, replies = [], []
            serials = dice.sample(range(1, 2**47), dice.choice(
                (1, 2, 5, 20)))
            for serial in serials:
                message = ESData_pb2.ESDataReqDTO()
                fill(message, dice)
                if message.HasField("battery_management"):
                    plausible(message.battery_management, dice)
                message.serial_number, message.timestamp = serial, TIME
                messages.append(message)
                replies.append(frame_of(
                    b"\xc2\x03", len(replies), message.SerializeToString() +
                    unknown_fields(dice)))
            count += write_poll(replies, messages, f, e)
            polls += 1
            most = max(most, len(serials))
    print(f"{count} values, {polls} polls, up to {most} inverters")


# What hm-decode has made of it

IGNORED = {"time", "dtu", "model", "device_time", "took_ms"}


def key_of(record):
    return (record["type"], record["serial"], Decimal(record.get("port", 0)))


def differences(wanted, found):
    for key, value in wanted.items():
        if key.startswith("maybe "):
            key = key[6:]
            if key in found and Decimal(found[key]) != Decimal(value):
                yield f"{key}: {found[key]}, not {value}"
        elif key not in found:
            yield f"{key} is missing: {value}"
        elif key in ("type", "serial"):
            if found[key] != value:
                yield f"{key}: {found[key]}, not {value}"
        elif Decimal(found[key]) != Decimal(value):
            yield f"{key}: {found[key]}, not {value}"
    known = {k.removeprefix("maybe ") for k in wanted} | IGNORED
    for key in found:
        if key not in known:
            yield f"{key}: {found[key]}, which is not expected"


def compare(expected, decoded):
    wrong = count = 0
    wanted, found = [], []
    with open(expected) as lines:
        for line in lines:
            wanted += json.loads(line)
    with open(decoded) as lines:
        for line in lines:
            record = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            if record["type"] not in ("info", "stats"):
                found.append(record)
    kinds = {w["type"] for w in wanted}
    if "dtu" not in kinds:
        found = [r for r in found if r["type"] != "dtu"]
    if [key_of(w) for w in wanted] != [key_of(r) for r in found]:
        sys.exit("other records than expected")
    for want, record in zip(wanted, found):
        count += len(want) - 2
        for text in differences(want, record):
            wrong += 1
            print(f"{want['type']} {want['serial']}: {text}")
    print(f"{count} values, {wrong} differ")
    sys.exit(1 if wrong else 0)


# Registers


def registers(port):
    client = ModbusTcpClient("127.0.0.1", port=port)
    if not client.connect():
        sys.exit("no connection")
    words = {}
    for first, count in ((0, 123), (123, 123), (246, 50), (1000, 5),
                         (1800, 123), (2000, 123), (2123, 123),
                         (30000, 30)):
        reply = client.read_input_registers(first, count=count, device_id=1)
        if reply.isError():
            sys.exit(f"{first}: {reply}")
        words.update(enumerate(reply.registers, first))
    if not client.read_input_registers(0, count=124, device_id=1).isError():
        sys.exit("124 registers were read")

    def long(address):
        return client.convert_from_registers(
            [words[address], words[address + 1]], client.DATATYPE.INT32)

    def short(address):
        return client.convert_from_registers([words[address]],
                                             client.DATATYPE.INT16)

    print(json.dumps({
        "soc": words[1909], "soc_again": words[30020],
        "battery_voltage": words[46] / 10, "battery_power": long(50),
        "battery_power_again": [long(1914), short(2162), long(30009)],
        "pv_power": words[2150], "pv_power_again": long(30001),
        "grid_power": long(1814), "grid_power_again": [short(2165),
                                                       long(30011)],
        "load_power": words[2169], "load_power_again": [long(284),
                                                        long(30015)],
        "today_pv": words[2100] * 100, "today_load": words[2128] * 100,
        "today_import": words[2120] * 100,
        "today_export": words[2124] * 100,
        "total_pv": long(2000) * 100,
        "model": b"".join(words[1000 + i].to_bytes(2, "little")
                          for i in range(5)).decode()}))


def write(port, words):
    client = ModbusTcpClient("127.0.0.1", port=port)
    if not client.connect():
        sys.exit("no connection")
    reply = client.write_registers(4300, words, device_id=1)
    if reply.isError():
        sys.exit(f"the write: {reply}")
    reply = client.read_holding_registers(4300, count=len(words),
                                          device_id=1)
    if reply.registers != words:
        sys.exit(f"the device shows {reply.registers}")


def main(what, *words):
    if what == "read":
        asyncio.run(read(*words))
    elif what == "mode":
        asyncio.run(mode(*words))
    elif what == "serve":
        asyncio.run(serve(int(words[0])))
    elif what == "random":
        make_up(int(words[0]), int(words[1]), *words[2:])
    elif what == "compare":
        compare(*words)
    elif what == "registers":
        registers(int(words[0]))
    elif what == "write":
        write(int(words[0]), [int(word) for word in words[1:]])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
