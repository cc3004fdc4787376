#!/usr/bin/env python3
"""A DTU made of pymodbus' server, and pymodbus' client.

    modbus.py serve PORT MAP         MAP is new or old; each write is a line
    modbus.py g3 PORT                a DTS-WL-G3: input registers from stdin, as
                                     tests/lib/g3_stick.pl reads them
    modbus.py write PORT PLACE VALUE   function 6, then 3 until the DTU shows it

A line has the function, the address and the value; behind it the registers or
coils of orders as the server shows them then.
"""

import asyncio
import sys
import time

from pymodbus.client import ModbusTcpClient
from pymodbus.pdu.bit_message import (WriteMultipleCoilsRequest,
                                      WriteSingleCoilRequest)
from pymodbus.pdu.register_message import (ReadHoldingRegistersRequest,
                                           WriteSingleRegisterRequest)
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

NEW, OLD, DATA, SERIAL = 0xD000, 0xC000, 0x1000, 0x2000
RECORD, STEP = 20, 0x28
INVERTER = "116172207281"
POWER = 8  # the register of a record that has it


def record(port):
    """20 registers of an input; without a port the end of the list."""
    data = bytearray(2 * RECORD)
    data[0], data[33] = 0x0c, 0x07
    if port:
        data[1:7] = bytes.fromhex(INVERTER)
        data[7] = port
        for at, value in ((8, 363), (10, 827), (12, 2300), (14, 5000),
                          (16, 3000), (18, 900), (22, 50000), (24, 250),
                          (26, 3)):
            data[at:at + 2] = value.to_bytes(2, "big")
        data[32] = 1
    return [int.from_bytes(data[i:i + 2], "big")
            for i in range(0, len(data), 2)]


def words(address, values):
    return SimData(address, values=values, datatype=DataType.REGISTERS)


def device(new):
    serial = bytes.fromhex("10f872226797")
    holding = [words(DATA + STEP * i, record(port))
               for i, port in enumerate((1, 2, None))]
    holding.append(words(SERIAL, [int.from_bytes(serial[i:i + 2], "big")
                                  for i in (0, 2, 4)]))
    if new:
        holding.append(words(NEW, [1, 100, 100]))
    nothing = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    # 16 coils for each address, as pymodbus has them.
    coils = [SimData(OLD, values=[True] * 16 + [False] * 16,
                     datatype=DataType.BITS)]
    return SimDevice(1, simdata=(nothing if new else coils, nothing, holding,
                                 [words(0, [0])]))


class Dtu:
    """Shows each order, and gives no power while it is off."""

    def __init__(self):
        self.on, self.last = True, None

    def trace(self, sending, pdu):
        if sending:
            asked = self.last
            if (not self.on and not pdu.isError() and
                    isinstance(asked, ReadHoldingRegistersRequest) and
                    DATA <= asked.address < SERIAL):
                pdu.registers[POWER] = 0
            return pdu
        self.last = pdu
        if isinstance(pdu, WriteSingleRegisterRequest):
            self.show(6, pdu.address, pdu.registers[0], NEW)
        elif isinstance(pdu, WriteSingleCoilRequest):
            self.show(5, pdu.address, int(pdu.bits[0]), OLD)
        elif isinstance(pdu, WriteMultipleCoilsRequest):
            value = sum(bit << i for i, bit in enumerate(pdu.bits))
            self.show(15, pdu.address, f"{value} in {pdu.count} coils", OLD)
        return pdu

    def show(self, function, address, value, on_at):
        if address == on_at:
            self.on = value == 1
        print(f"function {function}, {address:#x}: {value}", flush=True)


async def serve(port, which):
    server = ModbusTcpServer(device(which == "new"),
                             address=("127.0.0.1", port),
                             trace_pdu=Dtu().trace)
    await server.serve_forever()


# The registers that a DTS-WL-G3 has; no others.
RANGES = ((0, 246), (1000, 5), (1800, 124), (2000, 246), (30000, 30))


def words_of(text):
    """The registers of a word of the file."""
    if text.startswith("l:"):
        number = int(text[2:]) & 0xFFFFFFFF
        return [number >> 16, number & 0xFFFF]
    if text.startswith("s:"):
        text = text[2:] + "\0" * (len(text) % 2)
        return [ord(text[i]) | ord(text[i + 1]) << 8
                for i in range(0, len(text), 2)]
    return [int(text, 0) & 0xFFFF]


def read_registers(lines):
    registers = {}
    for line in lines:
        address, *texts = line.split("#")[0].split() or [None]
        at = int(address) if address else 0
        for text in texts:
            for word in words_of(text):
                registers[at] = word
                at += 1
    return registers


async def serve_g3(port):
    registers = read_registers(sys.stdin)
    nothing = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    inputs = [words(first, [registers.get(i, 0)
                            for i in range(first, first + count)])
              for first, count in RANGES]
    server = ModbusTcpServer(
        SimDevice(1, simdata=(nothing, nothing, [words(0, [0])], inputs)),
        address=("127.0.0.1", port))
    await server.serve_forever()


def write(port, place, value):
    client = ModbusTcpClient("127.0.0.1", port=port)
    if not client.connect():
        sys.exit("no connection")
    reply = client.write_register(place, value, device_id=1)
    if reply.isError():
        sys.exit(f"the write: {reply}")
    for _ in range(40):
        reply = client.read_holding_registers(place, count=1, device_id=1)
        if reply.registers == [value]:
            return
        time.sleep(0.5)
    sys.exit(f"the DTU shows {reply.registers}")


def main(what, port, *rest):
    if what == "serve":
        asyncio.run(serve(int(port), rest[0]))
    elif what == "g3":
        asyncio.run(serve_g3(int(port)))
    elif what == "write":
        write(int(port), int(rest[0], 0), int(rest[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
