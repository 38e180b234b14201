"""Notebook 70 in Jupyter: a button for photographs, and a camera. Pictures go to the kernel on this machine only."""

import base64

import ipywidgets
from IPython.display import HTML, display

from fer_keras.faces import EMOTIONS

# The browser opens the camera; a snapshot travels as text in a hidden field, which the kernel listens to.
CAMERA = """
<div class="fer-keras-camera">
<button class="jupyter-button widget-button">Open the camera</button>
<button class="jupyter-button widget-button" style="display: none">Take a picture</button>
<p><video width="320" autoplay playsinline muted style="display: none"></video></p>
<script>
{
  const camera = document.currentScript.parentElement;
  const [open, take] = camera.querySelectorAll("button");
  const video = camera.querySelector("video");
  open.onclick = async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({video: true});
      video.style.display = take.style.display = "";
      open.style.display = "none";
    } catch (error) {
      open.textContent = "There is no camera to open";
      open.title = error.message;
    }
  };
  take.onclick = () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    const field = document.querySelector(".fer-keras-snapshot textarea");
    field.value = canvas.toDataURL("image/jpeg", 0.95);
    field.dispatchEvent(new Event("input", {bubbles: true}));
  };
}
</script>
</div>
"""


class Pictures:
    """What was uploaded or taken: `value` holds a name and the bytes of each."""

    def __init__(self):
        self.taken: list[dict] = []
        self._upload = ipywidgets.FileUpload(accept="image/*", multiple=True, description="Photographs")
        self._tried = ipywidgets.Dropdown(
            options=EMOTIONS, description="I try to look", style={"description_width": "initial"}
        )
        self._arrives = ipywidgets.Textarea(layout={"display": "none"})
        self._arrives.add_class("fer-keras-snapshot")
        self._arrives.observe(self._keep, "value")
        self._shown = ipywidgets.HBox()

    @property
    def value(self) -> list[dict]:
        return [*self._upload.value, *self.taken]

    def _keep(self, change) -> None:
        """A snapshot, named after the emotion that was tried."""
        if not change["new"]:
            return
        jpeg = base64.b64decode(change["new"].partition(",")[2])
        self.taken.append({"name": f"{self._tried.value} {len(self.taken) + 1}.jpg", "content": jpeg})
        self._shown.children = [ipywidgets.Image(value=each["content"], width=120) for each in self.taken]
        self._arrives.value = ""

    def _ipython_display_(self) -> None:
        display(self._upload, self._tried, HTML(CAMERA), self._shown, self._arrives)
