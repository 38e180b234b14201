"""Which faces are copies of one picture: byte for byte, or re-compressed, shifted, brightened or mirrored.

Two faces are copies if their pixels correlate by 0.95 or more, mean and contrast removed, in the best of 18
positions: plain or mirrored, shifted by up to a pixel each way. Comparing 32,298 faces so would take 521
million × 18 correlations; nearly all pairs are already told apart by a blurred 12 × 12 version of them.
"""

import hashlib
from itertools import product

import numpy as np
from scipy import ndimage, sparse

from fer_keras.base import home
from fer_keras.base.progress import bar

SAME = 0.95  # correlation from which two faces are copies of one picture
# A blurred pair below this is not looked at again: of 2,000 copies made of real faces, none that reached SAME
# lay under 0.91, and 1 in 10,000 pairs of different faces lies above.
WORTH_A_LOOK = 0.9
ROWS = 512  # faces compared at once with all others: 66 MB of correlations among 32,298
PAIRS = 1024  # pairs aligned at once, about 60 MB


def exact_groups(images: np.ndarray) -> np.ndarray:
    """A group number a face; the same number means the same bytes."""
    return np.unique(_as_bytes(images), return_inverse=True)[1]


def duplicate_groups(images: np.ndarray) -> np.ndarray:
    """A group number a face; the same number means copies of one picture, whatever the order. Kept in the cache.

    A group is a face with many copies and its copies, not a chain: A like B and B like C does not make A like
    Z. Two faces of one group are thus never further apart than two copies of the same third one.

    >>> faces = draw_faces(300)
    >>> groups = duplicate_groups(faces.images)
    >>> len(set(groups)) < len(faces)
    True
    """
    different, pairs = _different(images)
    return _stars(different.max(initial=-1) + 1, *pairs)[different]


def has_copy(images: np.ndarray, among: np.ndarray) -> np.ndarray:
    """True for each picture of which a copy, exact or nearly so, is among those that the mask `among` marks: the same
    whatever other pictures there are. A marked picture is a copy of itself. Kept in the cache."""
    different, (first, second, _) = _different(images)
    marked = np.zeros(different.max(initial=-1) + 1, bool)
    marked[different[among]] = True
    found = marked.copy()
    found[first[marked[second]]] = True
    found[second[marked[first]]] = True
    return found[different]


def _different(images: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which of the different pictures each one is, and all pairs of copies among those."""
    _, first, different = np.unique(_as_bytes(images), return_index=True, return_inverse=True)
    images = images[first]  # each once, sorted by their bytes
    name = f"copies/{hashlib.blake2b(images.tobytes(), digest_size=16).hexdigest()}"
    if kept := home.restore(name, str(SAME)):
        return different, [kept[0][each] for each in ("first", "second", "correlation")]
    pairs = copies(images)
    home.keep(name, str(SAME), dict(zip(("first", "second", "correlation"), pairs, strict=True)))
    return different, list(pairs)


def _as_bytes(images: np.ndarray) -> np.ndarray:
    """One value a face, which sorts by its pixels."""
    size = images.shape[1] * images.shape[2]
    return np.ascontiguousarray(images).reshape(len(images), size).view(f"V{size}").ravel()


def copies(images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of copies: first face, second face (the later one), their correlation."""
    blurred, mirrored = _blurred(images), _blurred(images[:, :, ::-1])
    found = [(np.empty(0, int), np.empty(0, int), np.empty(0))]
    for start in bar(range(0, len(images), ROWS), "looking for duplicates", "block"):
        rows = blurred[start : start + ROWS]
        alike = np.maximum(rows @ blurred[start:].T, rows @ mirrored[start:].T) >= WORTH_A_LOOK
        first, second = np.nonzero(np.triu(alike, 1))
        for chunk in range(0, len(first), PAIRS):
            pair = start + first[chunk : chunk + PAIRS], start + second[chunk : chunk + PAIRS]
            correlation = aligned_correlation(images[pair[0]], images[pair[1]])
            same = correlation >= SAME
            found.append((pair[0][same], pair[1][same], correlation[same]))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))


def aligned_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The best correlation of each pair of pictures over mirror and shifts of up to a pixel; 0 for flat ones."""
    inner = _standard(first[:, 1:-1, 1:-1])
    best = np.zeros(len(first), np.float32)
    height, width = inner.shape[1:]
    for mirror, top, left in product((1, -1), range(3), range(3)):
        other = _standard(second[:, :, ::mirror][:, top : top + height, left : left + width])
        np.maximum(best, np.einsum("nij,nij->n", inner, other), out=best)
    return best


def _standard(images: np.ndarray) -> np.ndarray:
    """Mean removed and length 1, so that a product of two is their correlation; flat pictures become 0."""
    values = images.astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.einsum("nij,nij->n", values, values))[:, None, None]
    return values / np.maximum(length, 1e-3)


def _blurred(images: np.ndarray) -> np.ndarray:
    """12 × 12 averages of a picture blurred by 1.5 pixels, which a shift by one pixel hardly changes."""
    smooth = np.empty((len(images), 12, 12), np.float32)
    for start in range(0, len(images), ROWS):
        block = ndimage.gaussian_filter(images[start : start + ROWS].astype(np.float32), (0, 1.5, 1.5))
        smooth[start : start + ROWS] = block.reshape(-1, 12, 4, 12, 4).mean(axis=(2, 4))
    return _standard(smooth).reshape(len(images), 12 * 12)


def _stars(n: int, first: np.ndarray, second: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Groups of a centre and its copies. The face with most copies is a centre first; a copy goes to the nearest."""
    graph = sparse.csr_array((correlation, (first, second)), shape=(n, n))
    graph = graph + graph.T
    degree = np.diff(graph.indptr)
    groups = np.arange(n)
    nearest = np.zeros(n)  # correlation with its centre; 2 for a centre itself
    for centre in np.argsort(-degree, kind="stable"):
        if degree[centre] == 0 or nearest[centre]:
            continue
        span = slice(graph.indptr[centre], graph.indptr[centre + 1])
        near, how_near = graph.indices[span], graph.data[span]
        closer = how_near > nearest[near]
        groups[near[closer]], nearest[near[closer]] = centre, how_near[closer]
        groups[centre], nearest[centre] = centre, 2
    return np.unique(groups, return_inverse=True)[1]
