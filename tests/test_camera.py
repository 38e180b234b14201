"""The camera of notebook 70, in a real JupyterLab and a real Chromium that is shown a film of one picture."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import require
from PIL import Image
from skimage.data import astronaut
from test_pages import FLAGS

CELLS = [
    "from fer_keras.study.camera import Pictures\npictures = Pictures()\npictures",
    "for each in pictures.value:\n    print('got', each['name'], len(each['content']))",
]


def notebook(path):
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": text} for text in CELLS
    ]
    kernel = {"name": "python3", "display_name": "Python 3"}
    path.write_text(
        json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4})
    )


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab on a folder with that notebook."""
    notebook(tmp_path / "camera.ipynb")
    own = {
        name: str(tmp_path / "jupyter") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    typed = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--port=0",
        "--IdentityProvider.token=",
    ]
    server = subprocess.Popen(
        typed, cwd=tmp_path, env=os.environ | own, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    for line in server.stderr:
        if found := re.search(r"http://(localhost|127\.0\.0\.1):\d+/lab", line):
            break
    yield found[0]
    server.terminate()
    server.wait(30)


def test_a_snapshot_reaches_the_kernel_under_the_name_of_what_was_tried(lab, tmp_path):
    require("chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    film = tmp_path / "film.mjpeg"
    Image.fromarray(astronaut()).resize((320, 240)).save(film, "JPEG")
    shown = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    shown += [f"--use-file-for-fake-video-capture={film}", *FLAGS]
    with playwright.sync_playwright() as started:
        page = started.chromium.launch(executable_path=shutil.which("chromium"), args=shown).new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{lab}/tree/camera.ipynb")
        page.get_by_text("| Idle").wait_for()  # the kernel has started
        run_cell(page, 0)
        page.get_by_label("I try to look").select_option("sad")
        page.get_by_role("button", name="Open the camera").click()
        page.wait_for_function("document.querySelector('video').videoWidth > 0")
        page.get_by_role("button", name="Take a picture").click()
        page.locator(".widget-image").wait_for()
        run_cell(page, 1)
        page.get_by_text(re.compile(r"got sad 1\.jpg \d{4,}")).wait_for()


def run_cell(page, number: int) -> None:
    page.locator(".jp-Notebook .jp-InputArea-editor").nth(number).click()
    page.keyboard.press("Shift+Enter")
