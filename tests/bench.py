"""Speeds, as ratios to the usual ways, measured in turns in one run: `make bench`.

    python -m tests.bench [PART ...] [--csv fer2013.csv] [--preset quick] [--keep]

The parts are reading, batches, augmentations, finding, training, drawing, duplicates, learning, runs, folds,
explaining, kills and report; without names all. `--csv` reads that file instead of one written from 8,000 drawn faces;
`--preset` is the report's; `--keep` writes what was measured into notebooks/results/bench.json. Close other programs
first.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from fer_keras import draw_faces, load_faces
from fer_keras.base.progress import bar
from fer_keras.data.load import read_source
from fer_keras.drawing.people import _draw
from fer_keras.report.run import default_jobs
from fer_keras.study.records import result
from tests.evidence import paused

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "bench.json"

# Linux only; getrusage would count what the process was before it became this one
PEAK = """def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""
READERS = {  # each in a process of its own; prints seconds and bytes above the bare interpreter
    "ours": "from fer_keras.data.load import _read; import pyarrow.csv, pandas, pathlib",
    "split": "import numpy, pandas",
    "fromstring": "import numpy, pandas",
}
CALLS = {
    "ours": "_read(pathlib.Path(path), False)",
    "split": "numpy.stack([numpy.array(row.split(), 'uint8') for row in pandas.read_csv(path).iloc[:, 1]])",
    "fromstring": "numpy.stack([numpy.fromstring(row, 'uint8', sep=' ') for row in pandas.read_csv(path).iloc[:, 1]])",
}


def in_turns(ways: dict, rounds: int, what: str) -> dict[str, float]:
    """Median seconds of each way; they take turns, after one round that does not count."""
    seconds = {name: [] for name in ways}
    for number in bar(range(rounds + 1), what, " rounds"):
        for name, way in ways.items():
            start = time.perf_counter()
            taken = way()
            if number:
                seconds[name].append(taken if isinstance(taken, float) else time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def reading(options) -> dict:
    """First read of a CSV, every check included, against the two usual ways; and from the cache."""
    with tempfile.TemporaryDirectory() as folder:
        path = options.csv or _written(Path(folder) / "fer2013.csv", draw_faces(8000))
        peak = {}

        def read(name):
            code = f"""import sys, time, warnings; warnings.simplefilter("ignore"); path = {str(path)!r}
{PEAK}bare = peak()
{READERS[name]}
start = time.perf_counter(); {CALLS[name]}
print(time.perf_counter() - start, peak() - bare)"""
            seconds, kilobytes = subprocess.check_output([sys.executable, "-c", code], text=True).split()
            peak[name] = int(kilobytes) / 2**20
            return float(seconds)

        seconds = in_turns({name: lambda name=name: read(name) for name in READERS}, 3, "reading")
        os.environ["FER_KERAS_HOME"] = folder
        faces, _ = read_source(path)
        cached = in_turns({"cache": lambda: read_source(path) and None}, 5, "reading the cache")
        del os.environ["FER_KERAS_HOME"]
        return {
            "faces_read": len(faces),
            "csv_seconds": seconds["ours"],
            "csv_times_faster_than_split": seconds["split"] / seconds["ours"],
            "csv_times_faster_than_fromstring": seconds["fromstring"] / seconds["ours"],
            "csv_peak_gigabytes": peak["ours"],
            "csv_peak_gigabytes_split": peak["split"],
            "cache_seconds": cached["cache"],
        }


def _written(path: Path, faces) -> Path:
    rows = (" ".join(map(str, image.ravel())) for image in faces.images)
    lines = (f"{label},{row},{split}\n" for label, row, split in zip(faces.labels, rows, faces.splits, strict=True))
    path.write_text("emotion,pixels,Usage\n" + "".join(lines))
    return path


def batches(options) -> dict:
    """An epoch of flip + 10 % shift, against Keras' legacy generator and its layers."""
    import keras
    from keras import layers, ops
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    from fer_keras import FaceBatches

    faces = draw_faces(4000).split("Training")
    images, labels = faces.images[..., None], faces.labels
    ours = FaceBatches(faces, 128, flip="horizontal", shift=0.1)
    legacy = ImageDataGenerator(horizontal_flip=True, width_shift_range=0.1, height_shift_range=0.1)
    legacy = legacy.flow(images, labels, 128)
    augment = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1, "nearest")])

    def with_layers():
        for start in range(0, len(images), 128):
            ops.convert_to_numpy(augment(images[start : start + 128].astype("float32"), training=True))

    ways = {
        "ours": lambda: [None for _ in ours] and None,
        "legacy": lambda: [legacy[i] for i in range(len(legacy))] and None,
        "layers": with_layers,
    }
    seconds = in_turns(ways, 7, "augmenting")
    return {
        "batches_faces_per_second": len(faces) / seconds["ours"],
        "batches_times_faster_than_imagedatagenerator": seconds["legacy"] / seconds["ours"],
        "batches_times_faster_than_keras_layers": seconds["layers"] / seconds["ours"],
    }


def augmentations(options) -> dict:
    """Each further change of a batch alone, against Keras' layer for it on the same batches."""
    from keras import layers, ops

    from fer_keras import FaceBatches

    faces = draw_faces(4000).split("Training")[:2048]
    images, targets = faces.images[..., None].astype("float32"), faces.label_targets().astype("float32")
    theirs = {
        "rotation": layers.RandomRotation(10 / 360, "nearest"),
        "zoom": layers.RandomZoom(0.1, fill_mode="nearest"),
        "brightness": layers.RandomBrightness(0.2),
        "contrast": layers.RandomContrast(0.2, value_range=(0, 255)),
        "erase": layers.RandomErasing(0.4, value_range=(0, 255)),
        "mixup": layers.MixUp(0.2),
    }
    amounts = {"rotation": 10, "zoom": 0.1, "brightness": 0.2, "contrast": 0.2, "erase": 0.4, "mixup": 0.2}
    found = {}
    for name, layer in theirs.items():
        ours = FaceBatches(faces, 128, targets=faces.label_targets(), **{name: amounts[name]})

        def with_layer(layer=layer, mixes=name == "mixup"):
            for start in range(0, len(images), 128):
                part = images[start : start + 128]
                if mixes:
                    part = {"images": part, "labels": targets[start : start + 128]}
                made = layer(part, training=True)
                ops.convert_to_numpy(made["images"] if mixes else made)

        def with_ours(ours=ours):
            for _ in ours:
                pass

        seconds = in_turns({"ours": with_ours, "layer": with_layer}, 5, name)
        found[f"augmenting_{name}_faces_per_second"] = len(faces) / seconds["ours"]
        found[f"augmenting_{name}_times_faster_than_keras_layer"] = seconds["layer"] / seconds["ours"]
    return found


def finding(options) -> dict:
    """Faces found in photographs: scikit-image's 100 faces and 100 others, and the astronaut; with --csv also where the
    squares lie in PublicTest's faces, as shares of their width, and how like they are to their mirror image."""
    from PIL import Image
    from skimage.data import astronaut, lfw_subset

    from fer_keras.data.photographs import _search, find_squares, likeness_to_mirror

    found = [bool(find_squares((255 * picture).astype(np.uint8))) for picture in lfw_subset()]
    grey = np.asarray(Image.fromarray(astronaut()).convert("L"))
    seconds = in_turns({"astronaut": lambda: find_squares(grey) is None}, 5, "finding")
    values = {
        "finding_faces_of_100": sum(found[:100]),
        "finding_others_of_100": sum(found[100:]),
        "finding_seconds_a_photograph": seconds["astronaut"],
    }
    if options.csv:
        faces = load_faces(options.csv).split("PublicTest").sample(400)
        squares = [_search(face, 3, 0.5, 0.4) for face in bar(faces.images, "finding margins", " faces")]
        largest = np.array([max(each, key=lambda square: square[2]) for each in squares if each]) / 48
        values |= {"finding_public_faces": len(faces), "finding_public_found": len(largest)}
        for name, column in zip(("top", "left", "side"), largest.T, strict=True):
            for share in (25, 50, 75):
                values[f"finding_public_{name}_{share}_percent"] = float(np.percentile(column, share))
        alike = [likeness_to_mirror(face) for face in faces.images]
        values["finding_public_likeness_5_percent"] = float(np.percentile(alike, 5))
    return values


def training(options) -> dict:
    """Epochs of cnn_pyramid on augmented batches against epochs on plain arrays."""
    from fer_keras import FaceBatches, build

    faces = draw_faces(4000).split("Training")[:1024]
    net = _compiled(build("cnn_pyramid"))
    augmented = FaceBatches(faces, 128, flip="horizontal", shift=0.1)
    images, labels = faces.images[..., None], faces.labels
    ways = {
        "arrays": lambda: net.fit(images, labels, batch_size=128, epochs=2, verbose=0) and None,
        "batches": lambda: (
            net.fit(augmented, epochs=2, shuffle=False, callbacks=[augmented.epochs()], verbose=0) and None
        ),
    }
    seconds = in_turns(ways, 7, "training")
    return {
        "training_faces_per_second": 2 * len(faces) / seconds["batches"],
        "training_speed_augmented_to_plain": seconds["arrays"] / seconds["batches"],
    }


def drawing(options) -> dict:
    """Drawing the embedded faces, one thread."""
    seconds = in_turns({"draw": lambda: _draw(2000, np.random.default_rng(0)) and None}, 5, "drawing")
    return {"drawn_faces_per_second": 2000 / seconds["draw"]}


def duplicates(options) -> dict:
    """Looking for copies among all faces, nothing cached; memory above the bare interpreter, the faces included."""
    source = str(options.csv or "embedded")
    code = f"""import time
{PEAK}bare = peak()
from fer_keras import load_faces
from fer_keras.duplicates import copies
faces = load_faces({source!r})
start = time.perf_counter(); found = len(copies(faces.images)[0])
print(time.perf_counter() - start, peak() - bare, len(faces), found)"""
    load_faces(source)
    seconds, kilobytes, faces, found = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    return {
        "duplicates_faces": int(faces),
        "duplicates_pairs": int(found),
        "duplicates_seconds": float(seconds),
        "duplicates_peak_gigabytes": int(kilobytes) / 2**20,
    }


def learning(options) -> dict:
    """Whether the embedded faces are neither trivial nor hopeless: a small CNN and a dense net of its size."""
    import keras
    from scipy.stats import binomtest

    from fer_keras import EMOTIONS

    training, test = load_faces().split("Training"), draw_faces(4000, seed=1)
    test = test[["," not in name for name in test.ids]]  # other people, and without the planted copies
    values = {"learning_majority_accuracy": np.bincount(test.labels).max() / len(test)}
    for name, net, epochs in (("cnn", _small_cnn(), 20), ("dense", _dense_net(), 40)):
        keras.utils.set_random_seed(0)
        net.fit(training.images[..., None], training.labels, batch_size=64, epochs=epochs, verbose=0)
        predicted = net.predict(test.images[..., None], verbose=0).argmax(axis=1)
        right = binomtest(int((predicted == test.labels).sum()), len(test))
        interval = [round(bound, 4) for bound in right.proportion_ci(method="wilson")]
        accuracy = {"value": round(right.statistic, 4), "n": len(test), "interval": interval}
        values[f"learning_{name}_accuracy"] = accuracy
        values[f"learning_{name}_parameters"] = net.count_params()
        if name == "cnn":
            fear = predicted[(test.labels == EMOTIONS.index("fear")) & (predicted != test.labels)]
            for label in np.unique(fear):
                values[f"learning_fear_taken_for_{EMOTIONS[label]}"] = int((fear == label).sum())
    return values


def runs(options) -> dict:
    """`train` against plain `model.fit` with the same batches and epochs; loading the run; repeatable bits."""
    import keras

    from fer_keras import FaceBatches, build, train
    from fer_keras.nets.recipes import RECIPES

    faces = draw_faces(4000)
    training, validation = faces.split("Training")[:2048], faces.split("PublicTest")
    plan = RECIPES["cnn_pyramid"].changed(epochs=3)
    seeds = iter(range(10**6))

    def with_fit():
        keras.utils.set_random_seed(next(seeds))
        net = build("cnn_pyramid")
        net.compile(keras.optimizers.Adam(0.001, 0.9, 0.99), "sparse_categorical_crossentropy", metrics=["accuracy"])
        batches = FaceBatches(training, plan.batch_size, flip=plan.flip)
        held_out = FaceBatches(validation, shuffle=False)
        net.fit(batches, epochs=3, validation_data=held_out, shuffle=False, verbose=0)

    def with_train():
        train("cnn_pyramid", training, validation, epochs=3, seed=next(seeds))

    with tempfile.TemporaryDirectory() as folder:
        os.environ["FER_KERAS_HOME"] = folder
        seconds = in_turns({"fit": with_fit, "train": with_train}, 3, "training")
        ways = {"load": lambda: train("cnn_pyramid", training, validation, epochs=3, seed=1) and None}
        seconds |= in_turns(ways, 5, "loading")
        for mode in ("0", "1"):
            code = """import time
from fer_keras import draw_faces, train
faces = draw_faces(4000)
training, validation = faces.split("Training")[:1024], faces.split("PublicTest")
train("cnn_pyramid", training, validation, epochs=1)
print(train("cnn_pyramid", training, validation, epochs=3, seed=1).metrics["seconds"])"""
            environment = {**os.environ, "FER_KERAS_DETERMINISTIC": mode}
            out = subprocess.check_output([sys.executable, "-c", code], text=True, env=environment)
            seconds[mode] = float(out)
        del os.environ["FER_KERAS_HOME"]
    return {
        "runs_train_to_fit_seconds": seconds["train"] / seconds["fit"],
        "runs_load_seconds": seconds["load"],
        "runs_repeatable_to_usual_seconds": seconds["1"] / seconds["0"],
    }


def folds(options) -> dict:
    """Twenty folds of a small net in one process: memory, and seconds a fold beyond its epochs."""
    code = f"""import time
{PEAK}
from fer_keras import draw_faces, train
from fer_keras.training import run as runs
import fer_keras.training.kfold as kfold
faces, peaks, fold = draw_faces(1000), [], kfold._fold
def measured(*arguments):
    result = fold(*arguments)
    peaks.append(peak())
    return result
kfold._fold = measured
start = time.perf_counter()
found = kfold.run_kfold("cnn_leaky", faces, 20, options={{"width": 0.25}}, epochs=2, batch_size=64)
seconds = time.perf_counter() - start
training = sum(runs.Run(folder).metrics["seconds"] for folder in found.runs)
print(peaks[19] / peaks[1], (seconds - training) / 20, peaks[19])"""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FER_KERAS_HOME": folder}
        out = subprocess.check_output([sys.executable, "-c", code], text=True, env=environment)
    grown, overhead, kilobytes = out.split()
    return {
        "folds_peak_of_20th_to_2nd": float(grown),
        "folds_overhead_seconds": float(overhead),
        "folds_peak_gigabytes": int(kilobytes) / 2**20,
    }


def explaining(options) -> dict:
    """Saliency of 512 faces of cnn_pyramid against `model.predict` on them; a step of ascent on 16 filters."""
    from fer_keras import ascend, build, saliency

    faces, net = draw_faces(4000)[:512], build("cnn_pyramid")
    images = faces.images[..., None].astype("float32")
    ways = {
        "predict": lambda: net.predict(images, batch_size=128, verbose=0) is None,
        "saliency": lambda: saliency(net, faces, 3) is None,
        "ascend": lambda: ascend(net, "block4_pool", range(16), steps=50) is None,
    }
    seconds = in_turns(ways, 5, "explaining")
    return {
        "explaining_saliency_to_predict_seconds": seconds["saliency"] / seconds["predict"],
        "explaining_ascent_steps_a_second": 50 * 16 / seconds["ascend"],
    }


def kills(options) -> dict:
    """Fifty kills (SIGKILL) at random moments of five folds; the end must have the bits of a run never killed."""
    rng, killed, ended, same = np.random.default_rng(0), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder, bar(total=50, what="killing", unit="kill") as progress:

        def five_folds(name):
            environment = {**os.environ, "FER_KERAS_HOME": f"{folder}/{name}", "FER_KERAS_DETERMINISTIC": "1"}
            command = [sys.executable, "-m", "tests.trainings", "kfold", "one", "5"]
            return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

        start = time.perf_counter()
        whole = five_folds("whole").communicate()[0]
        longest = (time.perf_counter() - start) / 2
        while killed < 50:
            process = five_folds(f"killed-{ended}")
            try:
                out, _ = process.communicate(timeout=rng.uniform(0, longest))
                assert process.returncode == 0, "a fold failed by itself"
                ended, same = ended + 1, same + (out == whole)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                killed += 1
                progress.update()
        out = five_folds(f"killed-{ended}").communicate()[0]
    return {"kills": killed, "kills_runs_ended": ended + 1, "kills_runs_with_the_same_bits": same + (out == whole)}


def report(options) -> dict:
    """All notebooks by `fer-keras report`, first with no run in the store, then --fresh with all of them there."""
    import psutil

    def memory(process) -> float:
        """Megabytes of a process and those below it; pages that they share are counted once."""
        held = 0
        with suppress(psutil.Error):
            for each in [process, *process.children(recursive=True)]:
                with suppress(psutil.Error):  # it has just ended
                    held += each.memory_full_info().pss / 2**20
        return held

    values, jobs = {}, default_jobs()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FER_KERAS_HOME": f"{folder}/home"}
        command = [sys.executable, "-m", "fer_keras", "report", "--preset", options.preset, "--out", f"{folder}/out"]
        for call, more in {"first": [], "fresh": ["--fresh"]}.items():
            start, peak = time.perf_counter(), 0.0
            process = psutil.Popen([*command, "--jobs", str(jobs), *more], env=environment)
            while process.poll() is None:
                peak = max(peak, memory(process))
                time.sleep(0.5)
            values[f"report_{call}_seconds"] = time.perf_counter() - start
            values[f"report_{call}_peak_megabytes"] = peak
            records = [json.loads(path.read_text()) for path in sorted(Path(folder, "out", "records").glob("*.json"))]
            for kept in records:
                values[f"report_{call}_{kept['notebook']}_seconds"] = kept["seconds"]
                values[f"report_{call}_{kept['notebook']}_peak_megabytes"] = kept["peak_mb"]
            values[f"report_{call}_failed"] = sum(kept["failed"] is not None for kept in records)
    return values | {"report_jobs": jobs, "report_notebooks": len(records)}


def _small_cnn():
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((48, 48, 1))
    x = layers.Rescaling(1 / 255)(x)
    for filters in (16, 32, 32, 32):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    x = layers.Dense(128, activation="relu")(x)
    return _compiled(keras.Model(inputs, layers.Dense(7, activation="softmax")(x)))


def _dense_net():
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((48, 48, 1))
    x = layers.Flatten()(layers.Rescaling(1 / 255)(x))
    for units in (25, 64, 64):
        x = layers.Dense(units)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Dropout(0.1)(layers.ReLU()(x))
    return _compiled(keras.Model(inputs, layers.Dense(7, activation="softmax")(x)))


def _compiled(net):
    net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return net


PARTS = {
    part.__name__: part
    for part in (
        *(reading, batches, augmentations, finding, training, drawing, duplicates),
        *(learning, runs, folds, explaining, kills, report),
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=list(PARTS), metavar="PART")
    parser.add_argument("--csv", type=Path, help="a CSV to read instead of one written from drawn faces")
    parser.add_argument("--preset", default="quick", help="smoke, quick or full, for the part report (default: quick)")
    parser.add_argument("--keep", action="store_true", help="write the values into notebooks/results/bench.json")
    options = parser.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with paused():  # what `make evidence` trains meanwhile would be in the way
        for part in options.parts or PARTS:
            values = PARTS[part](options)
            print(f"\n{part}: {PARTS[part].__doc__}")
            for name, value in values.items():
                print(f"  {name:46}", f"{value:,.3f}" if isinstance(value, float) else value)
            command = f"python -m tests.bench {part}" + (f" --csv {options.csv.name}" if options.csv else "")
            command += f" --preset {options.preset}" if part == "report" else ""
            data = options.csv.name if options.csv and part in ("reading", "duplicates", "finding") else "embedded"
            rounded = {name: value if isinstance(value, dict) else round(value, 4) for name, value in values.items()}
            kept[part] = result(command, data, rounded)
    if options.keep:
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
