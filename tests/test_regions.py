"""In which part of the face a map is strong, and what brightness and outlines have to do with it."""

import numpy as np

from fer_keras.faces import REGIONS
from fer_keras.seeing import trust
from fer_keras.seeing.regions import mouth_corners, peak_regions, share_in


def test_peaks_are_looked_up_in_the_middle_of_their_pixel(drawn):
    maps = np.zeros((4, 6, 6, 2))
    maps[:, 4, 3, 0] = 1  # around row 36, column 28
    maps[:, 0, 0, 1] = 2
    found = peak_regions(maps, drawn.regions[:4])
    np.testing.assert_array_equal(found[:, 0], drawn.regions[:4, 36, 28])
    np.testing.assert_array_equal(found[:, 1], drawn.regions[:4, 4, 4])


def test_corners_are_the_outer_quarters_of_a_mouth(drawn):
    regions = np.zeros((2, 48, 48), np.uint8)
    regions[0, 30:34, 10:26] = REGIONS.index("mouth")
    corners = mouth_corners(regions)
    assert corners[0, 31].nonzero()[0].tolist() == [10, 11, 12, 13, 22, 23, 24, 25] and not corners[1].any()
    assert corners.sum() == 4 * 8
    mouth = drawn.regions == REGIONS.index("mouth")
    of_drawn = mouth_corners(drawn.regions)
    assert not (of_drawn & ~mouth).any() and 0.2 < of_drawn.sum() / mouth.sum() < 0.6


def test_standardised_faces_have_one_mean_and_contrast(drawn):
    faces = trust.standardised(drawn[:50])
    means, deviations = faces.images.mean(axis=(1, 2)), faces.images.std(axis=(1, 2))
    assert means.std() < 0.1 * drawn.images[:50].mean(axis=(1, 2)).std() and abs(means.mean() - 128) < 3
    assert deviations.std() < 0.3 * drawn.images[:50].std(axis=(1, 2)).std() and abs(deviations.mean() - 48) < 2
    assert (faces.labels == drawn.labels[:50]).all() and faces.regions is not None


def test_outlines_are_where_grey_levels_step():
    faces = np.full((1, 48, 48), 50, np.uint8)
    faces[:, :, 24:] = 200
    steps = np.zeros((1, 48, 48))
    steps[:, :, 23:25] = 1
    assert trust.outline_correlation(steps, faces)[0] > 0.4
    assert abs(trust.brightness_correlation(steps, faces)[0]) < 0.01
    assert trust.outline_correlation(faces.astype(float), 255 - faces)[0] < 0.4  # brightness is no outline


def test_a_share_in_a_mask_is_of_the_whole_map():
    maps = np.zeros((2, 48, 48))
    maps[0, :10, :10], mask = 1, np.zeros((2, 48, 48), bool)
    mask[:, :5] = True
    assert share_in(maps, mask).tolist() == [0.5, 0]
