"""fer-keras: facial expression recognition with Keras, for notebooks that each answer one question.

Every name below is imported on first use, so that `import fer_keras` costs nothing and TensorFlow starts
only when a network or a batch is asked for.
"""

import os
from importlib import import_module

from fer_keras.quiet import quiet_import

os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "1")  # keeps freed memory: training on a CPU takes 2/3 of the time

_DOORS = {
    "EMOTIONS": "faces",
    "SPLITS": "faces",
    "Faces": "faces",
    "load_faces": "sources",
    "SourceError": "sources",
    "draw_face": "synthetic",
    "draw_faces": "synthetic",
    "duplicate_groups": "duplicates",
    "FaceBatches": "augment",
    "build": "models",
    "train": "training",
    "Run": "runs",
    "run_kfold": "kfold",
    "Folds": "kfold",
    "saliency": "explain",
    "masked_saliency": "explain",
    "ascend": "explain",
    "feature_maps": "explain",
    "conv_output_shape": "maths",
    "batch_norm_backward": "maths",
    "softmax_cross_entropy_gradient": "maths",
    "record": "records",
    "tell": "records",
    "answer": "records",
}
__all__ = list(_DOORS)


def __getattr__(name: str):
    if name not in _DOORS:
        raise AttributeError(f"module 'fer_keras' has no attribute '{name}'")
    with quiet_import():
        return getattr(import_module(f"fer_keras.{_DOORS[name]}"), name)


def __dir__():
    return sorted([*globals(), *_DOORS])
