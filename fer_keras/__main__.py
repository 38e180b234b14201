"""The command line: `fer-keras COMMAND`, or `python -m fer_keras COMMAND`."""

import argparse
import json
import sys
import warnings
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    warnings.showwarning = lambda message, *_: print(f"fer-keras: note: {message}", file=sys.stderr)
    try:
        return options.run(options)
    except ValueError as error:  # SourceError, ReportError: one sentence each
        print(f"fer-keras: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"fer-keras: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fer-keras: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "fer-keras",
        description="Facial expression recognition with Keras: the command line of the notebooks.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    models = _command(
        commands, "models", _models, "list the nets and their parameters", "fer-keras models\n  fer-keras models --json"
    )  # fmt: skip
    models.add_argument("--json", action="store_true", help="print the list as JSON")

    data = _command(
        commands, "data", _data, "read and check a data source",
        "fer-keras data fer2013.csv\n  fer-keras data archive.zip --json\n  fer-keras data embedded",
    )  # fmt: skip
    data.add_argument("source", help="a CSV, folder, .zip, .tar.gz, Parquet file, picture, or `embedded`")
    data.add_argument("--json", action="store_true", help="print what was found as JSON")
    data.add_argument("--skip-bad", action="store_true", help="leave out bad faces instead of refusing the source")

    report = _command(
        commands, "report", _report, "run the notebooks, leave a page for each and index.html",
        "fer-keras report\n  fer-keras report --data fer2013.csv --only 01\n  fer-keras report -p SEED 3",
    )  # fmt: skip
    report.add_argument("--data", default="embedded", metavar="SOURCE", help="faces to use (default: embedded)")
    report.add_argument("--preset", default="quick", help="smoke, quick or full (default: quick)")
    report.add_argument("--only", default="", metavar="01,02", help="numbers of the notebooks to run")
    report.add_argument(
        "-p",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a notebook's parameter",
    )
    report.add_argument("--out", type=Path, default=Path("reports"), help="folder to write to (default: reports)")
    return parser


def _command(commands, name: str, run, does: str, examples: str) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=f"examples:\n  {examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def _models(options) -> int:
    from fer_keras.models import table

    rows = table()
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        import pandas as pd

        print(pd.DataFrame(rows).T.rename_axis("net").to_string())
    return 0


def _data(options) -> int:
    from fer_keras.sources.check import check, describe

    found = check(options.source, options.skip_bad)
    if text := json.dumps(found, indent=1) if options.json else describe(found):
        print(text)
    if found["error"]:
        print(f"fer-keras: {found['error']}", file=sys.stderr)
    return 1 if found["error"] else 0


def _report(options) -> int:
    from fer_keras.report import PRESETS, make_report

    if options.preset not in PRESETS:
        raise ValueError(f"no preset is called {options.preset}; there are {', '.join(PRESETS)}")
    import yaml

    try:
        parameters = {name: yaml.safe_load(value) for name, value in options.p}
    except yaml.YAMLError:
        raise ValueError(f"the value of -p {' '.join(options.p[-1])} is no number, text or list") from None
    failed = make_report(options.out, options.data, options.preset, options.only, parameters)
    print(options.out / "index.html")
    if failed:
        print(f"fer-keras: {len(failed)} failed: {', '.join(failed)}; their pages show where", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
