"""`FaceBatches`: shuffled and augmented batches that follow from (seed, epoch, index) alone.

An augmentation is a small function of a whole batch, listed in AUGMENTATIONS under the name of its option. Each
draws from a generator of its own, so that switching one on leaves what the others draw as it was.
"""

from collections.abc import Callable, Iterator

import keras
import numpy as np

from fer_keras.faces import EMOTIONS, SIZE, UNLABELLED, Faces

FLIPS = {"horizontal": (2,), "vertical": (1,), "either": (1, 2)}  # axes of (n, 48, 48) that may be turned over
BLOCK = 8  # faces turned at once: what that takes stays in the processor's cache
COINS = ("face", "epoch")  # what one throw decides for


def flip(images: np.ndarray, targets: np.ndarray, how: str, rng: np.random.Generator, throws: int):
    """Turn over half of the faces, or with one throw all or none of them."""
    turned = np.broadcast_to(rng.random(throws) < 0.5, len(images))
    axis = np.broadcast_to(rng.choice(FLIPS[how], throws), len(images))
    for over in FLIPS[how]:
        rows = np.flatnonzero(turned & (axis == over))
        images[rows] = np.flip(images[rows], over)
    return images, targets


def shift(images: np.ndarray, targets: np.ndarray, fraction: float, rng: np.random.Generator, throws: int):
    """Move each face by whole pixels, up to this fraction of its width each way; its border fills the gap."""
    most = round(fraction * SIZE)
    padded = np.pad(images, ((0, 0), (most, most), (most, most)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIZE, SIZE), axis=(1, 2))
    down, right = rng.integers(0, 2 * most + 1, (2, len(images)))
    return windows[np.arange(len(images)), down, right], targets


def turn(images: np.ndarray, targets: np.ndarray, most: dict, rng: np.random.Generator, throws: int):
    """Rotate each face about its middle by up to so many degrees, and zoom it by up to a fraction in or out; between
    pixels by their distance, and beyond its border the border goes on."""
    angle, zoom = rng.uniform(-1, 1, (2, len(images), 1, 1)).astype(np.float32)
    angle, zoom = np.radians(most["rotation"]) * angle, 1 + most["zoom"] * zoom
    cosine, sine = np.cos(angle) / zoom, np.sin(angle) / zoom
    turned = np.empty_like(images)
    for start in range(0, len(images), BLOCK):
        some = np.s_[start : start + BLOCK]
        turned[some] = _turned(images[some], cosine[some], sine[some])
    return turned, targets


def _turned(images: np.ndarray, cosine: np.ndarray, sine: np.ndarray) -> np.ndarray:
    """Each pixel as its four neighbours are where it comes from."""
    last = np.float32(SIZE - 1)
    x = np.arange(SIZE, dtype=np.float32) - last / 2
    y = x[:, None]
    down = np.clip(cosine * y - sine * x + last / 2, 0, last)
    right = np.clip(sine * y + cosine * x + last / 2, 0, last)
    top, left = np.minimum(down, SIZE - 2).astype(np.int32), np.minimum(right, SIZE - 2).astype(np.int32)
    down, right = down - top, right - left
    pixels, face = images.reshape(-1), np.arange(len(images), dtype=np.int32)[:, None, None]
    at = (face * SIZE + top) * SIZE + left
    upper, lower = pixels.take(at).astype(np.float32), pixels.take(at + SIZE).astype(np.float32)
    upper += (pixels.take(at + 1) - upper) * right
    lower += (pixels.take(at + SIZE + 1) - lower) * right
    return np.rint(upper + (lower - upper) * down)


def light(images: np.ndarray, targets: np.ndarray, most: dict, rng: np.random.Generator, throws: int):
    """Make each face darker or brighter by up to a fraction of 255, and its contrast about its mean grey up to a
    fraction stronger or weaker."""
    brighter, stronger = rng.uniform(-1, 1, (2, len(images), 1, 1)).astype(np.float32)
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    changed = (images - mean) * (1 + most["contrast"] * stronger) + mean + 255 * most["brightness"] * brighter
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8), targets


def erase(images: np.ndarray, targets: np.ndarray, probability: float, rng: np.random.Generator, throws: int):
    """With this probability cover a rectangle, a fifth to a half of the face high and wide, with noise."""
    high, wide = rng.integers(SIZE // 5, SIZE // 2 + 1, (2, len(images)))
    top, left = rng.integers(0, SIZE - high + 1), rng.integers(0, SIZE - wide + 1)
    for i in np.flatnonzero(rng.random(len(images)) < probability):
        inside = np.s_[top[i] : top[i] + high[i], left[i] : left[i] + wide[i]]
        images[i][inside] = rng.integers(0, 256, (high[i], wide[i]))
    return images, targets


def mixup(images: np.ndarray, targets: np.ndarray, alpha: float, rng: np.random.Generator, throws: int):
    """Lay over each face another of the batch, with a share from the Beta(alpha, alpha) distribution; so with its
    target."""
    share = rng.beta(alpha, alpha, len(images)).astype(np.float32)
    other = rng.permutation(len(images))
    of_pixels = share[:, None, None]
    images = np.rint(images * of_pixels + images[other] * (1 - of_pixels)).astype(np.uint8)
    return images, targets * share[:, None] + targets[other] * (1 - share[:, None])


AUGMENTATIONS: dict[str, Callable] = {  # in the order in which they are applied, which their random numbers depend on
    "flip": flip, "shift": shift, "turn": turn, "light": light, "erase": erase, "mixup": mixup,
}  # fmt: skip


class FaceBatches(keras.utils.PyDataset):
    """Batches for `model.fit(batches, shuffle=False, callbacks=[batches.epochs()])`, or for a plain loop.

    Each change is off unless asked for:
    flip: "horizontal", "vertical" or "either"; each face with probability 0.5, or with coin="epoch" all faces
    of an epoch or none (report B). shift: fraction of the width, 0.1 is up to 5 pixels each way. rotation: up to so
    many degrees each way. zoom: up to this fraction in or out. brightness: up to this fraction of 255 darker or
    brighter. contrast: up to this fraction stronger or weaker. erase: the probability of a rectangle of noise.
    mixup: the alpha of the Beta distribution of shares, 0.2 mixes few faces much; it needs targets.
    targets: float32 (faces, 7), what to learn of each face in place of its label.

    A batch is uint8 (n, 48, 48, 1) and int32 (n,), or float32 (n, 7) with targets. It is the same on every backend,
    in whatever order or process it is made. Keep Keras' `workers=1`: with more, Keras 3.15 skips a batch on JAX and
    PyTorch.

    >>> batches = FaceBatches(training, batch_size=64, flip="horizontal", shift=0.1)
    >>> len(batches)
    5
    >>> for images, labels in batches:  # the next loop: the next epoch
    ...     pass
    >>> images.shape, labels.shape  # what the last batch has left
    ((64, 48, 48, 1), (64,))
    """

    def __init__(
        self, faces: Faces, batch_size: int = 128, *, flip: str | None = None, coin: str = "face", shift: float = 0.0,
        rotation: float = 0.0, zoom: float = 0.0, brightness: float = 0.0, contrast: float = 0.0, erase: float = 0.0,
        mixup: float = 0.0, shuffle: bool = True, seed: int = 0, targets: np.ndarray | None = None,
    ):  # fmt: skip
        super().__init__()
        if len(faces) == 0:
            raise ValueError("batches need faces with labels; there are none")
        if (faces.labels == UNLABELLED).any():
            raise ValueError("batches need labelled faces; these hold unlabelled ones")
        if batch_size < 1 or seed < 0:
            raise ValueError(f"batch_size is at least 1 and seed at least 0, not {batch_size} and {seed}")
        if flip is not None and flip not in FLIPS:
            raise ValueError(f"flip is one of {', '.join(FLIPS)}, or None, not {flip!r}")
        if coin not in COINS:
            raise ValueError(f"coin is one of {' or '.join(COINS)}, not {coin!r}")
        if not 0 <= shift < 1 or (shift and not round(shift * SIZE)):
            raise ValueError(f"shift is a fraction of the width, 0 or from one pixel (0.02) to below 1, not {shift!r}")
        if not 0 <= rotation <= 180:
            raise ValueError(f"rotation is a number of degrees from 0 to 180, not {rotation!r}")
        fractions = {"zoom": zoom, "brightness": brightness, "contrast": contrast, "erase": erase}
        for name, value in fractions.items():
            if not 0 <= value < 1:
                raise ValueError(f"{name} is a number from 0 to below 1, not {value!r}")
        if mixup < 0 or (mixup and targets is None):
            raise ValueError(f"mixup is 0 or above and needs targets, such as faces.label_targets(), not {mixup!r}")
        if targets is not None and targets.shape != (len(faces), len(EMOTIONS)):
            raise ValueError(f"targets are {len(EMOTIONS)} shares for each of {len(faces)} faces, not {targets.shape}")
        self.faces, self.batch_size, self.seed, self.coin, self.shuffle = faces, batch_size, seed, coin, shuffle
        self.targets = faces.labels.astype(np.int32) if targets is None else targets.astype(np.float32)
        asked: dict = {"flip": flip, "shift": shift, "erase": erase, "mixup": mixup}
        if rotation or zoom:
            asked["turn"] = {"rotation": rotation, "zoom": zoom}
        if brightness or contrast:
            asked["light"] = {"brightness": brightness, "contrast": contrast}
        self.augmentations = {name: asked[name] for name in AUGMENTATIONS if asked.get(name)}
        self.epoch = 0  # that __getitem__ makes batches of
        self._next_epoch = 0
        self._order = -1, np.arange(len(faces))

    def __len__(self) -> int:
        return -(-len(self.faces) // self.batch_size)

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch `index` of `epoch`."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        if self.shuffle and self._order[0] != epoch:
            self._order = epoch, self._generator("order", epoch, 0).permutation(len(self.faces))
        rows = self._order[1][index * self.batch_size : (index + 1) * self.batch_size]
        images, targets = self.faces.images[rows], self.targets[rows]
        for name, amount in self.augmentations.items():
            once = name == "flip" and self.coin == "epoch"
            rng = self._generator(name, epoch, 0 if once else index)
            images, targets = AUGMENTATIONS[name](images, targets, amount, rng, 1 if once else len(rows))
        return images[..., None], targets

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.batch(self.epoch, index)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """One epoch; the next loop is the next one."""
        self.on_epoch_begin()
        epoch = self.epoch
        for index in range(len(self)):
            yield self.batch(epoch, index)

    def on_epoch_begin(self) -> None:
        """Called by Keras; without `epochs()` it counts on by itself."""
        self.epoch, self._next_epoch = self._next_epoch, self._next_epoch + 1

    def epochs(self) -> keras.callbacks.Callback:
        """For `fit(callbacks=[...])`: makes epoch 3 of a fit epoch 3 of these batches, after a resume as well."""
        return keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: self._set_epoch(epoch))

    def _set_epoch(self, epoch: int) -> None:
        self.epoch, self._next_epoch = epoch, epoch

    def _generator(self, purpose: str, epoch: int, index: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, epoch, ("order", *AUGMENTATIONS).index(purpose), index])
