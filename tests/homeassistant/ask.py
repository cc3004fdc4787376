#!/usr/bin/env python3
"""Ask a Home Assistant on this machine, and print what it answers as JSON.

    ask.py PORT onboard FILE         make the first user; its token goes to FILE
    ask.py PORT mqtt FILE BROKER     add MQTT, with the broker at this port
    ask.py PORT call FILE TYPE [JSON]      one command of the websocket
    ask.py PORT post FILE PATH [JSON]      one request of the REST API

It runs with Home Assistant's own Python, which has aiohttp.
"""

import asyncio
import json
import sys

import aiohttp


async def post(session, url, body, token=None, form=False):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    kind = {"data": body} if form else {"json": body}
    async with session.post(url, headers=headers, **kind) as reply:
        text = await reply.text()
        if reply.status >= 400:
            sys.exit(f"ask.py: {url}: {reply.status} {text}")
        return json.loads(text) if text else None


async def onboard(session, base, path):
    client = base + "/"
    user = {"client_id": client, "name": "Owner", "username": "owner",
            "password": "owner", "language": "en"}
    made = await post(session, base + "/api/onboarding/users", user)
    form = {"grant_type": "authorization_code", "code": made["auth_code"],
            "client_id": client}
    tokens = await post(session, base + "/auth/token", form, form=True)
    token = tokens["access_token"]
    for step in "core_config", "analytics":
        await post(session, f"{base}/api/onboarding/{step}", {}, token)
    await post(session, base + "/api/onboarding/integration",
               {"client_id": client, "redirect_uri": client}, token)
    # The first token is for half an hour; this one is for years.
    made = await call(session, base, token, "auth/long_lived_access_token",
                      {"client_name": "test", "lifespan": 3650})
    with open(path, "w", encoding="ascii") as file:
        file.write(made)


async def add_mqtt(session, base, token, broker):
    flow = await post(session, base + "/api/config/config_entries/flow",
                      {"handler": "mqtt"}, token)
    step = f"{base}/api/config/config_entries/flow/{flow['flow_id']}"
    if flow["type"] == "menu":
        flow = await post(session, step, {"next_step_id": "broker"}, token)
    form = {"broker": "127.0.0.1", "port": int(broker)}
    fields = [field["name"] for field in flow.get("data_schema", [])]
    if "other_settings" in fields:
        form["other_settings"] = {"set_client_cert": False,
                                  "set_ca_cert": "off"}
    done = await post(session, step, form, token)
    if done["type"] != "create_entry":
        sys.exit(f"ask.py: no MQTT integration: {json.dumps(done)}")


async def call(session, base, token, kind, body):
    url = base.replace("http", "ws", 1) + "/api/websocket"
    async with session.ws_connect(url, max_msg_size=0) as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        hello = await socket.receive_json()
        if hello["type"] != "auth_ok":
            sys.exit(f"ask.py: {hello}")
        await socket.send_json({"id": 1, "type": kind, **body})
        while True:
            reply = await socket.receive_json()
            if reply["id"] == 1 and reply["type"] == "result":
                break
        if not reply["success"]:
            sys.exit(f"ask.py: {kind}: {json.dumps(reply['error'])}")
        return reply["result"]


async def main(port, verb, path, *words):
    base = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:
        if verb == "onboard":
            await onboard(session, base, path)
            return
        with open(path, encoding="ascii") as file:
            token = file.read()
        if verb == "mqtt":
            await add_mqtt(session, base, token, words[0])
            return
        body = json.loads(words[1]) if len(words) > 1 else {}
        if verb == "call":
            answer = await call(session, base, token, words[0], body)
        else:
            answer = await post(session, base + words[0], body, token)
        print(json.dumps(answer))


asyncio.run(main(*sys.argv[1:]))
