"""The command line: `fer-keras COMMAND`, or `python -m fer_keras COMMAND`."""

import argparse
import json
import os
import shlex
import shutil
import sys
import traceback
import warnings
from contextlib import suppress
from pathlib import Path

from fer_keras.base.environment import versions
from fer_keras.base.printable import printable, say
from fer_keras.base.quiet import start_keras
from fer_keras.base.typed import values
from fer_keras.report import asking, collecting, reference

LONGEST = 1000  # characters of a sentence, of which a value that was typed may be most


def main(arguments: list[str] | None = None) -> int:
    typed = sys.argv[1:] if arguments is None else arguments
    _open_streams()
    try:
        options = _options(typed)
        warnings.showwarning = lambda message, *_: print(f"fer-keras: note: {printable(str(message))}", file=sys.stderr)
        code = _run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("fer-keras: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get("FER_KERAS_DEBUG") == "1":
            traceback.print_exc()
        if not isinstance(error, BrokenPipeError):  # `fer-keras claims | head` stops in silence
            print(f"fer-keras: {printable(_sentence(error))}", file=sys.stderr)
        _drop_output()
        return 1


def _open_streams() -> None:
    """Streams that were closed take what is written and drop it, so that no file gets their number and with it what
    libraries print; names that a terminal cannot show are written out."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or getattr(stream, "closed", False):
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _options(typed: list[str]) -> argparse.Namespace:
    try:
        return _parser().parse_args(typed, argparse.Namespace(typed=typed))
    except SystemExit:  # after --help, --version, or what is no option
        sys.stdout.flush()
        raise


def _drop_output() -> None:
    """Or Python tries once more, when it ends, to write what could not be written."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(options) -> int:
    try:
        return options.run(options)
    except SystemExit as error:
        raise ValueError(f"something called sys.exit({error.code}) before the command had ended") from error


def _sentence(error: Exception) -> str:
    """What went wrong, and what to look at."""
    try:
        os.getcwd()
    except OSError:
        return "the working folder is gone; change to one that is there"
    text = " ".join(str(error).split())
    if isinstance(error, UnicodeError) or not isinstance(error, ValueError | OSError):
        kind, debug = type(error).__name__, "FER_KERAS_DEBUG=1 shows where"
        return f"this was not foreseen: {kind}{text and f': {text[:300]}'}; {debug}"
    if isinstance(error, OSError) and not isinstance(error, ValueError):
        return f"{error.filename or 'the output'}: {error.strerror or error}"
    return text if len(text) < LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 4 :]}"


def _parser() -> argparse.ArgumentParser:
    does = "Facial expression recognition with Keras: the command line of the notebooks."
    parser = argparse.ArgumentParser("fer-keras", description=does)
    parser.add_argument("--version", action="version", version=versions(), help="of fer-keras, Keras and its backend")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    examples = "fer-keras models\n  fer-keras models --json"
    models = _command(commands, "models", _models, "list the nets and their parameters", examples)
    models.add_argument("--json", action="store_true", help="print the list as JSON")

    examples = "fer-keras data fer2013.csv\n  fer-keras data archive.zip --json\n  fer-keras data mine/ --split 0.1"
    data = _command(commands, "data", _data, "read and check a data source", examples)
    data.add_argument("source", help="a CSV, folder, .zip, .tar.gz, Parquet file, picture, or `embedded`")
    data.add_argument("--json", action="store_true", help="print what was found as JSON")
    share = "show the splits that faces without any get: this share of each class validates, as much judges"
    data.add_argument("--split", metavar="SHARE", help=share)
    data.add_argument("--skip-bad", action="store_true", help="leave out bad faces instead of refusing the source")

    train = _command(
        commands, "train", _train, "train a net by its recipe, or load the run made so before",
        "fer-keras train cnn_pyramid --data fer2013.csv\n"
        "  fer-keras train vgg16_bn -o width 0.25 -r epochs 5 --seed 1\n"
        "  fer-keras train cnn_pyramid --data fer2013.csv --split theirs -r epochs 400 -r until '{loss: 0.65}'\n"
        "  fer-keras train cnn_1m --data mine/ --split 0.1\n"
        "  fer-keras train cnn_1m-1f0a --data mine/ --split 0.1 -r epochs 5 -r learning_rate 0.0002\n"
        "  fer-keras train my_module:my_net -r learning_rate '{1: 0.01, 11: 0.002}' --json",
    )  # fmt: skip
    kinds = (
        "one of `fer-keras models`; module:function of your own; or a run or .keras file, whose weights it begins with"
    )
    train.add_argument("net", help=kinds)
    train.add_argument("--data", default="embedded", metavar="SOURCE", help="faces to use (default: embedded)")
    train.add_argument(
        "--split", default="ours", metavar="ours|theirs|SHARE",
        help="ours: Training trains, PublicTest validates (default), or a tenth where there is none; theirs, as in the "
        "reports: a random tenth of Training, copies and all, validates; a share such as 0.1, of faces without splits: "
        "so many of each class validate, as many are kept back to judge, and copies of a face stay together",
    )  # fmt: skip
    train.add_argument("--seed", type=int, default=0, help="of weights, batches and dropout (default: 0)")
    _pairs(train, "-o", "--option", "OPTION", "set a net's option")
    _pairs(train, "-r", "--recipe", "FIELD", "change the recipe")
    train.add_argument("--json", action="store_true", help="print the result as notebooks/results/ keeps it")

    asking.add(commands, _command)

    report = _command(
        commands, "report", _report, "run the notebooks, leave a page for each and index.html",
        "fer-keras report\n  fer-keras report --data fer2013.csv --preset report-c\n"
        "  fer-keras report --data mine/ -p SPLIT 0.1\n  fer-keras report -p SEED 3",
    )  # fmt: skip
    report.add_argument("--data", default="embedded", metavar="SOURCE", help="faces to use (default: embedded)")
    report.add_argument("--preset", default="quick", help="smoke, quick, full, or report-a to report-e")
    report.add_argument("--only", default="", metavar="01,02", help="numbers of the notebooks to run")
    _pairs(report, "-p", "--parameter", "NAME", "set a notebook's parameter")
    report.add_argument("--jobs", type=int, metavar="N", help="notebooks at a time (default: 2, on one core 1)")
    report.add_argument("--timeout", type=int, metavar="N", help="seconds that one cell may take (default: no limit)")
    report.add_argument("--fresh", action="store_true", help="run those too that have not changed since they ran")
    where = "folder to write to (default: reports; of other data, preset or -p one of its own in it)"
    report.add_argument("--out", type=Path, help=where)

    claims = _command(
        commands, "claims", _claims, "list the reports' thirty claims, each with a verdict and its evidence",
        "fer-keras claims\n  fer-keras claims --json\n  fer-keras claims --records my_report/records",
    )  # fmt: skip
    claims.add_argument("--json", action="store_true", help="print all evidence as JSON")
    claims.add_argument("--records", type=Path, metavar="DIR", help="what a report recorded (default: the last one's)")

    collecting.add(commands, _command)

    reference.add(commands, _command)

    notebooks = _command(
        commands, "notebooks", _notebooks, "copy the notebooks and their presets into a folder, to change them there",
        "fer-keras notebooks mine && jupyter lab mine",
    )  # fmt: skip
    notebooks.add_argument("folder", type=Path, help="a folder that is not there yet")
    return parser


class _Once(argparse.Action):
    """An option that is given once; argparse drops all values but the last."""

    def __call__(self, parser, options, value, flag=None):
        given = options.__dict__.setdefault("given", [])
        if flag and self.dest in given:
            raise ValueError(f"{flag} is given twice; leave one")
        given.append(self.dest)
        setattr(options, self.dest, value)


def _command(commands, name: str, run, does: str, examples: str) -> argparse.ArgumentParser:
    whole = {"description": f"{does[0].upper()}{does[1:]}.", "epilog": f"examples:\n  {examples}"}
    command = commands.add_parser(name, help=does, formatter_class=argparse.RawDescriptionHelpFormatter, **whole)
    command.register("action", None, _Once)
    command.set_defaults(run=run)
    return command


def _pairs(command: argparse.ArgumentParser, flag: str, long: str, name: str, does: str) -> None:
    """An option that may be given several times, each time with a name and a value, which `values` reads."""
    about: dict = {"action": "append", "default": [], "metavar": (name, "VALUE"), "help": does}
    command.add_argument(flag, long, dest=flag.strip("-"), nargs=2, **about)


def _models(options) -> int:
    start_keras()
    import pandas as pd

    from fer_keras.nets.build import table

    rows = table()
    print(json.dumps(rows, indent=1) if options.json else pd.DataFrame(rows).T.rename_axis("net").to_string())
    return 0


def _data(options) -> int:
    from fer_keras.data.check import check, describe

    found = check(options.source, options.skip_bad, options.split)
    if text := json.dumps(found, indent=1) if options.json else describe(found):
        say(text)
    if found["error"]:
        print(f"fer-keras: {found['error']}", file=sys.stderr)
    return 1 if found["error"] else 0


def _train(options) -> int:
    start_keras()
    from fer_keras import load_faces
    from fer_keras.study.records import of_training
    from fer_keras.training.ask import beginning
    from fer_keras.training.run import tell
    from fer_keras.training.train import recipe_of, train

    net, name, told = beginning(options.net)
    if told:
        say(f"fer-keras: note: it begins with the weights of {told['begins_with']['net']}", sys.stderr)
    plan = recipe_of(name).changed(**values(options.r))
    faces = load_faces(options.data)
    training, validation, _ = faces.parts(options.split)
    run = train(net, training, validation, recipe=plan, options=values(options.o), seed=options.seed)
    with suppress(OSError):  # a store of others that is read only
        run = tell(run, data=_name(options.data), command=_command_line(options), **told)
    scores = {name: run.metrics[name] for name in ("accuracy", "accuracy_without_duplicates")}
    if not options.json:
        print(run.name)
        for name, score in scores.items():
            if score["n"]:
                low, high = score["interval"]
                print(f"{name.replace('_', ' ')}: {score['value']:.3f} [{low:.3f}, {high:.3f}], {score['n']:,} faces")
        return 0
    public, command = faces.split("PublicTest"), _command_line(options)
    found = of_training(run, training, validation, public, command, _name(options.data))
    print(json.dumps({name: found}, indent=1))
    return 0


def _command_line(options) -> str:
    """What was typed, without the folders of the data, options by their short names."""
    shown = {"--option": "-o", "--recipe": "-r", options.data: _name(options.data)}
    flags = [f"--{'data'[:end]}=" for end in (1, 2, 3, 4)]  # as argparse takes them
    shown |= {flag + options.data: flag + _name(options.data) for flag in flags}
    return shlex.join(["fer-keras", *(shown.get(word, word) for word in options.typed)])


def _name(data: str) -> str:
    return data if data == "embedded" else Path(data).resolve().name


def _report(options) -> int:
    from fer_keras.report import kept, run
    from fer_keras.report.pages import write_site

    if options.preset not in run.PRESETS:
        raise ValueError(f"no preset is called {options.preset}; there are {', '.join(run.PRESETS)}")
    parameters = values(options.p)
    if "DATA" in parameters and options.data != "embedded":
        raise ValueError(f"--data {options.data} and -p DATA {parameters['DATA']} name two sources; leave one")
    out = options.out or kept.folder_of(options.data, options.preset, parameters)
    try:
        failed = run.make_report(
            out, options.data, options.preset, options.only, parameters, options.jobs, options.timeout, options.fresh
        )
    except KeyboardInterrupt:
        print("fer-keras: stopped; the same call goes on from here", file=sys.stderr)
        return 130
    if out.parent == kept.SHELF:
        write_site(out.parent)  # whose index lists this one
    say(str(out / "index.html"))
    for name, why in failed.items():
        say(f"fer-keras: {name} failed, {printable(why)}", sys.stderr)
    return 1 if failed else 0


def _notebooks(options) -> int:
    from fer_keras.base import home

    if options.folder.exists():
        raise ValueError(f"{options.folder} is there already; name a new folder")
    try:
        shutil.copytree(home.notebooks(), options.folder, ignore=shutil.ignore_patterns("results", "__pycache__", ".*"))
    except OSError as error:
        shutil.rmtree(options.folder, ignore_errors=True)  # half of them are none
        why = error.args[0][0][-1] if isinstance(error, shutil.Error) else error.strerror
        raise ValueError(f"{options.folder} could not be written: {why}") from None
    print(f"{len(list(options.folder.glob('*.ipynb')))} notebooks in {options.folder}")
    return 0


def _claims(options) -> int:
    from fer_keras.claims import ledger as claims

    if options.records and not any(options.records.glob("*.json")):
        where = "`fer-keras report` leaves them in OUT/records"
        raise ValueError(f"{options.records} holds no records of a report; {where}")
    folder = options.records
    if not folder:
        records = list(Path("reports").glob("**/records/*.json"))
        folder = records and max(records, key=lambda path: path.stat().st_mtime).parent
        none = "no report here; `fer-keras report` would set its own verdicts beside these"
        note = f"the report is the one in {folder.parent}" if folder else none
        say(f"fer-keras: note: {printable(note)}", sys.stderr)
    rows = claims.ledger(claims.committed(), claims.of_report(folder) if folder else [])
    say(json.dumps(rows, indent=1) if options.json else claims.as_text(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
