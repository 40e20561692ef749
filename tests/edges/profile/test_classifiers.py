from __future__ import annotations

from pathlib import Path

import pytest

from airoute_cli.core.errors import ProfileError
from airoute_cli.core.label import ModelClassifier
from airoute_cli.core.profile import Classifier
from airoute_cli.engine.check import check_profile
from airoute_cli.engine.open_profile import open_profile, reopen_profile

BASE = """
[profile]
classifier = "intent"
[models.small]
provider = "local"
name = "smollm2-135m-instruct"
[[routes]]
name = "refunds"
models = "small"
when = {{ task = "refund" }}
[[routes]]
name = "rest"
models = "small"
{more}
"""
INTENT = """
[classifiers.intent]
kind = "examples"
min_confidence = 0.3
examples = { refund = ["money back", "refund me"], delivery = "where is it" }
"""


def a_profile(folder: Path, more: str = INTENT) -> Path:
    path = folder / "p.toml"
    path.write_text(BASE.format(more=more))
    return path


def test_examples_stand_in_the_profile_and_in_a_file_beside_it(tmp_path):
    (tmp_path / "more.jsonl").write_text('{"text": "log me in", "label": "login"}\n\n')
    profile = open_profile(a_profile(tmp_path, f'{INTENT}examples_file = "more.jsonl"'), {})
    classifier = profile.classifier
    assert isinstance(classifier, Classifier)
    assert classifier.labels == ("refund", "delivery", "login", "other")
    assert classifier.min_confidence == 0.3
    (tmp_path / "more.jsonl").unlink()
    assert reopen_profile(profile.document, profile.path, profile.files) == profile


def test_a_task_that_is_no_label_is_found(tmp_path):
    path = a_profile(tmp_path, INTENT.replace("refund =", "money ="))
    told = [str(finding) for finding in check_profile(open_profile(path, {}), {})]
    assert [line for line in told if 'the task "refund" is none that is recognised' in line]


BY_MODEL = """
[classifiers.intent]
kind = "model"
model = "small"
labels = ["refund", "delivery"]
"""


def test_a_model_can_be_asked_for_the_label(tmp_path):
    classifier = open_profile(a_profile(tmp_path, BY_MODEL), {}).classifier
    assert isinstance(classifier, ModelClassifier)
    assert (classifier.model, classifier.default) == ("small", "other")
    assert classifier.described == (("refund", ""), ("delivery", ""))
    meant = BY_MODEL.replace('["refund", "delivery"]', '{ refund = "money back" }')
    classifier = open_profile(a_profile(tmp_path, meant), {}).classifier
    assert isinstance(classifier, ModelClassifier)
    assert classifier.described == (("refund", "money back"),)


def test_the_task_of_a_route_must_be_a_label_of_the_model(tmp_path):
    path = a_profile(tmp_path, BY_MODEL.replace('"refund"', '"money"'))
    told = [str(finding) for finding in check_profile(open_profile(path, {}), {})]
    assert [line for line in told if 'the task "refund" is none that is recognised' in line]
    assert not [line for line in told if "no route uses it" in line]


def test_embeddings_that_cannot_be_made_are_told_where_they_are_wanted(tmp_path, monkeypatch):
    monkeypatch.setattr("airoute_cli.edges.embedding.missing_embedder", lambda: "pip install it.")
    path = a_profile(tmp_path, INTENT + 'features = "embeddings"')
    with pytest.raises(ProfileError, match=r"p.toml:19: classifiers.intent.features: pip install"):
        open_profile(path, {})
    monkeypatch.setattr("airoute_cli.edges.embedding.missing_embedder", lambda: None)
    profile = open_profile(path, {})
    monkeypatch.undo()
    assert reopen_profile(profile.document, profile.path, profile.files) == profile
    path.write_text(path.read_text().replace('classifier = "intent"', ""))
    open_profile(path, {})


RULE = '[[policy.rules]]\nname = "r"\nrequire = {{ private = true }}\nwhen = {}\n'


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", 'p.toml:3: profile.classifier: there is no classifier "intent".'),
        (INTENT.replace("intent", "intnt"), 'Did you mean "intnt"?'),
        (INTENT.replace('"examples"', '"modell"'), "classifiers.intent.kind: must be "),
        ('[classifiers.intent]\nkind = "examples"', "it needs examples of at least two labels."),
        (f'{INTENT}examples_file = "no.jsonl"', "examples_file: there is no file "),
        (f'{INTENT}examples_file = "no.txt"', "no.txt does not end in .jsonl."),
        (f'{INTENT}examples_file = "bad.jsonl"', 'bad.jsonl, example 1 is not {"text": "…", '),
        (
            f'{INTENT}examples_file = "many.jsonl"',
            "it has 2,303 examples; at most 2,172 of 2,302 labels can be used.",
        ),
        (INTENT.replace("0.3", "3"), "must be at most 1"),
        (BY_MODEL.replace('"small"', '"smal"'), 'there is no model "smal". Did you mean "small"?'),
        (BY_MODEL.replace('model = "small"', ""), "classifiers.intent.model: is missing"),
        (BY_MODEL + 'examples = { a = "x" }', 'belongs to kind = "examples", and this one has'),
        (INTENT + 'labels = ["a", "b"]', "p.toml:19: classifiers.intent.labels: belongs to kind"),
        (BY_MODEL.replace('["refund", "delivery"]', '["other"]'), "it needs at least two labels."),
        (BY_MODEL.replace("delivery", "Refund"), "differ in nothing but upper and lower case"),
        (BY_MODEL.replace('["refund", "delivery"]', "3"), "classifiers.intent.labels: must be a"),
        (BY_MODEL + "surplus = 1", 'unknown key "surplus"'),
        (
            BY_MODEL + RULE.format('{ task = "refund" }'),
            "a label made by a model is a profile error",
        ),
        (INTENT + RULE.format('{ task = "code" }'), "a rule cannot go by the task of a classifier"),
        (
            INTENT + RULE.format('{ not = { task = "code" } }'),
            "policy.rules[r].when: a rule ",
        ),
    ],
)
def test_a_mistake_is_told_with_its_key(tmp_path, more: str, said: str):
    (tmp_path / "bad.jsonl").write_text('{"text": "x"}\n')
    many = (f'{{"text": "x", "label": "l{number}"}}\n' for number in range(2_300))
    (tmp_path / "many.jsonl").write_text("".join(many))
    with pytest.raises(ProfileError) as told:
        open_profile(a_profile(tmp_path, more), {})
    assert said in str(told.value)
