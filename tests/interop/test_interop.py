"""Far ends that nobody here wrote talk through the daemon; a tone each way proves it.

Run by `cargo xtask test`, or in a Python environment that has `requirements.txt` and
Debian's GStreamer bindings: `python -m unittest -v` in this folder.
"""

import asyncio
import unittest

from agent import Agent
from aiortc_peer import AiortcPeer
from chromium import Chromium
from firefox import Firefox
from gst_peer import GstPeer
from house import House, until
from meta import Meta
from tone import AGENT_HZ, CALLER_HZ, hears_only


class Interop(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        # Two cores, two browsers: slow is not worth a line.
        asyncio.get_running_loop().slow_callback_duration = 5
        self.meta = Meta()
        await self.meta.start()
        self.house = House()
        await self.house.start(self.meta.url)
        self.meta.webhook = f"{self.house.url}/webhooks/whatsapp"

    async def asyncTearDown(self):
        await self.house.stop()
        await self.meta.stop()

    async def talk(self, caller, agent):
        """A call from ringing to hang-up, with both tones."""
        try:
            await asyncio.wait_for(agent.start(), 60)
            call = await self.meta.ring(caller)
            await asyncio.wait_for(agent.take_the_call(), 60)
            await asyncio.wait_for(call.accepted.wait(), 30)
            seen = {}

            async def caller_hears():
                seen["caller"] = caller.levels()
                return hears_only(seen["caller"], AGENT_HZ)

            async def agent_hears():
                seen["agent"] = await agent.levels()
                return hears_only(seen["agent"], CALLER_HZ)

            await until(lambda: f"the caller hears the agent: {seen}, {self.meta.problems}", caller_hears)
            await until(lambda: f"the agent hears the caller: {seen}", agent_hears)
            print(f"\n  levels in dBFS: {seen}", flush=True)
            self.assertEqual(caller.role(), "controlled", "the daemon leads on this side")
            await call.hang_up()
            ended = await self.house.newest_ended()
            self.assertEqual(ended["disposition"], "answered")
            self.assertEqual(ended["end"]["cause"], "caller_hung_up")
            self.assertEqual(call.actions[:2], ["pre_accept", "accept"])
            self.assertEqual(len(set(call.answers)), 1, "accept repeats pre_accept's answer")
            self.assertEqual(self.meta.problems, [])
        finally:
            await agent.close()
            await caller.close()

    def agent(self, peer):
        return Agent(self.house, "ana", peer(AGENT_HZ))

    async def test_aiortc_on_both_sides(self):
        await self.talk(AiortcPeer(CALLER_HZ, lite=True), self.agent(AiortcPeer))

    async def test_gstreamer_agent_and_aiortc_caller(self):
        await self.talk(AiortcPeer(CALLER_HZ, lite=True), self.agent(GstPeer))

    async def test_aiortc_agent_and_gstreamer_caller(self):
        await self.talk(GstPeer(CALLER_HZ, lite=True), self.agent(AiortcPeer))

    async def test_firefox_at_the_desk_and_aiortc_caller(self):
        await self.at_the_desk(Firefox, AiortcPeer)

    async def test_firefox_at_the_desk_and_gstreamer_caller(self):
        await self.at_the_desk(Firefox, GstPeer)

    async def test_chromium_at_the_desk_and_aiortc_caller(self):
        await self.at_the_desk(Chromium, AiortcPeer)

    async def test_chromium_at_the_desk_and_gstreamer_caller(self):
        await self.at_the_desk(Chromium, GstPeer)

    async def at_the_desk(self, browser, caller):
        agent = browser(self.house, "ana")
        await self.talk(caller(CALLER_HZ, lite=True), agent)
        print(f"  {browser.__name__} {agent.version}", flush=True)


if __name__ == "__main__":
    unittest.main()
