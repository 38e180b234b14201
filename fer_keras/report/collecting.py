"""The commands `table`, `sweep` and `check`: many notebooks in one call, and what they found in one table."""

import json
import sys
from pathlib import Path

from fer_keras.base import typed
from fer_keras.base.printable import printable, say


def add(commands, command) -> None:
    """command: makes one of them, of its name, what runs it, what it does and examples."""
    table = command(
        commands, "table", _table, "show what notebooks and trainings recorded: means over seeds, and differences",
        "fer-keras table sweeps/20_kfold\n  fer-keras table reports --values '*accuracy' --csv > all.csv\n"
        "  fer-keras table notebooks/results --by MODEL,SPLIT,DATA --values public_accuracy --paper",
    )  # fmt: skip
    what = "executed notebooks, records (JSON), runs, or folders of them"
    table.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=what)
    by = "settings to tell apart (default: those that differ, without SEED, over which means are taken)"
    table.add_argument("--by", default="", metavar="MODEL,SEED", help=by)
    table.add_argument("--values", default="*", metavar="NAMES", help="only these values, such as '*accuracy,faces'")
    table.add_argument("--csv", action="store_true", help="print CSV, unrounded")
    table.add_argument("--paper", action="store_true", help="put what others published on FER2013 below, with sources")

    sweep = command(
        commands, "sweep", _sweep, "run a notebook with every combination of some parameters, each once",
        "fer-keras sweep 20_kfold -p MODEL cnn_1m,cnn_fc3 -p SEED 0..4\n"
        "  fer-keras sweep mine.ipynb -p COMPARED '[\"cnn_1m, cnn_fc3\", cnn_leaky]' --out mine\n"
        "  fer-keras sweep 20_kfold -p SEED 0..9 --print | xargs -P 4 -d '\\n' -n 1 sh -c\n"
        "  fer-keras sweep 20_kfold -p SEED 0..9 --print > jobs; sbatch --array=1-10 --wrap "
        "'eval \"$(sed -n ${SLURM_ARRAY_TASK_ID}p jobs)\"'",
    )  # fmt: skip
    sweep.add_argument("notebook", help="a notebook, or the name of one of ours")
    sweep.add_argument(
        "-p", "--parameter", dest="p", nargs=2, action="append", default=[], metavar=("NAME", "VALUES"),
        help="a,b or 0..4 (4 included), or a list in brackets where a comma belongs to a value",
    )  # fmt: skip
    sweep.add_argument("--out", type=Path, metavar="DIR", help="folder to leave them in (default: sweeps/NOTEBOOK)")
    sweep.add_argument("--timeout", type=int, metavar="N", help="seconds that one cell may take (default: no limit)")
    sweep.add_argument("--fresh", action="store_true", help="run those too that have been run to their end")
    lines = "make the folder, run nothing, and print a papermill command a line"
    sweep.add_argument("--print", action="store_true", dest="print_only", help=lines)

    check = command(
        commands, "check", _check, "tell what is missing in an assignment that was filled in, without running it",
        "fer-keras check assignment.ipynb\n  fer-keras check assignment.ipynb --html assignment.html\n"
        "  fer-keras check handed_in/*.ipynb\n  fer-keras check handed_in/ --json > class.json",
    )  # fmt: skip
    check.add_argument("paths", nargs="+", type=Path, metavar="NOTEBOOK", help="handed in, or a folder of such")
    check.add_argument("--json", action="store_true", help="print what was found as JSON")
    page = "write the one notebook as a page with the student's name, which needs no network"
    check.add_argument("--html", type=Path, metavar="FILE", help=page)
    own = "the assignment as it was handed out (default: notebooks/assignment.ipynb)"
    check.add_argument("--assignment", type=Path, metavar="FILE", help=own)


def _table(options) -> int:
    from fer_keras.study import collect
    from fer_keras.study.measured import read

    measured, notes = read(options.paths)
    for note in notes:
        say(f"fer-keras: note: {printable(note)}", sys.stderr)
    found = collect.table(measured, _names(options.by), _names(options.values))
    others = [collect.published()] if options.paper else []
    if options.csv:
        say(collect.together([found, *others]).to_csv(index=False).removesuffix("\n"))
    else:
        say("\n\n".join(map(collect.as_text, [found, *others])))
    return 0


def _sweep(options) -> int:
    from fer_keras.report import sweep

    typed.once(options.p)
    if options.timeout is not None and options.timeout < 1:
        raise ValueError(f"timeout is at least 1, not {options.timeout}")
    choices = {name: typed.choices(name, text) for name, text in options.p}
    path, runs = sweep.plan(options.notebook, choices, options.out)
    left = runs if options.fresh else sweep.due(path, runs)
    if kept := len(runs) - len(left):
        print(f"{kept} of {len(runs)} ran to their end before (--fresh runs them)", file=sys.stderr)
    if options.print_only:
        for line in sweep.commands(path, left):
            print(line)
        return 0
    failed = sweep.run(path, left, options.timeout)
    if failed:
        name, why = next(iter(failed.items()))
        raise ValueError(f"{len(failed)} of {len(left)} failed, the first: {name}, {why}; the same call runs it again")
    folder = next(iter(runs)).parent
    say(f"{folder}: `fer-keras table {folder}` shows what they recorded", sys.stderr)
    return 0


def _check(options) -> int:
    from fer_keras.base.home import check_target
    from fer_keras.report import handed_in

    paths = [each for path in options.paths for each in (sorted(path.rglob("*.ipynb")) if path.is_dir() else [path])]
    paths = [path for path in paths if ".ipynb_checkpoints" not in path.parts]
    if not paths:
        raise ValueError(f"there is no notebook in {options.paths[0]}")
    if options.html and (len(paths) > 1 or options.html.suffix != ".html"):
        raise ValueError("--html makes one page, such as assignment.html, of one notebook")
    if options.html:
        check_target(options.html, *paths, *filter(None, [options.assignment]))
    looked = [handed_in.look(path, options.assignment) for path in paths]
    if options.html:
        handed_in.write_page(looked[0], options.html)
        say(str(options.html), sys.stderr)
    if options.json:
        print(json.dumps(looked, indent=1))
    else:
        if len(looked) > 1:
            print(handed_in.table(looked) + "\n")
        for each in looked:
            for finding in each["findings"] or [{"cell": "", "says": "nothing is missing"}]:
                words = [each["file"], finding["cell"], finding["says"]]
                say(printable(": ".join(filter(None, words))))
    return 1 if any(each["findings"] for each in looked) else 0


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
