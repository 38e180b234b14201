"""fer-keras: facial expression recognition with Keras, for notebooks that each answer one question.

Every name below is imported on first use, so that `import fer_keras` costs nothing and TensorFlow starts
only when a network or a batch is asked for.
"""

import os
from importlib import import_module
from importlib.metadata import version

from fer_keras.base.environment import choose_backend
from fer_keras.base.quiet import quiet_import

os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "1")  # keeps freed memory: training on a CPU takes 2/3 of the time
choose_backend()

_DOORS = {
    "EMOTIONS": "faces",
    "SPLITS": "faces",
    "Faces": "faces",
    "load_faces": "data.load",
    "SourceError": "data.problems",
    "draw_faces": "drawing.people",
    "duplicate_groups": "duplicates",
    "FaceBatches": "data.batches",
    "build": "nets.build",
    "train": "training.train",
    "Run": "training.run",
    "find_run": "training.store",
    "run_kfold": "training.kfold",
    "Folds": "training.kfold",
    "saliency": "seeing.saliency",
    "masked_saliency": "seeing.saliency",
    "ascend": "seeing.ascent",
    "feature_maps": "seeing.ascent",
    "conv_output_shape": "study.maths",
    "batch_norm_backward": "study.maths",
    "softmax_cross_entropy_gradient": "study.maths",
    "record": "study.records",
    "answer": "study.records",
}
__all__ = list(_DOORS)


def __getattr__(name: str):
    if name == "__version__":
        return version("fer-keras")
    if name not in _DOORS:
        raise AttributeError(f"module 'fer_keras' has no attribute '{name}'")
    with quiet_import():
        return getattr(import_module(f"fer_keras.{_DOORS[name]}"), name)


def __dir__():
    return sorted([*globals(), *_DOORS])
