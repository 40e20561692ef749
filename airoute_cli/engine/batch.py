"""A batch from its options to its summary: checks, folder, job, files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from airoute_cli import __version__
from airoute_cli.core.errors import RunError, UsageError
from airoute_cli.core.profile import Limits, Profile, UnknownPrice
from airoute_cli.edges.rows.source import RowSource, open_rows
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.index import RowIndex
from airoute_cli.edges.run_folder.views import write_views
from airoute_cli.engine.admission import Admission
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.emitter import Emitter
from airoute_cli.engine.endpoints import Endpoints
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.job import Job, Machinery
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.engine.recorder import Recorder
from airoute_cli.engine.stop import StopReason, signals
from airoute_cli.engine.summary import summarise, summary_csv, summary_md
from airoute_cli.engine.tally import Tally
from airoute_cli.routing.planner import Planner

DEFAULT_CONCURRENCY = 64

Watch = Callable[[Job], Coroutine[Any, Any, None]]
"""Draws the progress of a job until it is cancelled."""

Note = Callable[[str], None]
"""Says a sentence to the person."""
