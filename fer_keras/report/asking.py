"""The commands `predict`, `look`, `card` and `runs`: nets that are there, asked and told of."""

import json
import sys
from pathlib import Path

from fer_keras.base.printable import printable, say
from fer_keras.base.quiet import start_keras

ON_A_PAGE = 100  # photographs
A_CLASS = """
for a class:
  Whoever has FER_KERAS_SHARED=/srv/fer loads from there the runs and faces that are there, and keeps his own as
  ever. Nothing is written there, so it may be read only. The teacher fills it by doing what the class will do, with
  FER_KERAS_HOME=/srv/fer and the data under the path that the class will name. In jupyterhub_config.py:
    c.Spawner.environment = {"FER_KERAS_SHARED": "/srv/fer"}
    c.DockerSpawner.read_only_volumes = {"/srv/fer": "/srv/fer"}
    c.KubeSpawner.volume_mounts = [{"name": "fer", "mountPath": "/srv/fer", "readOnly": True}]"""
WHOLE = "take the middle square of each picture, and look for no face in it"


def add(commands, command) -> None:
    """command: makes one of them, of its name, what runs it, what it does and examples."""
    predict = command(
        commands, "predict", _predict, "tell the emotion of faces",
        "fer-keras predict photographs/\n"
        "  fer-keras predict cnn_pyramid-1f0a photographs/ --mirror\n"
        "  fer-keras predict model.keras face.png\n"
        "  fer-keras predict model.keras fer2013.csv --split PublicTest\n"
        "  fer-keras predict model.keras test.csv --out submission.csv",
    )  # fmt: skip
    named = "a run (its name as `fer-keras train` prints it, or a part), or a .keras file"
    or_ours = f"{named} (default: the net that comes with the package)"
    predict.add_argument("net", nargs="?", help=or_ours)
    predict.add_argument(
        "source", help="faces in any form that `fer-keras data` reads, a photograph, or a folder of such"
    )
    predict.add_argument("--split", help="only the faces of this split, such as PublicTest")
    predict.add_argument("--whole", action="store_true", help=WHOLE)
    mirror = "look at each face in the mirror too, and give the mean: a little better, twice as long"
    predict.add_argument("--mirror", action="store_true", help=mirror)
    predict.add_argument("--out", type=Path, metavar="FILE", help="write a CSV; for id,feature faces that is id,label")

    look = command(
        commands, "look", _look, "find the faces in photographs, and show what a net sees in them",
        "fer-keras look photo.jpg\n  fer-keras look photo.jpg --net cnn_1m --out mine.html\n"
        "  fer-keras look a.jpg b.jpg --json",
    )  # fmt: skip
    look.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="a photograph, or a folder of such")
    look.add_argument("--net", metavar="RUN_OR_MODEL", help=or_ours)
    look.add_argument("--out", type=Path, metavar="FILE", help="the page to write (default: look.html)")
    look.add_argument("--json", action="store_true", help="print what was found as JSON; no page without --out")
    look.add_argument("--whole", action="store_true", help=WHOLE)

    card = command(
        commands, "card", _card, "print what is known of a net, as Markdown: its data, accuracy, and limits",
        "fer-keras card\n  fer-keras card cnn_pyramid-1f0a > CARD.md",
    )  # fmt: skip
    card.add_argument("net", nargs="?", help=or_ours)

    runs = command(
        commands, "runs", _runs, "list the trainings that are kept, the newest first",
        f"fer-keras runs\n  fer-keras runs --json\n{A_CLASS}",
    )  # fmt: skip
    runs.add_argument("--json", action="store_true", help="print the list as JSON")


def _predict(options) -> int:
    start_keras()
    from fer_keras import load_faces
    from fer_keras.data.photographs import are_photographs, as_faces, find_all, passed_over, photographs_below
    from fer_keras.training.ask import SHIPPED, about, find_net, prediction_table, write_predictions

    source = Path(options.source)
    if options.out:
        from fer_keras.base.home import check_target
        from fer_keras.data.load import VOTE_FILE

        check_target(options.out, source, source.with_name(VOTE_FILE), Path(options.net or SHIPPED))
    net = find_net(options.net)
    if are_photographs(source):
        found, problems = find_all(list(photographs_below(source)), options.whole)
        _tell(passed_over(source) + problems)
        faces = as_faces(found)
    else:
        faces = load_faces(options.source)
    if options.split is not None:
        faces = faces.split(options.split)
        if not len(faces):
            raise ValueError(f"{options.source} holds no faces of {options.split}")
    say(f"fer-keras: note: {about(net)}", sys.stderr)
    table = prediction_table(net, faces, options.mirror)
    if options.out:
        write_predictions(options.out, table, faces)
    else:
        say(table.to_string(index=False, float_format="{:.3f}".format))
    return 0


def _tell(problems: list[str]) -> None:
    for problem in problems:
        say(f"fer-keras: note: {printable(problem)}", sys.stderr)


def _look(options) -> int:
    start_keras()
    from fer_keras.base.home import check_target
    from fer_keras.data.photographs import as_faces, find_all, passed_over, photographs_below
    from fer_keras.report.look import write_page
    from fer_keras.seeing.answers import ask, in_words
    from fer_keras.training.ask import SHIPPED, about, find_net

    paths = [path for each in options.pictures for path in photographs_below(each)]
    out = options.out or (None if options.json else Path("look.html"))
    if out:
        check_target(out, *paths, Path(options.net or SHIPPED))
    if len(paths) > ON_A_PAGE:
        many = f"{len(paths):,} pictures are too many to look at, {ON_A_PAGE} at most"
        raise ValueError(f"{many}; `fer-keras predict` takes any number")
    net = find_net(options.net)
    found, problems = find_all(paths, options.whole)
    problems = [told for each in options.pictures for told in passed_over(each)] + problems
    _tell(problems)
    answers = ask(net, as_faces(found))
    if out:
        write_page(out, net, found, answers, problems)
    if options.json:
        print(json.dumps([each.as_json(face) for face, each in zip(found, answers, strict=True)], indent=1))
        return 0
    say(about(net))
    for face, each in zip(found, answers, strict=True):
        doubts = f" (doubtful: {'; '.join(face.doubts)})" if face.doubts else ""
        print(f"{face.name}{doubts}: {in_words(each)}")
    say(str(out))
    return 0


def _card(options) -> int:
    start_keras()
    from fer_keras.training.ask import find_net
    from fer_keras.training.card import as_markdown

    net = find_net(options.net)
    if net.card is None:
        raise ValueError(f"nothing is known of {net.name}: only runs trained by this version have a card")
    say(as_markdown(net.name, net.card))
    return 0


def _runs(options) -> int:
    start_keras()
    from fer_keras.training.store import run_table

    table = run_table()
    if options.json:
        print(table.to_json(orient="records", indent=1))
    elif table.empty:
        print("no training is kept; `fer-keras train` makes one")
    else:
        say(table.to_string(index=False))
    return 0
