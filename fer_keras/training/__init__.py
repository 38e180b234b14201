"""One training and its stored run, what it says of faces, and many trainings as folds."""
