"""The real daemon with a configuration of its own, and its API."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from aiohttp import ClientSession, ClientError

from meta import APP_SECRET, LINE

BINARY = os.environ.get("RINGDOWN_BIN") or str(
    Path(__file__).resolve().parents[2] / "target/debug/ringdown"
)
# Generous: a debug daemon, a browser and these peers share two cores with other work.
PATIENCE = 30

SETTINGS = """
[server]
listen = "127.0.0.1:{listen}"
admin_listen = "127.0.0.1:{admin}"
[whatsapp]
app_secret = "{secret}"
verify_token = "verify-me"
access_token = "access"
graph_url = "{graph}"
[media]
bind = "127.0.0.1"
agent_port = 0
whatsapp_ports = "30000-49999"
allow_private_remotes = true
[store]
path = "{folder}/ringdown.db"
[recording]
folder = "{folder}/recordings"
[workspace]
id = "test"
name = "Test"
[[lines]]
id = "{line}"
name = "Support"
recording = "off"
[log]
level = "warn"
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until(what, look, patience=PATIENCE):
    """Looks again until `look` gives something true; fails with what was seen last."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while True:
        found = look()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if loop.time() > end:
            raise AssertionError(f"waited {patience} s in vain: {what() if callable(what) else what}")
        await asyncio.sleep(0.1)


class House:
    async def start(self, graph_url):
        self.folder = tempfile.mkdtemp(prefix="ringdown-interop-")
        listen, admin = free_port(), free_port()
        self.url = f"http://127.0.0.1:{listen}"
        self.admin = f"http://127.0.0.1:{admin}"
        config = Path(self.folder, "ringdown.toml")
        config.write_text(
            SETTINGS.format(
                listen=listen, admin=admin, secret=APP_SECRET, graph=graph_url,
                folder=self.folder, line=LINE,
            )
        )
        add = [BINARY, "key", "add", "interop", "--config", str(config)]
        self.key = subprocess.run(add, check=True, capture_output=True, text=True).stdout.strip()
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", str(config)], stdout=subprocess.DEVNULL
        )
        self.http = ClientSession(headers={"Authorization": f"Bearer {self.key}"})
        await until("the daemon is ready", self._is_ready)
        top_up = {"amount_micros": 25_000_000, "idempotency_key": "first"}
        await self.api("POST", "/v1/balance/top-ups", top_up)

    async def _is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended with {self.process.returncode}")
        try:
            async with self.http.get(f"{self.admin}/ready") as answer:
                return answer.status == 200
        except ClientError:
            return False

    async def api(self, method, path, body=None):
        async with self.http.request(method, self.url + path, json=body) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json() if answer.content_type == "application/json" else None

    async def agent_token(self, agent):
        await self.api("PUT", f"/v1/agents/{agent}", {"name": agent.capitalize()})
        return (await self.api("POST", f"/v1/agents/{agent}/token", {}))["token"]

    async def sign_in_code(self, agent):
        await self.api("PUT", f"/v1/agents/{agent}", {"name": agent.capitalize()})
        return (await self.api("POST", f"/v1/agents/{agent}/sign-in-code"))["code"]

    async def newest_ended(self):
        async def look():
            items = (await self.api("GET", "/v1/calls?limit=1"))["items"]
            return items[0] if items and items[0]["state"] == "ended" else None

        return await until("the call's books are closed", look)

    async def stop(self):
        await self.http.close()
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, 10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
