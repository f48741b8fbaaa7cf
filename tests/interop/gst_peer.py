"""A far end of GStreamer's webrtcbin (libnice, OpenSSL, libsrtp)."""

import array
import asyncio

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

from tone import RATE, Ear  # noqa: E402

Gst.init(None)

SPEAK = (
    "webrtcbin name=peer bundle-policy=max-bundle "
    "audiotestsrc is-live=true freq={hz} volume=0.5 ! audio/x-raw,rate=48000,channels=1 "
    "! opusenc frame-size=20 audio-type=voice ! rtpopuspay pt=111 "
    "! application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000 ! peer."
)
LISTEN = (
    "rtpopusdepay ! opusdec ! audioconvert ! audioresample "
    "! audio/x-raw,format=S16LE,rate=48000,channels=1 "
    "! appsink name=ear emit-signals=true sync=false"
)


class GstPeer:
    """One webrtcbin. As Meta's relay it says a=ice-lite and is led."""

    def __init__(self, hz, lite=False):
        self.ear = Ear()
        self.lite = lite
        self.loop = asyncio.get_running_loop()
        self.pipeline = Gst.parse_launch(SPEAK.format(hz=hz))
        self.peer = self.pipeline.get_by_name("peer")
        self.gathered = asyncio.Event()
        self.negotiable = asyncio.Event()
        # libnice leaves loopback out; these tests must not depend on a network.
        self.ice = self.peer.get_property("ice-agent")
        self.ice.emit("add-local-ip-address", "127.0.0.1")
        self.peer.connect("on-negotiation-needed", lambda _: self._set(self.negotiable))
        self.peer.connect("notify::ice-gathering-state", self._on_gathering)
        self.peer.connect("pad-added", self._on_pad)

    def _set(self, event):
        self.loop.call_soon_threadsafe(event.set)

    def _on_gathering(self, peer, _):
        state = peer.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self._set(self.gathered)

    def _on_pad(self, _, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        ear = Gst.parse_bin_from_description(LISTEN, True)
        ear.get_by_name("ear").connect("new-sample", self._on_sample)
        self.pipeline.add(ear)
        ear.sync_state_with_parent()
        pad.link(ear.get_static_pad("sink"))

    def _on_sample(self, sink):
        buffer = sink.emit("pull-sample").get_buffer()
        samples = array.array("h", buffer.extract_dup(0, buffer.get_size()))
        self.loop.call_soon_threadsafe(self.ear.hear, samples)
        return Gst.FlowReturn.OK

    async def _promised(self, signal, *arguments):
        done = asyncio.Event()
        promise = Gst.Promise.new_with_change_func(lambda *_: self._set(done))
        self.peer.emit(signal, *arguments, promise)
        await asyncio.wait_for(done.wait(), 10)
        reply = promise.get_reply()
        if reply is not None and reply.has_field("error"):
            raise RuntimeError(f"{signal}: {reply.to_string()}")
        return reply

    async def offer(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        await asyncio.wait_for(self.negotiable.wait(), 10)
        reply = await self._promised("create-offer", None)
        await self._promised("set-local-description", reply.get_value("offer"))
        await asyncio.wait_for(self.gathered.wait(), 10)
        text = self.peer.get_property("local-description").sdp.as_text()
        if self.lite:
            self.ice.set_is_controller(False)
            text = text.replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", 1)
        return text

    async def answered(self, sdp):
        _, message = GstSdp.SDPMessage.new_from_text(sdp)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        await self._promised("set-remote-description", answer)
        if self.lite:
            self.ice.set_is_controller(False)

    def role(self):
        return "controlling" if self.ice.get_is_controller() else "controlled"

    def levels(self):
        return self.ear.levels()

    async def close(self):
        await asyncio.to_thread(self.pipeline.set_state, Gst.State.NULL)
