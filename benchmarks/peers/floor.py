"""The floor: aiohttp, uvloop and orjson, and nothing that a product needs beyond them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop


async def main(base_url: str, rows: Path, results: Path, in_flight: int) -> None:
    """Ask for every row, so many at once, and write one line for each answer."""
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"authorization": "Bearer sk-none", "content-type": "application/json"}
    with rows.open("rb") as given, results.open("wb") as file:
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

            async def work() -> None:
                for line in given:
                    row: dict[str, Any] = orjson.loads(line)
                    messages = [{"role": "user", "content": row["prompt"]}]
                    body = orjson.dumps({"model": "m", "messages": messages})
                    async with session.post(f"{base_url}/v1/chat/completions", data=body) as reply:
                        answer = orjson.loads(await reply.read())
                    told = {"custom_id": row["custom_id"], "response": {"body": answer}}
                    file.write(orjson.dumps(told) + b"\n")

            await asyncio.gather(*(work() for _ in range(in_flight)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
