"""Faces are found in photographs, and what is no photograph ends in a sentence."""

import os

import numpy as np
import pytest
from PIL import Image

from fer_keras.data import photographs
from fer_keras.data.photographs import faces_in, find_all, find_squares


@pytest.fixture(scope="module")
def astronaut() -> Image.Image:
    from skimage.data import astronaut

    return Image.fromarray(astronaut())


def saved(picture: Image.Image, path, **options):
    picture.save(path, **options)
    return path


def three_people(drawn, rng) -> tuple[Image.Image, list[tuple[int, int, int]]]:
    """Three drawn faces at several sizes before a ground of stripes."""
    ground = 120 + np.cumsum(rng.normal(0, 2, (400, 700)), axis=1)
    scene = np.clip(ground, 20, 235).astype(np.uint8)
    squares = [(60, 40, 220), (150, 320, 130), (40, 520, 90)]
    plain = [face for face in drawn.images[:30] if len(find_squares(face)) == 1]
    for (top, left, side), face in zip(squares, plain, strict=False):
        scene[top : top + side, left : left + side] = Image.fromarray(face).resize((side, side))
    return Image.fromarray(scene), squares


def test_97_of_100_faces_are_found_and_1_of_100_others_at_most():
    from skimage.data import lfw_subset

    found = [bool(find_squares((255 * picture).astype(np.uint8))) for picture in lfw_subset()]
    assert sum(found[:100]) >= 97 and sum(found[100:]) <= 1


def test_the_astronauts_face_is_cut_out_of_her_photograph(astronaut, tmp_path):
    (face,) = faces_in(saved(astronaut, tmp_path / "a stronaut ä.png"))
    top, left, side = face.square
    assert 50 < top < 80 and 160 < left < 190 and 90 < side < 115 and face.doubts == ()
    expected = astronaut.convert("L").crop((left, top, left + side, top + side)).resize((48, 48))
    assert np.abs(face.face.astype(int) - np.asarray(expected)).mean() < 2
    (whole,) = faces_in(tmp_path / "a stronaut ä.png", whole=True)
    (escaped,) = faces_in(saved(astronaut, tmp_path / "a\x1b[2J.png"), whole=True)
    assert escaped.name == r"a\x1b[2J.png"
    assert whole.square == (0, 0, 512) and whole.face.shape == (48, 48)


def test_people_at_several_sizes_are_found_the_largest_first(drawn, rng, tmp_path):
    scene, squares = three_people(drawn, rng)
    found = faces_in(saved(scene, tmp_path / "three.png"))
    assert [face.number for face in found] == [1, 2, 3]
    assert [face.name for face in found][1:] == ["three.png, face 2", "three.png, face 3"]
    for face, (top, left, side) in zip(found, squares, strict=True):
        assert np.abs(np.subtract(face.square, (top, left, side))).max() < 0.25 * side


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: (picture.convert("CMYK"), "jpg", {}),
        lambda picture: (picture.quantize(256), "png", {}),
        lambda picture: (picture.convert("L").convert("I;16").point(lambda v: v * 256), "png", {}),
        lambda picture: (picture.resize((2048, 2048)), "jpg", {}),
        lambda picture: (picture.convert("RGBA"), "webp", {}),
        lambda picture: (picture, "gif", {"save_all": True, "append_images": [picture.rotate(90)]}),
    ],
    ids=["CMYK", "palette", "16 bits", "large", "alpha", "animated"],
)
def test_a_face_is_found_in_pictures_of_every_kind(astronaut, tmp_path, change):
    picture, suffix, options = change(astronaut)
    (face,) = faces_in(saved(picture, tmp_path / f"a.{suffix}", **options))
    scale = picture.width / 512
    assert abs(face.square[0] / scale - 66) < 15 and abs(face.square[2] / scale - 100) < 20


def test_a_photograph_is_turned_as_its_camera_says(astronaut, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    on_its_side = astronaut.transpose(Image.Transpose.ROTATE_90)
    (face,) = faces_in(saved(on_its_side, tmp_path / "a.jpg", exif=exif))
    assert abs(face.square[0] - 66) < 15 and face.doubts == ()


def test_a_tilted_a_cut_and_a_small_face_are_flagged(astronaut, tmp_path):
    (tilted,) = faces_in(saved(astronaut.rotate(28), tmp_path / "tilted.png"))
    assert "tilted: found after a turn by 25 degrees" in tilted.doubts
    (face,) = faces_in(saved(astronaut, tmp_path / "upright.png"))
    top, left, side = face.square
    mark = np.zeros((astronaut.height, astronaut.width), np.uint8)
    mark[top + side // 2 - 4 : top + side // 2 + 5, left + side // 2 - 4 : left + side // 2 + 5] = 255
    there = np.argwhere(np.asarray(Image.fromarray(mark).rotate(28))).mean(axis=0)
    top, left, side = tilted.square
    np.testing.assert_allclose((top + side / 2, left + side / 2), there, atol=25)
    cut = astronaut.crop((195, 0, 512, 400))
    (found,) = faces_in(saved(cut, tmp_path / "cut.png"))[:1]
    assert "cut off by the edge of the picture" in found.doubts
    (small,) = faces_in(saved(astronaut.resize((150, 150)), tmp_path / "small.png"))
    assert any(doubt.startswith("small: ") for doubt in small.doubts)


def test_a_picture_that_is_a_crop_already_stays_as_it_is(astronaut, drawn, tmp_path):
    crop = astronaut.crop((170, 60, 280, 170))
    (face,) = faces_in(saved(crop, tmp_path / "crop.png"))
    assert face.square == (0, 0, 110)
    (face,) = faces_in(saved(Image.fromarray(drawn.images[0]), tmp_path / "face.png"))
    assert (face.face == drawn.images[0]).all() and face.doubts == ()
    (face,) = faces_in(saved(Image.new("L", (60, 60), 90), tmp_path / "grey.png"))
    assert face.doubts == ("no face is found in it, but it is as small as one",)


def test_what_has_no_face_or_is_no_photograph_is_told_and_the_others_are_looked_at(astronaut, tmp_path):
    saved(astronaut, tmp_path / "a.png")
    saved(Image.new("RGB", (300, 200), "white"), tmp_path / "white.png")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "image.heic").write_bytes(b"\0\0\0\x18ftypheic")
    os.mkfifo(tmp_path / "pipe.png")
    paths = sorted(tmp_path.iterdir())
    found, problems = find_all(paths)
    assert [face.photograph for face in found] == ["a.png"]
    assert [problem.split(": ")[0].split("/")[-1] for problem in problems] == [
        "empty.jpg", "image.heic", "pipe.png is no file, not a photograph", "text.jpg", "white.png"
    ]  # fmt: skip
    assert "no face is found in it; --whole takes its middle square" in problems[-1]
    with pytest.raises(ValueError, match=r"there is no face in any of 2 pictures; the first: .*empty.jpg"):
        find_all([tmp_path / "empty.jpg", tmp_path / "white.png"])
    with pytest.raises(ValueError, match=r"^.*nowhere.png is no file"):
        find_all([tmp_path / "nowhere.png"])


def test_a_picture_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fer_keras.data.pictures.LARGEST", 1000)
    with pytest.raises(ValueError, match="unpacks to more than 1,000 pixels"):
        faces_in(saved(Image.new("L", (100, 100)), tmp_path / "bomb.png"))
    monkeypatch.setattr(photographs, "LARGEST_FILE", 10)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        faces_in(tmp_path / "bomb.png")
