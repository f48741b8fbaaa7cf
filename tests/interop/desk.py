"""An agent at the desk's page, whichever browser shows it."""

import array
import base64
import io

import av

from house import until
from tone import RATE, Ear

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


class Desk:
    """What an agent does there. Browsers bring `evaluate` and `navigate`."""

    async def sign_in(self):
        code = await self.house.sign_in_code(self.name)
        await self.navigate(f"{self.house.url}/#code={code}")
        await self.click("go-ready")
        await self.reads("media", "Calls ring here")

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
