"""AsyncOpenAI with a semaphore, as its users write it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from openai import AsyncOpenAI


async def main(base_url: str, rows: Path, results: Path, in_flight: int) -> None:
    """Ask for every row, so many at once, and write one line for each answer."""
    client = AsyncOpenAI(base_url=f"{base_url}/v1", api_key="sk-none")
    with rows.open() as given, results.open("w") as file:

        async def work() -> None:
            for line in given:
                row = json.loads(line)
                answer = await client.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": row["prompt"]}]
                )
                told = {"custom_id": row["custom_id"], "response": {"body": answer.model_dump()}}
                file.write(json.dumps(told) + "\n")

        await asyncio.gather(*(work() for _ in range(in_flight)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
