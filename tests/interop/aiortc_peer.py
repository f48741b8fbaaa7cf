"""A far end of the aiortc library: an agent's browser, or Meta's controlled relay."""

import asyncio
import fractions

import aioice.ice
import av
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError

from tone import RATE, Ear, sine

FRAME = RATE // 50

# The library leaves loopback out; these tests must not depend on a network.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"] if use_ipv4 else []


class Tone(AudioStreamTrack):
    """Speaks a tone in frames of 20 ms."""

    def __init__(self, hz):
        super().__init__()
        self.hz = hz
        self.position = 0
        self.started = None

    async def recv(self):
        loop = asyncio.get_running_loop()
        if self.started is None:
            self.started = loop.time()
        due = self.started + self.position / RATE
        await asyncio.sleep(max(0.0, due - loop.time()))
        frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(sine(self.hz, self.position, FRAME).tobytes())
        frame.sample_rate = RATE
        frame.pts = self.position
        frame.time_base = fractions.Fraction(1, RATE)
        self.position += FRAME
        return frame


class AiortcPeer:
    """One peer connection. As Meta's relay it is an offerer that says a=ice-lite and is led."""

    def __init__(self, hz, lite=False):
        self.ear = Ear()
        self.lite = lite
        self.connection = RTCPeerConnection()
        self.connection.addTrack(Tone(hz))
        self.listening = None
        self.connection.on("track", self._listen)

    def _listen(self, track):
        self.listening = asyncio.ensure_future(self._hear(track))

    async def _hear(self, track):
        import array

        try:
            while True:
                frame = await track.recv()
                samples = array.array("h", bytes(frame.planes[0])[: frame.samples * 4])
                channels = len(frame.layout.channels)
                self.ear.hear(samples[: frame.samples * channels : channels])
        except MediaStreamError:
            pass

    async def offer(self):
        await self.connection.setLocalDescription(await self.connection.createOffer())
        text = self.connection.localDescription.sdp
        if self.lite:
            self._ice().ice_controlling = False
            text = text.replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", 1)
        return text

    def _ice(self):
        [sender] = self.connection.getSenders()
        return sender.transport.transport._connection

    async def answered(self, sdp):
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    def role(self):
        return "controlling" if self._ice().ice_controlling else "controlled"

    def levels(self):
        return self.ear.levels()

    async def close(self):
        if self.listening:
            self.listening.cancel()
        await self.connection.close()
