"""Chromium at the desk, driven by its DevTools protocol; its fake microphone plays a tone."""

import asyncio
import itertools
import os
import re
import shutil
import tempfile
import wave
from pathlib import Path

from aiohttp import ClientSession

from desk import Desk
from house import PATIENCE
from tone import AGENT_HZ, RATE, sine

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = os.environ.get("CHROMIUM") or next(filter(shutil.which, NAMES), "chromium")

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # The daemon is on loopback, which is left out otherwise; names of mDNS are not resolved.
    "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns",
)


class Chromium(Desk):
    """An agent who works at the desk's page."""

    def __init__(self, house, name):
        self.house, self.name = house, name
        self.numbers = itertools.count(1)

    async def start(self):
        self.profile = tempfile.mkdtemp(prefix="ringdown-chromium-")
        microphone = Path(self.profile, "tone.wav")
        with wave.open(str(microphone), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            # Whole waves, so that it loops without a seam.
            file.writeframes(sine(AGENT_HZ, 0, RATE).tobytes())
        self.process = await asyncio.create_subprocess_exec(
            PROGRAM, *FLAGS, f"--use-file-for-fake-audio-capture={microphone}",
            f"--user-data-dir={self.profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )
        port = await asyncio.wait_for(self._port(), PATIENCE)
        self.draining = asyncio.ensure_future(self._drain())
        self.http = ClientSession()
        async with self.http.get(f"http://127.0.0.1:{port}/json/version") as answer:
            self.version = (await answer.json())["Browser"].split("/")[1]
        async with self.http.get(f"http://127.0.0.1:{port}/json/list") as answer:
            [page] = [it for it in await answer.json() if it["type"] == "page"]
        self.socket = await self.http.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)
        await self.sign_in()

    async def navigate(self, url):
        await self.command("Page.navigate", url=url)

    async def _port(self):
        async for line in self.process.stderr:
            found = re.search(rb"DevTools listening on ws://[^:]+:(\d+)/", line)
            if found:
                return int(found[1])
        raise RuntimeError("Chromium ended before it listened")

    async def _drain(self):
        async for _ in self.process.stderr:
            pass

    async def command(self, method, **params):
        number = next(self.numbers)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        while True:
            reply = await asyncio.wait_for(self.socket.receive_json(), PATIENCE)
            if reply.get("id") == number:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']['message']}")
                return reply["result"]

    async def evaluate(self, expression):
        result = await self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True,
            returnByValue=True, userGesture=True,
        )
        if "exceptionDetails" in result:
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
