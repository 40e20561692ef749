"""LangChain's ``abatch`` over ChatOpenAI."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from langchain_openai import ChatOpenAI


async def main(base_url: str, rows: Path, results: Path, in_flight: int) -> None:
    """Ask for all rows, so many at once, and write one line for each answer."""
    model = ChatOpenAI(model="m", base_url=f"{base_url}/v1", api_key="sk-none")
    given = [json.loads(line) for line in rows.open()]
    answers = await model.abatch(
        [row["prompt"] for row in given], config={"max_concurrency": in_flight}
    )
    with results.open("w") as file:
        for row, answer in zip(given, answers, strict=True):
            told = {"custom_id": row["custom_id"], "response": answer.model_dump()}
            file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
