"""Which texts of a run have their label: none is asked about twice, nor after a resume."""

from __future__ import annotations

from dataclasses import replace

from airoute_cli.core.figures import Snapshot
from airoute_cli.core.label import Label
from airoute_cli.core.plan import Plan
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Row
from airoute_cli.edges.audit_key import Seal
from airoute_cli.edges.run_folder.labels import KnownLabel, LabelIndex
from airoute_cli.engine.held_planner import PlanRow
from airoute_cli.routing.classify.by_model import Asking
from airoute_cli.routing.classify.labelling import asking_of, text_key


class KnownLabels:
    """Labels under keyed digests of what the model was asked about.

    They stand in the audit file with each decision that was made by one, so that a resume finds
    them in ``index``.
    """

    def __init__(self, asking: Asking, index: LabelIndex, seal: Seal) -> None:
        self._asking = asking
        self._index = index
        self._seal = seal

    def key(self, plan: Plan) -> bytes:
        """The digest of what the model is asked about for a plan that asks first."""
        text = plan.basis.features.text if plan.basis else ""
        return self._seal.digest(text_key(self._asking, plan, text))

    def find(self, plan: Plan) -> Label | None:
        """The label of the same text; None if it was not asked about yet."""
        label, known = plan.label, self._index.find(self.key(plan))
        if label is None or known is None:
            return None
        said, confidence, by = known
        return replace(label, asked=False, said=said, confidence=confidence, by=by)

    def keep(self, key: bytes, label: Label) -> Label:
        """``label`` as it goes into the audit file; what was said is known from now on."""
        if label.said is None:
            return label
        self._index.put(key, KnownLabel(label.said, label.confidence, label.by))
        return replace(label, of=key.hex())


def known_labels(profile: Profile, index: LabelIndex | None, seal: Seal) -> KnownLabels | None:
    """Those of a run; None where no model finds the tasks of its rows."""
    asking = asking_of(profile)
    return KnownLabels(asking, index, seal) if asking and index else None


def plan_by_known(plan_row: PlanRow, known: KnownLabels) -> PlanRow:
    """How rows are planned where a model finds their tasks: by its label, where that is known."""

    def plan(row: Row, snapshot: Snapshot, *, label: Label | None = None) -> Plan:
        made = plan_row(row, snapshot, label=label)
        found = known.find(made) if made.asks_first else None
        return made if found is None else plan_row(row, snapshot, label=found)

    return plan
