"""What a training must have before it decides a claim: its report's own net, trained as far as the report's, more than
once, on all the faces. What it lacks is told in a word, and its effect is shown all the same."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fer_keras.claims.reached import REACHED, Reached, trained_less
from fer_keras.claims.thirty import Claim, Part

TRAINING_FACES = 28_709  # of FER2013
TRAININGS = 3  # at least: one tells nothing of the scatter between seeds
LEARNT = {  # how accurate the net is that each notebook tells of
    "12_cnn_vs_dnn": "cnn_1m_judged_accuracy",
    "21_confusion": "accuracy",
    "30_saliency": "judged_accuracy",
    "31_filters": "judged_accuracy",
    "51_ablation": "as_it_is_accuracy",
    "52_labels": "net_accuracy",
}


@dataclass(frozen=True)
class Record:
    """What one notebook, or the trainings of one kind, recorded: `values` by name, and how to measure them again."""

    notebook: str
    command: str
    date: str
    device: str
    data: str
    values: Mapping[str, dict]
    log: Sequence[float] = field(default=())  # training accuracy after each epoch, where it was kept

    def value(self, name: str):
        return self.values.get(name, {}).get("value")

    def measures(self, name: str) -> bool:
        return isinstance(self.value(name), int | float)

    def of_net(self, net: str, name: str):
        """A value of one net: under the net's name, where the record tells of several."""
        for prefix in (f"{net}_", f"{net}_named_", f"{net}_equal_plain_", ""):
            if (found := self.value(prefix + name)) is not None:
                return found
        return None

    @property
    def net(self) -> str | None:
        """The net that it tells of, if it is one alone."""
        named = self.value("net")
        return named if named and " and " not in named else None

    def trainings(self, entry: Mapping) -> int:
        counts = entry.get("trainings"), self.value("trainings"), self.value("seeds"), self.value("folds")
        return next((count for count in counts if count), 1)


def notebooks_of(part: Part) -> tuple[str, ...]:
    return (part.notebooks,) if isinstance(part.notebooks, str) else part.notebooks


def fitting(part: Part, records: Sequence[Record]) -> list[Record]:
    """Those that measured this part."""
    return [each for each in records if each.notebook in notebooks_of(part) and each.measures(part.value)]


def best(part: Part, claim: Claim, records: Sequence[Record]) -> Record | None:
    """The record that lacks least, of the preferred notebook, with most trainings and faces; None where nothing was
    measured."""

    def rank(record: Record) -> tuple:
        entry = record.values[part.value]
        place = notebooks_of(part).index(record.notebook)
        return len(lacks(part, claim, record)), place, -record.trainings(entry), -entry.get("n", 0)

    return min(fitting(part, records), key=rank, default=None)


def lacks(part: Part, claim: Claim, record: Record) -> list[str]:
    """Why a record cannot decide this part, the weightiest reason first; nothing where it can."""
    entry, net, drawn = record.values[part.value], claim.net_of(part), record.data == "embedded"
    low = (record.values.get(LEARNT.get(record.notebook), {}).get("interval") or [math.inf])[0]
    measured = part.rule is not None and part.rule.decided_by == "interval"
    report = REACHED.get(net, Reached())
    width, epochs = record.of_net(net, "width"), record.of_net(net, "epochs")
    accuracy = record.of_net(net, "logged_training_accuracy")
    loss = record.of_net(net, "logged_training_loss")
    beyond = epochs - report.epochs if epochs and report.epochs else 0
    trained, wanted, split = bool(net), dict(part.needs), record.value("judged_split")
    reasons = {
        "drawn faces": drawn and not claim.drawn,
        "a net that has not learnt": measured and low <= (record.value("majority_accuracy") or 0),
        "another net": trained and record.net not in (None, net),
        "slim net": trained and width is not None and width < 1,
        "wide net": trained and width is not None and width > 1,
        "another split": wanted.pop("judged_split", split) != split,
        "other settings": any(record.value(name) != value for name, value in wanted.items()),
        "trained longer than the report": trained and beyond > 0,
        "how far it was trained is not recorded": trained and report.accuracy is not None and accuracy is None,
        "trained less than the report": trained and (beyond < 0 or trained_less(net, accuracy, loss, record.log)),
        "few faces": trained and not drawn and (record.value("faces") or TRAINING_FACES) < TRAINING_FACES,
        "one training": trained and record.trainings(entry) == 1,
        "two trainings": trained and record.trainings(entry) == 2 < TRAININGS,
    }
    return [reason for reason, holds in reasons.items() if holds]


def that_decide(part: Part, claim: Claim, records: Sequence[Record]) -> list[Record]:
    """The records that lack nothing: trainings that differ in what the report leaves open."""
    return [each for each in fitting(part, records) if not lacks(part, claim, each)]
