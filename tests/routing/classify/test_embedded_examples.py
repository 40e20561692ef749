from __future__ import annotations

from dataclasses import replace

import pytest

from airoute_cli.core.profile import Classifier
from airoute_cli.routing.classify import examples as by_examples
from airoute_cli.routing.classify.examples import ExampleClassifier
from airoute_cli.routing.classify.keeping import as_bytes, from_bytes, name_of
from tests.routing.classify.meanings import Meanings

EXAMPLES = (
    ("I want my money back", "refund"),
    ("give me my cash", "refund"),
    ("where is my parcel", "delivery"),
    ("the mail is late", "delivery"),
)


def meanings(digest: str = "d0") -> Meanings:
    money = dict.fromkeys(("money", "cash", "reimburse"), 0)
    return Meanings(digest=digest, **money, **dict.fromkeys(("parcel", "mail", "courier"), 1))


def classifier(embedder: Meanings | None = None) -> Classifier:
    return Classifier("intent", EXAMPLES, "other", embedder=embedder)


class Shelf(dict[str, bytes]):
    def take(self, name: str) -> bytes | None:
        return self.get(name)

    def put(self, name: str, content: bytes) -> None:
        self[name] = content


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """What is learned from any number of examples is kept."""
    monkeypatch.setattr(by_examples, "MANY_BY_EMBEDDINGS", 0)
    monkeypatch.setattr(by_examples, "MANY_BY_WORDS", 0)
    return Shelf()


@pytest.mark.parametrize(
    ("text", "label"), [("reimburse us", "refund"), ("no courier came", "delivery")]
)
def test_a_word_that_no_example_has_is_known_by_its_meaning(text: str, label: str):
    assert ExampleClassifier(classifier(meanings())).label(text).name == label
    assert ExampleClassifier(classifier()).label(text).confidence < 0.3


def test_blank_prompts_are_not_embedded():
    embedder = meanings()
    found = ExampleClassifier(classifier(embedder)).label("  \n")
    assert (found.name, found.confidence) == ("other", 0.0)
    assert "  \n" not in embedder.asked


def test_a_text_is_embedded_once_and_a_long_one_only_at_its_ends():
    embedder = meanings()
    classify = ExampleClassifier(classifier(embedder)).label
    long = "money " + "x" * 1_000_000
    for text in ("where is the courier", long):
        learned = len(embedder.asked)
        first = classify(text)
        asked = embedder.asked[learned:] if learned > 5 else embedder.asked[-1:]
        assert classify(text) == first
        assert len(asked) == 1
        assert len(asked[0]) < 4_000
    assert embedder.asked.count("where is the courier") == 1


def test_what_was_learned_is_kept_for_the_next_process(shelf: Shelf):
    first, again = meanings(), meanings()
    found = ExampleClassifier(replace(classifier(first), shelf=shelf)).label("a courier, please")
    kept = ExampleClassifier(replace(classifier(again), shelf=shelf)).label("a courier, please")
    assert kept == found
    assert len(first.asked) > len(EXAMPLES)
    assert again.asked == ["a courier, please"]
    by_words = replace(classifier(), shelf=shelf)
    found = ExampleClassifier(by_words).label("where is it")
    assert ExampleClassifier(by_words).label("where is it") == found
    assert len(shelf) == 2


def test_other_weights_or_examples_have_another_name():
    other = replace(classifier(), examples=(*EXAMPLES, ("x", "refund")))
    names = {
        *map(name_of, (classifier(), classifier(meanings()), classifier(meanings("d1")), other))
    }
    assert len(names) == 4


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda whole: whole[:300], lambda _: b"PK\3\4x"])
def test_a_kept_file_that_is_damaged_is_made_again(shelf: Shelf, spoil):
    one = replace(classifier(), shelf=shelf)
    found = ExampleClassifier(one).label("my money")
    whole = shelf[name_of(one)]
    shelf[name_of(one)] = spoil(whole)
    assert ExampleClassifier(one).label("my money") == found
    assert shelf[name_of(one)] == whole


def test_what_was_kept_of_others_is_not_taken():
    content = as_bytes(ExampleClassifier(classifier())._fitted)
    assert from_bytes(content, classifier()) is not None
    assert from_bytes(content, classifier(meanings())) is None
    three = replace(classifier(), examples=(*EXAMPLES, ("x", "third")))
    assert from_bytes(content, three) is None
