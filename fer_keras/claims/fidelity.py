"""What a training must have before it decides a claim: its report's own net, trained as far as the report's, more than
once, on all the faces. What it lacks is told in a word, and its effect is shown all the same."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fer_keras.claims.reached import REACHED, Reached, trained_faster, trained_less
from fer_keras.claims.rules import weight
from fer_keras.claims.thirty import Claim, Part

TRAINING_FACES = 28_709  # of FER2013
TRAININGS = 3  # at least: one tells nothing of the scatter between seeds
EQUAL = 0.02  # by so much the width of a net may be off 1: a dense net is given its CNN's number of parameters
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

    def of_net(self, net: str, name: str, place: str = ""):
        """A value of one net, from the place where the record tells of it (see `Part.nets`). Without a place: under the
        net's name, where the record tells of several, or under none."""
        prefixes = [f"{net}_", f"{net}_named_", f"{net}_equal_plain_", ""]
        if place:
            prefixes = [f"{place}_", ""] if place == self.net else [f"{place}_"]
        return next((found for each in prefixes if (found := self.value(each + name)) is not None), None)

    @property
    def net(self) -> str | None:
        """The net that it tells of, if it is one alone."""
        named = self.value("net")
        return named if named and " and " not in named else None

    def trainings(self, entry: Mapping) -> int:
        """With how many seeds it was measured. The folds of one seed are one: their faces are pooled, so an interval
        over these faces tells nothing of what another seed would change."""
        counts = entry.get("trainings"), self.value("trainings"), self.value("seeds")
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


def nets_of(part: Part, claim: Claim) -> dict[str, str]:
    """The nets whose trainings this part rests on, by the place where a record tells of them."""
    net = claim.net_of(part)
    return part.nets or ({"": net} if net else {})


def lacks(part: Part, claim: Claim, record: Record) -> list[str]:
    """Why a record cannot decide this part, the weightiest reason first; nothing where it can."""
    entry, drawn = record.values[part.value], record.data == "embedded"
    low = (record.values.get(LEARNT.get(record.notebook, ""), {}).get("interval") or [math.inf])[0]
    measured = part.rule is not None and part.rule.decided_by == "interval"
    nets = nets_of(part, claim)
    trained, wanted, split = bool(nets), dict(part.needs), record.value("judged_split")
    reasons = {
        "drawn faces": drawn and not claim.drawn,
        "a net that has not learnt": measured and low <= (record.value("majority_accuracy") or 0),
        "another split": wanted.pop("judged_split", split) != split,
        "other settings": any(record.value(name) != value for name, value in wanted.items()),
        "few faces": trained and not drawn and (record.value("faces") or TRAINING_FACES) < TRAINING_FACES,
        "one training": trained and record.trainings(entry) == 1,
        "two trainings": trained and record.trainings(entry) == 2 < TRAININGS,
    }
    found = {reason for reason, holds in reasons.items() if holds}
    for place, net in nets.items():
        found |= _net_lacks(record, net, place)
        named = record.value(f"{place}_net")
        if (named or record.net) not in (None, net if named else claim.net_of(part)):
            found.add("another net")
    return sorted(found, key=weight)


def _net_lacks(record: Record, net: str, place: str) -> set[str]:
    """What the training of one net lacks beside its report's."""
    report, epochs = REACHED.get(net, Reached()), record.of_net(net, "epochs", place)
    width = record.of_net(net, "width", place) or 1
    accuracy = record.of_net(net, "logged_training_accuracy", place)
    loss = record.of_net(net, "logged_training_loss", place)
    log = () if place else record.log
    beyond = epochs - report.epochs if epochs and report.epochs else 0
    reasons = {
        "slim net": width < 1 - EQUAL,
        "wide net": width > 1 + EQUAL,
        "trained longer than the report": beyond > 0,
        "how far it was trained is not recorded": (report.accuracy and accuracy is None)
        or (report.epochs and epochs is None),
        "trained less than the report": beyond < 0 or trained_less(net, accuracy, loss, log),
        "trained faster than the report": trained_faster(net, log),
    }
    return {reason for reason, holds in reasons.items() if holds}


def that_decide(part: Part, claim: Claim, records: Sequence[Record]) -> list[Record]:
    """The records that lack nothing: trainings that differ in what the report leaves open."""
    return [each for each in fitting(part, records) if not lacks(part, claim, each)]
