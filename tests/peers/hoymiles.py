#!/usr/bin/env python3
"""What hoymiles-wifi makes of orders, and a DTU made of its messages.

    hoymiles.py serve PORT [encrypt]    a DTU; each order is a line of JSON
    hoymiles.py order ACTION [ARGUMENT]   the line of what hoymiles-wifi sends
    hoymiles.py reboot HOST SERIAL [KEY]  one call that its command line lacks

A line has the command, whether it is encrypted, the message as text, and its
bytes in hex; time and transaction number are left out of both.
"""

import asyncio
import json
import struct
import sys
import time

from crcmod import mkCrcFun
from google.protobuf import text_format
from hoymiles_wifi.crypt_util import crypt_data
from hoymiles_wifi.dtu import DTU
from hoymiles_wifi.protobuf import (AlarmData_pb2, APPInfomationData_pb2,
                                    CommandPB_pb2, GetConfig_pb2,
                                    RealDataNew_pb2)

KEY = bytes(range(16))
SERIAL = "414312345678"  # of a DTU inside an HMS-W inverter
INVERTERS = (0x141012345678,)
POWER = 4000  # 0.1 W
LIMIT, LIMIT_WATTS, ON, OFF, RESTART_DTU, CLEAR = 8, 211, 6, 7, 1, 42
PREPARE_ALARMS = 50  # no order
DFS_ENCRYPTS = 1 << 25
VERSION = 4353  # V01.01.01


def line_of(command, encrypted, message):
    rest = CommandPB_pb2.CommandResDTO()
    rest.CopyFrom(message)
    rest.ClearField("time")
    rest.ClearField("tid")
    return json.dumps({
        "command": command.hex(), "encrypted": encrypted,
        "message": text_format.MessageToString(rest, as_one_line=True),
        "bytes": rest.SerializeToString(deterministic=True).hex()})


class Fake:
    """The state of the DTU, and its answers."""

    def __init__(self, encrypts):
        self.encrypts = encrypts
        self.limit, self.watts, self.off = 1000, None, set()
        self.booted = int(time.time()) - 1000
        self.order = None

    def info(self, _):
        reply = APPInfomationData_pb2.APPInfoDataReqDTO(
            dtu_serial_number=SERIAL, timestamp=int(time.time()),
            device_number=len(INVERTERS), package_number=1)
        reply.dtu_info.device_kind = 1
        reply.dtu_info.dtu_sw_version = VERSION
        reply.dtu_info.dtu_swb_time = self.booted
        if self.encrypts:
            reply.dtu_info.dfs = DFS_ENCRYPTS
            reply.dtu_info.enc_rand = KEY
        for serial in INVERTERS:
            reply.pv_info.add(device_kind=6, pv_serial_number=serial)
        reply.app_features.add(key=8, value=f"1,A:{self.limit},B:0,C:0")
        return reply

    def real(self, _):
        reply = RealDataNew_pb2.RealDataNewReqDTO(
            device_serial_number=SERIAL, timestamp=int(time.time()), ap=1)
        power = POWER if self.watts is None else min(POWER, self.watts)
        for serial in INVERTERS:
            given = 0 if serial in self.off else power
            reply.sgs_data.add(
                serial_number=serial, firmware_version=1, voltage=2300,
                frequency=5000, active_power=given, current=given // 23,
                power_factor=1000, temperature=250, link_status=1)
            reply.pv_data.add(serial_number=serial, port_number=1,
                              voltage=350, current=given * 10 // 35,
                              power=given, energy_total=100000,
                              energy_daily=1000)
        return reply

    def alarms(self, _):
        return AlarmData_pb2.WInfoReqDTO(
            dtu_sn=SERIAL, time=int(time.time()))

    def config(self, request):
        return GetConfig_pb2.GetConfigReqDTO(
            request_offset=request.offset, request_time=request.time,
            limit_power_mypower=self.limit)

    def take(self, request):
        self.order = request
        if request.action == LIMIT:
            self.limit = int(request.data[2:].split(",")[0])
        elif request.action == LIMIT_WATTS:
            self.watts = int(request.data.split("P:")[1])
        elif request.action == OFF:
            self.off |= set(request.mi_to_sn or INVERTERS)
        elif request.action == ON:
            self.off -= set(request.mi_to_sn or INVERTERS)
        elif request.action == RESTART_DTU:
            self.booted = int(time.time())
        return CommandPB_pb2.CommandReqDTO(
            dtu_sn=SERIAL, time=int(time.time()), action=request.action,
            tid=request.tid)

    def progress(self, request):
        reply = CommandPB_pb2.CommandStatusReqDTO(
            dtu_sn=SERIAL, time=int(time.time()), action=request.action,
            package_nub=1)
        if self.order is not None:
            reply.tid = self.order.tid
            reply.mi_sns_sucs.extend(INVERTERS)
        return reply

    def answer(self, command, encrypted, payload):
        kinds = {
            0x01: (APPInfomationData_pb2.APPInfoDataResDTO, self.info),
            0x04: (AlarmData_pb2.WInfoResDTO, self.alarms),
            0x05: (CommandPB_pb2.CommandResDTO, self.take),
            0x06: (CommandPB_pb2.CommandStatusResDTO, self.progress),
            0x09: (GetConfig_pb2.GetConfigResDTO, self.config),
            0x11: (RealDataNew_pb2.RealDataNewResDTO, self.real),
        }
        if command[1] not in kinds:
            return None
        kind, answer = kinds[command[1]]
        request = kind.FromString(payload)
        if command[1] == 0x05 and request.action != PREPARE_ALARMS:
            print(line_of(command, encrypted, request), flush=True)
        return answer(request)


def crc_of(data):
    return mkCrcFun(0x18005, rev=True, initCrc=0xFFFF, xorOut=0)(data)


def is_sealed(fake, command, rest):
    """2305 comes plain or encrypted: what follows it tells which."""
    if not fake.encrypts or command[1] == 0x01:
        return False
    return command[0] != 0x23 or len(rest) == 16


async def talk(fake, reader, writer):
    while True:
        data = await reader.read(4096)
        if not data:
            break
        command = data[2:4]
        sequence, crc, size = struct.unpack(">HHH", data[4:10])
        payload, rest = data[10:size], data[size:]
        if data[:2] != b"HM" or crc_of(payload) != crc:
            sys.exit(f"a frame is wrong: {data.hex()}")
        sealed = is_sealed(fake, command, rest)
        number = int.from_bytes(command, "big")
        if sealed:
            payload = crypt_data(False, KEY, number, sequence, payload + rest)
        reply = fake.answer(command, sealed, payload)
        if reply is None:
            continue
        out, tag = reply.SerializeToString(), b""
        head = bytes([command[0] - 1, command[1]])
        if sealed:
            out = crypt_data(True, KEY, number - 0x100, sequence, out)
            out, tag = out[:-16], out[-16:]
        writer.write(b"HM" + head + struct.pack(
            ">HHH", sequence, crc_of(out), len(out) + 10) + out + tag)
        await writer.drain()
    writer.close()


async def serve(port, encrypts):
    fake = Fake(encrypts)
    server = await asyncio.start_server(
        lambda reader, writer: talk(fake, reader, writer), "127.0.0.1", port)
    await server.serve_forever()


async def order(action, argument):
    dtu = DTU("127.0.0.1")

    async def show(command, request, *_, **__):
        print(line_of(command, False, request))

    dtu.async_send_request = show
    calls = {
        "limit": lambda: dtu.async_set_power_limit(int(argument)),
        "limit_temporary":
            lambda: dtu.async_set_power_limit_temporary(float(argument)),
        "turn_on": lambda: dtu.async_turn_on_inverter(argument),
        "turn_off": lambda: dtu.async_turn_off_inverter(argument),
        "restart_inverter": lambda: dtu.async_reboot_inverter(argument),
        "restart_dtu": dtu.async_restart_dtu,
        # It has no call for this: ioBroker.hoymiles' fields, in its message.
        "clear_alarms": lambda: show(b"\xa3\x05", CommandPB_pb2.CommandResDTO(
            action=CLEAR, package_nub=1)),
    }
    await calls[action]()


async def reboot(host, serial, key=""):
    dtu = DTU(host, is_encrypted=key != "", enc_rand=bytes.fromhex(key))
    reply = await dtu.async_reboot_inverter(serial)
    print(reply)
    return 0 if reply is not None and reply.err_code == 0 else 2


def main(what, *words):
    if what == "serve":
        asyncio.run(serve(int(words[0]), "encrypt" in words))
    elif what == "order":
        asyncio.run(order(words[0], words[1] if len(words) > 1 else ""))
    elif what == "reboot":
        sys.exit(asyncio.run(reboot(*words)))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
