"""Plays Meta towards the daemon: signed webhooks, and the Graph endpoint that takes the answers."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time

from aiohttp import ClientSession, web

LINE = "100000000000001"
APP_SECRET = "app-secret"


class Call:
    """One call from a phone whose media is `peer`."""

    def __init__(self, meta, peer):
        self.meta = meta
        self.peer = peer
        self.id = "wacid." + secrets.token_urlsafe(24)
        self.answers = []
        self.actions = []
        self.accepted = asyncio.Event()
        self.ended = asyncio.Event()

    async def ring(self):
        offer = await self.peer.offer()
        await self.meta.deliver(self, "connect", {"session": {"sdp_type": "offer", "sdp": offer}})

    async def hang_up(self):
        await self.meta.deliver(self, "terminate", {"status": "COMPLETED", "duration": 2})

    async def act(self, action, sdp):
        self.actions.append(action)
        if sdp is not None:
            self.answers.append(sdp)
            if len(self.answers) == 1:
                await self.peer.answered(sdp)
        if action == "accept":
            self.accepted.set()
        if action in ("reject", "terminate"):
            self.ended.set()


class Meta:
    def __init__(self):
        self.calls = {}
        self.webhook = None
        self.problems = []

    async def start(self):
        app = web.Application()
        app.router.add_post("/{version}/{line}/calls", self._graph)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self):
        await self.runner.cleanup()

    async def ring(self, peer):
        call = Call(self, peer)
        self.calls[call.id] = call
        await call.ring()
        return call

    async def _graph(self, request):
        body = await request.json()
        call = self.calls[body["call_id"]]
        sdp = body.get("session", {}).get("sdp")
        try:
            await call.act(body["action"], sdp)
        except Exception as problem:  # what a stack does not like is what is looked for here
            self.problems.append(f"{body['action']}: {problem!r}\n{sdp}")
            return web.json_response({"error": {"code": 138008, "message": str(problem)}}, status=400)
        return web.json_response({"messaging_product": "whatsapp", "success": True})

    async def deliver(self, call, event, more):
        entry = {
            "id": call.id,
            "from": "15550002222",
            "to": "15550001111",
            "event": event,
            "timestamp": str(int(time.time())),
            "direction": "USER_INITIATED",
            **more,
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550001111", "phone_number_id": LINE},
            "contacts": [{"profile": {"name": "Maria"}, "wa_id": "15550002222"}],
            "calls": [entry],
        }
        change = {"field": "calls", "value": value}
        body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        raw = json.dumps(body).encode()
        signature = hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        async with ClientSession() as http, http.post(self.webhook, data=raw, headers=headers) as answer:
            if answer.status != 200:
                raise RuntimeError(f"the webhook was answered {answer.status}")
