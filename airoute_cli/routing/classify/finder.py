"""Who finds the task of a prompt: the profile's classifier, else the built-in heuristics."""

from __future__ import annotations

from airoute_cli.core.label import ModelClassifier
from airoute_cli.core.profile import Classifier
from airoute_cli.routing.features import FindTask
from airoute_cli.routing.tasks import detect_task


def task_finder(classifier: Classifier | ModelClassifier | None) -> FindTask:
    """From the user's text to the name of its task; the default where only a model can tell it."""
    if classifier is None:
        return detect_task
    if isinstance(classifier, ModelClassifier):
        return lambda _: classifier.default
    from airoute_cli.routing.classify.examples import ExampleClassifier

    by_examples = ExampleClassifier(classifier)
    return lambda text: by_examples.label(text).name
