"""Templates in a profile: files are read into it, and what is wrong is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from airoute_cli.core.errors import ProfileError
from airoute_cli.core.profile import Profile
from airoute_cli.engine.open_profile import open_profile, reopen_profile

HEAD = """[models.m]
provider = "local"
name = "m"
[[routes]]
name = "r"
models = ["m"]
template = "t@1"
"""


def load(folder: Path, text: str) -> Profile:
    path = folder / "p.toml"
    path.write_text(HEAD + text)
    return open_profile(path, {})


def test_a_file_is_read_into_the_profile_and_counts_for_its_digest(tmp_path: Path):
    (tmp_path / "prompts").mkdir()
    file = tmp_path / "prompts" / "t.md"
    file.write_bytes("\ufeffÜber {{ prompt }}\r\n".encode())
    text = '[templates."t@1"]\nfile = "prompts/t.md"\n[templates."t@1".models.m]\ntext = "x"\n'
    profile = load(tmp_path, text)
    template = profile.templates["t@1"]
    assert (template.text, dict(template.models)) == ("Über {{ prompt }}\n", {"m": "x"})
    assert profile.routes[0].template == "t@1"
    file.write_text("another {{ prompt }}")
    assert load(tmp_path, text).digest != profile.digest
    file.unlink()
    # A run keeps the text, and needs the file no more.
    again = reopen_profile(profile.document, profile.path, profile.files)
    assert (again.digest, again.templates) == (profile.digest, profile.templates)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[templates."t@2"]\ntext = "x"', 7, 'no template "t@1". Did you mean "t@2"?'),
        ('[templates."t@1"]', 8, "text and file are both missing. Give one of them."),
        ('[templates."t@1"]\ntext = "x"\nfile = "y"', 8, "text and file are both set."),
        ('[templates."t@1"]\nfile = "no.md"', 9, "file: there is no file "),
        ('[templates."t@1"]\ntext = "{{ promt }}"', 9, 'no variable "promt". Did you mean'),
        ('[templates."t@1"]\ntext = """\na\n{{ b """', 9, "line 2 of it: unexpected end"),
        ('[templates."t@1"]\nfile = "bad.md"', 9, "bad.md:2: unexpected"),
        ('[templates."t@1"]\ntext = "x"\nmodels.n = { text = "y" }', 10, 'there is no model "n".'),
        ('[templates."t@1"]\ntext = "x"\ntasks.cod = { text = "y" }', 10, 'no task "cod". Did you'),
        ('[templates."t@1"]\ntext = "x"\ntxt = "y"', 10, 'unknown key "txt". Did you mean "text"?'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, line: int, told: str):
    (tmp_path / "bad.md").write_text("fine\n{{ }\n")
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text)
    found = caught.value.problems
    assert [problem.line for problem in found] == [line]
    assert told in str(found[0])
