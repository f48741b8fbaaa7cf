"""An agent's device: the agent socket, with a peer of any stack for its media."""

import asyncio

from house import PATIENCE


class Agent:
    def __init__(self, house, name, peer):
        self.house, self.name, self.peer = house, name, peer
        self.number = 0
        self.seen = []
        self.news = asyncio.Condition()

    async def start(self):
        token = await self.house.agent_token(self.name)
        url = self.house.url.replace("http", "ws") + "/agent/v1"
        self.socket = await self.house.http.ws_connect(url, protocols=["ringdown.agent.v1"])
        self.reading = asyncio.ensure_future(self._read())
        await self.send("hello", token=token, device_label="interop")
        await self.wait("welcome")
        await self.send("go_ready", offer=await self.peer.offer())
        answer = await self.wait("media_answer")
        await self.peer.answered(answer["answer"])
        await self.wait("media_state", lambda event: event["up"])

    async def _read(self):
        async for frame in self.socket:
            async with self.news:
                self.seen.append(frame.json())
                self.news.notify_all()

    async def send(self, kind, **more):
        self.number += 1
        await self.socket.send_json({"v": 1, "id": self.number, "type": kind, **more})

    async def wait(self, kind, fits=lambda event: True):
        def found():
            failed = [event for event in self.seen if event["type"] == "error"]
            if failed:
                raise AssertionError(f"the daemon refused: {failed}")
            return next((e for e in self.seen if e["type"] == kind and fits(e)), None)

        async with self.news:
            try:
                return await asyncio.wait_for(self.news.wait_for(found), PATIENCE)
            except asyncio.TimeoutError:
                seen = [(e["type"], e.get("reason")) for e in self.seen]
                raise AssertionError(f"no {kind}; seen: {seen}") from None

    async def take_the_call(self):
        ring = await self.wait("ring")
        await self.send("claim", call=ring["ringing"]["call"])
        await self.wait("call_open")

    async def levels(self):
        return self.peer.levels()

    async def close(self):
        self.reading.cancel()
        await self.socket.close()
        await self.peer.close()
