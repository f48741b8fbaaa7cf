"""Firefox at the desk, driven by WebDriver BiDi; its fake microphone plays a tone."""

import asyncio
import itertools
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from aiohttp import ClientSession

from desk import Desk
from house import PATIENCE
from tone import AGENT_HZ

PROGRAM = os.environ.get("FIREFOX") or next(
    (name for name in ("firefox-esr", "firefox") if shutil.which(name)), "firefox-esr"
)

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.audio.fake_frequency": int(AGENT_HZ),
    # Granted for good: without it only the address of the default route would be offered.
    "permissions.default.microphone": 1,
    # Loopback is left out otherwise, and Firefox pairs it only with loopback.
    "media.peerconnection.ice.loopback": True,
    "media.autoplay.default": 0,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.prefs.recommended": True,
}

class Firefox(Desk):
    """An agent who works at the desk's page."""

    def __init__(self, house, name):
        self.house, self.name = house, name
        self.numbers = itertools.count(1)

    async def start(self):
        self.profile = tempfile.mkdtemp(prefix="ringdown-firefox-")
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
        Path(self.profile, "user.js").write_text("\n".join(lines))
        self.process = await asyncio.create_subprocess_exec(
            PROGRAM, "--headless", "--no-remote", "--remote-debugging-port", "0",
            "--profile", self.profile, "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )
        address = await asyncio.wait_for(self._address(), PATIENCE)
        self.draining = asyncio.ensure_future(self._drain())
        self.http = ClientSession()
        self.socket = await self.http.ws_connect(address + "/session", max_msg_size=0)
        session = await self.command("session.new", capabilities={})
        self.version = session["capabilities"]["browserVersion"]
        tree = await self.command("browsingContext.getTree", maxDepth=0)
        self.context = tree["contexts"][0]["context"]
        await self.sign_in()

    async def navigate(self, url):
        await self.command(
            "browsingContext.navigate", context=self.context, url=url, wait="complete"
        )

    async def _address(self):
        async for line in self.process.stderr:
            found = re.search(rb"WebDriver BiDi listening on (ws://\S+)", line)
            if found:
                return found[1].decode()
        raise RuntimeError("Firefox ended before it listened")

    async def _drain(self):
        async for _ in self.process.stderr:
            pass

    async def command(self, method, **params):
        number = next(self.numbers)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        while True:
            reply = await asyncio.wait_for(self.socket.receive_json(), PATIENCE)
            if reply.get("id") == number:
                if reply["type"] == "error":
                    raise RuntimeError(f"{method}: {reply['error']}: {reply['message']}")
                return reply["result"]

    async def evaluate(self, expression):
        result = await self.command(
            "script.evaluate", expression=expression,
            target={"context": self.context}, awaitPromise=True,
            userActivation=True,
        )
        if result["type"] == "exception":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return result["result"].get("value")

    async def close(self):
        await self.socket.close()
        await self.http.close()
        self.draining.cancel()
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except asyncio.TimeoutError:
            self.process.kill()
        shutil.rmtree(self.profile, ignore_errors=True)
