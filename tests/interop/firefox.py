"""Firefox at the desk, driven by WebDriver BiDi; its fake microphone plays a tone."""

import array
import asyncio
import base64
import io
import itertools
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import av
from aiohttp import ClientSession

from house import PATIENCE, until
from tone import AGENT_HZ, RATE, Ear

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

# The desk is made of web components: look through their shadow roots.
FIND = """
const find = (id, root = document) => {
  for (const element of root.querySelectorAll('*')) {
    if (element.dataset?.testid === id) return element;
    const inside = element.shadowRoot && find(id, element.shadowRoot);
    if (inside) return inside;
  }
  return null;
};
"""

# A machine without a sound device runs no AudioContext, but it records.
RECORD = """
(async () => {
  const stream = document.querySelector('audio[data-ringdown=caller]')?.srcObject;
  if (!stream) return null;
  const recorder = new MediaRecorder(stream);
  const pieces = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  recorder.stop();
  await stopped;
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
})()
"""


def decoded(recording):
    """An ear that has heard the recording."""
    ear = Ear()
    mono = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(io.BytesIO(recording)) as file:
        for frame in file.decode(audio=0):
            for piece in mono.resample(frame):
                ear.hear(array.array("h", bytes(piece.planes[0])[: 2 * piece.samples]))
    return ear


class Firefox:
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
        code = await self.house.sign_in_code(self.name)
        await self.command(
            "browsingContext.navigate",
            context=self.context, url=f"{self.house.url}/#code={code}", wait="complete",
        )
        await self.click("go-ready")
        await self.reads("media", "Calls ring here")

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

    async def text(self, testid):
        return await self.evaluate(f"(() => {{ {FIND} return find('{testid}')?.textContent ?? null; }})()")

    async def click(self, testid):
        press = f"(() => {{ {FIND} const it = find('{testid}'); it?.click(); return !!it; }})()"
        await until(f"{testid} can be pressed", lambda: self.evaluate(press))

    async def reads(self, testid, wanted):
        async def look():
            return wanted in (await self.text(testid) or "")

        await until(f"{testid} reads {wanted!r}", look)

    async def take_the_call(self):
        await self.click("card-accept")

        async def counts():
            return await self.text("timer") is not None

        await until("the timer counts", counts)

    async def levels(self):
        recording = await self.evaluate(RECORD)
        ear = decoded(base64.b64decode(recording)) if recording else Ear()
        return ear.levels()

    async def close(self):
        await self.http.close()
        self.draining.cancel()
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except asyncio.TimeoutError:
            self.process.kill()
        shutil.rmtree(self.profile, ignore_errors=True)
